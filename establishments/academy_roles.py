"""Agents of an académie: named by command, each change recorded, in no school's journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from establishments.models import AcademyRole, Event, EventKind

if TYPE_CHECKING:
    from establishments.models import Academy, Agent


@transaction.atomic
def grant(agent: Agent, academy: Academy, kind: str = AcademyRole.Kind.ASSISTANCE) -> bool:
    """False when the agent has the role in the académie already."""
    role, is_new = AcademyRole.objects.in_force().get_or_create(
        agent=agent, academy=academy, kind=kind, ended_at=None
    )
    if is_new:
        _record(EventKind.DELEGATION_GRANTED, role)
    return is_new


@transaction.atomic
def end(agent: Agent, academy: Academy, kind: str = AcademyRole.Kind.ASSISTANCE) -> bool:
    """The visits underway of an assistance close at once; False when there was nothing to end."""
    in_force = AcademyRole.objects.in_force().filter(agent=agent, academy=academy, kind=kind)
    roles = list(in_force.select_for_update())
    for role in roles:
        role.ended_at = timezone.now()
        role.save(update_fields=["ended_at"])
        _record(EventKind.DELEGATION_ENDED, role)
    return bool(roles)


def _record(kind: EventKind, role: AcademyRole) -> None:
    Event.objects.create(
        kind=kind,
        actor=Event.Actor.PLATFORM,
        target_kind="academy_role",
        target_id=role.pk,
        data={"agent": role.agent_id, "academy": role.academy_id, "kind": role.kind},
    )
