"""A list of accounts as a workbook: every cell is text or a date, so « 6E1 » stays the name of a class."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from xlsxwriter import Workbook

if TYPE_CHECKING:
    from notifications.listing import AccountList

NARROWEST, WIDEST = 10, 40
_NOTHING_COMPUTED = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}


def render_xlsx(listing: AccountList) -> bytes:
    columns = listing.columns
    content = BytesIO()
    with Workbook(content, {"in_memory": True, **_NOTHING_COMPUTED}) as workbook:
        heading, day = workbook.add_format({"bold": True}), workbook.add_format({"num_format": "dd/mm/yyyy"})
        sheet = workbook.add_worksheet(listing.title)
        for number, column in enumerate(columns):
            values = [column.value(row) for row in listing.rows]
            sheet.write_string(0, number, column.label, heading)
            for line, value in enumerate(values, start=1):
                if isinstance(value, str):
                    sheet.write_string(line, number, value)
                elif value is not None:
                    sheet.write_datetime(line, number, value, day)
            longest = max(len(value) for value in (column.label, *values) if isinstance(value, str))
            sheet.set_column(number, number, min(max(longest + 2, NARROWEST), WIDEST))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(listing.rows), len(columns) - 1)
        workbook.set_properties({"title": f"{listing.title} – {listing.school}", "author": listing.made_by})
    return content.getvalue()
