"""The demonstration's delegations in a collège: in force, to come, ended, left by a predecessor."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from establishments.delegations.forms import end_of_school_year
from establishments.models import Agent, Delegation, Mandate

if TYPE_CHECKING:
    from datetime import datetime

    from establishments.models import Establishment

_Profile, _Population = Delegation.Profile, Delegation.Population
_DAY = timedelta(days=1)


def play(director: Mandate) -> None:
    """The year of a collège: its delegates, and those of the head who left last summer."""
    place, today = director.establishment, director.establishment.academy.local_date()
    summer = end_of_school_year(today)
    signs_in = timezone.now() - 2 * _DAY
    clerk = _agent("secretariat", "SECRÉTAIRE", "Inès", place, last_login=signs_in)
    adviser = _agent("vie-scolaire", "VIESCOLAIRE", "Karim", place, last_login=signs_in - 9 * _DAY)
    trainee = _agent("stagiaire", "STAGIAIRE", "Lou", place, invited_at=timezone.now() - _DAY)
    substitute = _agent("remplacante", "REMPLAÇANTE", "Nora", place, last_login=signs_in - 30 * _DAY)
    _grant(director, clerk, _Profile.MANAGE, _Population.BOTH, today - 70 * _DAY, summer)
    _grant(director, adviser, _Profile.CONSULT, _Population.RESPONSABLES, today - 40 * _DAY, None)
    _grant(director, trainee, _Profile.ASSIST, _Population.RESPONSABLES, today + 6 * _DAY, today + 40 * _DAY)
    ended = _grant(director, substitute, _Profile.ASSIST, _Population.BOTH, today - 60 * _DAY, today)
    Delegation.objects.filter(pk=ended.pk).update(
        ended_at=timezone.now() - 20 * _DAY, ended_by=director.agent
    )
    _predecessor(place, today)


def _predecessor(place: Establishment, today: date) -> None:
    left_at = timezone.now() - 50 * _DAY
    former = _agent("ancienne-direction", "PRÉDÉCESSEUR", "Jeanne", place)
    mandate = Mandate.objects.create(
        agent=former, establishment=place, role=Mandate.Role.DIRECTOR, source=Mandate.Source.CLAIMS
    )
    Mandate.objects.filter(pk=mandate.pk).update(started_at=left_at - 700 * _DAY, ended_at=left_at)
    nurse = _agent("infirmerie", "INFIRMIER", "Paul", place, last_login=left_at - _DAY)
    left = _grant(mandate, nurse, _Profile.CONSULT, _Population.STUDENTS, today - 400 * _DAY, None)
    Delegation.objects.filter(pk=left.pk).update(ended_at=left_at)


def _agent(name: str, surname: str, given_name: str, place: Establishment, **dates: datetime) -> Agent:
    mail = f"{name}.{place.uai.lower()}@example.org"
    agent = Agent.objects.create_user(mail, surname=surname, given_name=given_name)
    Agent.objects.filter(pk=agent.pk).update(**dates)
    return agent


def _grant(
    mandate: Mandate, agent: Agent, profile: str, population: str, begins_on: date, ends_on: date | None
) -> Delegation:
    return Delegation.objects.create(
        agent=agent,
        establishment=mandate.establishment,
        granted_by=mandate.agent,
        profile=profile,
        population=population,
        begins_on=begins_on,
        ends_on=ends_on,
    )
