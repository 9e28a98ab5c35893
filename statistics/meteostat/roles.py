"""Who reads the numbers of which territory: named by command, each change recorded for no school."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from establishments.models import Event, EventKind, StatisticsRole
from statistics.meteostat.territories import Level, Territory, UnknownTerritory, find

if TYPE_CHECKING:
    from establishments.models import Agent


@transaction.atomic
def grant(agent: Agent, level: StatisticsRole.Level, code: str) -> bool:
    """False when the agent has the role already."""
    role, is_new = StatisticsRole.objects.in_force().get_or_create(
        agent=agent, level=level, code=code, ended_at=None
    )
    if is_new:
        _record(EventKind.DELEGATION_GRANTED, role)
    return is_new


@transaction.atomic
def end(agent: Agent, level: StatisticsRole.Level, code: str) -> bool:
    """False when there was nothing to end; the territory itself may be no more."""
    in_force = StatisticsRole.objects.in_force().filter(agent=agent, level=level, code=code)
    roles = list(in_force.select_for_update())
    for role in roles:
        role.ended_at = timezone.now()
        role.save(update_fields=["ended_at"])
        _record(EventKind.DELEGATION_ENDED, role)
    return bool(roles)


def territories_of(agent: Agent) -> list[Territory]:
    """Those the agent has a role on, the widest first; one that is no more is left out."""
    found = []
    for role in agent.statistics_roles.in_force():
        try:
            found.append(find(Level(role.level), role.code))
        except UnknownTerritory:
            continue
    order = list(Level)
    return sorted(found, key=lambda each: (order.index(each.level), each.name, each.code))


def _record(kind: EventKind, role: StatisticsRole) -> None:
    Event.objects.create(
        kind=kind,
        actor=Event.Actor.PLATFORM,
        target_kind="statistics_role",
        target_id=role.pk,
        data={"agent": role.agent_id, "level": role.level, "code": role.code},
    )
