"""The page of one account: what a school may see of it, and nothing of what belongs to another."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, AccountSource
from accounts.secrets import open_secret
from accounts.transitions import State
from establishments.models import Delegation, Event, EventKind, Student
from tests.factories import (
    AgentFactory,
    DelegationFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    ResponsableFactory,
    ResponsibilityFactory,
    StudentFactory,
    provisional,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def director():
    return MandateFactory.create()


@pytest.fixture
def school(director):
    return director.establishment


def page_of(account, mandate, **extra):
    client = Client()
    client.force_login(mandate.agent)
    return client.get(reverse("account", args=[mandate.establishment.uai, account.pk]), **extra)


def text_of(account, mandate, **extra):
    response = page_of(account, mandate, **extra)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def show_password(account, mandate, method="post", **extra):
    client = Client()
    client.force_login(mandate.agent)
    address = reverse("account_password", args=[mandate.establishment.uai, account.pk])
    return getattr(client, method)(address, **extra)


def strip_tags(response):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def fact(account, mandate, term):
    """What the page says beside a term of the account's block."""
    page = page_of(account, mandate).content.decode()
    [found] = re.findall(rf"<dt>{re.escape(term)}</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found)).strip()


def share(account, **record):
    """Another school, where the account holds a child too, by a record of its own."""
    elsewhere = EstablishmentFactory.create(
        feed=FeedFactory.create(degree=1), kind="E.E.PU", name="Les Érables"
    )
    responsable = ResponsableFactory.create(feed=elsewhere.feed, **record)
    child = StudentFactory.create(
        establishment=elsewhere, given_name="Tom", surname="CADET", ine="123456789BB"
    )
    ResponsibilityFactory.create(student=child, responsable=responsable)
    AccountSource.objects.create(account=account, responsable=responsable, reason=AccountSource.Reason.RULE)
    return MandateFactory.create(establishment=elsewhere)


# Who opens it.


def test_the_director_of_a_school_where_it_holds_no_child_finds_no_account(school):
    account = responsable_account(school)

    assert page_of(account, MandateFactory.create()).status_code == 404


def test_a_delegate_for_pupils_finds_no_responsable(school):
    delegate = DelegationFactory.create(establishment=school, population=Delegation.Population.STUDENTS)

    assert page_of(responsable_account(school), delegate).status_code == 404
    assert page_of(student_account(school), delegate).status_code == 200


@pytest.mark.parametrize("gone", ["child", "closed"])
def test_an_account_that_holds_no_child_here_any_more_is_not_found(school, director, gone):
    account = responsable_account(school)
    if gone == "child":
        Student.objects.update(left_at=timezone.now())
    else:
        Account.objects.update(closed_at=timezone.now())

    assert page_of(account, director).status_code == 404


def test_who_only_consults_sees_no_action_and_no_password(school):
    account = responsable_account(school, state=State.NOTIFIED)
    consults = DelegationFactory.create(establishment=school, profile=Delegation.Profile.CONSULT)
    assists = DelegationFactory.create(establishment=school, profile=Delegation.Profile.ASSIST)
    secret = open_secret(account.sealed_secret)

    assert "(Re)Notifier" not in text_of(account, consults)
    assert secret not in text_of(account, consults)
    assert "(Re)Notifier" in text_of(account, assists)
    assert "Afficher" in text_of(account, assists)
    assert "Afficher" not in text_of(account, consults)
    assert show_password(account, consults).status_code == 403
    assert not Event.objects.exists()


def test_its_action_names_this_account_alone(school, director):
    account = responsable_account(school)

    page = page_of(account, director).content.decode()

    assert f'<input type="hidden" name="accounts" value="{account.pk}">' in page
    assert '<input type="hidden" name="population" value="RESPONSABLE">' in page
    assert f'action="{reverse("operation_create", args=[school.uai])}"' in page


# The password.


def test_a_live_provisional_password_is_hidden_until_asked_for_with_its_last_day(school, director):
    at = timezone.now() - timedelta(days=1)
    account = responsable_account(school, state=State.NOTIFIED, distributed_at=at, **provisional(at))
    secret = open_secret(account.sealed_secret)

    page = page_of(account, director)
    shown = fact(account, director, "Mot de passe")

    assert secret not in page.content.decode()
    assert shown.startswith("•••••••••• Afficher")
    assert not Event.objects.exists()
    last_day = timezone.localtime(account.secret_expires_at - timedelta(seconds=1))
    assert f"valable jusqu’au {last_day:%d/%m/%Y}" in shown


def test_showing_a_password_is_recorded_with_who_and_when_and_asks_to_be_kept_nowhere(school, director):
    account = responsable_account(school, state=State.NOTIFIED)
    secret = open_secret(account.sealed_secret)

    shown = show_password(account, director)

    assert shown.status_code == 200
    assert secret in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    event = Event.objects.get()
    assert (event.kind, event.agent, event.establishment) == (
        EventKind.ACCOUNT_SECRET_SHOWN,
        director.agent,
        school,
    )
    assert (event.target_id, event.data) == (account.pk, {})
    assert f"Mot de passe provisoire affiché, par {director.agent.full_name}" in strip_tags(shown)
    account.refresh_from_db()
    assert account.version == 0


def test_the_page_opened_again_hides_the_password(school, director):
    account = responsable_account(school, state=State.NOTIFIED)
    secret = open_secret(account.sealed_secret)
    show_password(account, director)

    for again in (page_of(account, director), show_password(account, director, method="get", follow=True)):
        assert again.status_code == 200
        assert secret not in again.content.decode()
    assert Event.objects.count() == 1


@pytest.mark.parametrize("state", [State.NOT_NOTIFIED, State.ACTIVATING, State.ACTIVE])
def test_where_there_is_no_provisional_password_none_is_offered_shown_or_recorded(school, director, state):
    account = responsable_account(school, state=state)

    assert "Afficher" not in text_of(account, director)
    assert show_password(account, director).status_code == 200
    assert not Event.objects.exists()


def test_a_dead_password_is_not_shown_when_asked_for(school, director):
    at = timezone.now() - timedelta(days=150)
    account = responsable_account(school, state=State.NOTIFIED, distributed_at=at, **provisional(at))

    assert open_secret(account.sealed_secret) not in show_password(account, director).content.decode()
    assert not Event.objects.exists()


def test_the_password_of_an_account_elsewhere_does_not_exist(school):
    account = responsable_account(school, state=State.NOTIFIED)
    stranger = MandateFactory.create()
    client = Client()
    client.force_login(stranger.agent)

    for uai in (school.uai, stranger.establishment.uai):
        assert client.post(reverse("account_password", args=[uai, account.pk])).status_code == 404
    assert not Event.objects.exists()


@pytest.mark.parametrize("is_erased", [False, True])
def test_a_dead_password_is_said_expired_before_and_after_it_is_erased(school, director, is_erased):
    at = timezone.now() - timedelta(days=150)
    account = responsable_account(school, state=State.NOTIFIED, distributed_at=at, **provisional(at))
    secret = open_secret(account.sealed_secret)
    if is_erased:
        Account.objects.update(sealed_secret="")

    shown = fact(account, director, "Mot de passe")

    assert shown.startswith("Expiré")
    assert secret not in shown


def test_a_chosen_password_is_masked_and_none_is_a_dash(school, director):
    chosen = responsable_account(school, state=State.ACTIVE)
    by_franceconnect = responsable_account(
        school, state=State.ACTIVE, password="", franceconnect_sub="sub", origin="FRANCECONNECT"
    )

    assert fact(chosen, director, "Mot de passe") == "****** Choisi par la famille"
    assert fact(by_franceconnect, director, "Mot de passe") == "–"
    assert fact(responsable_account(school), director, "Mot de passe") == ""


def test_a_password_whose_key_is_lost_does_not_break_the_page(school, director):
    account = responsable_account(school, state=State.NOTIFIED)
    Account.objects.update(sealed_secret="not-a-token")

    assert "Illisible" in fact(account, director, "Mot de passe")


# What the family validated, what the school recorded.


def test_each_contact_is_shown_with_its_source_and_a_difference_is_to_report(school, director):
    account = responsable_account(
        school,
        state=State.ACTIVE,
        mail="valide@example.org",
        mobile="+33639981234",
        record={"mail": "fiche@example.org", "mobile": "+33639985678"},
    )

    mail, mobile = (fact(account, director, term) for term in ("Courrier électronique", "Téléphone portable"))

    assert mail == "valide@example.org validée par la famille fiche@example.org SIECLE À reporter dans SIECLE"
    assert mobile == "06 39 98 12 34 validé par la famille 06 39 98 56 78 SIECLE À reporter dans SIECLE"


def test_a_contact_the_school_lacks_is_to_report_and_the_same_one_is_not(school, director):
    unknown = responsable_account(school, state=State.ACTIVE, mail="v@example.org", record={"mail": ""})
    known = responsable_account(
        school, state=State.ACTIVE, mail="v@example.org", record={"mail": "V@example.org"}
    )

    assert "À reporter dans SIECLE" in fact(unknown, director, "Courrier électronique")
    assert "reporter" not in fact(known, director, "Courrier électronique")


def test_a_mobile_that_could_not_be_read_is_shown_as_typed(school, director):
    account = responsable_account(school, record={"mobile": "", "mobile_raw": "06 39 98"})

    assert fact(account, director, "Téléphone portable") == "06 39 98 SIECLE"


def test_nothing_known_is_a_dash(school, director):
    account = responsable_account(school, record={"mail": "", "mobile": ""})

    assert fact(account, director, "Courrier électronique") == "–"
    assert fact(account, director, "Téléphone portable") == "–"


def test_an_address_that_waits_to_be_confirmed_is_told(school, director):
    account = responsable_account(school, state=State.ACTIVATING, record={"mail": ""})

    assert "attente@example.org à confirmer" in fact(account, director, "Courrier électronique")


# Shared accounts.


def test_another_school_s_address_mail_and_mobile_are_never_shown(school, director):
    account = responsable_account(
        school,
        record={
            "mail": "ici@example.org",
            "mobile": "+33639980001",
            "address": "1 RUE D’ICI",
            "surname": "ICI",
        },
    )
    neighbour = share(
        account, mail="la@example.org", mobile="+33639980002", address="9 RUE DE LA", surname="LABAS"
    )

    here, there = text_of(account, director), text_of(account, neighbour)

    for mine, theirs in [
        ("ici@example.org", "la@example.org"),
        ("06 39 98 00 01", "06 39 98 00 02"),
        ("1 RUE D’ICI", "9 RUE DE LA"),
        ("ICI Anne", "LABAS Anne"),
    ]:
        assert (mine in here, theirs in here) == (True, False)
        assert (mine in there, theirs in there) == (False, True)


def test_children_elsewhere_are_shown_with_their_school_and_without_link(school, director):
    account = responsable_account(school)
    neighbour = share(account)

    page = page_of(account, director).content.decode()
    there = page.split("Inscrits dans un autre établissement")[1].split("</table>")[0]

    for shown in ("Tom", "CADET", "17/05/2013", "123456789BB", "École élémentaire Les Érables"):
        assert shown in there
    assert "<a " not in there
    assert neighbour.establishment.uai not in page


def test_children_of_the_school_are_told_apart(school, director):
    account = responsable_account(school, children=2)

    page = page_of(account, director).content.decode()

    here = page.split("Inscrits dans l’établissement")[1].split("</table>")[0]
    assert here.count("17/05/2013") == 2
    assert "Inscrits dans un autre établissement" not in page


def test_a_child_linked_by_two_records_is_shown_once(school, director):
    account = responsable_account(school)
    twin = ResponsableFactory.create(feed=school.feed, mail="double@example.org")
    ResponsibilityFactory.create(student=account.holdings.get().student, responsable=twin)
    AccountSource.objects.create(account=account, responsable=twin, reason=AccountSource.Reason.AGENT)

    page = page_of(account, director)

    assert len(page.context["profile"].children_here) == 1
    assert "double@example.org" in page.content.decode()


def test_each_open_source_has_a_line_and_a_closed_one_none(school, director):
    account = responsable_account(school, record={"jointure": "801", "source_id": "S801"})
    share(account, jointure="802", source_id="O802")
    closed = ResponsableFactory.create(feed=school.feed, jointure="803")
    AccountSource.objects.create(
        account=account, responsable=closed, reason=AccountSource.Reason.RULE, closed_at=timezone.now()
    )

    sources = (
        text_of(account, director)
        .split("Informations des sources de données")[1]
        .split("Élèves rattachés")[0]
    )

    assert "Créteil 801 S801 SIECLE" in sources
    assert "Créteil 802 O802 ONDE" in sources
    assert "803" not in sources


def test_a_letter_of_another_school_is_told_without_its_name(school, director):
    account = responsable_account(school)
    neighbour = share(account)
    at = timezone.now()
    Account.objects.update(
        state=State.NOTIFIED,
        origin="ESTABLISHMENT",
        distributed_at=at,
        distributed_by=neighbour.establishment,
        times_distributed=1,
        **provisional(at),
    )

    assert "par un autre établissement" in fact(account, director, "Date de distribution")
    assert "autre établissement" not in fact(account, neighbour, "Date de distribution")


def test_a_pupil_s_page_shows_the_pupil_and_no_responsable(school, director):
    account = student_account(
        school, record={"surname": "PETIT", "given_name": "Zoé", "birth_date": date(2011, 2, 28)}
    )

    page = text_of(account, director)

    assert "Compte de l’élève PETIT Zoé" in page
    assert "28/02/2011" in page
    assert "responsable" not in page.split("Compte de l’élève PETIT Zoé")[1].split("Plan du site")[0]


# Dates and history.


def test_dates_are_those_of_the_academie():
    school = EstablishmentFactory.create(
        feed=FeedFactory.create(
            academy__code="28", academy__name="La Réunion", academy__time_zone="Indian/Reunion"
        )
    )
    director = MandateFactory.create(establishment=school)
    signed_in = timezone.datetime(2026, 6, 1, 21, 30, tzinfo=timezone.get_fixed_timezone(0))
    account = responsable_account(school, state=State.ACTIVE, last_sign_in_at=signed_in)

    assert fact(account, director, "Date de dernière connexion") == "02/06/2026"


def test_a_reset_is_told_with_its_date(school, director):
    at = timezone.now()
    account = responsable_account(
        school, state=State.ACTIVE, password="", reset_requested_at=at, **provisional(at)
    )

    assert fact(account, director, "Demande de réinitialisation du mot de passe") == "Oui"
    day = f"{timezone.localtime(at):%d/%m/%Y}"
    assert fact(account, director, "Date de demande de réinitialisation du mot de passe") == day


def tell(account, kind, **fields):
    return Event.objects.create(kind=kind, target_kind="account", target_id=account.pk, **fields)


def test_the_history_says_who_did_what_and_hides_the_agents_of_others(school, director):
    account = responsable_account(school)
    neighbour = share(account)
    other = AgentFactory.create(given_name="Nadia", surname="VOISINE")
    tell(
        account,
        EventKind.ACCOUNT_NOTIFY,
        actor="AGENT",
        agent=director.agent,
        establishment=school,
        data={"effect": "DRAWN", "operation": None},
    )
    tell(
        account,
        EventKind.ACCOUNT_PASSWORD_RESET,
        actor="AGENT",
        agent=other,
        establishment=neighbour.establishment,
        data={"effect": "RESET", "operation": 987654},
    )
    tell(account, EventKind.ACCOUNT_ACTIVATION_STARTED, actor="FAMILY")
    tell(account, EventKind.ACCOUNT_SECRET_EXPIRED, actor="PLATFORM", establishment=school)

    history = text_of(account, director).split("Historique")[1]

    assert f"Compte notifié (premier mot de passe provisoire), par {director.agent.full_name}" in history
    assert "Mot de passe réinitialisé, par un autre établissement" in history
    assert "Activation commencée, par la famille" in history
    assert "Mot de passe provisoire expiré, par la plateforme" in history
    assert "VOISINE" not in history
    assert "987654" not in page_of(account, director).content.decode()


def test_the_history_of_another_account_is_not_this_one_s(school, director):
    account, other = responsable_account(school), responsable_account(school)
    tell(other, EventKind.ACCOUNT_SECRET_SHOWN, actor="AGENT", agent=director.agent, establishment=school)

    assert "affiché" not in text_of(account, director).split("Historique")[1]


def test_a_long_history_is_told_by_pages_the_latest_first(school, director):
    account = responsable_account(school)
    now = timezone.now()
    for days in range(25):
        tell(account, EventKind.ACCOUNT_FRANCECONNECT_LINKED, actor="FAMILY", at=now - timedelta(days=days))

    first = page_of(account, director)
    last = page_of(account, director, data={"page": 2}, headers={"HX-Request": "true"})

    assert len(first.context["deeds"]) == 20
    assert len(last.context["deeds"]) == 5
    assert first.context["deeds"][0].event.at > last.context["deeds"][0].event.at
    assert last.content.decode().lstrip().startswith('<section id="history"')
    assert "Compte créé" in last.content.decode()
    assert "Compte créé" not in first.content.decode()


def test_a_large_family_with_a_long_history_costs_no_more_queries(school, director):
    def queries(account):
        with CaptureQueriesContext(connection) as captured:
            assert page_of(account, director).status_code == 200
        return len(captured)

    alone = responsable_account(school)
    tell(alone, EventKind.ACCOUNT_FRANCECONNECT_LINKED, actor="FAMILY")
    large = responsable_account(school, children=6)
    share(large)
    for _ in range(12):
        tell(large, EventKind.ACCOUNT_NOTIFY, actor="AGENT", agent=director.agent, establishment=school)

    assert queries(large) == queries(alone)
