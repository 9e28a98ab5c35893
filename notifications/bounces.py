"""Mails which come back: delivery reports read in a Maildir, matched by the key in their return path."""

from __future__ import annotations

import enum
import re
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import MessageError
from email.message import Message
from typing import TYPE_CHECKING

from django.db import transaction

from notifications.envelope import delivery_of
from notifications.models import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Where mail servers write whom a message came in for; To is the report's own header.
_RECIPIENT_HEADERS = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")
_ADDRESS = re.compile(r"[^\s<>,;\"]+@[^\s<>,;\"]+")
# Nothing worth reading is larger: a report quotes at most the mail it returns.
MOST_BYTES = 2_000_000
READ_MARK = ":2,S"


class Verdict(enum.Enum):
    """What one message of the Maildir was."""

    BOUNCED = "retours"
    TEMPORARY = "retards"
    EARLY = "en avance"
    KNOWN = "déjà connus"
    FOREIGN = "sans rapport"
    MALFORMED = "illisibles"


@dataclass(frozen=True, slots=True)
class Report:
    """A delivery report: of which mail, whether it is final, and what the server said."""

    delivery: int
    is_final: bool
    reason: str


def read_maildir(
    folder: Path, *, wet_run: bool, advance: Callable[[], object] = lambda: None
) -> Counter[Verdict]:
    """Read what is new; when `wet_run`, mark the mails which came back and move what was read to `cur`.

    A report of a mail not yet marked as sent stays in `new`, for another time.
    """
    verdicts: Counter[Verdict] = Counter()
    for path in _new_messages(folder):
        verdict = _settle(path, wet_run=wet_run)
        verdicts[verdict] += 1
        if wet_run and verdict is not Verdict.EARLY:
            _move_to_read(path, folder)
        advance()
    return verdicts


def _new_messages(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in (folder / "new").iterdir() if path.is_file())


def _move_to_read(path: Path, folder: Path) -> None:
    (folder / "cur").mkdir(exist_ok=True)
    path.rename(folder / "cur" / f"{path.name}{READ_MARK}")


def _settle(path: Path, *, wet_run: bool) -> Verdict:
    try:
        with path.open("rb") as file:
            report = read_report(file.read(MOST_BYTES))
    except (OSError, MessageError, ValueError, LookupError, AttributeError, TypeError):
        # Whatever a stranger's program writes: the parser of the standard library raises all of these.
        return Verdict.MALFORMED
    if report is None:
        return Verdict.FOREIGN
    if not report.is_final:
        return Verdict.TEMPORARY
    return mark_bounced(report, wet_run=wet_run)


@transaction.atomic
def mark_bounced(report: Report, *, wet_run: bool = True) -> Verdict:
    """A mail once sent did not arrive: BOUNCED; KNOWN when that is known already, or the mail forgotten.

    EARLY while it is pending: its server took it, but whoever sent it has not said so yet, or was killed
    before; it will be sent again, and come back again.
    """
    about = Delivery.objects.select_for_update().filter(pk=report.delivery)
    status = about.values_list("status", flat=True).first()
    if status == Delivery.Status.PENDING:
        return Verdict.EARLY
    if status != Delivery.Status.SENT:
        return Verdict.KNOWN
    if wet_run:
        about.update(status=Delivery.Status.BOUNCED, last_error=report.reason)
    return Verdict.BOUNCED


def read_report(content: bytes) -> Report | None:
    """What a delivery report says of a mail of ours; None for anything else, forged keys included.

    « failed » is final whatever the class of the status (RFC 3464, 2.3.3): 4.4.7 when a relay gave up.
    """
    message = message_from_bytes(content, policy=policy.compat32)
    delivery = _delivery_named_in(message)
    if delivery is None or message.get_content_type() != "multipart/report":
        return None
    fields = _status_fields(message)
    if fields is None:
        return None
    action, status = str(fields["Action"] or "").strip().lower(), str(fields["Status"] or "").strip()
    return Report(delivery, action == "failed", _reason(fields, status))


def _delivery_named_in(message: Message) -> int | None:
    for header in _RECIPIENT_HEADERS:
        for value in message.get_all(header, []):
            for address in _ADDRESS.findall(str(value)):
                if (delivery := delivery_of(address)) is not None:
                    return delivery
    return None


def _status_fields(message: Message) -> Message | None:
    """The block about the recipient: each of our mails has only one."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            if isinstance(blocks, list):
                found = (block for block in blocks if isinstance(block, Message) and "Action" in block)
                return next(found, None)
    return None


def _reason(fields: Message, status: str) -> str:
    diagnostic = str(fields["Diagnostic-Code"] or "").partition(";")[2] or "message retourné"
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in diagnostic).split())
    return f"{status} {text}"[:300]
