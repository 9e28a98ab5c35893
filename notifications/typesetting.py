"""Sets HTML on pages, tagged for PDF/UA, with this project's style sheets and typefaces and nothing else."""

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

from django.contrib.staticfiles import finders
from django.utils.html import escape
from weasyprint import CSS, HTML, Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from notifications.qr import QRImage

VARIANT = "pdf/ua-1"


def lay_out(body: str, *, title: str, style: str, codes: Mapping[str, QRImage]) -> Document:
    """The pages of `body`, whose images are the drawn `codes`; `style` is a file of static/notifications."""
    css, fonts = stylesheet(style)
    html = HTML(string=document_of(body, title), url_fetcher=nothing_fetched())
    # WeasyPrint writes to its cache of images: the codes of another document must not be found in it.
    return cast(
        Document, html.render(font_config=fonts, stylesheets=[css], cache=dict(codes), pdf_variant=VARIANT)
    )


def write(document: Document) -> bytes:
    return cast(bytes, document.write_pdf(pdf_variant=VARIANT))


def document_of(body: str, title: str) -> str:
    return f'<html lang="fr"><head><title>{escape(title)}</title></head><body>{body}</body></html>'


@cache
def stylesheet(name: str) -> tuple[CSS, FontConfiguration]:
    """Parsed once a process, with the fonts it loads."""
    fonts = FontConfiguration()
    path = cast(str, finders.find(f"notifications/{name}"))
    return CSS(filename=path, font_config=fonts, url_fetcher=_Beside(Path(path).parent)), fonts


@cache
def nothing_fetched() -> URLFetcher:
    """Its text, the style sheets given and the drawn codes make a document: it names no other file."""
    return URLFetcher(allowed_protocols=[])


class _Beside(URLFetcher):
    """What a style sheet names of its own folder: another one, a font."""

    def __init__(self, folder: Path) -> None:
        super().__init__(allowed_protocols=["file"])  # type: ignore[no-untyped-call]
        self._folder = folder.resolve()

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        if not Path(url2pathname(urlsplit(url).path)).resolve().is_relative_to(self._folder):
            raise ValueError("not a file of the style sheet's folder")
        return cast(URLFetcherResponse, super().fetch(url, headers))  # type: ignore[no-untyped-call]


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
