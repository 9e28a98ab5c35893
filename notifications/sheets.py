"""Renders families' sheets: one A4 page each, as a tagged PDF."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from typing import cast

from django.contrib.staticfiles import finders
from django.template.loader import get_template
from weasyprint import CSS, HTML, Document, Page
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

from notifications.sheet_data import Child, Sender, Sheet, SheetText
from notifications.sheet_joining import join
from notifications.sheet_layout import DENSEST, SheetPage, first_density

__all__ = ["Child", "Sender", "Sheet", "SheetText", "join", "render_sheets"]

TITLE = "Feuilles individuelles"


def render_sheets(sheets: Sequence[Sheet]) -> bytes:
    """A PDF/UA-1 of exactly one A4 page for each sheet, in the order given, with a bookmark for each class.

    A content too long for its page is set more densely; at the densest, what still overflows is left out.
    """
    densities = [first_density(sheet) for sheet in sheets]
    while True:
        document, spans = _lay_out(sheets, densities)
        tighter = [
            min(density + (len(span) > 1), DENSEST) for density, span in zip(densities, spans, strict=True)
        ]
        if tighter == densities:
            first_pages = document.copy([span[0] for span in spans])
            return cast(bytes, first_pages.write_pdf(pdf_variant="pdf/ua-1"))
        densities = tighter


def _lay_out(sheets: Sequence[Sheet], densities: Sequence[int]) -> tuple[Document, list[list[Page]]]:
    """The laid-out document, and the pages which each sheet spans."""
    html = _html(sheets, densities)
    css, fonts = _style()
    document = HTML(string=html, base_url=None, url_fetcher=_local_only()).render(
        font_config=fonts, stylesheets=[css], pdf_variant="pdf/ua-1"
    )
    # Every page carries the anchor of the sheet it shows.
    spans = [list(span) for _, span in groupby(document.pages, key=lambda page: next(iter(page.anchors)))]
    return document, spans


def _html(sheets: Sequence[Sheet], densities: Sequence[int]) -> str:
    pages = []
    label = None
    for number, (sheet, density) in enumerate(zip(sheets, densities, strict=True)):
        bookmark = sheet.class_label if sheet.class_label != label else ""
        label = sheet.class_label
        page = SheetPage(sheet, density=density, anchor=f"s{number}", bookmark=bookmark)
        pages.append(get_template(page.template_name).render({"page": page, "sheet": sheet}))
    return f'<html lang="fr"><head><title>{TITLE}</title></head><body>{"".join(pages)}</body></html>'


@cache
def _style() -> tuple[CSS, FontConfiguration]:
    """Parsed once a process, with the fonts it loads."""
    fonts = FontConfiguration()
    path = cast(str, finders.find("notifications/sheet.css"))
    return CSS(filename=path, font_config=fonts, url_fetcher=_local_only()), fonts


@cache
def _local_only() -> URLFetcher:
    """Fonts come from this project's files; nothing on a sheet may reach out."""
    return URLFetcher(allowed_protocols=["file"])
