"""A list of accounts to print: a table for each class on landscape A4 pages, as a tagged PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.template.loader import render_to_string

from notifications.long_lists import write_long_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notifications.listing import AccountList, ListedClass

# A layout holds all of its pages: 6,700 rows take 1.4 GB at once, 0.4 GB in parts.
ROWS_A_PART = 400


def render_pdf(listing: AccountList, *, class_per_page: bool) -> bytes:
    """One PDF/UA-1; with `class_per_page`, each class starts on a page of its own."""
    parts = (
        _part(listing, classes, is_first=number == 0, class_per_page=class_per_page)
        for number, classes in enumerate(_parts(listing.classes))
    )
    return write_long_list(parts, style="list.css")


def _parts(classes: list[ListedClass]) -> Iterator[list[ListedClass]]:
    """Whole classes, ROWS_A_PART rows or a little more at a time."""
    part: list[ListedClass] = []
    for each in classes:
        part.append(each)
        if sum(len(listed.rows) for listed in part) >= ROWS_A_PART:
            yield part
            part = []
    if part:
        yield part


def _part(listing: AccountList, classes: list[ListedClass], *, is_first: bool, class_per_page: bool) -> str:
    context = {
        "listing": listing,
        "classes": classes,
        "is_first": is_first,
        "class_per_page": class_per_page,
    }
    return render_to_string("notifications/list.html", context)
