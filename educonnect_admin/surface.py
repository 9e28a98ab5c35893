"""What every response says to the browser whatever made it, and what no request may bring: a file."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from django.core.exceptions import BadRequest
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# No page uses a sensor, a camera, the clipboard's content, nor anything a browser asks its user about.
_NOTHING = (
    "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), "
    "geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), "
    "picture-in-picture=(), screen-wake-lock=(), usb=(), web-share=(), xr-spatial-tracking=()"
)
HEADERS = {
    "Permissions-Policy": _NOTHING,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Files of the site say theirs; a page, a redirection, an error is kept by nobody.
    "Cache-Control": "private, no-store",
}


class SurfaceMiddleware:
    """The outermost: what the others refuse (a forged Host, plain http) bears these headers too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class NoFiles(FileUploadHandler):
    """No form of the console takes a file: nothing is read of one, in memory or on the disk."""

    def new_file(self, *args: object, **kwargs: object) -> NoReturn:
        raise BadRequest("a file was sent")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Never reached: no file begins."""

    def file_complete(self, file_size: int) -> None:
        """Never reached: no file begins."""
