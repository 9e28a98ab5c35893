"""What the demonstration sent: the mails and SMS which its catchers keep, newest first."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING

from establishments.phones import displayed_phone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from email.message import EmailMessage

# What one page shows, and how many files are opened to find them.
SHOWN = 30
LOOKED_AT = 2_000


@dataclass(frozen=True, slots=True)
class Message:
    kind: str
    recipient: str
    subject: str
    text: str
    at: datetime

    @property
    def is_sms(self) -> bool:
        return self.kind == "SMS"


def messages(mails: str, spool: str, wanted: str) -> list[Message]:
    """The newest of both folders whose recipient contains `wanted`, spaces and capitals aside."""
    found: list[Message] = []
    key = _key(wanted)
    for path in _newest([*_files(mails, "new/*"), *_files(mails, "cur/*"), *_files(spool, "*.json")]):
        message = _read(path)
        if message and key in _key(message.recipient):
            found.append(message)
        if len(found) == SHOWN:
            break
    return found


def _key(recipient: str) -> str:
    return "".join(recipient.split()).casefold()


def _files(folder: str, pattern: str) -> Iterator[Path]:
    if folder:
        yield from Path(folder).glob(pattern)


def _newest(paths: Iterable[Path]) -> list[Path]:
    dated: list[tuple[float, Path]] = []
    for path in paths:
        with suppress(FileNotFoundError):
            dated.append((path.stat().st_mtime, path))
    return [path for _, path in sorted(dated, reverse=True)[:LOOKED_AT]]


def _read(path: Path) -> Message | None:
    reader: Callable[[bytes, datetime], Message] = _sms if path.suffix == ".json" else _mail
    try:
        return reader(path.read_bytes(), datetime.fromtimestamp(path.stat().st_mtime, UTC))
    except (OSError, ValueError, LookupError):
        # Half written, or taken away meanwhile.
        return None


def _sms(content: bytes, at: datetime) -> Message:
    told = json.loads(content)
    return Message("SMS", displayed_phone(told["to"]), "", told["text"], at)


def _mail(content: bytes, at: datetime) -> Message:
    mail: EmailMessage = message_from_bytes(content, policy=policy.default)
    body = mail.get_body(("plain",))
    text = body.get_content() if body else ""
    return Message("Courriel", str(mail["To"] or ""), str(mail["Subject"] or ""), text, at)
