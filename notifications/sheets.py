"""Renders families' sheets: one A4 page each, as a tagged PDF."""

from collections.abc import Sequence
from itertools import groupby

from django.template.loader import get_template
from weasyprint import Document, Page

from notifications.qr import QRImage
from notifications.sheet_data import Child, Sender, Sheet, SheetText
from notifications.sheet_joining import join
from notifications.sheet_layout import DENSITIES, SheetPage, likely_density
from notifications.typesetting import collector_paused, lay_out, write

__all__ = ["Child", "Sender", "Sheet", "SheetText", "join", "render_sheets"]

TITLE = "Feuilles individuelles"
STYLE = "sheet.css"


def render_sheets(sheets: Sequence[Sheet]) -> bytes:
    """A PDF/UA-1 of exactly one A4 page for each sheet, in the order given, with a bookmark for each class.

    A sheet that overflows its page is set again more densely; at the densest, what is left over is dropped.
    ValueError without any sheet.
    """
    if not sheets:
        raise ValueError("no sheet to render")
    with collector_paused():
        pages, document = _one_page_each(sheets)
        return write(document.copy(pages))


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
    codes = {page.qr_url: QRImage(page.sheet.activation_url) for page in pages}
    document = lay_out(articles(pages), title=TITLE, style=STYLE, codes=codes)
    # Every page carries the anchor of the sheet it shows.
    spans = groupby(document.pages, key=lambda page: next(iter(page.anchors)))
    return document, [list(span) for _, span in spans]


def articles(pages: Sequence[SheetPage]) -> str:
    return "".join(
        get_template(page.template_name).render({"page": page, "sheet": page.sheet}) for page in pages
    )
