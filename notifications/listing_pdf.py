"""A list of accounts to print: a table for each class on landscape A4 pages, as a tagged PDF."""

from __future__ import annotations

import gc
from io import BytesIO
from typing import TYPE_CHECKING, cast

from django.template.loader import render_to_string
from pikepdf import Array, Dictionary, Object, Pdf, String
from weasyprint import HTML

from notifications.sheet_joining import join
from notifications.typesetting import VARIANT, collector_paused, nothing_fetched, stylesheet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notifications.listing import AccountList, ListedClass

# A layout holds all of its pages: 6,700 rows take 1.4 GB at once, 0.4 GB in parts.
ROWS_A_PART = 400


def render_pdf(listing: AccountList, *, class_per_page: bool) -> bytes:
    """One PDF/UA-1; with `class_per_page`, each class starts on a page of its own."""
    parts = [
        _part(listing, classes, number, class_per_page=class_per_page)
        for number, classes in enumerate(_parts(listing.classes))
    ]
    return _numbered(join(parts))


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


def _part(listing: AccountList, classes: list[ListedClass], number: int, *, class_per_page: bool) -> bytes:
    context = {
        "listing": listing,
        "classes": classes,
        "is_first": number == 0,
        "class_per_page": class_per_page,
    }
    pdf = _write(render_to_string("notifications/list.html", context), pdf_variant=VARIANT)
    gc.collect()
    return _with_own_headers(pdf, number) if number else pdf


def _write(html: str, **options: str) -> bytes:
    css, fonts = stylesheet("list.css")
    document = HTML(string=html, url_fetcher=nothing_fetched())
    with collector_paused():
        return cast(bytes, document.write_pdf(stylesheets=[css], font_config=fonts, **options))


def _with_own_headers(content: bytes, number: int) -> bytes:
    """Cells name their headers by identifiers which each part counts from the same start."""
    with Pdf.open(BytesIO(content)) as part:
        for element in _elements(part.Root.StructTreeRoot):
            if "/ID" in element:
                element.ID = String(f"{number}-{element.ID}")
            if "/A" in element and "/Headers" in element.A:
                element.A.Headers = Array([String(f"{number}-{header}") for header in element.A.Headers])
        result = BytesIO()
        part.save(result)
    return result.getvalue()


def _elements(element: Object) -> Iterator[Object]:
    kids = element.get("/K")
    if not isinstance(kids, Array):
        return
    for kid in kids:
        if isinstance(kid, Dictionary):
            yield kid
            yield from _elements(kid)


def _numbered(content: bytes) -> bytes:
    """With « Page 2/14 » on each page: known only once all the parts are laid out."""
    with Pdf.open(BytesIO(content)) as pdf:
        html = render_to_string("notifications/list_numbers.html", {"pages": range(len(pdf.pages))})
        with Pdf.open(BytesIO(_write(html))) as numbers:
            for page, number in zip(pdf.pages, numbers.pages, strict=True):
                # No part of the text: a screen reader passes over it.
                number.contents_add(b"/Artifact BMC\n", prepend=True)
                number.contents_add(b"\nEMC")
                page.add_overlay(number, None)
        result = BytesIO()
        pdf.save(result)
    return result.getvalue()
