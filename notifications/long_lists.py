"""Lays a long list out in parts, then joins them into one tagged PDF whose pages are numbered as one."""

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
    from collections.abc import Iterable, Iterator


def write_long_list(parts: Iterable[str], *, style: str) -> bytes:
    """One PDF/UA-1 of parts given as whole HTML documents, each on pages of its own.

    `style` is a file of static/notifications: its body of class `numbers` says where pages are numbered. A
    layout holds all of its pages, and that of a table takes more than its share when it is long: parts of a
    few hundred rows keep both low.
    """
    return _numbered(join(_part(html, number, style) for number, html in enumerate(parts)), style)


def _part(html: str, number: int, style: str) -> bytes:
    pdf = _write(html, style, pdf_variant=VARIANT)
    gc.collect()
    return _with_own_headers(pdf, number) if number else pdf


def _write(html: str, style: str, **options: str) -> bytes:
    css, fonts = stylesheet(style)
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


def _numbered(content: bytes, style: str) -> bytes:
    """With « Page 2/14 » on each page: known only once all the parts are laid out."""
    with Pdf.open(BytesIO(content)) as pdf:
        html = render_to_string("notifications/list_numbers.html", {"pages": range(len(pdf.pages))})
        with Pdf.open(BytesIO(_write(html, style))) as numbers:
            for page, number in zip(pdf.pages, numbers.pages, strict=True):
                # No part of the text: a screen reader passes over it.
                number.contents_add(b"/Artifact BMC\n", prepend=True)
                number.contents_add(b"\nEMC")
                page.add_overlay(number, None)
        result = BytesIO()
        pdf.save(result)
    return result.getvalue()
