"""What is said when a page cannot be: to families on a page of theirs, without the console around it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views import defaults

from establishments.networks import is_of_families

if TYPE_CHECKING:
    from django.http import HttpRequest


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_of_families(request):
        return render(request, "accounts/activation/not_found.html", status=404)
    return defaults.page_not_found(request, exception)


def failed(request: HttpRequest) -> HttpResponse:
    """Nothing is asked of the database nor of the session: either may be what failed."""
    if is_of_families(request):
        return HttpResponse(render_to_string("accounts/activation/failed.html"), status=500)
    return defaults.server_error(request)
