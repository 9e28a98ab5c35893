"""Around every page: a sign-in except where said otherwise, its second factor, its end; the local time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils import timezone

from establishments import kept_forms, second_factor, sessions
from establishments.models import Agent

View = Callable[..., HttpResponseBase]
# What stays open to who still owes a second factor: giving it, or enrolling one, and leaving.
_TO_GIVE_IT = {"mfa_reauthenticate", "mfa_reauthenticate_webauthn", "account_logout"}
_TO_ENROL = {
    "second_factor_start",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_reauthenticate",
    "account_logout",
}


class LocalTimeMiddleware:
    """The time zone a view took (access.enter) ends with its response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()


class SessionLimitsMiddleware:
    """Ends the sessions left idle, open too long or closed from elsewhere, before anything is decided.

    In process_view, once the cross-site check is passed: only then is a posted form worth keeping.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return
        agent = request.user
        if not isinstance(agent, Agent):
            return
        if not sessions.is_over(request.session) and sessions.touch(request, agent):
            if request.method == "POST":
                kept_forms.was_sent_again(request)
            return
        sessions.close(request.session)
        logout(request)
        kept_forms.session_ended(request.session, agent)


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """A fragment asked for after the session ended reloads the whole page, never a form in a table.

    A form sent after it is kept for the agent whose session it was.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: View,
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        refusal = super().process_view(request, view_func, view_args, view_kwargs)
        if refusal is None:
            return None
        author = kept_forms.who_was_there(request.session)
        if request.method == "POST" and author is not None and kept_forms.keep(request, author):
            return _go(request, "account_login", resolve_url("kept_form"))
        if getattr(request, "htmx", False):
            return HttpResponse(headers={"HX-Refresh": "true"})
        return refusal


class SecondFactorMiddleware:
    """Outside the administrative networks nothing opens before the second factor, given or enrolled.

    It also meets the session that was opened inside one and moved out.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        agent = request.user
        if not getattr(view, "login_required", True) or not isinstance(agent, Agent):
            return None
        if not second_factor.is_due(request, agent):
            return None
        # Told to the pages which ask it: they offer no way round.
        request.second_factor_due = True  # type: ignore[attr-defined]
        held = second_factor.has_one(agent)
        match = request.resolver_match
        if match is not None and match.url_name in (_TO_GIVE_IT if held else _TO_ENROL):
            return None
        after = request.get_full_path() if request.method == "GET" else "/"
        if request.method == "POST" and kept_forms.keep(request, agent.pk):
            after = resolve_url("kept_form")
        return _go(request, second_factor.page_for(agent) if held else "second_factor_start", after)


def _go(request: HttpRequest, name: str, after: str) -> HttpResponseBase:
    """Lead there, the whole page even when htmx asked for a part of it."""
    address = f"{resolve_url(name)}?{urlencode({'next': after}, safe='/')}"
    if not getattr(request, "htmx", False):
        return redirect(address)
    if request.method == "GET":
        return HttpResponse(headers={"HX-Refresh": "true"})
    return HttpResponse(headers={"HX-Redirect": address})
