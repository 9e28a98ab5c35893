"""What the journal says of agents at the door: who came in, what changed of their factors and sessions."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from allauth.account.signals import password_changed, password_reset, user_logged_in
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth import signals as auth_signals
from django.core.cache import cache

from establishments import counters, second_factor, sessions
from establishments.models import Agent, Establishment, Event, EventKind

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest

logger = logging.getLogger(__name__)
# An agent of more establishments than this signs in at none in particular.
_MOST_PLACES = 50
REFUSALS = "educonnect_sign_ins_refused_total"
# A closed throttle is told once in so many seconds, however often someone knocks.
_REFUSAL_TOLD_FOR = 300


def signed_in(agent: Agent) -> None:
    """One event in the journal of each establishment the agent sees."""
    seen = Establishment.objects.visible_to(agent).values_list("pk", flat=True)
    found: list[int | None] = list(seen[: _MOST_PLACES + 1])
    places = found if 0 < len(found) <= _MOST_PLACES else [None]
    Event.objects.bulk_create(_event(EventKind.AGENT_SIGNED_IN, agent, place=place) for place in places)


def signed_out(request: HttpRequest, agent: Agent) -> None:
    sessions.close(request.session)
    _event(EventKind.AGENT_SIGNED_OUT, agent).save()


def refused(agent: Agent | None) -> None:
    """The throttle is closed; an address of nobody leaves no event."""
    counters.add([(REFUSALS, 1)])
    if agent is None or not cache.add(f"sign-in-refused:{agent.pk}", True, _REFUSAL_TOLD_FOR):
        return
    Event.objects.create(
        kind=EventKind.AGENT_SIGN_IN_REFUSED,
        actor=Event.Actor.PLATFORM,
        target_kind="agent",
        target_id=agent.pk,
    )


def password_chosen(agent: Agent) -> None:
    _event(EventKind.AGENT_PASSWORD_CHANGED, agent).save()


def sessions_ended(agent: Agent, count: int) -> None:
    if count:
        _event(EventKind.AGENT_SESSIONS_ENDED, agent, count=count).save()


def end_sessions(agents: QuerySet[Agent]) -> int:
    """By an operator: every session of these agents, told for each; how many were open."""
    ended = {agent: sessions.end_all(agent) for agent in agents.filter(sessions__isnull=False).distinct()}
    Event.objects.bulk_create(
        Event(
            kind=EventKind.AGENT_SESSIONS_ENDED,
            actor=Event.Actor.PLATFORM,
            target_kind="agent",
            target_id=agent.pk,
            data={"count": count, "by": "command"},
        )
        for agent, count in ended.items()
    )
    return sum(ended.values())


def failed(by: str) -> None:
    """One line of the log, which says of nobody that it was them; the journal tells a closed throttle."""
    logger.warning("sign-in failed: %s", by)


def _event(kind: EventKind, agent: Agent, place: int | None = None, **data: object) -> Event:
    return Event(
        kind=kind,
        establishment_id=place,
        actor=Event.Actor.AGENT,
        agent=agent,
        target_kind="agent",
        target_id=agent.pk,
        data=data,
    )


def connect() -> None:
    """At start: allauth and Django call these."""
    auth_signals.user_logged_in.connect(_on_session, dispatch_uid="session")
    user_logged_in.connect(_on_sign_in, dispatch_uid="sign_in")
    auth_signals.user_login_failed.connect(_on_failure, dispatch_uid="sign_in_failed")
    password_changed.connect(_on_password_changed, dispatch_uid="password_changed")
    password_reset.connect(_on_password_reset, dispatch_uid="password_reset")
    authenticator_added.connect(_on_factor_added, dispatch_uid="factor_added")
    authenticator_reset.connect(_on_factor_added, dispatch_uid="codes_drawn")
    authenticator_removed.connect(_on_factor_removed, dispatch_uid="factor_removed")


def _on_session(request: HttpRequest, user: Any, **kwargs: Any) -> None:
    if isinstance(user, Agent):
        sessions.begin(request, user)


def _on_sign_in(user: Agent, **kwargs: Any) -> None:
    signed_in(user)


def _on_failure(credentials: dict[str, Any], **kwargs: Any) -> None:
    """Whether the address is somebody's tells one agent's lapses from a list that is tried."""
    mail = str(credentials.get("email", "")).strip().lower()
    failed(
        "password, known address"
        if Agent.objects.filter(email=mail).exists()
        else "password, unknown address"
    )


def _on_password_changed(request: HttpRequest, user: Agent, **kwargs: Any) -> None:
    """Django's own check closes other sessions at their next request; they are gone at once."""
    password_chosen(user)
    sessions_ended(user, sessions.end_others(user, request.session))


def _on_password_reset(user: Agent, **kwargs: Any) -> None:
    password_chosen(user)
    sessions_ended(user, sessions.end_all(user))


def _on_factor_added(request: HttpRequest, user: Agent, authenticator: Authenticator, **kwargs: Any) -> None:
    if authenticator.type in second_factor.FACTORS:
        second_factor.accept(request, user, by=authenticator.type)
    _event(EventKind.AGENT_FACTOR_ADDED, user, factor=authenticator.type).save()


def _on_factor_removed(
    request: HttpRequest, user: Agent, authenticator: Authenticator, **kwargs: Any
) -> None:
    if not second_factor.has_one(user):
        second_factor.forget(request)
    _event(EventKind.AGENT_FACTOR_REMOVED, user, factor=authenticator.type).save()
