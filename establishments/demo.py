"""The people one can sign in as in the demonstration, found among the agents of its data."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from establishments import sign_in_journal
from establishments.models import (
    AcademyRole,
    Agent,
    Degree,
    Delegation,
    Department,
    Mandate,
    StatisticsRole,
)

if TYPE_CHECKING:
    from django.db.models import QuerySet

PASSWORD = "demonstration-seulement"


@dataclass(frozen=True, slots=True)
class Persona:
    role: str
    agent: Agent
    places: str


def is_offered(request: HttpRequest) -> bool:
    """In the demonstration only, and only to who sits at the machine: no proxy in between."""
    address = request.META.get("REMOTE_ADDR", "")
    is_local = bool(address) and ip_address(address).is_loopback
    return settings.DEMO_MODE and is_local and "HTTP_X_FORWARDED_FOR" not in request.META


def personas() -> list[Persona]:
    """One agent of each kind, those the data holds; always the same for the same data."""
    found = [(role, agents.order_by("pk").first()) for role, agents in _kinds().items()]
    return [Persona(role, agent, _places(agent)) for role, agent in found if agent]


def _kinds() -> dict[str, QuerySet[Agent]]:
    agents = Agent.objects.filter(is_active=True, email__isnull=False)
    open_mandates = Q(mandates__ended_at__isnull=True, mandates__establishment__is_offered=True)
    directed = agents.filter(
        pk__in=Mandate.objects.in_force().filter(role=Mandate.Role.DIRECTOR).values("agent")
    )
    directed = directed.annotate(places=Count("mandates__establishment", filter=open_mandates, distinct=True))
    of_college = Q(mandates__establishment__kind="CLG")
    of_schools = Q(mandates__establishment__feed__degree=Degree.FIRST)
    deputies = Mandate.objects.in_force().filter(role=Mandate.Role.DEPUTY, establishment__is_offered=True)
    delegates = Delegation.objects.in_force().filter(population=Delegation.Population.STUDENTS)
    read, level = StatisticsRole.objects.in_force(), StatisticsRole.Level
    return {
        "Direction d’un collège": directed.filter(open_mandates & of_college, places=1),
        "Direction de deux écoles": directed.filter(open_mandates & of_schools, places=2),
        "Adjoint": agents.filter(pk__in=deputies.values("agent")).exclude(pk__in=directed.values("pk")),
        "Délégation, élèves seulement": agents.filter(pk__in=delegates.values("agent")),
        "Assistance académique": agents.filter(pk__in=AcademyRole.objects.assisting().values("agent")),
        "Statistiques nationales": agents.filter(pk__in=read.filter(level=level.NATION).values("agent")),
        "Statistiques d’un département": agents.filter(
            pk__in=read.filter(level=level.DEPARTMENT).values("agent")
        ),
    }


def _places(agent: Agent) -> str:
    held = {mandate.establishment for mandate in agent.mandates.in_force().select_related("establishment")}
    held |= {
        delegation.establishment
        for delegation in agent.delegations.in_force().select_related("establishment")
    }
    academies = {role.academy for role in agent.academy_roles.assisting().select_related("academy")}
    return ", ".join(sorted(str(place) for place in (*held, *academies, *_territories(agent))))


def _territories(agent: Agent) -> list[str]:
    """The nation and departments whose numbers are read."""
    roles = agent.statistics_roles.in_force()
    codes = roles.filter(level=StatisticsRole.Level.DEPARTMENT).values("code")
    nation = ["France"] if roles.filter(level=StatisticsRole.Level.NATION).exists() else []
    return nation + [department.name for department in Department.objects.filter(code__in=codes)]


def give_password(people: list[Persona]) -> None:
    """PASSWORD to those who have none of their own, so that they may also use the form."""
    for person in people:
        if not person.agent.has_usable_password():
            person.agent.set_password(PASSWORD)
            person.agent.save(update_fields=["password"])


@login_not_required
@require_POST
def sign_in(request: HttpRequest) -> HttpResponse:
    """As one of the personas, and nobody else."""
    if not is_offered(request):
        raise Http404
    chosen = request.POST.get("agent", "")
    agent = next((persona.agent for persona in personas() if str(persona.agent.pk) == chosen), None)
    if agent is None:
        raise Http404
    login(request, agent, backend=settings.AUTHENTICATION_BACKENDS[0])
    record_authentication(request, agent, "demo")
    sign_in_journal.signed_in(agent)
    asked = request.POST.get("next", "")
    return redirect(asked if url_has_allowed_host_and_scheme(asked, {request.get_host()}) else "home")
