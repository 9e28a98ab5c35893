"""Lets the deputies of an establishment delegate, or no more: for its director alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction

from establishments.delegations.ending import end_orphaned
from establishments.models import Agent, Establishment, Event, EventKind, Mandate

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from establishments.access import Access
    from establishments.models import Delegation


def deputies_of(establishment: Establishment) -> QuerySet[Agent]:
    """Those who are deputies there and do not direct it too."""
    mandates = Mandate.objects.in_force().filter(establishment=establishment)
    return Agent.objects.filter(pk__in=mandates.filter(role=Mandate.Role.DEPUTY).values("agent")).exclude(
        pk__in=mandates.filter(role=Mandate.Role.DIRECTOR).values("agent")
    )


def granted_by(deputy: Agent, establishment: Establishment) -> QuerySet[Delegation]:
    """What would end with the deputy's right to delegate."""
    found = deputy.delegations_granted.not_over().filter(establishment=establishment)
    return found.select_related("agent").order_by("agent__surname", "pk")


@transaction.atomic
def let_delegate(deputy: Agent, allowed: bool, *, by: Access) -> bool:
    """On every mandate of deputy they hold there; False when nothing changed.

    What they had granted ends when they may no more.
    """
    if not by.can_appoint:
        raise PermissionDenied
    mandates = Mandate.objects.in_force().filter(
        agent=deputy, establishment=by.establishment, role=Mandate.Role.DEPUTY
    )
    if not mandates.filter(may_delegate=not allowed).update(may_delegate=allowed):
        return False
    Event.objects.create(
        kind=EventKind.MANDATE_CHANGED,
        establishment=by.establishment,
        actor=Event.Actor.AGENT,
        agent=by.agent,
        target_kind="agent",
        target_id=deputy.pk,
        data={"role": Mandate.Role.DEPUTY, "may_delegate": allowed},
    )
    if not allowed:
        end_orphaned(Establishment.objects.filter(pk=by.establishment.pk))
    return True
