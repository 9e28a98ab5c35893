"""The page behind a mailed link: a button, which shows the identifiant and provisional password once."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts import password_links

# The address is a key: it goes to no other site, no cache.
HEADERS = {
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


# Without a cookie there is nothing to forge a request with: the address alone is the authority. And a
# page without referrer posts from a « null » origin, which the check would refuse.
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def password_link(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the page uses nothing up: mail scanners open links. Only its button does."""
    if request.method == "POST":
        return _shown(request, token)
    if not password_links.is_alive(token):
        return _dead(request)
    return _private(render(request, "accounts/activation/letter/password_link.html"))


def _shown(request: HttpRequest, token: str) -> HttpResponse:
    try:
        shown = password_links.show(token)
    except password_links.DeadLink:
        return _dead(request)
    context = {"shown": shown, "activation_url": settings.ACTIVATION_URL}
    return _private(render(request, "accounts/activation/letter/password_shown.html", context))


def _dead(request: HttpRequest) -> HttpResponse:
    response = _private(render(request, "accounts/activation/letter/password_dead.html", status=410))
    # Django would write the address, which is a key, in its log.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _private(response: HttpResponse) -> HttpResponse:
    for name, value in HEADERS.items():
        response[name] = value
    return response
