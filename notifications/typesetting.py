"""Sets HTML on pages, tagged for PDF/UA, with this project's style sheets and typefaces and nothing else."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import cast

from django.contrib.staticfiles import finders
from weasyprint import CSS, HTML, Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

from notifications.qr import QRImage

VARIANT = "pdf/ua-1"


def lay_out(body: str, *, title: str, style: str, codes: Mapping[str, QRImage]) -> Document:
    """The pages of `body`, whose images are the drawn `codes`; `style` is a file of static/notifications."""
    css, fonts = stylesheet(style)
    html = HTML(string=document_of(body, title), url_fetcher=local_only())
    # WeasyPrint writes to its cache of images: the codes of another document must not be found in it.
    return cast(
        Document, html.render(font_config=fonts, stylesheets=[css], cache=dict(codes), pdf_variant=VARIANT)
    )


def write(document: Document) -> bytes:
    return cast(bytes, document.write_pdf(pdf_variant=VARIANT))


def document_of(body: str, title: str) -> str:
    return f'<html lang="fr"><head><title>{title}</title></head><body>{body}</body></html>'


@cache
def stylesheet(name: str) -> tuple[CSS, FontConfiguration]:
    """Parsed once a process, with the fonts it loads."""
    fonts = FontConfiguration()
    path = cast(str, finders.find(f"notifications/{name}"))
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
