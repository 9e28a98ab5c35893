"""A relation which a family contests: the school checks it, or it ends in the import."""

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.activation.children import children_of
from accounts.activation.contesting import contest
from accounts.data_issues import refresh_data_issues
from accounts.models import DataIssue
from establishments.models import Delegation, Event, EventKind, Responsibility
from tests.factories import (
    DelegationFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    ResponsibilityFactory,
    VisitFactory,
    responsable_account,
)

pytestmark = pytest.mark.django_db
REASON = "Livret de famille présenté le 12"


@pytest.fixture
def director():
    return MandateFactory.create()


@pytest.fixture
def school(director):
    return director.establishment


def signed_in(agent):
    client = Client()
    client.force_login(agent)
    return client


def contested(school, surname="PARENTE"):
    """An account which says that its child is not theirs, and the line it opened."""
    account = responsable_account(school, record={"surname": surname})
    contest(account, children_of(account))
    return account, DataIssue.objects.unsolved().get(student=account.holdings.get().student)


def check(client, issue, **data):
    address = reverse("relation_check", args=[issue.establishment.uai, issue.pk])
    return client.post(address, data) if data else client.get(address)


def lines(client, school):
    return client.get(reverse("issues", args=[school.uai])).content.decode()


def test_the_school_says_it_has_checked_and_why_and_the_line_is_closed(director, school):
    account, issue = contested(school)
    client = signed_in(director.agent)
    assert reverse("relation_check", args=[school.uai, issue.pk]) in lines(client, school)

    page = check(client, issue).content.decode()
    assert "PARENTE Anne" in page
    assert issue.student.full_name in page
    answer = check(client, issue, reason=REASON)

    assert answer.url == reverse("issues", args=[school.uai])
    assert not DataIssue.objects.unsolved().exists()
    event = Event.objects.get(kind=EventKind.ACCOUNT_RELATION_CHECKED)
    assert (event.agent, event.establishment, event.target_id) == (director.agent, school, account.pk)
    assert event.data == {"student": issue.student_id, "reason": REASON}
    assert REASON in client.get(reverse("journal", args=[school.uai])).content.decode()


def test_another_school_of_the_account_reads_no_reason(director, school):
    account, issue = contested(school)
    check(signed_in(director.agent), issue, reason=REASON)
    other = MandateFactory.create(establishment__feed=school.feed)
    ResponsibilityFactory.create(
        responsable=account.sources.get().responsable, student__establishment=other.establishment
    )

    page = signed_in(other.agent).get(reverse("account", args=[other.establishment.uai, account.pk]))

    assert "Lien contesté vérifié" in page.content.decode()
    assert REASON not in page.content.decode()


def test_no_reason_no_closing(director, school):
    _, issue = contested(school)

    answer = check(signed_in(director.agent), issue, reason="  ")

    assert answer.status_code == 422
    assert "Dites ce qui a été vérifié." in answer.content.decode()
    assert DataIssue.objects.unsolved().get() == issue


def test_what_was_checked_stays_closed_until_the_family_contests_again(director, school):
    account, issue = contested(school)
    check(signed_in(director.agent), issue, reason=REASON)

    refresh_data_issues(school.feed, now=timezone.now())
    contested_lines = DataIssue.objects.filter(kind=DataIssue.Kind.RELATION_CONTESTED)
    assert not contested_lines.unsolved().exists()
    contest(account, children_of(account))

    assert contested_lines.unsolved().get().pk != issue.pk


def test_a_line_closed_meanwhile_is_not_closed_twice(director, school):
    _, issue = contested(school)
    client = signed_in(director.agent)
    check(client, issue, reason=REASON)

    check(client, issue, reason="Autre chose")

    assert Event.objects.filter(kind=EventKind.ACCOUNT_RELATION_CHECKED).count() == 1
    assert "fermée entre-temps" in lines(client, school)


def test_a_line_outlives_the_journal_and_closes_when_its_own_link_ends(school):
    account, issue = contested(school)
    other = ResponsibilityFactory.create(student=issue.student)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica; DELETE FROM establishments_event")

    refresh_data_issues(school.feed, now=timezone.now())
    assert DataIssue.objects.unsolved().filter(pk=issue.pk).exists()
    Responsibility.objects.exclude(pk=other.pk).update(ended_at=timezone.now())
    refresh_data_issues(school.feed, now=timezone.now())

    assert not DataIssue.objects.unsolved().filter(pk=issue.pk).exists()
    assert account.sources.exists()


def test_two_parents_who_contest_the_same_child_are_one_line_open_until_both_links_end(school):
    account, issue = contested(school)
    other = responsable_account(school, children=0, record={"surname": "SECONDE"})
    ResponsibilityFactory.create(student=issue.student, responsable=other.sources.get().responsable)
    contest(other, children_of(other))
    assert DataIssue.objects.unsolved().get(pk=issue.pk).contested_by == sorted(
        each.sources.get().responsable_id for each in (account, other)
    )

    Responsibility.objects.filter(responsable__surname="PARENTE").update(ended_at=timezone.now())
    refresh_data_issues(school.feed, now=timezone.now())
    assert DataIssue.objects.unsolved().filter(pk=issue.pk).exists()
    Responsibility.objects.filter(responsable__surname="SECONDE").update(ended_at=timezone.now())
    refresh_data_issues(school.feed, now=timezone.now())

    assert not DataIssue.objects.unsolved().filter(pk=issue.pk).exists()


def test_who_may_only_read_is_offered_nothing_and_refused(school):
    _, issue = contested(school)
    reader = signed_in(
        DelegationFactory.create(establishment=school, profile=Delegation.Profile.CONSULT).agent
    )
    visitor = signed_in(VisitFactory.create(establishment=school).agent)

    for client in (reader, visitor):
        assert "Relation vérifiée" not in lines(client, school)
        assert check(client, issue).status_code == check(client, issue, reason=REASON).status_code == 403


def test_the_line_of_another_population_or_school_does_not_exist(director, school):
    _, issue = contested(school)
    of_responsables = DelegationFactory.create(
        establishment=school, population=Delegation.Population.RESPONSABLES
    )
    assert check(signed_in(of_responsables.agent), issue).status_code == 404
    stranger = MandateFactory.create(establishment__feed=school.feed)
    address = reverse("relation_check", args=[stranger.establishment.uai, issue.pk])
    assert signed_in(stranger.agent).post(address, {"reason": REASON}).status_code == 404


def test_who_sees_pupils_alone_is_not_told_who_contests(school):
    _, issue = contested(school)
    of_pupils = DelegationFactory.create(
        establishment=school,
        population=Delegation.Population.STUDENTS,
        profile=Delegation.Profile.ASSIST,
    )

    page = check(signed_in(of_pupils.agent), issue).content.decode()

    assert "un responsable a déclaré" in page
    assert "PARENTE" not in page


def test_in_the_1st_degree_it_goes_with_responsables():
    school = EstablishmentFactory.create(feed=FeedFactory.create(degree=1), kind="EPU")
    _, issue = contested(school)
    delegate = DelegationFactory.create(
        establishment=school,
        population=Delegation.Population.RESPONSABLES,
        profile=Delegation.Profile.ASSIST,
    )

    assert check(signed_in(delegate.agent), issue, reason=REASON).status_code == 302
    assert not DataIssue.objects.unsolved().filter(pk=issue.pk).exists()
