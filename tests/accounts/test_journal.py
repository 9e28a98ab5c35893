"""The journal of an establishment: who reads it, what it tells, its filters, its pages and its export."""

import csv
import io
from datetime import datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import journal, operations
from accounts.journal_families import FAMILIES
from accounts.models import Account, AccountKind, Operation
from establishments import visits
from establishments.access import get_access
from establishments.delegations.granting import grant
from establishments.delegations.terms import Terms
from establishments.models import AcademyRole, Delegation, Event, EventKind, Mandate
from tests.factories import (
    AgentFactory,
    DelegationFactory,
    EstablishmentFactory,
    MandateFactory,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def college():
    return EstablishmentFactory.create()


@pytest.fixture
def director(college):
    return MandateFactory.create(establishment=college).agent


@pytest.fixture
def page(client, college, director):
    client.force_login(director)

    def ask(**query):
        headers = query.pop("headers", {})
        return client.get(reverse("journal", args=[college.uai]), query, headers=headers)

    return ask


@pytest.fixture
def export(client, college, director):
    client.force_login(director)

    def ask(**query):
        response = client.post(reverse("journal_export", args=[college.uai]), query)
        text = b"".join(response.streaming_content).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))

    return ask


def record(kind, college, target, /, *, agent=None, ago=timedelta(), **data):
    target_kind, pk = (target._meta.model_name, target.pk)
    return Event.objects.create(
        kind=kind,
        at=timezone.now() - ago,
        establishment=college,
        actor="AGENT" if agent else "PLATFORM",
        agent=agent,
        target_kind=target_kind,
        target_id=pk,
        data=data,
    )


def acts(response):
    return [line.act for line in lines(response)]


def lines(response):
    return [line for day in response.context["days"] for line in day]


def test_directors_and_deputies_read_it_and_delegates_of_any_profile_do_not(client, college):
    address = reverse("journal", args=[college.uai])
    for role in Mandate.Role:
        client.force_login(MandateFactory.create(establishment=college, role=role).agent)
        response = client.get(address)
        assert response.status_code == 200
        assert "Journal</a>" in response.text
    for profile in Delegation.Profile:
        for population in Delegation.Population:
            delegation = DelegationFactory.create(
                establishment=college, profile=profile, population=population
            )
            client.force_login(delegation.agent)
            assert client.get(address).status_code == 403
            assert client.post(reverse("journal_export", args=[college.uai])).status_code == 403
    assert not Event.objects.exists()


def test_a_line_says_who_did_what_on_whom_and_links_to_it(page, college, director):
    account = responsable_account(college, identifier="a.martin7")
    record(EventKind.ACCOUNT_SECRET_SHOWN, college, account, agent=director)

    text = page().text
    assert "Mot de passe provisoire affiché" in text
    assert director.full_name in text
    assert reverse("account", args=[college.uai, account.pk]) in text
    assert "a.martin7" in text


def test_what_a_delegation_lets_do_and_why_the_assistance_came_are_told(page, college, director):
    access, agent = get_access(director, college.uai), AgentFactory.create()
    today = timezone.localdate()
    grant(agent, Terms("ASSIST", "STUDENTS", today, today), by=access)
    role = AcademyRole.objects.create(agent=agent, academy=college.academy, kind="ASSISTANCE")
    visits.begin(role.agent, college, "Incident technique : ticket 4821")
    visits.leave(role.agent, college)

    left, came, granted = lines(page())
    assert granted.detail == f"assister, élèves, du {today:%d/%m/%Y} au {today:%d/%m/%Y}"
    assert granted.subject.label == agent.full_name
    assert left.detail == ""
    assert came.detail == "«\N{NO-BREAK SPACE}Incident technique : ticket 4821\N{NO-BREAK SPACE}»"


def test_who_signs_in_does_nothing_to_anybody(page, college, director):
    record(EventKind.AGENT_SIGNED_IN, college, director, agent=director)
    [line] = [line for line in lines(page()) if line.event.target_kind == "agent"][:1]
    assert (line.by, line.subject.label) == (director.full_name, "")


def test_an_act_of_another_establishment_is_not_told(page, college):
    account = responsable_account(college)
    other = MandateFactory.create()
    record(EventKind.ACCOUNT_NOTIFY, other.establishment, account, agent=other.agent)

    assert "Le journal est vide pour l’instant." in page().text


def test_an_account_which_has_left_is_told_without_its_name(page, college, director):
    elsewhere = responsable_account(EstablishmentFactory.create(), identifier="p.parti")
    record(EventKind.ACCOUNT_PASSWORD_RESET, college, elsewhere, agent=director)

    text = page().text
    assert "un compte qui n’est plus dans l’établissement" in text
    assert "p.parti" not in text


def test_in_the_1er_degre_a_pupil_account_is_nobody(client):
    school = EstablishmentFactory.create(feed__degree=1)
    client.force_login(director := MandateFactory.create(establishment=school).agent)
    pupil = student_account(school, identifier="z.eleve")
    record(EventKind.ACCOUNT_PASSWORD_RESET, school, pupil, agent=director)

    text = client.get(reverse("journal", args=[school.uai])).text
    assert "z.eleve" not in text


def test_an_operation_is_one_line_and_its_accounts_are_a_detail(page, college, director):
    accounts = [responsable_account(college) for _ in range(3)]
    access = get_access(director, college.uai)
    operation = operations.draft(
        access, Operation.Kind.NOTIFY_SHEETS, AccountKind.RESPONSABLE, Account.objects.all()
    )
    operations.confirm(operation)
    operations.run(operation.pk)

    shown = lines(page())
    assert [(line.act, line.detail) for line in shown] == [
        (Operation.Kind.NOTIFY_SHEETS.label, "3 comptes de responsables")
    ]
    assert shown[0].subject.address == reverse("operation", args=[college.uai, operation.pk])

    detailed = lines(page(detail="on"))
    assert sorted(line.act for line in detailed) == ["Compte notifié"] * 3 + [
        Operation.Kind.NOTIFY_SHEETS.label
    ]
    assert {line.operation for line in detailed if line.act == "Compte notifié"} == {operation.pk}
    of_one = page(compte=accounts[0].identifier.upper())
    assert acts(of_one) == ["Compte notifié"]


def test_each_filter_narrows_and_they_add_up(page, college, director):
    colleague = MandateFactory.create(establishment=college).agent
    account = responsable_account(college)
    day = timedelta(days=1)
    record(EventKind.ACCOUNT_NOTIFY, college, account, agent=director)
    record(EventKind.ACCOUNT_PASSWORD_RESET, college, account, agent=colleague, ago=3 * day)
    record(EventKind.SETTING_CHANGED, college, college, agent=colleague, ago=5 * day, sends_reminders=True)
    record(EventKind.ACCOUNT_SECRET_EXPIRED, college, account, ago=2 * day)
    today = timezone.localdate()

    assert acts(page()) == ["Compte notifié", "Mot de passe réinitialisé", "Réglage modifié"]
    assert acts(page(agent=colleague.pk)) == ["Mot de passe réinitialisé", "Réglage modifié"]
    assert acts(page(actes="reglages")) == ["Réglage modifié"]
    assert acts(page(actes="echeances")) == ["Mot de passe provisoire expiré"]
    assert acts(page(du=today - 3 * day, au=today - day)) == ["Mot de passe réinitialisé"]
    assert acts(page(agent=colleague.pk, actes="notifications")) == []
    assert len(acts(page(compte=account.identifier))) == 3


def test_an_operation_belongs_to_the_family_of_what_it_does(page, college, director):
    for kind in (Operation.Kind.RESET, Operation.Kind.NOTIFY_MAIL):
        operation = Operation.objects.create(
            establishment=college, agent=director, kind=kind, population="STUDENT"
        )
        record(EventKind.OPERATION_CONFIRMED, college, operation, agent=director, kind=kind, accounts=1)

    assert acts(page(actes="reinitialisations")) == [Operation.Kind.RESET.label]
    assert acts(page(actes="notifications")) == [Operation.Kind.NOTIFY_MAIL.label]


def test_a_sign_in_is_told_where_the_agent_acts_while_they_do(page, college, director):
    delegate = DelegationFactory.create(
        establishment=college, begins_on=timezone.localdate() - timedelta(days=2)
    ).agent
    stranger = AgentFactory.create()
    for agent, ago in ((delegate, 1), (delegate, 10), (stranger, 1)):
        record(EventKind.AGENT_SIGNED_IN, None, agent, agent=agent, ago=timedelta(days=ago))

    assert [(line.act, line.by) for line in lines(page(actes="connexions"))] == [
        ("Connexion à la console", delegate.full_name)
    ]
    assert acts(page()) == ["Connexion à la console"]


def test_a_sign_in_between_two_delegations_is_of_no_concern_here(page, college, director):
    today = timezone.localdate()
    agent = DelegationFactory.create(
        establishment=college, begins_on=today - timedelta(days=40), ends_on=today - timedelta(days=30)
    ).agent
    DelegationFactory.create(establishment=college, agent=agent, begins_on=today - timedelta(days=5))
    # Ended before it began: it never opened anything.
    DelegationFactory.create(
        establishment=college,
        agent=agent,
        begins_on=today - timedelta(days=20),
        ended_at=timezone.now() - timedelta(days=25),
    )
    told = [35, 2]
    for ago in (*told, 18):
        record(EventKind.AGENT_SIGNED_OUT, None, agent, agent=agent, ago=timedelta(days=ago))
    moments = [(timezone.now() - line.event.at).days for line in lines(page(actes="connexions"))]
    assert moments == sorted(told)


def test_the_days_of_a_delegation_are_those_of_the_académie_for_sign_ins_too(page, college):
    academy = college.academy
    academy.time_zone = "Indian/Reunion"
    academy.save()
    day = academy.local_date() - timedelta(days=2)
    delegate = DelegationFactory.create(establishment=college, begins_on=day, ends_on=day).agent
    began = datetime.combine(day, time.min, tzinfo=academy.zone)
    moments = [began + timedelta(hours=hours) for hours in (-1, 1, 23, 25)]
    for moment in moments:
        ago = timezone.now() - moment
        record(EventKind.AGENT_SIGNED_IN, None, delegate, agent=delegate, ago=ago)

    told = [line.event.at for line in lines(page(actes="connexions"))]
    assert [round((at - began) / timedelta(hours=1)) for at in told] == [23, 1]


@pytest.mark.parametrize(
    "query",
    [
        {"du": "hier"},
        {"du": "0001-01-01"},
        {"au": "9999-12-31"},
        {"du": "2026-11-24", "au": "2026-11-01"},
        {"actes": "tout"},
        {"agent": "1; DROP TABLE"},
        {"agent": "99999999"},
        {"compte": "x" * 100},
        {"compte": "\x00"},
    ],
)
def test_a_filter_which_means_nothing_is_said_and_exports_nothing(page, client, college, query):
    response = page(**query)
    assert response.status_code == 200
    assert "fr-alert--error" in response.text
    assert client.post(reverse("journal_export", args=[college.uai]), query).status_code == 422


@pytest.mark.parametrize(
    "key", ["", "x", "1_", "_1", "1_2_3", "9" * 40 + "_1", "1_" + "9" * 30, "²_1", "-1_1"]
)
def test_a_key_no_page_wrote_is_the_first_page(page, college, director, key):
    record(EventKind.SETTING_CHANGED, college, college, agent=director)
    assert acts(page(avant=key)) == acts(page(apres=key)) == ["Réglage modifié"]


def test_an_unknown_account_finds_nothing_and_says_why(page):
    assert "L’identifiant doit être celui d’un compte de l’établissement" in page(compte="nul.part").text


def test_pages_follow_one_another_without_loss_even_at_one_moment(page, college, director):
    now = timezone.now()
    events = [
        Event(
            kind=EventKind.SETTING_CHANGED,
            at=now - timedelta(minutes=number // 7),
            establishment=college,
            actor="AGENT",
            agent=director,
            target_kind="establishment",
            target_id=college.pk,
        )
        for number in range(120)
    ]
    Event.objects.bulk_create(events)
    expected = [event.pk for event in sorted(events, key=lambda each: (each.at, each.pk), reverse=True)]

    seen, query = [], {}
    while True:
        found = page(**query).context["page"]
        seen += [event.pk for event in found.events]
        if not found.older:
            break
        query = {"avant": str(found.older)}
    assert seen == expected
    back = page(apres=str(found.newer)).context["page"]
    assert [event.pk for event in back.events] == expected[50:100]
    top = page(apres=str(back.newer)).context["page"]
    assert [event.pk for event in top.events] == expected[:50]
    assert top.newer is None


def test_more_than_a_thousand_acts_are_not_counted(page, college, director):
    Event.objects.bulk_create(
        Event(
            kind=EventKind.SETTING_CHANGED,
            establishment=college,
            actor="AGENT",
            agent=director,
            target_kind="establishment",
            target_id=college.pk,
        )
        for _ in range(journal.COUNTED + 5)
    )
    assert "Plus de 1\u202f000 actes" in page().text


def test_a_page_costs_as_many_queries_with_one_event_as_with_fifty(page, college, director):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert page(detail="on").status_code == 200
        return len(captured)

    record(EventKind.ACCOUNT_NOTIFY, college, responsable_account(college), agent=director)
    page()
    one = queries()
    for _ in range(20):
        record(EventKind.ACCOUNT_NOTIFY, college, responsable_account(college), agent=director)
    assert queries() == one


def test_the_fragment_is_the_results_alone(page, college, director):
    record(EventKind.SETTING_CHANGED, college, college, agent=director)
    text = page(headers={"HX-Request": "true"}).text
    assert text.strip().startswith('<div id="results">')
    assert "<h1>" not in text


def test_the_export_is_what_the_filters_find_and_is_itself_recorded(export, college, director):
    account = responsable_account(college, identifier="a.martin9")
    record(EventKind.ACCOUNT_SECRET_SHOWN, college, account, agent=director)
    record(EventKind.SETTING_CHANGED, college, college, agent=director, sends_reminders=True)

    headings, line = export(actes="mots-de-passe")
    assert headings == ["Date", "Heure", "Par", "Acte", "Précision", "Sur", "Identifiant", "Opération"]
    assert line[2:4] == [director.full_name, "Mot de passe provisoire affiché"]
    assert line[6] == "a.martin9"
    event = Event.objects.get(kind=EventKind.JOURNAL_EXPORTED)
    assert (event.agent, event.establishment, event.data) == (director, college, {"actes": "mots-de-passe"})


def test_an_export_is_read_by_parts_and_says_every_act_once(export, college, director, monkeypatch):
    monkeypatch.setattr(journal, "EXPORTED_AT_ONCE", 3)
    for number in range(8):
        record(EventKind.SETTING_CHANGED, college, college, agent=director, ago=timedelta(days=number))
    dates = [row[0] for row in export()[1:]]
    assert len(dates) == 8
    days = [datetime.strptime(date, "%d/%m/%Y") for date in dates]
    assert days == sorted(days, reverse=True)


def test_an_agent_whose_name_is_a_formula_exports_no_formula(export, college):
    villain = MandateFactory.create(
        establishment=college, agent=AgentFactory.create(given_name="=cmd|'/C calc'!A0")
    ).agent
    record(EventKind.SETTING_CHANGED, college, college, agent=villain)
    assert export()[1][2].startswith("'=cmd")


def test_every_kind_of_event_is_in_a_family():
    assert {kind for family in FAMILIES.values() for kind in family.all_kinds} | {
        EventKind.OPERATION_CONFIRMED
    } == set(EventKind.values)
