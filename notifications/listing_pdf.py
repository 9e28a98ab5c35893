"""A list of accounts to print: a table for each class on landscape A4 pages, as a tagged PDF."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration

from notifications.sheets import VARIANT, collector_paused, local_only

if TYPE_CHECKING:
    from notifications.listing import AccountList


def render_pdf(listing: AccountList, *, class_per_page: bool) -> bytes:
    """One PDF/UA-1; with `class_per_page`, each class starts on a page of its own."""
    css, fonts = _style()
    html = render_to_string("notifications/list.html", {"listing": listing, "class_per_page": class_per_page})
    document = HTML(string=html, url_fetcher=local_only())
    with collector_paused():
        return cast(bytes, document.write_pdf(stylesheets=[css], font_config=fonts, pdf_variant=VARIANT))


@cache
def _style() -> tuple[CSS, FontConfiguration]:
    """Parsed once a process, with the fonts it loads."""
    fonts = FontConfiguration()
    path = cast(str, finders.find("notifications/list.css"))
    return CSS(filename=path, font_config=fonts, url_fetcher=local_only()), fonts
