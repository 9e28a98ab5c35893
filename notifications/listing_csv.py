"""A list of accounts as the CSV that French spreadsheets open: UTF-8 with BOM, semicolons, CRLF."""

from __future__ import annotations

import csv
import re
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from notifications.listing import AccountList

# What makes a spreadsheet compute a cell, even after blanks; the full-width signs do in some.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
# A phone number or a figure begins by a sign and computes nothing.
_FIGURE = re.compile(r"[+-]?\d[\d ,.\u00a0\u202f]*")


def render_csv(listing: AccountList) -> bytes:
    columns = listing.columns
    text = StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.label for column in columns])
    writer.writerows([_cell(column.value(row)) for column in columns] for row in listing.rows)
    return text.getvalue().encode("utf-8-sig")


def _cell(value: str | date | None) -> str:
    if value is None:
        return ""
    return harmless(value) if isinstance(value, str) else f"{value:%d/%m/%Y}"


def harmless(text: str) -> str:
    """`text`, which no spreadsheet takes for a formula: an apostrophe comes before what looks like one."""
    return f"'{text}" if _FORMULA.match(text) and not _FIGURE.fullmatch(text) else text
