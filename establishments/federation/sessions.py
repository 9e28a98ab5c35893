"""What a session remembers of the provider that opened it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest

    from establishments.federation.provider import Answer
    from establishments.identity_providers import IdentityProvider
    from establishments.models import Agent

_KEY = "federation"


def remember(request: HttpRequest, agent: Agent, provider: IdentityProvider, answer: Answer) -> None:
    """To be called before the agent is signed in: whatever is asked next reads `has_second_factor`."""
    request.session[_KEY] = {
        "agent": agent.pk,
        "provider": provider.key,
        "second_factor": provider.trusts(answer.id_token.get("acr")),
        "id_token": answer.encoded_id_token,
    }


def has_second_factor(request: HttpRequest, agent: Agent) -> bool:
    """Whether `agent` has proved a second factor to a provider trusted for it, in this session."""
    opened = _opened_by(request)
    return opened.get("agent") == agent.pk and opened.get("second_factor") is True


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
