"""Who opens a page of the family's side, said beside its view: anyone, or the family which is signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from accounts.activation.session import is_proved
from accounts.transitions import State

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from accounts.activation.session import FamilyRequest, SignedInRequest

View = Callable[..., "HttpResponse"]
PUBLIC, SIGNED_IN = "PUBLIC", "SIGNED_IN"
AFTER = "suite"


def public_page(view: View) -> View:
    """Anyone's."""
    return _declared(view, PUBLIC)


def signed_in(view: View) -> View:
    """The family's, once signed in; others are led to the sign-in, and back."""

    @wraps(view)
    def guarded(request: FamilyRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.account is not None:
            return view(request, *args, **kwargs)
        after = f"?{urlencode({AFTER: request.get_full_path()}, safe='/')}" if request.method == "GET" else ""
        return redirect(resolve_url("family_sign_in") + after)

    return _declared(guarded, SIGNED_IN)


def of_active(view: View) -> View:
    """The family's, once its account is active."""

    @wraps(view)
    def guarded(request: FamilyRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        assert request.account is not None, "it is signed in"
        if request.account.state != State.ACTIVE:
            return redirect("family_home")
        return view(request, *args, **kwargs)

    return signed_in(guarded)


def proved(view: View) -> View:
    """To change what matters: the password is asked again when it was given too long ago."""

    @wraps(view)
    def guarded(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if is_proved(request):
            return view(request, *args, **kwargs)
        after = urlencode({AFTER: request.get_full_path()}, safe="/")
        return redirect(f"{resolve_url('family_proof')}?{after}")

    return of_active(guarded)


def discreet(view: View) -> View:
    """The address of the page is a key: it is told to no other site, kept in no cache.

    It knows no session, and shows none: a form of one would come without an origin, and be refused.
    """

    @wraps(view)
    def discreet_view(request: HttpRequest, **kwargs: str) -> HttpResponse:
        response = view(request, **kwargs)
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return never_cache(discreet_view)


def only_where(is_offered: Callable[[], bool]) -> Callable[[View], View]:
    """Where what it needs is not configured, the page does not exist."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: FamilyRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not is_offered():
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return guard


def after_sign_in(request: FamilyRequest, default: str = "family_home") -> str:
    """Where the family wanted to go, on this side of the site alone."""
    asked = request.POST.get(AFTER) or request.GET.get(AFTER) or ""
    is_ours = asked.startswith("/compte/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if is_ours else resolve_url(default)


def _declared(view: View, access: str) -> View:
    declared = login_not_required(never_cache(view))
    declared.family_access = access  # type: ignore[attr-defined]
    return declared
