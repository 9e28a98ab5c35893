"""« Qui peut faire quoi »: every person with rights in an establishment, and where each right comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from establishments.models import Delegation, Mandate

if TYPE_CHECKING:
    from datetime import date

    from establishments.models import Agent, Establishment

RECENT = timedelta(days=90)


class Standing(StrEnum):
    IN_FORCE = "IN_FORCE"
    TO_COME = "TO_COME"
    OVER = "OVER"


@dataclass(slots=True)
class Directing:
    """An agent who directs or is deputy, by one mandate or several."""

    agent: Agent
    is_director: bool = False
    may_delegate: bool = False
    sources: list[str] = field(default_factory=list)

    def add(self, mandate: Mandate) -> None:
        self.is_director |= mandate.role == Mandate.Role.DIRECTOR
        self.may_delegate |= mandate.may_delegate or self.is_director
        if mandate.get_source_display() not in self.sources:
            self.sources.append(mandate.get_source_display())


@dataclass(frozen=True, slots=True)
class Delegated:
    """A delegation as the recap shows it: `is_left` when it ended with its granter's right to delegate."""

    delegation: Delegation
    standing: Standing
    is_left: bool

    @property
    def may_change(self) -> bool:
        is_open = self.standing in (Standing.IN_FORCE, Standing.TO_COME)
        return is_open and self.delegation.source == Delegation.Source.GRANTED


@dataclass(frozen=True, slots=True)
class Recap:
    directing: list[Directing]
    delegated: list[Delegated]
    over: list[Delegated]

    @property
    def left(self) -> list[Delegated]:
        """Ended with their granter, of people who have nothing there since: to be granted again, or not."""
        holding = {each.agent.pk for each in self.directing}
        holding |= {each.delegation.agent_id for each in self.delegated}
        return [each for each in self.over if each.is_left and each.delegation.agent_id not in holding]

    @property
    def ended(self) -> list[Delegated]:
        left = self.left
        return [each for each in self.over if each not in left]


def recap_of(establishment: Establishment) -> Recap:
    """In three queries, however many people there are."""
    delegated = _delegated(establishment)
    return Recap(
        _directing(establishment),
        [each for each in delegated if each.standing != Standing.OVER],
        [each for each in delegated if each.standing == Standing.OVER],
    )


def _directing(establishment: Establishment) -> list[Directing]:
    found: dict[int, Directing] = {}
    mandates = establishment.mandates.in_force().select_related("agent")
    for mandate in mandates.order_by("agent__surname", "agent__given_name", "pk"):
        found.setdefault(mandate.agent_id, Directing(mandate.agent)).add(mandate)
    return sorted(found.values(), key=lambda each: not each.is_director)


def _delegated(establishment: Establishment) -> list[Delegated]:
    today, since = establishment.academy.local_date(), timezone.now() - RECENT
    shown = establishment.delegations.filter(
        Q(ended_at__isnull=True) | Q(ended_at__gte=since),
        Q(ends_on__isnull=True) | Q(ends_on__gte=today - RECENT),
    )
    orphaned = set(establishment.delegations.orphaned().values_list("pk", flat=True))
    people = shown.select_related("agent", "granted_by", "ended_by")
    return [
        _shown(each, today, each.pk in orphaned)
        for each in people.order_by("agent__surname", "agent__given_name", "begins_on", "pk")
    ]


def _shown(delegation: Delegation, today: date, is_orphaned: bool) -> Delegated:
    was_ended = delegation.ended_at is not None
    by_platform = was_ended and delegation.ended_by_id is None and delegation.granted_by_id is not None
    is_past = delegation.ends_on is not None and delegation.ends_on < today
    if was_ended or is_orphaned or is_past:
        return Delegated(delegation, Standing.OVER, is_orphaned or by_platform)
    is_to_come = delegation.begins_on > today
    return Delegated(delegation, Standing.TO_COME if is_to_come else Standing.IN_FORCE, is_left=False)
