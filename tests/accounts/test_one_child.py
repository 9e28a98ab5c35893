"""One child whose two records are both present: what each page shows, in one feed and across degrés."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from accounts.activation import hashing
from accounts.activation.children import children_of
from accounts.letters import sheets_for
from accounts.models import Account, AccountSource, Holding
from accounts.transitions import Origin, State
from establishments.models import Student
from tests.factories import (
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    ResponsableFactory,
    ResponsibilityFactory,
    StudentFactory,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db
CHOSEN = "Trois-Pommes-Vertes-2026"
SAME = {"ine": "123456789AB", "birth_date": date(2015, 3, 2), "surname": "MOREAU"}


@pytest.fixture
def school():
    return EstablishmentFactory.create(feed=FeedFactory.create(degree=1), kind="EPU", name="École d’avant")


@pytest.fixture
def college():
    return EstablishmentFactory.create(name="Collège d’après")


@pytest.fixture
def parent(school, college):
    """Of a child still listed in CM2, and in 6e already: two records of the parent, joined."""
    account = responsable_account(school, children=0, state=State.ACTIVE, origin=Origin.ESTABLISHMENT)
    Account.objects.update(password=hashing.hash_password(CHOSEN))
    account.refresh_from_db()
    there = ResponsableFactory.create(feed=college.feed)
    AccountSource.objects.create(account=account, responsable=there, reason=AccountSource.Reason.RULE)
    for place, record in ((school, account.sources.order_by("pk")[0].responsable), (college, there)):
        pupil = StudentFactory.create(establishment=place, given_name="Lila", **SAME)
        ResponsibilityFactory.create(student=pupil, responsable=record)
    return account


def page_of(school, account):
    client = Client()
    client.force_login(MandateFactory.create(establishment=school).agent)
    return client.get(reverse("account", args=[school.uai, account.pk])).context["profile"]


def test_in_september_the_account_page_of_each_school_shows_its_own_record_alone(parent, school, college):
    for place in (school, college):
        profile = page_of(place, parent)
        assert [child.establishment for child in profile.children_here] == [place]
        assert profile.children_elsewhere == []


def test_in_september_a_sheet_of_each_school_names_the_child_once(parent, school, college):
    for place in (school, college):
        [sheet] = sheets_for(place, [parent.pk])
        assert len(sheet.children) == 1


def test_in_september_the_family_has_one_child_where_it_arrived_last(parent):
    [child] = children_of(parent)
    assert child.pupil == Student.objects.latest("arrived_at")
    assert len(child.holdings) == 2
    browser = Client()
    browser.post(reverse("family_sign_in"), {"identifier": parent.identifier, "password": CHOSEN})

    page = browser.get(reverse("family_children"))

    assert len(page.context["children"]) == 1
    assert "Collège d’après" in page.text
    assert "École d’avant" not in page.text


def test_each_school_counts_the_child_once(parent, school, college):
    for place in (school, college):
        assert Holding.objects.filter(establishment=place, account=parent).count() == 1


def twice_in(college, *given_names):
    """A parent whose school wrote one INE on two records."""
    account = responsable_account(college, children=0)
    record = account.sources.get().responsable
    for name in given_names:
        pupil = student_account(college).sources.get().student
        Student.objects.filter(pk=pupil.pk).update(
            given_name=name, given_name_key=name.upper(), surname_key="MOREAU", **SAME
        )
        ResponsibilityFactory.create(student=pupil, responsable=record)
    return account


def test_one_child_entered_twice_in_a_school_is_one_for_the_family_and_two_lines_to_correct(college):
    account = twice_in(college, "Lila", "Lila")

    assert len(page_of(college, account).children_here) == 1
    assert len(sheets_for(college, [account.pk])[0].children) == 1
    assert len(children_of(account)) == 1
    assert Holding.objects.filter(account=account).count() == 2
    assert Account.objects.filter(kind="STUDENT").count() == 2


def test_twins_on_whom_one_ine_was_written_are_two_everywhere(college):
    account = twice_in(college, "Lila", "Nour")

    assert {child.given_name for child in page_of(college, account).children_here} == {"Lila", "Nour"}
    assert len(sheets_for(college, [account.pk])[0].children) == 2
    assert len(children_of(account)) == 2
