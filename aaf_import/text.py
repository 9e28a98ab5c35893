"""Texts, dates and mails as extracts write them, made clean."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from datetime import date
from functools import lru_cache

OLDEST_DATE = date(1900, 1, 1)
MAX_MAIL_LENGTH = 254
_REFERENCE = re.compile(r"&(?:#([0-9]+)|(amp|lt|gt|apos|quot));")
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "apos": "'", "quot": '"'}
_DATE = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_MAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
)


def clean(written: str) -> str:
    """A value as one reads it: references replaced, characters whole, each run of spaces one space."""
    if "&" in written:
        written = _REFERENCE.sub(_character, written)
    if not written.isascii():
        written = _repaired(written)
    if written.isprintable() and "  " not in written and written.strip(" ") == written:
        return written
    return " ".join("".join(c for c in written if c.isprintable() or c.isspace()).split())


def _character(reference: re.Match[str]) -> str:
    return chr(int(reference[1])) if reference[1] else _NAMED[reference[2]]


@lru_cache(maxsize=65_536)
def _repaired(text: str) -> str:
    """Composed characters; and É again, from an UTF-8 É that was taken for Latin-1 and encoded once more."""
    with suppress(UnicodeError):
        text = text.encode("latin-1").decode("utf-8")
    return unicodedata.normalize("NFC", text)


@lru_cache(maxsize=65_536)
def iso_date(written: str, latest: date) -> str:
    """`jj/mm/aaaa` as `aaaa-mm-jj`; empty when no such day exists, or outside 1900…`latest`."""
    found = _DATE.fullmatch(written)
    if not found:
        return ""
    day, month, year = map(int, found.groups())
    try:
        read = date(year, month, day)
    except ValueError:
        return ""
    return read.isoformat() if OLDEST_DATE <= read <= latest else ""


def is_mail(text: str) -> bool:
    """Whether mail can be addressed to `text`, by its shape."""
    return len(text) <= MAX_MAIL_LENGTH and _MAIL.fullmatch(text) is not None


def address(written: str) -> str:
    """Street lines, one a line: AAF joins up to four by `$`, any of them empty."""
    if "$" not in written:
        return written
    return "\n".join(line for part in written.split("$") if (line := part.strip()))
