"""Who may do what in an establishment, and who does not even know that it exists."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from establishments.access import RESPONSABLES, STUDENTS, Right, enter, get_access
from establishments.models import Delegation, Establishment, Mandate
from tests.factories import (
    AcademyFactory,
    AgentFactory,
    DelegationFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
)

pytestmark = pytest.mark.django_db
CONSULT, ASSIST, MANAGE = Delegation.Profile.CONSULT, Delegation.Profile.ASSIST, Delegation.Profile.MANAGE


def in_réunion(**fields):
    academy = AcademyFactory.create(code="28")
    return EstablishmentFactory.create(feed=FeedFactory.create(academy=academy), **fields)


def is_open(agent, establishment):
    try:
        return bool(get_access(agent, establishment.uai))
    except Http404:
        return False


def test_a_director_may_do_everything():
    mandate = MandateFactory.create()
    access = get_access(mandate.agent, mandate.establishment.uai)
    assert access.rights == {STUDENTS: frozenset(Right), RESPONSABLES: frozenset(Right)}
    assert access.role == "Direction"


def test_a_deputy_may_do_everything_but_delegate():
    mandate = MandateFactory.create(role=Mandate.Role.DEPUTY)
    access = get_access(mandate.agent, mandate.establishment.uai)
    assert access.rights[STUDENTS] == frozenset(Right) - {Right.DELEGATE, Right.APPOINT}
    assert access.role == "Adjoint"


def test_a_deputy_whom_the_director_allows_may_delegate_too():
    mandate = MandateFactory.create(role=Mandate.Role.DEPUTY, may_delegate=True)
    access = get_access(mandate.agent, mandate.establishment.uai)
    assert access.rights[STUDENTS] == frozenset(Right) - {Right.APPOINT}
    assert access.role == "Adjoint"


def test_who_is_both_director_and_deputy_is_the_director():
    mandate = MandateFactory.create(role=Mandate.Role.DEPUTY)
    MandateFactory.create(agent=mandate.agent, establishment=mandate.establishment)
    assert get_access(mandate.agent, mandate.establishment.uai).can(Right.DELEGATE, STUDENTS)


def test_the_uai_is_read_in_either_case():
    mandate = MandateFactory.create()
    assert get_access(mandate.agent, mandate.establishment.uai.lower()).establishment == mandate.establishment


@pytest.mark.parametrize(
    ("profile", "rights"),
    [
        (CONSULT, {Right.CONSULT, Right.EXPORT}),
        (ASSIST, {Right.CONSULT, Right.EXPORT, Right.ASSIST}),
        (MANAGE, {Right.CONSULT, Right.EXPORT, Right.ASSIST, Right.EXPORT_SECRETS}),
    ],
)
def test_a_delegate_has_the_rights_of_the_profile(profile, rights):
    delegation = DelegationFactory.create(profile=profile)
    access = get_access(delegation.agent, delegation.establishment.uai)
    assert access.rights == {STUDENTS: rights, RESPONSABLES: rights}


def test_a_delegate_for_pupils_does_not_know_of_responsables():
    delegation = DelegationFactory.create(population=Delegation.Population.STUDENTS, profile=CONSULT)
    access = get_access(delegation.agent, delegation.establishment.uai)
    assert (access.sees_students, access.sees_responsables) == (True, False)
    with pytest.raises(Http404):
        access.require(Right.CONSULT, RESPONSABLES)
    with pytest.raises(PermissionDenied):
        access.require(Right.ASSIST, STUDENTS)


def test_two_delegations_add_up():
    first = DelegationFactory.create(population=Delegation.Population.STUDENTS, profile=CONSULT)
    DelegationFactory.create(
        agent=first.agent,
        establishment=first.establishment,
        population=Delegation.Population.BOTH,
        profile=ASSIST,
    )
    access = get_access(first.agent, first.establishment.uai)
    assert access.can(Right.ASSIST, STUDENTS)


def test_nobody_sees_pupils_in_an_école():
    school = EstablishmentFactory.create(feed=FeedFactory.create(degree=1))
    director = MandateFactory.create(establishment=school).agent
    assert get_access(director, school.uai).populations == [RESPONSABLES]


@pytest.mark.parametrize(
    "make",
    [
        lambda school: AgentFactory.create(),
        lambda school: MandateFactory.create().agent,
        lambda school: MandateFactory.create(establishment=school, ended_at=timezone.now()).agent,
        lambda school: DelegationFactory.create(establishment=school, ended_at=timezone.now()).agent,
        lambda school: DelegationFactory.create(establishment=school, ends_on=date(2020, 6, 30)).agent,
        lambda school: DelegationFactory.create(establishment=school, begins_on=date(2999, 1, 1)).agent,
    ],
    ids=["nobody", "director elsewhere", "past director", "ended", "expired", "not begun"],
)
def test_without_something_in_force_the_establishment_does_not_exist(make):
    school = EstablishmentFactory.create()
    agent = make(school)
    assert not is_open(agent, school)
    assert school not in Establishment.objects.visible_to(agent)


def test_an_establishment_without_pupils_does_not_exist_even_for_its_director():
    mandate = MandateFactory.create(establishment__is_offered=False)
    assert not is_open(mandate.agent, mandate.establishment)
    assert not Establishment.objects.visible_to(mandate.agent)


def test_what_is_offered_at_sign_in_is_what_opens():
    école = EstablishmentFactory.create(feed=FeedFactory.create(degree=1))
    for establishment in (école, EstablishmentFactory.create()):
        for population in Delegation.Population.values:
            agent = DelegationFactory.create(establishment=establishment, population=population).agent
            is_offered = Establishment.objects.visible_to(agent).exists()
            assert is_offered == is_open(agent, establishment), (establishment.feed.degree, population)


def test_a_delegation_ends_with_the_day_of_the_académie():
    college = in_réunion()
    delegation = DelegationFactory.create(establishment=college, ends_on=date(2026, 11, 12))
    with time_machine.travel(datetime(2026, 11, 12, 19, 59, tzinfo=UTC), tick=False):
        assert is_open(delegation.agent, college)
    with time_machine.travel(datetime(2026, 11, 12, 20, 1, tzinfo=UTC), tick=False):
        assert not is_open(delegation.agent, college)


def test_the_agent_knows_whether_there_is_a_choice(django_assert_num_queries):
    agent = MandateFactory.create().agent
    MandateFactory.create(agent=agent, establishment=agent.mandates.get().establishment, role="DEPUTY")
    assert not agent.has_several_establishments
    del agent.has_several_establishments
    DelegationFactory.create(agent=agent)
    with django_assert_num_queries(1):
        assert agent.has_several_establishments
        assert agent.has_several_establishments


def test_dates_are_those_of_the_académie_then_of_paris_again(client, rf):
    college = in_réunion()
    director = MandateFactory.create(establishment=college).agent
    request = rf.get("/")
    request.user = director
    enter(request, college.uai)
    assert timezone.get_current_timezone_name() == "Indian/Reunion"
    client.force_login(director)
    client.get(f"/etablissements/{college.uai}/")
    assert timezone.get_current_timezone_name() == "Europe/Paris"


def test_the_choice_offers_an_establishment_on_the_very_days_it_opens():
    réunion = in_réunion()
    begins = DelegationFactory.create(establishment=réunion, begins_on=date(2026, 11, 25)).agent
    ends = DelegationFactory.create(establishment=réunion, ends_on=date(2026, 11, 24)).agent

    with time_machine.travel(datetime(2026, 11, 24, 21, 30, tzinfo=UTC), tick=False):
        offered = [Establishment.objects.visible_to(agent).exists() for agent in (begins, ends)]
        opened = [is_open(agent, réunion) for agent in (begins, ends)]

    assert offered == opened == [True, False]
