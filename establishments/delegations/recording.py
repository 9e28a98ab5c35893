"""What each act on delegations leaves behind: events of the journal, and the mails to send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery import current_app
from django.db import transaction

from establishments.delegations.terms import Terms
from establishments.models import DelegationNotice, Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from establishments.models import Agent, Delegation

_NOTICES = {
    EventKind.DELEGATION_GRANTED: DelegationNotice.Kind.GRANTED,
    EventKind.DELEGATION_CHANGED: DelegationNotice.Kind.CHANGED,
    EventKind.DELEGATION_ENDED: DelegationNotice.Kind.ENDED,
}


def record(
    kind: EventKind,
    delegations: Sequence[Delegation],
    *,
    by: Agent | None,
    at: datetime,
    besides: Iterable[Agent] = (),
) -> None:
    """One event each, a mail each to the delegate, the granter and those `besides`; by None: the platform."""
    Event.objects.bulk_create(_event(kind, each, by, at) for each in delegations)
    DelegationNotice.objects.bulk_create(
        DelegationNotice(delegation=each, recipient_id=recipient, kind=_NOTICES[kind], created_at=at)
        for each in delegations
        for recipient in _recipients(each, besides)
    )
    send_soon()


def send_soon() -> None:
    """At once after the commit; should the queue not answer, beat sends them a little later."""
    transaction.on_commit(lambda: current_app.send_task("establishments.send_notices"), robust=True)


def _recipients(delegation: Delegation, besides: Iterable[Agent]) -> list[int]:
    people = [delegation.agent_id, delegation.granted_by_id, *(agent.pk for agent in besides)]
    return list(dict.fromkeys(pk for pk in people if pk is not None))


def _event(kind: EventKind, delegation: Delegation, by: Agent | None, at: datetime) -> Event:
    return Event(
        kind=kind,
        at=at,
        establishment_id=delegation.establishment_id,
        actor=Event.Actor.AGENT if by else Event.Actor.PLATFORM,
        agent=by,
        target_kind="agent",
        target_id=delegation.agent_id,
        data=Terms.of(delegation).as_data() | {"delegation": delegation.pk},
    )
