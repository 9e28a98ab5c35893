"""Whom one may delegate to: people this establishment knows, by name; anyone else by their exact address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core import signing
from django.db.models import Q
from django.http import Http404

from establishments.models import Agent, Delegation, Establishment, Mandate
from establishments.names import name_key

if TYPE_CHECKING:
    from django.db.models import QuerySet

_SALT = "establishments.delegations"
MOST_FOUND = 10


def linked_with(establishment: Establishment) -> QuerySet[Agent]:
    """Who directs, is deputy or has a delegation there, or did."""
    directing = Mandate.objects.filter(establishment=establishment).values("agent")
    delegates = Delegation.objects.filter(establishment=establishment).values("agent")
    return Agent.objects.filter(Q(pk__in=directing) | Q(pk__in=delegates), is_active=True)


def find(query: str, establishment: Establishment) -> list[Agent]:
    """Those whose name holds every word of `query`; an address finds the one who signs in with it."""
    if "@" in query:
        return list(Agent.objects.filter(email=query.lower(), is_active=True))
    words = [key for word in query.split() if (key := name_key(word))]
    known = (
        linked_with(establishment).order_by("surname", "given_name", "pk") if words else Agent.objects.none()
    )
    found = [agent for agent in known if all(word in name_key(agent.full_name) for word in words)]
    return found[:MOST_FOUND]


def key_of(agent: Agent, establishment: Establishment) -> str:
    """Names in an address an agent whom somebody found there: nobody walks through all the agents."""
    return signing.Signer(salt=f"{_SALT}.{establishment.pk}").sign(str(agent.pk))


def agent_of(key: str, establishment: Establishment) -> Agent:
    """The agent named by `key`; Http404 when it is forged, or of another establishment."""
    try:
        pk = signing.Signer(salt=f"{_SALT}.{establishment.pk}").unsign(key)
    except signing.BadSignature:
        raise Http404 from None
    agent = Agent.objects.filter(pk=pk, is_active=True).first()
    if agent is None:
        raise Http404
    return agent
