"""What the rule leaves to a human across schools: the académie decides, a school knows its side."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.joining.duplicates import open_doubt
from accounts.joining.merging import undo_merge
from accounts.models import Duplicate, Joining
from accounts.transitions import State
from establishments.models import Event, EventKind
from tests.factories import (
    AcademyFactory,
    AcademyRoleFactory,
    AgentFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    VisitFactory,
    responsable_account,
)

pytestmark = pytest.mark.django_db
SAME = {"surname": "LE GOFF", "given_name": "Anne", "mobile": "+33639980001", "title": "Mme", "address": ""}
PAGES = ("doubt", "doubt_join", "doubt_apart")


@pytest.fixture
def director():
    return MandateFactory.create()


@pytest.fixture
def sides(director):
    here = director.establishment
    there = EstablishmentFactory.create(feed=here.feed, name="Lycée Ailleurs")
    return (
        responsable_account(here, record=SAME | {"mail": "un@example.org"}),
        responsable_account(there, record=SAME | {"mail": "deux@example.org"}, state=State.NOTIFIED),
    )


@pytest.fixture
def doubt(sides):
    open_doubt(sides[0].pk, sides[1].pk, "mail")
    return Duplicate.objects.get()


@pytest.fixture
def staff(director):
    return signed_in(AcademyRoleFactory.create(academy=director.establishment.academy).agent)


def signed_in(agent):
    client = Client()
    client.force_login(agent)
    return client


def test_the_académie_sees_both_sides_and_why_they_are_not_joined(staff, doubt):
    listed = staff.get(reverse("doubt_list")).content.decode()
    assert reverse("doubt", args=[doubt.pk]) in listed
    text = staff.get(reverse("doubt", args=[doubt.pk])).content.decode()
    for said in ("un@example.org", "deux@example.org", "Lycée Ailleurs", "75 / 100", "adresses mail diff"):
        assert said in text


def test_the_same_person_has_one_account_which_can_be_two_again(staff, doubt, sides):
    address = reverse("doubt_join", args=[doubt.pk])
    assert sides[1].identifier in staff.get(address).content.decode()
    assert not Joining.objects.exists()

    staff.post(address)

    joining = Joining.objects.get()
    assert (joining.account, joining.former) == (sides[1], sides[0])
    assert sides[1].holdings.count() == 2
    assert staff.get(address).status_code == 404
    undo_merge(joining)
    assert sides[0].holdings.count() == 1


def test_two_persons_are_remembered_and_the_school_reads_that_the_académie_said_it(
    staff, doubt, director, sides
):
    staff.post(reverse("doubt_apart", args=[doubt.pk]))

    doubt.refresh_from_db()
    assert doubt.decision == Duplicate.Decision.DIFFERENT
    assert Event.objects.filter(kind=EventKind.ACCOUNT_TOLD_APART, actor="AGENT").count() == 2
    page = reverse("account", args=[director.establishment.uai, sides[0].pk])
    assert "l’académie" in signed_in(director.agent).get(page).content.decode()


def test_two_active_accounts_are_only_told_apart(staff, director):
    there = EstablishmentFactory.create(feed=director.establishment.feed)
    pair = [
        responsable_account(school, record=SAME, state=State.ACTIVE)
        for school in (director.establishment, there)
    ]
    open_doubt(pair[0].pk, pair[1].pk, "active")
    doubt = Duplicate.objects.get()

    text = staff.get(reverse("doubt", args=[doubt.pk])).content.decode()
    assert "seule la famille" in text
    assert reverse("doubt_join", args=[doubt.pk]) not in text
    staff.post(reverse("doubt_join", args=[doubt.pk]))
    assert not Joining.objects.exists()


def test_another_académie_a_director_and_a_visitor_meet_nothing(doubt, director):
    abroad = AcademyRoleFactory.create(academy=AcademyFactory.create(code="28")).agent
    imports = AcademyRoleFactory.create(academy=director.establishment.academy, kind="IMPORTS").agent
    over = VisitFactory.create(establishment=director.establishment).agent
    over.academy_roles.all().delete()
    for agent in (abroad, imports, over, director.agent, AgentFactory.create()):
        client = signed_in(agent)
        for name in PAGES:
            assert client.get(reverse(name, args=[doubt.pk])).status_code == 404
            assert client.post(reverse(name, args=[doubt.pk])).status_code in (404, 405)
    assert b"LE GOFF" not in signed_in(abroad).get(reverse("doubt_list")).content


def test_an_account_with_a_child_in_one_académie_only_is_not_compared_in_the_other(director, sides):
    """Two who both hold children, but in two académies: the joining stops at the border."""
    abroad = EstablishmentFactory.create(feed=FeedFactory.create(academy=AcademyFactory.create(code="28")))
    far = responsable_account(abroad, record=SAME)
    open_doubt(sides[0].pk, far.pk, "mail")
    agent = AcademyRoleFactory.create(academy=director.establishment.academy).agent
    AcademyRoleFactory.create(agent=agent, academy=abroad.academy)
    assert "LE GOFF" not in signed_in(agent).get(reverse("doubt_list")).content.decode()


def test_a_school_is_told_of_its_own_side_and_of_nothing_elsewhere(doubt, director, sides):
    uai = director.establishment.uai
    client = signed_in(director.agent)
    pages = [
        client.get(address).content.decode()
        for address in (
            reverse("account", args=[uai, sides[0].pk]),
            reverse("duplicate_list", args=[uai]),
            reverse("issues", args=[uai]),
        )
    ]
    assert all("autre compte" in page for page in pages)
    for page in pages:
        assert "Ailleurs" not in page.replace("ailleurs", "")
        assert sides[1].identifier not in page
        assert "deux@example.org" not in page
