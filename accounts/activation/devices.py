"""Browsers which signed in to an account before: known by a signed cookie, so that no outsider slows them.

It names no one, is read on the family's pages alone and opens nothing: only its throttle is its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.utils.crypto import get_random_string, salted_hmac

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase

    from accounts.activation.session import FamilyRequest

_SALT = "accounts.activation.devices"
# Parents and pupils share a family's telephone.
_MOST = 8


def device_of(request: FamilyRequest, subject: str) -> str:
    """The number of this browser, if it signed in as `subject` before; otherwise nothing."""
    known, number = _read(request)
    return number if _mark(number, subject) in known else ""


def remember(request: FamilyRequest, response: HttpResponseBase) -> None:
    """After a sign-in."""
    if request.remembered is None or request.account is None:
        return
    known, number = _read(request)
    number = number or get_random_string(16)
    mark = _mark(number, request.account.identifier)
    marks = [mark, *(each for each in known if each != mark)][:_MOST]
    response.set_cookie(
        settings.FAMILY_DEVICE_COOKIE_NAME,
        signing.dumps([number, marks], salt=_SALT),
        max_age=int(settings.FAMILY_DEVICE_LIFETIME.total_seconds()),
        secure=not settings.INSECURE_HTTP,
        httponly=True,
        samesite="Lax",
    )


def _read(request: FamilyRequest) -> tuple[list[str], str]:
    told = request.COOKIES.get(settings.FAMILY_DEVICE_COOKIE_NAME, "")
    try:
        number, marks = signing.loads(told, salt=_SALT, max_age=settings.FAMILY_DEVICE_LIFETIME)
    except signing.BadSignature:
        return [], ""
    return marks, number


def _mark(number: str, subject: str) -> str:
    return salted_hmac(_SALT, f"{number} {subject}", algorithm="sha256").hexdigest()[:24]
