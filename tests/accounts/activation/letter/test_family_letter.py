"""The way in of the letter, screen after screen, and each of its ways out."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.activation import links
from accounts.data_issues import refresh_data_issues
from accounts.models import Account, DataIssue
from accounts.secrets import draw_secret, expiry_from, seal_secret
from accounts.transitions import State
from establishments.models import Event, EventKind, Responsibility, Student
from notifications.models import Delivery
from tests.factories import EstablishmentFactory, responsable_account, student_account

pytestmark = pytest.mark.django_db

CHOSEN = "Trois-Pommes-Vertes-2026"
BORN = date(2012, 11, 5)


def notified(establishment, make=responsable_account, **fields):
    """An account whose letter was handed out, and the password it says."""
    secret, now = draw_secret(), timezone.now()
    account = make(
        establishment,
        state=State.NOTIFIED,
        sealed_secret=seal_secret(secret),
        secret_drawn_at=now,
        secret_expires_at=expiry_from(now, establishment.academy.zone),
        distributed_at=now,
        **fields,
    )
    Student.objects.update(birth_date=BORN)
    return account, secret


@pytest.fixture
def school():
    return EstablishmentFactory.create()


@pytest.fixture
def browser():
    return Client()


def give(browser, name, **data):
    return browser.post(reverse(name), data, follow=True)


def page_of(response):
    return response.redirect_chain[-1][0] if response.redirect_chain else response.request["PATH_INFO"]


def begin(browser, account, secret):
    return give(browser, "activation_identifiers", identifier=account.identifier, password=secret)


def go_through(browser, account, secret, *, born="05/11/2012", mail="nouvelle@example.org", **contested):
    begin(browser, account, secret)
    give(browser, "activation_children", **contested)
    give(browser, "activation_password", password=CHOSEN, again=CHOSEN)
    give(browser, "activation_mail", mail=mail)
    return give(browser, "activation_birth_date", birth_date=born)


def test_a_responsable_goes_from_the_letter_to_the_mail_and_nothing_is_written_before_the_last_step(
    school, browser
):
    account, secret = notified(school, children=2, record={"mail": "connue@example.org"})

    page = begin(browser, account, secret)
    for child in Student.objects.all():
        assert child.given_name in page.text
    assert page_of(give(browser, "activation_children")) == reverse("activation_password")
    page = give(browser, "activation_password", password=CHOSEN, again=CHOSEN)
    assert "connue@example.org" in page.text
    page = give(browser, "activation_mail", mail="nouvelle@example.org")
    assert "nouvelle@example.org" in page.text
    before = Account.objects.get()
    assert (before.state, before.password, before.version) == (State.NOTIFIED, "", account.version)

    page = give(browser, "activation_birth_date", birth_date="5.11.2012")

    assert page_of(page) == reverse("activation_waiting")
    assert "nouvelle@example.org" in page.text
    after = Account.objects.get()
    assert (after.state, after.sealed_secret, after.pending_mail) == (
        State.ACTIVATING,
        "",
        "nouvelle@example.org",
    )
    assert Delivery.objects.get().recipient == "nouvelle@example.org"
    assert Event.objects.get().kind == EventKind.ACCOUNT_ACTIVATION_STARTED


def test_a_pupil_is_asked_neither_children_nor_to_answer_for_anyone(school, browser):
    account, secret = notified(school, student_account)

    page = begin(browser, account, secret)

    assert page_of(page) == reverse("activation_password")
    assert "Étape 2 sur 4" in page.text
    give(browser, "activation_password", password=CHOSEN, again=CHOSEN)
    page = give(browser, "activation_mail", mail="eleve@example.org")
    assert "représentant" not in page.text
    give(browser, "activation_birth_date", birth_date="05112012")
    assert Account.objects.get().state == State.ACTIVATING


def test_a_contested_child_is_told_to_its_school_and_the_activation_goes_on_for_the_others(school, browser):
    account, secret = notified(school, children=2)
    not_mine, mine = Student.objects.order_by("pk")
    begin(browser, account, secret)
    give(browser, "activation_children", contested=not_mine.pk)
    give(browser, "activation_password", password=CHOSEN, again=CHOSEN)

    page = give(browser, "activation_mail", mail="nouvelle@example.org")
    assert mine.given_name in page.text
    assert not DataIssue.objects.exists()
    give(browser, "activation_birth_date", birth_date="05/11/2012")

    issue = DataIssue.objects.get()
    assert (issue.student, issue.establishment, issue.kind) == (not_mine, school, "RELATION_CONTESTED")
    told = Event.objects.get(kind=EventKind.ACCOUNT_RELATION_CONTESTED)
    assert (told.establishment, told.target_id) == (school, account.pk)
    assert Account.objects.get().state == State.ACTIVATING


def test_who_is_in_and_goes_back_to_a_step_is_told_where_the_account_stands(school, browser):
    account, secret = notified(school)
    go_through(browser, account, secret)

    for step in ("activation_children", "activation_birth_date"):
        page = browser.get(reverse(step), follow=True)
        assert "en cours d’activation" in page.text
        assert "Recommencez" not in page.text


def test_what_was_contested_stays_until_the_link_ends_in_the_import(school, browser):
    account, secret = notified(school, children=2)
    not_mine = Student.objects.order_by("pk")[0]
    go_through(browser, account, secret, contested=not_mine.pk)

    refresh_data_issues(school.feed, now=timezone.now())
    assert DataIssue.objects.unsolved().filter(kind="RELATION_CONTESTED").count() == 1
    Responsibility.objects.filter(student=not_mine).update(ended_at=timezone.now())
    refresh_data_issues(school.feed, now=timezone.now())

    assert not DataIssue.objects.unsolved().filter(kind="RELATION_CONTESTED").exists()


def test_who_contests_every_child_tells_the_school_and_activates_nothing(school, browser):
    account, secret = notified(school)
    begin(browser, account, secret)

    page = give(browser, "activation_children", contested=Student.objects.get().pk)
    assert page_of(page) == reverse("activation_none_mine")
    assert not DataIssue.objects.exists()
    page = give(browser, "activation_none_mine")

    assert "averti" in page.text
    assert DataIssue.objects.get().kind == "RELATION_CONTESTED"
    assert Account.objects.get().state == State.NOTIFIED
    assert page_of(browser.get(reverse("activation_password"), follow=True)) == reverse("activation")


def test_contesting_twice_what_the_school_has_not_looked_at_yet_tells_it_once(school, browser):
    account, secret = notified(school)
    child = Student.objects.get().pk

    for _ in range(2):
        begin(browser, account, secret)
        give(browser, "activation_children", contested=[child])
        assert "C’est signalé" in give(browser, "activation_none_mine").text

    assert Event.objects.filter(kind=EventKind.ACCOUNT_RELATION_CONTESTED).count() == 1
    DataIssue.objects.update(solved_at=timezone.now())
    begin(browser, account, secret)
    give(browser, "activation_children", contested=[child])
    give(browser, "activation_none_mine")
    assert Event.objects.filter(kind=EventKind.ACCOUNT_RELATION_CONTESTED).count() == 2


def test_a_wrong_birth_date_says_that_the_school_corrects_it_and_tells_the_school(school, browser):
    account, secret = notified(school)

    page = go_through(browser, account, secret, born="06/11/2012")

    assert page.status_code == 422
    assert "c’est à l’école ou à l’établissement de corriger" in page.text
    told = Event.objects.get()
    assert (told.kind, told.establishment) == (EventKind.ACCOUNT_BIRTH_DATE_REFUSED, school)
    assert Account.objects.get().state == State.NOTIFIED
    give(browser, "activation_birth_date", birth_date="05/11/2012")
    assert Account.objects.get().state == State.ACTIVATING


def test_birth_dates_cannot_be_guessed_one_after_the_other(school, browser, still_clock):
    account, secret = notified(school)
    go_through(browser, account, secret, born="01/01/2012")
    statuses = [
        give(browser, "activation_birth_date", birth_date=f"{day:02}/02/2012").status_code
        for day in range(1, 12)
    ]

    assert 429 in statuses
    assert give(browser, "activation_birth_date", birth_date="05/11/2012").status_code == 429
    assert Account.objects.get().state == State.NOTIFIED


def test_the_same_child_is_named_at_each_reload(school, browser):
    account, secret = notified(school, children=3)
    begin(browser, account, secret)
    give(browser, "activation_password", password=CHOSEN, again=CHOSEN)
    give(browser, "activation_mail", mail="nouvelle@example.org")

    named = {browser.get(reverse("activation_birth_date")).context["child"].pk for _ in range(3)}

    assert len(named) == 1


def test_a_step_without_those_before_it_begins_again_with_a_sentence(browser):
    for name in ("children", "none_mine", "password", "mail", "birth_date"):
        page = browser.get(reverse(f"activation_{name}"), follow=True)
        assert page_of(page) == reverse("activation")
        assert "Recommencez" in page.text


def test_the_qr_code_of_the_letter_fills_the_identifiant(browser):
    page = browser.get(reverse("activation"), {"identifiant": "m.abbeym"}, follow=True)

    assert 'value="m.abbeym"' in page.text


def test_a_school_which_resets_the_password_meanwhile_stops_the_steps(school, browser):
    account, secret = notified(school)
    begin(browser, account, secret)
    Account.objects.update(sealed_secret=seal_secret(draw_secret()))

    page = give(browser, "activation_password", password=CHOSEN, again=CHOSEN)

    assert page_of(page) == reverse("activation")
    assert "modifier ce compte" in page.text


def test_of_two_browsers_the_second_is_led_to_the_sign_in(school, browser):
    account, secret = notified(school)
    other = Client()
    begin(other, account, secret)
    go_through(browser, account, secret)

    page = give(other, "activation_password", password=CHOSEN, again=CHOSEN)

    assert page_of(page) == reverse("family_sign_in")
    assert "autre appareil" in page.text


@pytest.mark.parametrize("given", ["", "02/2012", "31/02/2012", "demain"])
def test_a_date_which_is_none_is_said_so_and_counts_for_nothing(school, browser, given):
    account, secret = notified(school)

    page = go_through(browser, account, secret, born=given)

    assert page.status_code == 422
    assert not Event.objects.exists()


def test_an_expired_letter_a_joined_and_a_childless_account_have_their_page(school, browser):
    account, secret = notified(school)
    Account.objects.update(secret_expires_at=timezone.now())
    assert "plus de trois mois" in begin(browser, account, secret).text
    Account.objects.update(secret_expires_at=timezone.now() + timedelta(days=1))
    Student.objects.update(left_at=timezone.now())
    assert "aucun élève n’est rattaché" in begin(browser, account, secret).text


def test_the_family_asks_for_its_mail_again_and_corrects_the_address(school, browser):
    account, secret = notified(school)
    go_through(browser, account, secret)
    first = links.token_for(Account.objects.get())

    give(browser, "activation_send_again")
    assert browser.get(reverse("activation_confirm", args=[first])).status_code == 410
    page = give(browser, "activation_correct_address", mail="corrigee@example.org")

    assert "corrigee@example.org" in page.text
    assert Account.objects.get().pending_mail == "corrigee@example.org"
    links.confirm(links.token_for(Account.objects.get()))
    page = browser.get(reverse("activation_waiting"), follow=True)
    assert page_of(page) == reverse("family_home")


def test_the_letter_serves_once(school, browser):
    account, secret = notified(school)
    go_through(browser, account, secret)

    page = begin(Client(), account, secret)

    assert page.status_code == 422
    assert "une fois le compte activé" in page.text


@pytest.mark.django_db(transaction=True)
def test_of_two_browsers_racing_one_activation_one_wins():
    account, secret = notified(EstablishmentFactory.create())
    browsers = [Client(), Client()]
    for number, each in enumerate(browsers):
        begin(each, account, secret)
        give(each, "activation_password", password=CHOSEN, again=CHOSEN)
        give(each, "activation_mail", mail=f"parent{number}@example.org")
    barrier = threading.Barrier(2)

    def finish(one):
        barrier.wait()
        response = one.post(reverse("activation_birth_date"), {"birth_date": "05/11/2012"})
        connection.close()
        return response.url

    with ThreadPoolExecutor(2) as pool:
        led_to = sorted(pool.map(finish, browsers))

    assert led_to == sorted([reverse("activation_waiting"), reverse("family_sign_in")])
    assert Delivery.objects.count() == 1
    assert Event.objects.filter(kind=EventKind.ACCOUNT_ACTIVATION_STARTED).count() == 1
