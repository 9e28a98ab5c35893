"""« Mes enfants », and bringing to one's account the children of one's other account; nobody else's."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.activation import hashing
from accounts.activation.children import children_of
from accounts.activation.contesting import contest
from accounts.activation.keeping import other_account
from accounts.activation.session import stamp_of
from accounts.joining import merging
from accounts.models import Account, AccountSource, DataIssue, Duplicate, Joining
from accounts.secrets import draw_secret, seal_secret
from accounts.transitions import State
from establishments.models import Event, EventKind, Student
from notifications.models import Delivery
from tests.factories import EstablishmentFactory, FeedFactory, responsable_account, student_account

pytestmark = pytest.mark.django_db

CHOSEN = "Trois-Pommes-Vertes-2026"
RECORD = {"surname": "LE GOFF", "birth_surname": "ROUX", "given_name": "Anne Marie"}


@pytest.fixture
def college():
    return EstablishmentFactory.create()


@pytest.fixture
def school():
    return EstablishmentFactory.create(feed=FeedFactory.create(degree=1), name="Jules-Ferry")


@pytest.fixture
def account(college):
    return responsable_account(
        college,
        record=RECORD,
        state=State.ACTIVE,
        password=hashing.hash_password(CHOSEN),
        mail="anne@example.org",
    )


@pytest.fixture
def browser(account):
    return signed_in(account)


def signed_in(account):
    browser = Client()
    browser.post(reverse("family_sign_in"), {"identifier": account.identifier, "password": CHOSEN})
    return browser


def lettered(school, record=None, **fields):
    """Another account, notified, and the provisional password of its letter."""
    other = responsable_account(school, record=RECORD | (record or {}), state=State.NOTIFIED, **fields)
    return other, reseal(other)


def reseal(other):
    secret = draw_secret()
    Account.objects.filter(pk=other.pk).update(sealed_secret=seal_secret(secret))
    return secret


def give(browser, other, password):
    data = {"identifier": other.identifier, "password": password}
    return browser.post(reverse("family_add_child"), data, follow=True)


def confirm(browser):
    return browser.post(reverse("family_add_confirm"), follow=True)


def kinds(account):
    told = Event.objects.filter(target_kind="account", target_id=account.pk, actor=Event.Actor.FAMILY)
    return list(told.order_by("pk").values_list("kind", flat=True))


def given_names(account):
    return [child.pupil.given_name for child in children_of(account)]


def test_the_children_of_both_degrees_are_shown_each_once(browser, account, college, school):
    young = responsable_account(school, record=RECORD)
    AccountSource.objects.filter(account=young).update(account=account)
    Student.objects.filter(holdings__account=account).update(ine="080000000AA", birth_date=date(2014, 1, 1))

    assert len(browser.get(reverse("family_children")).context["children"]) == 1

    Student.objects.filter(establishment=school).update(birth_date=date(2016, 1, 1))
    page = browser.get(reverse("family_children")).text
    assert "Jules-Ferry" in page
    assert college.name in page
    assert "Il manque un enfant" in page


def test_a_contested_child_is_said_to_be(browser, account):
    contest(account, children_of(account))
    assert "l’école doit le vérifier" in browser.get(reverse("family_children")).text

    DataIssue.objects.update(solved_at=timezone.now())
    assert "l’école doit le vérifier" not in browser.get(reverse("family_children")).text


def test_one_account_remains_with_all_the_children(browser, account, school):
    other, secret = lettered(school)
    page = give(browser, other, secret)
    assert other.identifier in page.text
    assert given_names(other)[0] in page.text
    assert not Joining.objects.exists()

    page = confirm(browser)

    other.refresh_from_db()
    assert "ce compte réunit tous vos enfants" in page.text
    assert (other.merged_into, other.closed_at is not None) == (account, True)
    assert len(children_of(account)) == 2
    assert set(AccountSource.objects.filter(account=account).values_list("reason", flat=True)) == {
        "CREATED",
        "FAMILY",
    }
    assert not DataIssue.objects.exists()
    assert kinds(account) == [EventKind.ACCOUNT_JOINED]
    assert kinds(other) == [EventKind.ACCOUNT_MERGED]
    assert Delivery.objects.get().recipient == "anne@example.org"
    assert browser.get(reverse("family_home")).status_code == 200
    assert "réuni" in confirm(browser).text or "Ajouter" in confirm(browser).text
    assert "ce compte réunit tous vos enfants" in give(browser, other, secret).text


def test_the_surname_of_birth_is_a_name_too(browser, school):
    other, secret = lettered(school, {"surname": "Roux", "birth_surname": "", "given_name": "ANNE"})

    give(browser, other, secret)
    confirm(browser)

    other.refresh_from_db()
    assert other.merged_into is not None


@pytest.mark.parametrize(
    ("record", "said"),
    [({"given_name": "Luc"}, "même nom"), ({"surname": "AUTRE", "birth_surname": ""}, "même nom")],
)
def test_someone_else_s_account_is_not_added_even_with_its_password(browser, school, record, said):
    other, secret = lettered(school, record)
    page = give(browser, other, secret)

    assert (page.status_code, said in page.text) == (422, True)
    assert given_names(other)[0] not in page.text
    confirm(browser)
    assert not Joining.objects.exists()


def test_whoever_has_not_its_password_learns_nothing_of_the_other_account(browser, account, school, college):
    closed = lettered(school, closed_at=None)[0]
    Account.objects.filter(pk=closed.pk).update(closed_at=timezone.now(), sealed_secret="")
    unknown = Account(identifier="n.existepas")
    others = [
        lettered(school)[0],
        lettered(school, {"given_name": "Luc"})[0],
        student_account(college, state=State.NOTIFIED),
        responsable_account(school, record=RECORD, state=State.ACTIVE, password="h"),
        closed,
        unknown,
    ]
    answers = set()
    for other in others:
        page = give(signed_in(account), other, "faux-mot-2")
        words = page.text.partition("<main")[2].replace(other.identifier, "…")
        answers.add((page.status_code, words.partition("csrf")[0]))

    assert len(answers) == 1


def _pupil(school, account):
    other = student_account(school, record={"surname": "LE GOFF", "given_name": "Anne"}, state=State.NOTIFIED)
    return other, reseal(other)


def _active(school, account):
    other = responsable_account(
        school, record=RECORD, state=State.ACTIVE, password=hashing.hash_password(CHOSEN)
    )
    return other, CHOSEN


def _expired(school, account):
    other, secret = lettered(school)
    Account.objects.filter(pk=other.pk).update(secret_expires_at=timezone.now() - timedelta(days=1))
    return other, secret


def _apart(school, account):
    other, secret = lettered(school)
    first, second = sorted((account, other), key=lambda each: each.pk)
    Duplicate.objects.create(
        first=first,
        second=second,
        score=0,
        reasons=[],
        decision="DIFFERENT",
        decided_at=timezone.now(),
        closed_at=timezone.now(),
    )
    return other, secret


def _joined_elsewhere(school, account):
    other, secret = lettered(school)
    third = responsable_account(school, record=RECORD, state=State.ACTIVE, password="h")
    merging.merge(other.pk, third.pk, AccountSource.Reason.RULE)
    return other, secret


def _closed(school, account):
    other, _ = _active(school, account)
    Account.objects.filter(pk=other.pk).update(closed_at=timezone.now())
    return other, CHOSEN


def _itself(school, account):
    return account, CHOSEN


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (_pupil, "celui d’un élève"),
        (_active, "Les deux comptes sont activés"),
        (_expired, "a expiré"),
        (_apart, "deux personnes"),
        (_joined_elsewhere, "déjà été réuni"),
        (_closed, "est fermé"),
        (_itself, "le compte où vous êtes"),
    ],
)
def test_each_refusal_has_its_sentence(browser, account, school, made, said):
    other, password = made(school, account)
    joinings = Joining.objects.count()
    page = give(browser, other, password)

    assert (page.status_code, said in page.text.replace("du compte", "le compte")) == (422, True)
    assert Joining.objects.count() == joinings


def test_guessing_passwords_waits(browser, school, still_clock):
    statuses = [give(browser, lettered(school)[0], "faux-mot-2").status_code for _ in range(9)]

    assert statuses[:5] == [422] * 5
    assert 429 in statuses


def test_what_changes_between_the_two_screens_stops_it(browser, account, school):
    other, secret = lettered(school)
    give(browser, other, secret)
    reseal(other)

    assert "vient d’être modifié" in confirm(browser).text
    assert not Joining.objects.exists()


def test_two_tabs_join_once(browser, account, school):
    other, secret = lettered(school)
    give(browser, other, secret)
    stamp = stamp_of(Account.objects.get(pk=other.pk))
    other_account.add(account, other.pk, stamp)

    assert "ce compte réunit tous vos enfants" in confirm(browser).text
    assert Joining.objects.count() == 1


def test_a_pupil_has_no_other_account_to_add(college):
    pupil = student_account(college, state=State.ACTIVE, password=hashing.hash_password(CHOSEN))
    browser = signed_in(pupil)

    assert browser.get(reverse("family_add_child")).status_code == 404
    page = browser.get(reverse("family_children")).text
    assert "Ma scolarité" in page
    assert "Ajouter un enfant" not in page
