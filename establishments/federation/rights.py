"""What the federation's claims open, and its mandates and delegations made so, at each sign-in."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from establishments.claims import Claim
from establishments.models import Agent, Delegation, Establishment, Event, EventKind, Mandate

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from establishments.claims import Claims

logger = logging.getLogger(__name__)
_UAIS_TOLD = 20
# Besides the reasons of establishments.claims.
UNKNOWN_UAI, OTHER_FUNCTION = "UNKNOWN_UAI", "OTHER_FUNCTION"


@dataclass(frozen=True, slots=True)
class Refused:
    """A value which opens nothing; no establishment when it is none of ours, or none can be told."""

    claim: str
    reason: str
    uai: str = ""
    establishment: int | None = None


@dataclass(slots=True)
class Opened:
    """Mandates as (establishment, role), delegations as (establishment, first day, last day)."""

    mandates: set[tuple[int, str]] = field(default_factory=set)
    delegations: set[tuple[int, date, date | None]] = field(default_factory=set)
    refused: list[Refused] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.mandates or self.delegations)


def opened_by(claims: Claims) -> Opened:
    """What `claims` open today, each establishment at its own date."""
    uais = {*claims.directed, *(uai for delegation in claims.delegations for uai in delegation.uais)}
    known = {
        establishment.uai: establishment
        for establishment in Establishment.objects.filter(is_offered=True, uai__in=uais).select_related(
            "feed__academy"
        )
    }
    opened = Opened(refused=[Refused(refusal.claim, refusal.reason) for refusal in claims.refusals])
    _open_mandates(opened, claims, known)
    _open_delegations(opened, claims, known)
    return opened


def _open_mandates(opened: Opened, claims: Claims, known: dict[str, Establishment]) -> None:
    role = _role(claims)
    for uai in claims.directed:
        if uai not in known:
            opened.refused.append(Refused(Claim.DIRECTED, UNKNOWN_UAI, uai))
        elif role is None:
            opened.refused.append(Refused(Claim.DIRECTED, OTHER_FUNCTION, uai, known[uai].pk))
        else:
            opened.mandates.add((known[uai].pk, role))


def _role(claims: Claims) -> str | None:
    """A head directs; a deputy is one only where the deployment says by which function (ADR 12)."""
    if claims.is_head:
        return Mandate.Role.DIRECTOR
    if not set(claims.functions).isdisjoint(settings.FEDERATION_DEPUTY_FUNCTIONS):
        return Mandate.Role.DEPUTY
    return None


def _open_delegations(opened: Opened, claims: Claims, known: dict[str, Establishment]) -> None:
    for delegation in claims.delegations:
        for uai in delegation.uais:
            if uai not in known:
                opened.refused.append(Refused(Claim.DELEGATIONS, UNKNOWN_UAI, uai))
                continue
            establishment = known[uai]
            if reason := delegation.refusal_on(establishment.academy.local_date()):
                opened.refused.append(Refused(Claim.DELEGATIONS, reason, uai, establishment.pk))
            else:
                opened.delegations.add((establishment.pk, delegation.begins_on, delegation.ends_on))


def apply(opened: Opened, agent: Agent) -> None:
    """Start what the claims open, end what they opened and open no more; other sources are left alone.

    The caller holds the agent's row: two sign-ins at once are one after the other.
    """
    events = [
        *_apply_mandates(opened, agent),
        *_apply_delegations(opened, agent),
        *_refusal_events(opened, agent),
    ]
    Event.objects.bulk_create(events)
    counts = Counter(event.kind for event in events) + Counter(refused.reason for refused in opened.refused)
    if counts:
        logger.info(
            "claims applied: %s", ", ".join(f"{what} {count}" for what, count in sorted(counts.items()))
        )


def _apply_mandates(opened: Opened, agent: Agent) -> list[Event]:
    now = timezone.now()
    held = agent.mandates.in_force().filter(source=Mandate.Source.CLAIMS)
    open_now = {(mandate.establishment_id, mandate.role): mandate.pk for mandate in held}
    ended, started = open_now.keys() - opened.mandates, opened.mandates - open_now.keys()
    held.filter(pk__in=[open_now[key] for key in ended]).update(ended_at=now)
    Mandate.objects.bulk_create(
        Mandate(agent=agent, establishment_id=place, role=role, source=Mandate.Source.CLAIMS, started_at=now)
        for place, role in started
    )
    return [
        *(_event(EventKind.MANDATE_ENDED, agent.pk, place, role=role) for place, role in ended),
        *(_event(EventKind.MANDATE_STARTED, agent.pk, place, role=role) for place, role in started),
    ]


def _apply_delegations(opened: Opened, agent: Agent) -> list[Event]:
    profile, population = settings.FEDERATION_PROFILE, settings.FEDERATION_POPULATION
    wanted = {(place, begin, end, profile, population) for place, begin, end in opened.delegations}
    held = agent.delegations.filter(source=Delegation.Source.CLAIMS, ended_at__isnull=True)
    open_now = {_terms(delegation): delegation.pk for delegation in held}
    ended, started = open_now.keys() - wanted, wanted - open_now.keys()
    # All but those kept, so that a row written twice by whatever means does not outlive the claim.
    kept = [pk for terms, pk in open_now.items() if terms in wanted]
    held.exclude(pk__in=kept).update(ended_at=timezone.now())
    Delegation.objects.bulk_create(
        Delegation(
            agent=agent,
            establishment_id=place,
            begins_on=begin,
            ends_on=end,
            profile=profile,
            population=population,
            source=Delegation.Source.CLAIMS,
        )
        for place, begin, end, profile, population in started
    )
    return [
        *(_delegation_event(EventKind.DELEGATION_ENDED, agent.pk, terms) for terms in ended),
        *(_delegation_event(EventKind.DELEGATION_GRANTED, agent.pk, terms) for terms in started),
    ]


_Terms = tuple[int, date, date | None, str, str]


def _terms(delegation: Delegation) -> _Terms:
    return (
        delegation.establishment_id,
        delegation.begins_on,
        delegation.ends_on,
        delegation.profile,
        delegation.population,
    )


def _delegation_event(kind: EventKind, agent: int, terms: _Terms) -> Event:
    place, begin, end, profile, population = terms
    return _event(
        kind,
        agent,
        place,
        profile=profile,
        population=population,
        begins_on=begin.isoformat(),
        ends_on=end.isoformat() if end else None,
    )


@transaction.atomic
def end_unconfirmed(before: datetime) -> int:
    """End what claims gave to those of whom no federation has spoken since `before`; how many agents.

    They may have left, and sign in by a password of ours, or not at all. Signing in there gives it back.
    """
    # A sign-in under way holds its agent: waited for, then read again.
    waiting = _unconfirmed(before).order_by("pk").select_for_update(no_key=True)
    silent = list(_unconfirmed(before).filter(pk__in=[agent.pk for agent in waiting]))
    mandates = Mandate.objects.in_force().filter(source=Mandate.Source.CLAIMS, agent__in=silent)
    delegations = Delegation.objects.filter(
        source=Delegation.Source.CLAIMS, ended_at__isnull=True, agent__in=silent
    )
    events = [
        *(
            _event(EventKind.MANDATE_ENDED, each.agent_id, each.establishment_id, role=each.role)
            for each in mandates
        ),
        *(_delegation_event(EventKind.DELEGATION_ENDED, each.agent_id, _terms(each)) for each in delegations),
    ]
    now = timezone.now()
    mandates.update(ended_at=now)
    delegations.update(ended_at=now)
    Event.objects.bulk_create(events)
    return len(silent)


def _unconfirmed(before: datetime) -> QuerySet[Agent]:
    said = SocialAccount.objects.filter(
        user=OuterRef("pk"),
        last_login__gte=before,
        provider__in=[provider.key for provider in settings.IDENTITY_PROVIDERS if provider.has_claims],
    )
    mandates = Mandate.objects.in_force().filter(source=Mandate.Source.CLAIMS)
    delegations = Delegation.objects.filter(source=Delegation.Source.CLAIMS, ended_at__isnull=True)
    holders = Q(pk__in=mandates.values("agent")) | Q(pk__in=delegations.values("agent"))
    return Agent.objects.filter(holders, ~Exists(said))


def _refusal_events(opened: Opened, agent: Agent) -> Iterable[Event]:
    """One for each establishment concerned, and one for what concerns none of ours."""
    for place in dict.fromkeys(refused.establishment for refused in opened.refused):
        here = [refused for refused in opened.refused if refused.establishment == place]
        yield _event(
            EventKind.AGENT_CLAIMS_REFUSED,
            agent.pk,
            place,
            reasons=dict(Counter(f"{refused.claim}:{refused.reason}" for refused in here)),
            uais=sorted({refused.uai for refused in here if refused.uai})[:_UAIS_TOLD],
        )


def _event(kind: EventKind, agent: int, place: int | None, **data: object) -> Event:
    return Event(
        kind=kind,
        establishment_id=place,
        actor=Event.Actor.PLATFORM,
        target_kind="agent",
        target_id=agent,
        data={"source": "CLAIMS", **data},
    )
