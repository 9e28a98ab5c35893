"""Around the family's pages, and those alone: their session in place of the console's, and who it is of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest
from django.shortcuts import redirect, render

from accounts.activation import devices, session
from accounts.activation.session import FamilyRequest, SessionStore
from accounts.activation.sms.codes import TooManyCodes
from accounts.activation.steps import StartAgain
from accounts.activation.throttle import TooManyTries
from establishments.networks import is_of_families

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.http.response import HttpResponseBase

View = Callable[..., "HttpResponseBase"]


class FamilySessionMiddleware:
    """While a family is answered, the console's session is out of reach of every view and middleware.

    An agent who is a parent has both sessions at once, neither of which sees the other. No search engine
    lists what is answered.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not is_of_families(request):
            return self.get_response(request)
        of_console = request.session
        request = _of_family(request)
        try:
            response = self.get_response(request)
            response.headers["X-Robots-Tag"] = "noindex, nofollow"
            _save(request, response)
            devices.remember(request, response)
            return response
        finally:
            request.session = of_console

    def process_view(
        self, request: HttpRequest, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        # A page whose address is the key knows no session: its forms, of no origin, would be refused.
        if not is_of_families(request) or not hasattr(view, "family_access"):
            return
        request = cast("FamilyRequest", request)
        if settings.FAMILY_SESSION_COOKIE_NAME not in request.COOKIES:
            return
        if not session.has_account(request.family):
            return
        request.account = session.account_of(request.family)
        if request.account is None:
            session.sign_out(request)
            messages.info(request, "Votre session est terminée. Connectez-vous de nouveau pour continuer.")

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A step without those before it begins again; who tries too often waits."""
        if isinstance(exception, StartAgain):
            if exception.sentence:
                messages.info(request, exception.sentence)
            return redirect(exception.to)
        if not isinstance(exception, TooManyTries):
            return None
        context = {
            "seconds": exception.seconds,
            "minutes": -(-exception.seconds // 60),
            "is_of_codes": isinstance(exception, TooManyCodes),
        }
        response = render(request, "accounts/activation/too_many.html", context, status=429)
        response.headers["Retry-After"] = str(exception.seconds)
        return response


def _of_family(request: HttpRequest) -> FamilyRequest:
    ours = cast("FamilyRequest", request)
    ours.family = SessionStore(request.COOKIES.get(settings.FAMILY_SESSION_COOKIE_NAME))
    ours.session = ours.family
    ours.account = ours.remembered = None
    return ours


def _save(request: FamilyRequest, response: HttpResponseBase) -> None:
    """As Django does for its own; a session closed meanwhile from elsewhere is not brought back."""
    name, kept = settings.FAMILY_SESSION_COOKIE_NAME, request.family
    if not kept.accessed:
        return
    empty = kept.is_empty()
    if not empty and kept.modified and response.status_code < 500:
        try:
            kept.save()
        except UpdateError:
            empty = True
        else:
            response.set_cookie(
                name, kept.session_key or "", secure=not settings.INSECURE_HTTP, httponly=True, samesite="Lax"
            )
    if empty and name in request.COOKIES:
        response.delete_cookie(name, samesite="Lax")
