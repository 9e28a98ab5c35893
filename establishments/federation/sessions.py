"""What a session remembers of the provider that opened it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest

    from establishments.federation.provider import Answer
    from establishments.identity_providers import IdentityProvider
    from establishments.models import Agent

_KEY = "federation"


def remember(request: HttpRequest, agent: Agent, provider: IdentityProvider, answer: Answer) -> None:
    """To be called before the agent is signed in: what asks for a second factor then reads it here.

    A provider trusted for it (IdentityProvider.trusts) leaves what allauth writes of a factor given to us.
    """
    if provider.trusts(answer.id_token.get("acr")):
        record_authentication(request, agent, "mfa", type=provider.key)
    request.session[_KEY] = {
        "agent": agent.pk,
        "provider": provider.key,
        "id_token": answer.encoded_id_token,
    }


def provider_of(request: HttpRequest) -> tuple[IdentityProvider, str] | None:
    """The provider which opened the agent's session, and its ID token; None for a local sign-in."""
    opened = _opened_by(request)
    if not request.user.is_authenticated or opened.get("agent") != request.user.pk:
        return None
    found = (each for each in settings.IDENTITY_PROVIDERS if each.key == opened["provider"])
    return next(((provider, opened["id_token"]) for provider in found), None)


def _opened_by(request: HttpRequest) -> dict[str, Any]:
    opened: dict[str, Any] = request.session.get(_KEY, {})
    return opened
