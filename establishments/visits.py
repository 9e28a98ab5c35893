"""The assistance of an académie reads an establishment for a while, for a reason which the school sees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from establishments.models import AcademyRole, Establishment, Event, EventKind, Visit

if TYPE_CHECKING:
    from establishments.models import Agent
    from establishments.models.agents import VisitQuerySet

SHOWN_ON_HOME = timedelta(days=7)
LISTED = timedelta(days=365)
# How long the assistance's own page says that a visit is over.
TOLD = timedelta(hours=24)
TRIPS = 5


@dataclass(frozen=True, slots=True)
class Trip:
    """The latest visit of an agent to an establishment."""

    visit: Visit
    is_in_force: bool


class NotAssisted(Exception):
    """The agent does not assist the académie of the establishment, or does no more."""


@transaction.atomic
def begin(agent: Agent, establishment: Establishment, reason: str) -> Visit:
    """The visit in force, begun and recorded unless there is one; raises NotAssisted.

    The role is locked: of two clicks at once, the second finds the visit of the first.
    """
    roles = AcademyRole.objects.assisting().select_for_update()
    if not roles.filter(agent=agent, academy=establishment.academy).exists():
        raise NotAssisted
    visit = current(agent, establishment)
    if visit is None:
        now = timezone.now()
        visit = Visit.objects.create(
            agent=agent,
            establishment=establishment,
            reason=reason,
            started_at=now,
            ends_at=now + settings.VISIT_DURATION,
        )
        _record(EventKind.ASSISTANCE_ENTERED, visit)
    return visit


def current(agent: Agent, establishment: Establishment) -> Visit | None:
    return agent.visits.in_force().filter(establishment=establishment).order_by("-ends_at").first()


@transaction.atomic
def leave(agent: Agent, establishment: Establishment) -> bool:
    """End before its time the visit in force; False when there is none (any more)."""
    now = timezone.now()
    underway = agent.visits.filter(establishment=establishment, ends_at__gt=now).select_for_update()
    visits = list(underway)
    for visit in visits:
        visit.ends_at = now
        visit.save(update_fields=["ends_at"])
        _record(EventKind.ASSISTANCE_LEFT, visit)
    return bool(visits)


def _record(kind: EventKind, visit: Visit) -> None:
    """In the school's journal; the reason is in the visit."""
    Event.objects.create(
        kind=kind,
        establishment=visit.establishment,
        actor=Event.Actor.AGENT,
        agent=visit.agent,
        target_kind="visit",
        target_id=visit.pk,
        data={"visit": visit.pk},
    )


def visits_to(establishment: Establishment, within: timedelta = LISTED) -> VisitQuerySet:
    """The latest first."""
    since = timezone.now() - within
    return establishment.visits.filter(started_at__gte=since).select_related("agent").order_by("-started_at")


def trips_of(agent: Agent) -> list[Trip]:
    """The establishments the agent visited last, each once, by its latest visit."""
    latest = agent.visits.order_by("establishment", "-started_at", "-pk").distinct("establishment")
    found = Visit.objects.filter(pk__in=latest.values("pk")).select_related("establishment")
    found = found.filter(establishment__in=Establishment.objects.assisted_by(agent))
    in_force = set(agent.visits.in_force().values_list("pk", flat=True))
    return [Trip(visit, visit.pk in in_force) for visit in found.order_by("-started_at")[:TRIPS]]


def just_over(agent: Agent) -> Visit | None:
    """The visit which ended last, unless it was long ago, or another is in force since."""
    now = timezone.now()
    latest = agent.visits.filter(establishment__in=Establishment.objects.assisted_by(agent))
    visit = latest.select_related("establishment").order_by("-ends_at").first()
    return visit if visit and now - TOLD < visit.ends_at <= now else None


def hours() -> int:
    """How long a visit lasts."""
    return int(settings.VISIT_DURATION.total_seconds() // 3600)
