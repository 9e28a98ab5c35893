"""Granting, changing and ending delegations: what is allowed, what opens, and what is recorded."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from establishments.access import (
    _POPULATIONS,
    _PROFILE_RIGHTS,
    RESPONSABLES,
    STUDENTS,
    Right,
    get_access,
)
from establishments.delegations import granting
from establishments.delegations.deputies import let_delegate
from establishments.delegations.ending import end, end_orphaned
from establishments.delegations.granting import change, grant, invite_and_grant
from establishments.delegations.terms import Terms
from establishments.models import (
    Agent,
    Delegation,
    DelegationNotice,
    Establishment,
    Event,
    EventKind,
    Mandate,
)
from tests.factories import (
    AcademyFactory,
    AgentFactory,
    DelegationFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def today():
    return timezone.localdate()


def terms(**changes):
    asked = {"profile": "ASSIST", "population": "BOTH", "begins_on": today(), "ends_on": today() + 30 * DAY}
    return Terms(**asked | changes)


def rights_of(agent, school):
    try:
        return get_access(agent, school.uai).rights
    except Http404:
        return {}


@pytest.fixture
def school():
    return EstablishmentFactory.create()


@pytest.fixture
def director(school):
    return MandateFactory.create(establishment=school).agent


@pytest.fixture
def by(director, school):
    return get_access(director, school.uai)


@pytest.fixture
def colleague():
    return AgentFactory.create(given_name="Camille", surname="COLLÈGUE")


def kinds():
    return list(Event.objects.order_by("pk").values_list("kind", flat=True))


def test_a_delegation_granted_opens_what_its_profile_says_and_is_recorded_without_a_name(
    by, school, colleague
):
    delegation = grant(colleague, terms(population="RESPONSABLES"), by=by)

    assert rights_of(colleague, school) == {RESPONSABLES: {Right.CONSULT, Right.EXPORT, Right.ASSIST}}
    event = Event.objects.get()
    assert (event.kind, event.agent, event.target_kind) == ("delegation:granted", by.agent, "agent")
    assert (event.target_id, event.establishment) == (colleague.pk, school)
    assert event.data == {
        "delegation": delegation.pk,
        "profile": "ASSIST",
        "population": "RESPONSABLES",
        "begins_on": today().isoformat(),
        "ends_on": (today() + 30 * DAY).isoformat(),
    }


def test_the_first_and_the_last_day_are_those_of_the_académie():
    réunion = EstablishmentFactory.create(feed=FeedFactory.create(academy=AcademyFactory.create(code="28")))
    delegation = DelegationFactory.create(
        establishment=réunion, begins_on=date(2026, 11, 10), ends_on=date(2026, 11, 12)
    )
    for moment, is_open in {
        datetime(2026, 11, 9, 19, 59, tzinfo=UTC): False,
        datetime(2026, 11, 9, 20, 1, tzinfo=UTC): True,
        datetime(2026, 11, 12, 19, 59, tzinfo=UTC): True,
        datetime(2026, 11, 12, 20, 1, tzinfo=UTC): False,
    }.items():
        with time_machine.travel(moment, tick=False):
            assert bool(rights_of(delegation.agent, réunion)) == is_open, moment
            assert Establishment.objects.visible_to(delegation.agent).exists() == is_open, moment


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"begins_on": date(2020, 1, 1)}, granting.BeginsInThePast),
        ({"begins_on": date(2999, 1, 2), "ends_on": date(2999, 1, 1)}, granting.EndsTooEarly),
    ],
)
def test_dates_which_make_no_sense_are_refused(by, colleague, changes, refusal):
    with pytest.raises(refusal):
        grant(colleague, terms(**changes), by=by)
    assert not Delegation.objects.exists()


def test_neither_oneself_nor_who_directs_there_receives_a_delegation(by, school, director):
    deputy = MandateFactory.create(establishment=school, role=Mandate.Role.DEPUTY).agent
    with pytest.raises(granting.DelegateIsOneself):
        grant(director, terms(), by=by)
    with pytest.raises(granting.AlreadyDirects):
        grant(deputy, terms(), by=by)


def test_the_same_grant_twice_grants_once(by, colleague):
    assert grant(colleague, terms(), by=by) == grant(colleague, terms(), by=by)
    assert kinds() == ["delegation:granted"]


def test_a_delegation_is_changed_rather_than_doubled(by, colleague):
    first = grant(colleague, terms(), by=by)
    with pytest.raises(granting.Overlaps) as refused:
        grant(colleague, terms(begins_on=today() + 30 * DAY, ends_on=None), by=by)
    assert refused.value.other == first
    later = grant(colleague, terms(begins_on=today() + 31 * DAY, ends_on=None), by=by)
    with pytest.raises(granting.Overlaps):
        change(later, terms(begins_on=today() + 5 * DAY, ends_on=None), by=by)


def test_changed_by_another_meanwhile_the_loser_is_told_and_writes_nothing(by, school, colleague):
    granted = grant(colleague, terms(), by=by)
    other = get_access(MandateFactory.create(establishment=school).agent, school.uai)
    seen_by_one, seen_by_other = Delegation.objects.get(), Delegation.objects.get()

    assert change(seen_by_one, terms(profile="CONSULT"), by=by)
    with pytest.raises(granting.ChangedMeanwhile):
        change(seen_by_other, terms(profile="MANAGE"), by=other)

    granted.refresh_from_db()
    assert (granted.profile, granted.granted_by) == ("CONSULT", by.agent)
    assert kinds() == ["delegation:granted", "delegation:changed"]


def test_a_change_which_changes_nothing_leaves_nothing(by, colleague):
    delegation = grant(colleague, terms(), by=by)
    assert not change(delegation, terms(), by=by)
    assert kinds() == ["delegation:granted"]


def test_what_has_begun_keeps_its_first_day(by, school, colleague):
    delegation = DelegationFactory.create(agent=colleague, establishment=school)
    with pytest.raises(granting.BeginsInThePast):
        change(delegation, terms(begins_on=today()), by=by)
    assert change(delegation, terms(begins_on=delegation.begins_on, profile="CONSULT"), by=by)


def test_ended_by_hand_it_opens_nothing_at_once_and_ends_once(by, school, colleague):
    delegation = grant(colleague, terms(), by=by)
    assert end(delegation, by=by)
    assert not end(delegation, by=by)
    assert rights_of(colleague, school) == {}
    assert kinds() == ["delegation:granted", "delegation:ended"]


def test_an_ended_delegation_is_changed_by_nobody(by, colleague):
    delegation = grant(colleague, terms(), by=by)
    end(Delegation.objects.get(), by=by)
    with pytest.raises(granting.ChangedMeanwhile):
        change(delegation, terms(profile="MANAGE"), by=by)


def test_those_of_the_federation_are_neither_changed_nor_ended_here(by, school, colleague):
    claimed = DelegationFactory.create(agent=colleague, establishment=school, source="CLAIMS")
    with pytest.raises(granting.ChangedMeanwhile):
        change(claimed, terms(begins_on=claimed.begins_on), by=by)
    assert not end(claimed, by=by)
    grant(colleague, terms(), by=by)
    assert colleague.delegations.in_force().count() == 2


@pytest.mark.parametrize("profile", Delegation.Profile.values)
def test_no_profile_gives_more_than_the_least_of_those_who_may_grant_it(school, profile):
    deputy = MandateFactory.create(establishment=school, role=Mandate.Role.DEPUTY, may_delegate=True).agent
    held = get_access(deputy, school.uai)
    assert held.covers(profile, "BOTH")
    assert not _PROFILE_RIGHTS[profile] & {Right.DELEGATE, Right.CONFIGURE}
    assert _POPULATIONS["BOTH"] == {STUDENTS, RESPONSABLES}


def test_who_may_not_delegate_grants_changes_and_ends_nothing(by, school, colleague):
    delegation = grant(colleague, terms(), by=by)
    deputy = MandateFactory.create(establishment=school, role=Mandate.Role.DEPUTY).agent
    manager = DelegationFactory.create(establishment=school, profile="MANAGE").agent
    for agent in (deputy, manager):
        access = get_access(agent, school.uai)
        with pytest.raises(PermissionDenied):
            grant(AgentFactory.create(), terms(profile="CONSULT"), by=access)
        with pytest.raises(PermissionDenied):
            change(delegation, terms(profile="CONSULT"), by=access)
        with pytest.raises(PermissionDenied):
            end(delegation, by=access)
        with pytest.raises(PermissionDenied):
            let_delegate(deputy, True, by=access)


def test_it_opens_nothing_from_the_moment_its_granter_directs_no_more(by, school, director, colleague):
    grant(colleague, terms(), by=by)
    director.mandates.update(ended_at=timezone.now())

    assert rights_of(colleague, school) == {}
    assert not Establishment.objects.visible_to(colleague)


def test_a_mandate_elsewhere_is_no_mandate_here(by, school, director, colleague):
    grant(colleague, terms(), by=by)
    MandateFactory.create(agent=director)
    director.mandates.filter(establishment=school).update(ended_at=timezone.now())
    assert rights_of(colleague, school) == {}


def test_what_a_departed_granter_left_is_ended_by_the_platform_once(by, school, director, colleague):
    grant(colleague, terms(), by=by)
    kept = DelegationFactory.create(establishment=school)
    past = DelegationFactory.create(establishment=school, granted_by=director, ends_on=date(2020, 6, 1))
    director.mandates.update(ended_at=timezone.now())

    assert (end_orphaned(), end_orphaned()) == (1, 0)

    left = colleague.delegations.get()
    assert left.ended_at
    assert left.ended_by is None
    event = Event.objects.get(kind=EventKind.DELEGATION_ENDED)
    assert (event.actor, event.agent, event.target_id) == ("PLATFORM", None, colleague.pk)
    for other in (kept, past):
        other.refresh_from_db()
        assert other.ended_at is None


def test_ending_many_costs_as_many_queries_as_ending_one(school, django_assert_max_num_queries):
    former = MandateFactory.create(establishment=school, ended_at=timezone.now()).agent
    DelegationFactory.create_batch(30, establishment=school, granted_by=former)
    with django_assert_max_num_queries(6):
        assert end_orphaned() == 30


def test_only_the_establishments_asked_for_are_looked_at(school):
    former = MandateFactory.create(establishment=school, ended_at=timezone.now()).agent
    DelegationFactory.create(establishment=school, granted_by=former)
    assert end_orphaned(Establishment.objects.exclude(pk=school.pk)) == 0
    assert end_orphaned(Establishment.objects.filter(pk=school.pk)) == 1


def test_a_deputy_delegates_while_the_director_lets_them(by, school, colleague):
    deputy = MandateFactory.create(establishment=school, role=Mandate.Role.DEPUTY).agent
    assert let_delegate(deputy, True, by=by)
    assert not let_delegate(deputy, True, by=by)
    allowed = get_access(deputy, school.uai)
    assert (allowed.can_delegate, allowed.can_appoint) == (True, False)
    grant(colleague, terms(), by=allowed)
    with pytest.raises(PermissionDenied):
        let_delegate(deputy, False, by=allowed)

    assert let_delegate(deputy, False, by=by)

    assert rights_of(colleague, school) == {}
    assert not get_access(deputy, school.uai).can_delegate
    assert colleague.delegations.get().ended_at
    changes = Event.objects.filter(kind=EventKind.MANDATE_CHANGED).order_by("pk")
    assert [each.data["may_delegate"] for each in changes] == [True, False]


def test_what_the_director_takes_over_outlives_the_deputy_who_granted_it(by, school, colleague):
    deputy = MandateFactory.create(establishment=school, role=Mandate.Role.DEPUTY, may_delegate=True).agent
    delegation = grant(colleague, terms(), by=get_access(deputy, school.uai))
    change(delegation, terms(profile="CONSULT"), by=by)
    let_delegate(deputy, False, by=by)
    assert rights_of(colleague, school)[STUDENTS] == {Right.CONSULT, Right.EXPORT}


def test_somebody_unknown_is_invited_and_posting_twice_makes_one_agent(by, school):
    asked = {"mail": "Nora.Neuve@example.org", "surname": "NEUVE", "given_name": "Nora"}
    for _ in range(2):
        invite_and_grant(**asked, terms=terms(), by=by)

    newcomer = Agent.objects.get(email="nora.neuve@example.org")
    assert not newcomer.has_usable_password()
    assert newcomer.delegations.count() == 1
    notices = DelegationNotice.objects.filter(recipient=newcomer).values_list("kind", flat=True)
    assert sorted(notices) == ["GRANTED", "INVITED"]


def test_the_address_of_another_agent_or_of_an_establishment_invites_nobody(by, school, colleague):
    for mail in (colleague.email, school.mail):
        with pytest.raises(granting.MailTaken):
            invite_and_grant(mail=mail, surname="AUTRE", given_name="Nom", terms=terms(), by=by)
    assert not Delegation.objects.exists()


def test_an_agent_whose_sign_in_is_closed_is_not_invited_to_a_link_which_opens_nothing(by):
    closed = Agent.objects.create_user("parti@example.org", surname="PARTI", is_active=False)
    asked = {"mail": closed.email, "surname": closed.surname, "given_name": closed.given_name}
    with pytest.raises(granting.MailTaken):
        invite_and_grant(**asked, terms=terms(), by=by)
