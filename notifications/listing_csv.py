"""A list of accounts as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notifications.spreadsheets import write_csv

if TYPE_CHECKING:
    from notifications.listing import AccountList


def render_csv(listing: AccountList) -> bytes:
    columns = listing.columns
    lines = ([column.value(row) for column in columns] for row in listing.rows)
    return write_csv([[column.label for column in columns], *lines])
