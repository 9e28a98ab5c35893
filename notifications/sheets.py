"""Renders families' sheets: one A4 page each, as a tagged PDF."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from typing import cast

from django.contrib.staticfiles import finders
from django.template.loader import get_template
from weasyprint import CSS, HTML, Document, Page
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

from notifications.qr import QRImage
from notifications.sheet_data import Child, Sender, Sheet, SheetText
from notifications.sheet_joining import join
from notifications.sheet_layout import DENSITIES, SheetPage, likely_density

__all__ = ["Child", "Sender", "Sheet", "SheetText", "join", "render_sheets"]

TITLE = "Feuilles individuelles"
VARIANT = "pdf/ua-1"


def render_sheets(sheets: Sequence[Sheet]) -> bytes:
    """A PDF/UA-1 of exactly one A4 page for each sheet, in the order given, with a bookmark for each class.

    A sheet that overflows its page is set again more densely; at the densest, what is left over is dropped.
    ValueError without any sheet.
    """
    if not sheets:
        raise ValueError("no sheet to render")
    with collector_paused():
        pages, document = _one_page_each(sheets)
        return cast(bytes, document.copy(pages).write_pdf(pdf_variant=VARIANT))


def _one_page_each(sheets: Sequence[Sheet]) -> tuple[list[Page], Document]:
    """The page of each sheet, and a document they can be written from."""
    pages: dict[int, Page] = {}
    pending = {number: likely_density(sheet) for number, sheet in enumerate(sheets)}
    while pending:
        document, spans = _lay_out([_sheet_page(sheets, *item) for item in pending.items()])
        overflowing = {}
        for (number, density), span in zip(pending.items(), spans, strict=True):
            pages[number] = span[0]
            if len(span) > 1 and density + 1 < len(DENSITIES):
                overflowing[number] = density + 1
        pending = overflowing
    return [page for _, page in sorted(pages.items())], document


def _sheet_page(sheets: Sequence[Sheet], number: int, density: int) -> SheetPage:
    sheet = sheets[number]
    is_first_of_class = number == 0 or sheets[number - 1].class_label != sheet.class_label
    bookmark = sheet.class_label if is_first_of_class else ""
    return SheetPage(sheet, DENSITIES[density], anchor=f"s{number}", bookmark=bookmark)


def _lay_out(pages: Sequence[SheetPage]) -> tuple[Document, list[list[Page]]]:
    """The laid-out document, and the pages which each sheet spans."""
    css, fonts = _style()
    html = HTML(string=_html(pages), url_fetcher=local_only())
    codes = {page.qr_url: QRImage(page.sheet.activation_url) for page in pages}
    document = html.render(font_config=fonts, stylesheets=[css], cache=codes, pdf_variant=VARIANT)
    # Every page carries the anchor of the sheet it shows.
    spans = groupby(document.pages, key=lambda page: next(iter(page.anchors)))
    return document, [list(span) for _, span in spans]


def _html(pages: Sequence[SheetPage]) -> str:
    articles = [
        get_template(page.template_name).render({"page": page, "sheet": page.sheet}) for page in pages
    ]
    return f'<html lang="fr"><head><title>{TITLE}</title></head><body>{"".join(articles)}</body></html>'


@cache
def _style() -> tuple[CSS, FontConfiguration]:
    """Parsed once a process, with the fonts it loads."""
    fonts = FontConfiguration()
    path = cast(str, finders.find("notifications/sheet.css"))
    return CSS(filename=path, font_config=fonts, url_fetcher=local_only()), fonts


@cache
def local_only() -> URLFetcher:
    """Fonts come from this project's files; nothing on a sheet may reach out."""
    return URLFetcher(allowed_protocols=["file"])


@contextmanager
def collector_paused() -> Iterator[None]:
    """The layout's many objects all live to its end: looking for garbage among them costs a tenth."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
