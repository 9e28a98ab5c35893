"""Grants and changes delegations: one at a time for an agent, never beyond what the granter holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from establishments.delegations.ending import end_orphaned
from establishments.delegations.recording import record, send_soon
from establishments.delegations.terms import Terms
from establishments.models import Agent, Delegation, DelegationNotice, Establishment, EventKind

if TYPE_CHECKING:
    from establishments.access import Access


class DelegationRefused(Exception):
    """Base of what a delegation may not be."""


class DelegateIsOneself(DelegationRefused):
    pass


class AlreadyDirects(DelegationRefused):
    """The agent holds a mandate there, and with it more than a delegation gives."""


class BeginsInThePast(DelegationRefused):
    pass


class EndsTooEarly(DelegationRefused):
    """Before it begins, or before today."""


class Overlaps(DelegationRefused):
    """The agent has another delegation on some of these days: it is to be changed, not doubled."""

    def __init__(self, other: Delegation) -> None:
        super().__init__(str(other))
        self.other = other


class ChangedMeanwhile(Exception):
    """Another agent changed or ended the delegation since it was shown."""


class MailTaken(DelegationRefused):
    """Somebody signs in with this address already, or an establishment is reached at it."""


@transaction.atomic
def grant(agent: Agent, terms: Terms, *, by: Access) -> Delegation:
    """A new delegation, or the one just like it when the form was posted twice; raises DelegationRefused.

    The agent's row is locked, so that two grants at once follow each other.
    """
    place = by.establishment
    _check(agent, terms, by)
    if terms.begins_on < place.academy.local_date():
        raise BeginsInThePast
    Agent.objects.select_for_update(no_key=True).get(pk=agent.pk)
    end_orphaned(Establishment.objects.filter(pk=place.pk))
    twin = _other(agent, terms, place)
    if twin and Terms.of(twin) == terms:
        return twin
    if twin:
        raise Overlaps(twin)
    delegation = Delegation.objects.create(
        agent=agent, establishment=place, granted_by=by.agent, **terms.as_fields()
    )
    _invite_if_needed(agent, delegation)
    record(EventKind.DELEGATION_GRANTED, [delegation], by=by.agent, at=timezone.now())
    return delegation


@transaction.atomic
def invite_and_grant(*, mail: str, surname: str, given_name: str, terms: Terms, by: Access) -> Delegation:
    """To a person the console does not know: an agent who is invited by mail, and their delegation.

    Raises MailTaken when the address is another's; the same form posted twice grants once.
    """
    mail = mail.lower()
    if Establishment.objects.filter(mail__iexact=mail).exists():
        raise MailTaken
    asked = {"surname": surname, "given_name": given_name}
    agent, _ = Agent.objects.get_or_create(email=mail, defaults=asked | {"password": make_password(None)})
    is_other = (agent.surname, agent.given_name) != (surname, given_name)
    if is_other or agent.has_usable_password() or not agent.is_active:
        raise MailTaken
    return grant(agent, terms, by=by)


@transaction.atomic
def change(delegation: Delegation, terms: Terms, *, by: Access) -> bool:
    """Give it other terms, for which `by` answers from now on; False when they are those it has.

    Raises DelegationRefused, or ChangedMeanwhile when `delegation` is not what it was when read.
    """
    place, today = by.establishment, by.establishment.academy.local_date()
    _check(delegation.agent, terms, by)
    if terms.begins_on != delegation.begins_on and min(terms.begins_on, delegation.begins_on) < today:
        raise BeginsInThePast
    if terms.ends_on and terms.ends_on < today:
        raise EndsTooEarly
    Agent.objects.select_for_update(no_key=True).get(pk=delegation.agent_id)
    if other := _other(delegation.agent, terms, place, but=delegation):
        raise Overlaps(other)
    as_seen = Delegation.objects.not_over().filter(
        pk=delegation.pk, version=delegation.version, source=Delegation.Source.GRANTED
    )
    if Terms.of(delegation) == terms:
        if not as_seen.exists():
            raise ChangedMeanwhile
        return False
    if not as_seen.update(granted_by=by.agent, version=F("version") + 1, **terms.as_fields()):
        raise ChangedMeanwhile
    former = [delegation.granted_by] if delegation.granted_by else []
    delegation.refresh_from_db()
    record(EventKind.DELEGATION_CHANGED, [delegation], by=by.agent, at=timezone.now(), besides=former)
    return True


@transaction.atomic
def invite_again(delegation: Delegation) -> bool:
    """Promise the delegate another invitation; False when they have chosen a password."""
    if not awaits(delegation.agent):
        return False
    DelegationNotice.objects.get_or_create(
        delegation=delegation,
        recipient=delegation.agent,
        kind=DelegationNotice.Kind.INVITED,
        sent_at=None,
        failed_at=None,
    )
    send_soon()
    return True


def awaits(agent: Agent) -> bool:
    """Whether the agent has an address to sign in with, and has not come in yet."""
    return bool(agent.email) and not agent.has_usable_password() and agent.last_login is None


def _invite_if_needed(agent: Agent, delegation: Delegation) -> None:
    lives_since = timezone.now() - settings.INVITATION_LIFETIME
    if agent.invited_at is None or agent.invited_at <= lives_since:
        invite_again(delegation)


def _check(agent: Agent, terms: Terms, by: Access) -> None:
    if not by.can_delegate or not by.covers(terms.profile, terms.population):
        raise PermissionDenied
    if agent.pk == by.agent.pk:
        raise DelegateIsOneself
    if agent.mandates.in_force().filter(establishment=by.establishment).exists():
        raise AlreadyDirects
    if terms.ends_on and terms.ends_on < terms.begins_on:
        raise EndsTooEarly


def _other(
    agent: Agent, terms: Terms, place: Establishment, *, but: Delegation | None = None
) -> Delegation | None:
    found = agent.delegations.overlapping(terms.begins_on, terms.ends_on).filter(
        establishment=place, source=Delegation.Source.GRANTED
    )
    others = found.exclude(pk=but.pk) if but else found
    return others.order_by("begins_on", "pk").first()
