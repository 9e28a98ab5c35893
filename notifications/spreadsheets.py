"""The CSV that French spreadsheets open, in which no cell is a formula."""

from __future__ import annotations

import csv
import re
from codecs import BOM_UTF8
from datetime import date
from io import StringIO
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# What makes a spreadsheet compute a cell, even after blanks; the full-width signs do in some.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
# A phone number or a figure begins by a sign and computes nothing.
_FIGURE = re.compile(r"[+-]?\d[\d ,.\u00a0\u202f]*")

Cell: TypeAlias = str | int | date | None


_ROWS_A_PART = 500


def write_csv(rows: Iterable[Iterable[Cell]]) -> bytes:
    """UTF-8 with its mark, semicolons, CRLF; dates as they are read in France, nothing for none."""
    return b"".join(stream_csv(rows))


def stream_csv(rows: Iterable[Iterable[Cell]]) -> Iterator[bytes]:
    """The same, in parts, whatever the number of rows."""
    yield BOM_UTF8
    remaining = iter(rows)
    while part := list(islice(remaining, _ROWS_A_PART)):
        text = StringIO(newline="")
        writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
        writer.writerows([_cell(value) for value in row] for row in part)
        yield text.getvalue().encode()


def _cell(value: Cell) -> str | int:
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value)
    return f"{value:%d/%m/%Y}" if isinstance(value, date) else value


def harmless(text: str) -> str:
    """`text`, which no spreadsheet takes for a formula: an apostrophe comes before what looks like one."""
    return f"'{text}" if _FORMULA.match(text) and not _FIGURE.fullmatch(text) else text
