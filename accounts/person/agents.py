"""All that is held on an agent, and nothing of the families they served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from accounts.models import Operation
from accounts.person.family import Ambiguous
from accounts.person.telling import Dossier, Row, told
from establishments.models import Agent, Delegation, Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import Model, QuerySet

# The tables of rows about one agent, by the column which says whom; those not installed are passed over.
_OF_AGENTS = {
    "Directions": ("establishments.Mandate", "agent"),
    "Délégations": ("establishments.Delegation", "agent"),
    "Courriels de délégation": ("establishments.DelegationNotice", "recipient"),
    "Rôles académiques": ("establishments.AcademyRole", "agent"),
    "Statistiques de territoires": ("establishments.StatisticsRole", "agent"),
    "Consultations d’assistance": ("establishments.Visit", "agent"),
    "Adresses de connexion": ("account.EmailAddress", "user"),
    "Seconds facteurs": ("mfa.Authenticator", "user"),
    "Identités fédérées": ("socialaccount.SocialAccount", "user"),
    "Navigateurs connectés": ("establishments.AgentSession", "agent"),
}


def agent_of(mail: str) -> Agent:
    """By the address they sign in with, else by the one of the annuaire; raises Ambiguous."""
    signing_in = Agent.objects.filter(email=mail.lower())
    found = list(signing_in or Agent.objects.filter(contact_mail__iexact=mail))
    if not found:
        raise Ambiguous("Aucun agent n’a cette adresse.")
    if len(found) > 1:
        raise Ambiguous("Plusieurs agents ont cette adresse : demandez par l’adresse de connexion.")
    return found[0]


def dossier_of(agent: Agent) -> Dossier:
    return {
        "Agent": [told(agent)],
        **{title: _rows(label, column, agent) for title, (label, column) in _OF_AGENTS.items()},
        "Sessions": [told(session) for session in _sessions(agent)],
        "Délégations accordées à d’autres": _counted(
            Delegation.objects.filter(granted_by=agent), "begins_on"
        ),
        "Opérations préparées": _counted(Operation.objects.filter(agent=agent), "created_at"),
        "Ce que l’agent a fait": _deeds(agent),
        "Ce qui concerne l’agent": [
            told(event) for event in _about(agent).select_related("establishment").order_by("at", "pk")
        ],
    }


def _rows(label: str, column: str, agent: Agent) -> list[Row]:
    try:
        model = apps.get_model(label)
    except LookupError:
        return []
    return [told(row) for row in model._default_manager.filter(**{column: agent}).order_by("pk")]


def _sessions(agent: Agent) -> list[Session]:
    alive = Session.objects.filter(expire_date__gt=timezone.now()).iterator()
    return [session for session in alive if session.get_decoded().get(SESSION_KEY) == str(agent.pk)]


def _counted(found: QuerySet[Model], column: str) -> list[Row]:
    span = found.aggregate(number=Count("pk"), first=Min(column), last=Max(column))
    return [_span(span)] if span["number"] else []


def _deeds(agent: Agent) -> list[Row]:
    """How often, from when to when; on whom is the families'."""
    kinds = Event.objects.filter(agent=agent).values("kind").order_by("kind")
    spans = kinds.annotate(number=Count("pk"), first=Min("at"), last=Max("at"))
    return [{"Fait": EventKind(span["kind"]).label} | _span(span) for span in spans]


def _span(span: Mapping[str, Any]) -> Row:
    return {"Nombre": span["number"], "Du": span["first"], "Au": span["last"]}


def _about(agent: Agent) -> QuerySet[Event]:
    return Event.objects.filter(Q(target_kind="agent", target_id=agent.pk))
