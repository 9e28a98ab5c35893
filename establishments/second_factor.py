"""When a second factor is due: everywhere but in administrative networks, once a session."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from allauth.account.internal.flows.login import (
    AUTHENTICATION_METHODS_SESSION_KEY,
    get_authentication_records,
    record_authentication,
)
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

from establishments import sessions
from establishments.models import Event, EventKind
from establishments.networks import is_administrative

if TYPE_CHECKING:
    from django.http import HttpRequest

    from establishments.models import Agent

# Recovery codes stand in for one of these; alone they are no factor.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
_METHOD = "mfa"


def is_due(request: HttpRequest, agent: Agent) -> bool:
    return not is_administrative(request) and not is_given(request, agent)


def is_given(request: HttpRequest, agent: Agent) -> bool:
    """In this session, by a code, a key, a passkey, the enrolment of one, or `accept`."""
    return any(record["method"] == _METHOD for record in get_authentication_records(request, agent))


def accept(request: HttpRequest, agent: Agent, by: str) -> None:
    """Take the factor as given: just enrolled, or asked by the identity federation itself."""
    record_authentication(request, agent, _METHOD, type=by)


def forget(request: HttpRequest) -> None:
    """The factor given in this session is no longer the agent's."""
    records = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
    kept = [record for record in records if record["method"] != _METHOD]
    request.session[AUTHENTICATION_METHODS_SESSION_KEY] = kept


def has_one(agent: Agent) -> bool:
    return Authenticator.objects.filter(user_id=agent.pk, type__in=FACTORS).exists()


def page_for(agent: Agent) -> str:
    """The page where this agent gives it: the application's code, which most have, else the key."""
    by_code = Authenticator.objects.filter(user_id=agent.pk, type=Authenticator.Type.TOTP).exists()
    return "mfa_reauthenticate" if by_code else "mfa_reauthenticate_webauthn"


def signed_in_lately(request: HttpRequest, agent: Agent) -> bool:
    """Whether a proof given in this session is recent enough not to ask for another."""
    records = get_authentication_records(request, agent)
    return any(time.time() - record["at"] < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT for record in records)


@transaction.atomic
def reset(agent: Agent) -> int:
    """Take every factor away, codes included, and close the sessions; how many factors there were."""
    held = Authenticator.objects.filter(user_id=agent.pk)
    types = list(held.filter(type__in=FACTORS).values_list("type", flat=True))
    held.delete()
    sessions.end_all(agent)
    Event.objects.create(
        kind=EventKind.AGENT_FACTOR_REMOVED,
        actor=Event.Actor.PLATFORM,
        target_kind="agent",
        target_id=agent.pk,
        data={"factors": sorted(types), "by": "command"},
    )
    return len(types)
