"""What allauth asks of us at a sign-in by a provider: which are declared, who comes in, what to say."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

import requests
from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.base.constants import AuthError
from django.conf import settings
from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare, get_random_string

from establishments.federation.admission import AdmissionRefused, Why, admit
from establishments.federation.provider import InvalidAnswer, app_of
from establishments.federation.sessions import remember
from establishments.federation.transport import ProviderSession

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialApp, SocialLogin
    from django.http import HttpRequest, HttpResponse

    from establishments.federation.provider import FederatedLogin, FederationProvider
    from establishments.identity_providers import IdentityProvider

logger = logging.getLogger(__name__)


class ConsoleSocialAccountAdapter(DefaultSocialAccountAdapter):
    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """Those of the settings; allauth's table of applications is never read."""
        return [
            app_of(declared)
            for declared in settings.IDENTITY_PROVIDERS
            if provider in {None, "openid_connect", declared.key} and client_id in {None, declared.client_id}
        ]

    def generate_state_param(self, state: dict[str, Any]) -> str:
        """ProConnect wants 32 characters; allauth's has 16."""
        return get_random_string(32)

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def get_requests_session(self) -> ProviderSession:
        return ProviderSession()

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Let in the agent the answer is about, or raise the page which says why not."""
        answer = cast("FederatedLogin", sociallogin).answer
        declared = declared_as(sociallogin.account.provider)
        asked, said = sociallogin.state.get("nonce"), answer.id_token.get("nonce")
        if not asked or not isinstance(said, str) or not constant_time_compare(asked, said):
            raise InvalidAnswer("another nonce")
        try:
            link = admit(declared, answer)
        except AdmissionRefused as refused:
            logger.info("sign-in by %s refused: %s", declared.key, refused.why)
            raise ImmediateHttpResponse(refusal(request, declared, refused.why)) from None
        sociallogin.account, sociallogin.user = link, link.user
        # Here rather than by allauth a moment later, which would take away what the session is told next.
        if request.user.is_authenticated:
            get_account_adapter(request).logout(request)
        remember(request, link.user, declared, answer)

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: FederationProvider,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        raise ImmediateHttpResponse(failure(request, declared_as(provider.sub_id), error, exception))


def declared_as(key: str) -> IdentityProvider:
    return next(each for each in settings.IDENTITY_PROVIDERS if each.key == key)


def refusal(request: HttpRequest, declared: IdentityProvider, why: Why) -> HttpResponse:
    if why == Why.CLOSED:
        return redirect("account_inactive")
    context = {"provider": declared, "why": why}
    return render(request, "establishments/federation/refused.html", context, status=403)


def failure(
    request: HttpRequest,
    declared: IdentityProvider,
    error: str | None,
    exception: Exception | None,
    wanted: str | None = None,
) -> HttpResponse:
    """Given up there: back to the door. Else a page, and a line without what the provider said of anybody."""
    if error == AuthError.CANCELLED:
        messages.info(request, "Vous avez interrompu l’identification.")
        return redirect("account_login")
    what, status = _what_failed(exception)
    logger.warning("sign-in by %s failed: %s (%s)", declared.key, what, _said(exception))
    context = {"provider": declared, "what": what, "wanted": wanted}
    return render(request, "establishments/federation/failed.html", context, status=status)


def _what_failed(exception: Exception | None) -> tuple[str, int]:
    if exception is None:
        return "state", 400
    if isinstance(exception, requests.ConnectionError | requests.Timeout):
        return "unavailable", 503
    answer = exception.response if isinstance(exception, requests.HTTPError) else None
    if answer is not None and answer.status_code >= 500:
        return "unavailable", 503
    return "answer", 502


def _said(exception: Exception | None) -> str:
    return (
        f"{type(exception).__name__}: {exception}"
        if isinstance(exception, InvalidAnswer)
        else (type(exception).__name__)
    )
