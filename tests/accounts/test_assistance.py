"""Helping a family: finding it, why it cannot get in, what to do and to say, and asking the académie."""

import itertools
import re
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.activation.letter.sending import send_activation_mails
from accounts.assistance.answers import Situation, answer, situations_of
from accounts.assistance.case import Case, Hidden, HiddenChild, Mail, Number, Twin
from accounts.assistance.diagnosis import Act, Topic, Weight, diagnose
from accounts.assistance.reading import read_case
from accounts.assistance.search import MOST_FOUND
from accounts.data_issues import refresh_data_issues
from accounts.models import AccountSource, Operation
from accounts.passwords import Standing
from accounts.profile import read_profile
from accounts.secrets import open_secret
from accounts.transitions import TRANSITIONS, State, Transition
from establishments.access import get_access
from establishments.models import Delegation, Event, EventKind, Responsable, Student
from notifications.models import Delivery
from tests.factories import (
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

# What each state can hold as a password (design: « what each state holds »).
STANDINGS = {
    State.NOT_NOTIFIED: {Standing.UNDRAWN},
    State.NOTIFIED: {Standing.PROVISIONAL, Standing.EXPIRED},
    State.ACTIVATING: {Standing.CHOSEN, Standing.PROVISIONAL, Standing.EXPIRED},
    State.ACTIVE: {Standing.CHOSEN, Standing.PROVISIONAL, Standing.EXPIRED, Standing.NONE},
}
GRID = [(state, standing) for state, standings in STANDINGS.items() for standing in sorted(standings)]
FIRST = {
    (State.NOT_NOTIFIED, Standing.UNDRAWN): Topic.NEVER_NOTIFIED,
    (State.NOTIFIED, Standing.PROVISIONAL): Topic.LETTER_VALID,
    (State.NOTIFIED, Standing.EXPIRED): Topic.LETTER_EXPIRED,
} | {
    (state, standing): Topic.ACTIVATION_PENDING if state == State.ACTIVATING else Topic.ACTIVE
    for state in (State.ACTIVATING, State.ACTIVE)
    for standing in STANDINGS[state]
}
WHOLE = {"mobile": Number("", ("+33639981234",)), "mail": Mail("", "", ("famille@example.org",))}


def case_of(state, standing, **fields):
    known = {
        "identifier": "a.martin",
        "state": state,
        "standing": standing,
        "is_responsable": True,
        "source": "SIECLE",
        "address": "https://educonnect.example.org/activation/",
        "distributed_on": date(2026, 9, 7),
        "deadline": date(2026, 12, 7),
        "mailed_on": date(2026, 10, 1),
        **WHOLE,
    }
    return Case(**(known | fields))


def topics(case):
    return [finding.topic for finding in diagnose(case)]


# Why: a pure function over the grid of the states.


@pytest.mark.parametrize(("state", "standing"), GRID)
def test_the_first_finding_says_where_the_account_stands(state, standing):
    assert diagnose(case_of(state, standing))[0].topic == FIRST[state, standing]


@pytest.mark.parametrize(("state", "standing"), GRID)
def test_an_account_that_no_password_opens_is_said_to_be_blocked(state, standing):
    found = diagnose(case_of(state, standing))

    is_shut = standing in (Standing.UNDRAWN, Standing.EXPIRED) or state == State.ACTIVATING
    assert any(finding.weight == Weight.BLOCKS for finding in found) == is_shut


def test_the_dates_and_the_address_are_in_the_sentences():
    [letter] = diagnose(case_of(State.NOTIFIED, Standing.EXPIRED))
    assert "07/09/2026" in letter.sentence
    assert "expiré le 07/12/2026" in letter.sentence

    pending = case_of(State.ACTIVATING, Standing.CHOSEN, mail=Mail("", "attente@example.org"))
    assert "attente@example.org" in diagnose(pending)[0].sentence
    assert "01/10/2026" in diagnose(pending)[0].sentence


@pytest.mark.parametrize(
    ("fields", "topic"),
    [
        ({"mobile": Number()}, Topic.MOBILE_MISSING),
        ({"mobile": Number(unusable=("01 99 00 12 34",))}, Topic.MOBILE_UNUSABLE),
        ({"mobile": Number("+33639980001", ("+33639980002",))}, Topic.MOBILE_DIFFERS),
        ({"mobile": Number("", ("+33639980002",), is_shared=True)}, Topic.MOBILE_SHARED),
        ({"doubtful_births": ("CADET Tom",)}, Topic.BIRTH_DATE_DOUBTFUL),
        ({"mail": Mail()}, Topic.MAIL_MISSING),
        ({"mail": Mail("a@example.org", "", ("b@example.org",))}, Topic.MAIL_DIFFERS),
        ({"children_elsewhere": ("CADET Tom (École)",)}, Topic.CHILDREN_ELSEWHERE),
        ({"hidden": (HiddenChild("CADET Tom", Hidden.NO_INE),)}, Topic.CHILD_HIDDEN),
        ({"twins": (Twin(7, "a.martin1", ("CADET Tom",), is_same=True),)}, Topic.TWO_ACCOUNTS),
        ({"twins": (Twin(7, "a.martin1", ("CADET Tom",), is_same=False),)}, Topic.HOMONYM),
    ],
)
def test_what_is_wrong_besides_is_found_and_only_that(fields, topic):
    assert topics(case_of(State.ACTIVE, Standing.CHOSEN, **fields)) == [Topic.ACTIVE, topic]


def test_a_mail_that_differs_by_its_capitals_is_the_same():
    mail = Mail("Famille@example.org", "", ("famille@example.org",))

    assert topics(case_of(State.ACTIVE, Standing.CHOSEN, mail=mail)) == [Topic.ACTIVE]


def test_of_a_pupil_neither_mobile_nor_mail_is_expected():
    pupil = case_of(State.NOTIFIED, Standing.PROVISIONAL, is_responsable=False, mobile=Number(), mail=Mail())

    assert topics(pupil) == [Topic.LETTER_VALID]


# What to do and to say.


@pytest.mark.parametrize(("cell", "situation"), list(itertools.product(GRID, Situation)))
def test_every_situation_has_an_answer_whose_acts_the_state_allows(cell, situation):
    case = case_of(*cell, mail=Mail("", "attente@example.org"))
    given = answer(case, situation)
    allowed = {
        Act.NOTIFY: case.state in TRANSITIONS[Transition.NOTIFY],
        Act.RESET: case.state in TRANSITIONS[Transition.RESET_PASSWORD],
        Act.RESEND: case.state in TRANSITIONS[Transition.RESEND_ACTIVATION],
    }

    assert given.steps
    assert all(allowed.get(step.act, True) for step in given.steps)
    assert given.say.endswith(".")
    assert given.when.endswith(".")


def acts(case, situation):
    return {step.act for step in answer(case, situation).steps}


@pytest.mark.parametrize(
    ("cell", "situation", "act"),
    [
        ((State.NOT_NOTIFIED, Standing.UNDRAWN), Situation.IDENTIFIER_LOST, Act.NOTIFY),
        ((State.NOTIFIED, Standing.EXPIRED), Situation.PROVISIONAL_LOST, Act.NOTIFY),
        ((State.NOTIFIED, Standing.EXPIRED), Situation.IDENTIFIER_LOST, Act.NOTIFY),
        ((State.ACTIVATING, Standing.CHOSEN), Situation.CODE_NOT_RECEIVED, Act.RESEND),
        ((State.NOTIFIED, Standing.PROVISIONAL), Situation.PROVISIONAL_LOST, Act.OPEN),
        ((State.ACTIVE, Standing.CHOSEN), Situation.PASSWORD_LOST, Act.RESET),
        ((State.ACTIVE, Standing.EXPIRED), Situation.PASSWORD_LOST, Act.NOTIFY),
        ((State.ACTIVATING, Standing.CHOSEN), Situation.ACTIVATION_LINK_LOST, Act.RESEND),
        ((State.ACTIVATING, Standing.CHOSEN), Situation.MAIL_CHANGED, Act.RESEND),
        ((State.NOTIFIED, Standing.PROVISIONAL), Situation.CODE_NOT_RECEIVED, Act.NOTIFY),
        ((State.ACTIVE, Standing.CHOSEN), Situation.BIRTH_DATE_REFUSED, Act.CORRECT),
    ],
)
def test_what_the_guide_answers(cell, situation, act):
    assert act in acts(case_of(*cell), situation)


def test_a_child_is_missing_because_of_a_second_account_a_record_or_another_school():
    cell = (State.ACTIVE, Standing.CHOSEN)
    twin = Twin(7, "a.martin1", ("CADET Tom",), is_same=True)
    hidden = HiddenChild("CADET Tom", Hidden.NO_INE)
    not_legal = HiddenChild("CADET Tom", Hidden.NOT_LEGAL)

    assert "deux comptes" in answer(case_of(*cell, twins=(twin,)), Situation.CHILD_MISSING).say
    assert "CADET Tom" in answer(case_of(*cell, hidden=(hidden,)), Situation.CHILD_MISSING).steps[0].what
    assert "responsable légal" in answer(case_of(*cell, hidden=(not_legal,)), Situation.CHILD_MISSING).say
    assert Act.ESCALATE in acts(case_of(*cell), Situation.CHILD_MISSING)


def test_what_concerns_responsables_alone_is_not_offered_for_a_pupil():
    pupil = case_of(State.ACTIVE, Standing.CHOSEN, is_responsable=False)

    assert Situation.TWO_ACCOUNTS not in situations_of(pupil)
    assert Situation.PASSWORD_LOST in situations_of(pupil)


# What is read of an account.


@pytest.fixture
def director(db):
    return MandateFactory.create()


@pytest.fixture
def school(director):
    return director.establishment


def read(account, mandate):
    access = get_access(mandate.agent, mandate.establishment.uai)
    return read_case(read_profile(account, access), access)


def test_numbers_and_mails_are_those_of_the_acting_school(school, director):
    account = responsable_account(
        school,
        state=State.ACTIVE,
        mobile="+33639980001",
        record={"mobile": "", "mobile_raw": "01 99 00 12 34", "mail": "ici@example.org"},
    )
    elsewhere = EstablishmentFactory.create()
    record = ResponsableFactory.create(feed=elsewhere.feed, mobile="+33639980009", mail="la@example.org")
    ResponsibilityFactory.create(
        student=StudentFactory.create(establishment=elsewhere, surname="CADET", given_name="Tom"),
        responsable=record,
    )
    AccountSource.objects.create(account=account, responsable=record, reason=AccountSource.Reason.RULE)

    case = read(account, director)

    assert case.mobile == Number("+33639980001", (), ("01 99 00 12 34",))
    assert case.mail == Mail("valide@example.org", "", ("ici@example.org",))
    assert case.children_elsewhere == (f"CADET Tom ({elsewhere})",)


def test_an_activation_mail_which_did_not_arrive_is_not_said_to_be_unopened(school, director):
    account = responsable_account(school, state=State.ACTIVATING)
    send_activation_mails([account])
    assert "n’a pas été ouvert" in diagnose(read(account, director))[0].sentence

    Delivery.objects.update(
        status=Delivery.Status.REFUSED, attempts=1, next_attempt_at=None, last_error="550 inconnue"
    )

    assert "n’a pas pu lui être remis" in diagnose(read(account, director))[0].sentence


def test_the_date_of_the_activation_mail_is_that_of_the_last_one(school, director):
    account = responsable_account(school, state=State.ACTIVATING)
    resent = timezone.now() - timedelta(days=3)
    Event.objects.create(
        kind=EventKind.ACCOUNT_ACTIVATION_RESENT,
        at=resent,
        establishment=school,
        actor=Event.Actor.AGENT,
        agent=director.agent,
        target_kind="account",
        target_id=account.pk,
    )

    assert read(account, director).mailed_on == school.academy.local_date(resent)


@pytest.mark.parametrize(
    ("student", "link", "because"),
    [
        ({"left_at": timezone.now()}, {}, Hidden.LEFT),
        ({}, {"ended_at": timezone.now()}, Hidden.UNLINKED),
        ({}, {"is_legal": False}, Hidden.NOT_LEGAL),
        ({"eligible_at": None, "ine": ""}, {}, Hidden.NO_INE),
        ({"eligible_at": None, "school_class": None}, {}, Hidden.NO_CLASS),
        ({"eligible_at": None}, {}, Hidden.NEW),
    ],
)
def test_why_a_child_is_not_on_the_account(school, director, student, link, because):
    account = responsable_account(school)
    child = StudentFactory.create(establishment=school, surname="CADET", given_name="Tom", **student)
    ResponsibilityFactory.create(student=child, responsable=Responsable.objects.get(), **link)

    assert read(account, director).hidden == (HiddenChild("CADET Tom", because),)


def test_a_second_account_has_the_same_name_and_a_mobile_or_a_mail(school, director):
    name = {"surname": "LE GOFF", "given_name": "Anne"}
    account = responsable_account(school, record={**name, "mobile": "+33639980001"})
    responsable_account(
        school,
        identifier="a.legoff1",
        record={"surname": "Legoff", "given_name": "ANNE", "mobile": "+33639980001"},
    )
    responsable_account(school, identifier="a.legoff2", record=name)
    responsable_account(EstablishmentFactory.create(), record={**name, "mobile": "+33639980001"})

    found = [(twin.identifier, twin.is_same) for twin in read(account, director).twins]

    assert found == [("a.legoff1", True), ("a.legoff2", False)]


def test_what_the_night_found_doubtful_is_told(school, director):
    account = responsable_account(school, record={"mobile": "+33639980001"})
    responsable_account(school, record={"mobile": "+33639980001"})
    Student.objects.update(surname="CADET", given_name="Tom", birth_date=date(1914, 2, 3))
    refresh_data_issues(school.feed, now=timezone.now())

    case = read(account, director)

    assert case.mobile.is_shared
    assert case.doubtful_births == ("CADET Tom",)


# Finding a family.


def search(mandate, query, **extra):
    client = Client()
    client.force_login(mandate.agent)
    return client.get(reverse("assistance", args=[mandate.establishment.uai]), {"q": query}, **extra)


def found(mandate, query):
    """The keys of the accounts a search leads to."""
    page = search(mandate, query).content.decode()
    return [int(pk) for pk in re.findall(r"/comptes/(\d+)/assistance/", page)]


SAID = [
    "legoff",
    "goff anne",
    "Éloïse",
    "06 39 98 12 34",
    "0639981234",
    "+33 6 39 98 12 34",
    "+33 (0)6 39 98 12 34",
    "0033639981234",
    "06.39.98.12.34",
    "06 39 98 55 55",
    "01 99 00 43 21",
    "01.99.00.12.34",
    "Anne.LeGoff@example.org",
    "attente@example.org",
    "a.legoff7",
    "A.LEGOFF7",
    "070010101aa",
]


def test_a_family_is_found_by_whatever_it_says(school, director):
    account = responsable_account(
        school,
        state=State.ACTIVATING,
        identifier="a.legoff7",
        mobile="+33639985555",
        record={
            "surname": "LE GOFF",
            "given_name": "Anne",
            "mobile": "+33639981234",
            "home_phone": "+33199004321",
            "mail": "anne.legoff@example.org",
        },
    )
    other = ResponsableFactory.create(feed=school.feed, mobile="", mobile_raw="01 99 00 12 34", mail="")
    ResponsibilityFactory.create(student=Student.objects.get(), responsable=other)
    AccountSource.objects.create(account=account, responsable=other, reason=AccountSource.Reason.RULE)
    Student.objects.update(ine="070010101AA", given_name="Éloïse", given_name_key="ELOISE")
    responsable_account(school, identifier="b.durand", record={"surname": "DURAND", "given_name": "Bob"})

    assert {query: found(director, query) for query in SAID} == {query: [account.pk] for query in SAID}


@pytest.mark.parametrize(
    "query", ["00 00 00 00", "0 00 00 1", "0000000", "12/05/2012", "12.05.2012", "00 33 0 0"]
)
def test_what_is_not_enough_of_a_number_finds_nobody(school, director, query):
    responsable_account(school, record={"mobile": "+33639980001", "home_phone": "+33112052012"})

    assert found(director, query) == []


def test_the_end_of_a_number_is_enough(school, director):
    account = responsable_account(school, record={"mobile": "+33639981234"})

    assert found(director, "98 12 34") == [account.pk]


def test_a_pupil_and_each_of_the_responsables_are_found_once(school, director):
    pupil = student_account(school, record={"surname": "CADET", "surname_key": "CADET"})
    account = responsable_account(school, children=2)
    for student in Student.objects.filter(responsibilities__isnull=False):
        student.surname, student.surname_key = "CADET", "CADET"
        student.save()

    assert sorted(found(director, "cadet")) == sorted([pupil.pk, account.pk])


def test_nothing_of_another_school_nor_of_a_population_one_does_not_see_is_found(school, director):
    pupil = student_account(school, record={"surname": "CADET"})
    account = responsable_account(school, record={"surname": "CADET"})
    responsable_account(EstablishmentFactory.create(), record={"surname": "CADET"})
    students = DelegationFactory.create(establishment=school, population=Delegation.Population.STUDENTS)
    responsables = DelegationFactory.create(
        establishment=school, population=Delegation.Population.RESPONSABLES
    )

    assert sorted(found(director, "cadet")) == sorted([pupil.pk, account.pk])
    assert found(students, "cadet") == [pupil.pk]
    assert found(responsables, "cadet") == [account.pk]


def test_a_search_that_finds_nobody_says_what_to_try(school, director):
    responsable_account(school)

    for query in ("introuvable", "06 39 98 00 00", "x@example.org", "z.zzz", "!!", "%", "_"):
        assert "Aucune famille ne correspond" in search(director, query).content.decode(), query


def test_a_search_shows_so_many_families_and_says_that_there_are_more(school, director):
    for _ in range(MOST_FOUND + 2):
        responsable_account(school, record={"surname": "CADET"})

    page = search(director, "cadet").content.decode()

    assert len(found(director, "cadet")) == MOST_FOUND
    assert f"affichés sur {MOST_FOUND + 2}" in page


@pytest.mark.django_db
def test_a_pupil_whose_family_has_no_account_is_found_with_what_to_correct():
    school = EstablishmentFactory.create(feed=FeedFactory.create(degree=1))
    mandate = MandateFactory.create(establishment=school)
    child = StudentFactory.create(establishment=school, surname="CADET", ine="", eligible_at=None)
    parent = ResponsableFactory.create(feed=school.feed, surname="KERGUELEN")
    ResponsibilityFactory.create(student=child, responsable=parent)
    refresh_data_issues(school.feed, now=timezone.now())

    for name in ("cadet", "kerguelen anne"):
        page = search(mandate, name).content.decode()
        assert "Élèves sans compte de responsable" in page
        assert "INE absent, à corriger dans ONDE" in page


def test_a_search_costs_the_same_whatever_it_finds(school, director):
    def cost():
        with CaptureQueriesContext(connection) as captured:
            search(director, "cadet")
        return len(captured)

    responsable_account(school, record={"surname": "CADET"})
    one = cost()
    for _ in range(8):
        responsable_account(school, children=2, record={"surname": "CADET"})

    assert cost() == one


def test_the_fragment_is_the_results_alone(school, director):
    responsable_account(school, record={"surname": "CADET"})

    fragment = search(director, "cadet", headers={"HX-Request": "true"}).content.decode()

    assert fragment.strip().startswith('<div id="results"')
    assert "<h1" not in fragment


# The page of a family.


def page_of(account, mandate, situation="", **extra):
    client = Client()
    client.force_login(mandate.agent)
    address = reverse("account_assistance", args=[mandate.establishment.uai, account.pk])
    return client.get(address, {"situation": situation} if situation else {}, **extra)


def text_of(response):
    assert response.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_the_page_says_why_and_the_button_drafts_what_it_says(school, director):
    account = responsable_account(school)

    page = page_of(account, director).content.decode()
    client = Client()
    client.force_login(director.agent)
    posted = dict(re.findall(r'<input type="hidden" name="(population|accounts)" value="(\w+)">', page))
    client.post(reverse("operation_create", args=[school.uai]), {**posted, "action": "notify_sheets"})

    assert "jamais été notifié" in page
    operation = Operation.objects.get()
    assert operation.kind == Operation.Kind.NOTIFY_SHEETS
    assert [item.account_id for item in operation.items.all()] == [account.pk]


@pytest.mark.parametrize("state", [State.NOTIFIED, State.ACTIVATING, State.ACTIVE])
def test_no_secret_is_ever_on_the_page(school, director, state):
    fields = provisional(timezone.now())
    if state != State.NOTIFIED:
        fields |= {"password": "", "reset_requested_at": timezone.now()}
    account = responsable_account(school, state=state, **fields)
    secret = open_secret(account.sealed_secret)

    assert secret not in text_of(page_of(account, director))
    for situation in Situation:
        fragment = page_of(account, director, situation, headers={"HX-Request": "true"})
        assert secret not in fragment.content.decode()


def test_the_answer_of_the_situation_chosen_is_there_and_its_fragment_alone(school, director):
    account = responsable_account(school, state=State.ACTIVATING)

    page = page_of(account, director, Situation.ACTIVATION_LINK_LOST)
    fragment = page_of(
        account, director, Situation.ACTIVATION_LINK_LOST, headers={"HX-Request": "true"}
    ).content.decode()

    assert "À dire au téléphone" in text_of(page)
    assert "attente@example.org" in text_of(page)
    assert fragment.strip().startswith('<section id="situations"')
    assert "<h1" not in fragment


@pytest.mark.parametrize("situation", ["", "inconnue"])
def test_a_situation_that_does_not_exist_chooses_none(school, director, situation):
    assert "À dire au téléphone" not in text_of(page_of(responsable_account(school), director, situation))


def test_who_only_consults_reads_but_has_no_button(school):
    account = responsable_account(school)
    consults = DelegationFactory.create(establishment=school, profile=Delegation.Profile.CONSULT)

    said = page_of(account, consults, Situation.IDENTIFIER_LOST).content.decode()

    assert "jamais été notifié" in said
    assert "operations/nouvelle" not in said


def test_the_birth_dates_of_the_named_children_are_there_to_compare(school, director):
    account = responsable_account(school)
    Student.objects.update(birth_date=date(2014, 2, 3))

    assert "03/02/2014" in text_of(page_of(account, director))


def test_the_page_costs_the_same_whatever_the_family(school, director):
    def cost(account):
        with CaptureQueriesContext(connection) as captured:
            page_of(account, director)
        return len(captured)

    name = {"surname": "LE GOFF", "given_name": "Anne"}
    alone = responsable_account(school)
    large = responsable_account(school, children=4, record=name)
    for _ in range(3):
        responsable_account(school, children=2, record=name)

    assert cost(alone) == cost(large)


def test_the_page_of_the_account_leads_to_its_assistance(school, director):
    account = responsable_account(school)
    client = Client()
    client.force_login(director.agent)

    page = client.get(reverse("account", args=[school.uai, account.pk])).content.decode()

    assert reverse("account_assistance", args=[school.uai, account.pk]) in page


# Asking the académie.


def test_the_message_finds_the_account_and_holds_no_name_no_contact_no_secret(school, director, settings):
    settings.ASSISTANCE_MAILS = {"24": "aide@example.org"}
    account = responsable_account(
        school,
        state=State.NOTIFIED,
        identifier="x.yz",
        record={"surname": "KERGUELEN", "given_name": "Maëva", "mobile": "", "mobile_raw": "0199001234"},
    )
    child = StudentFactory.create(establishment=school, surname="CADET", given_name="Tom")
    ResponsibilityFactory.create(student=child, responsable=Responsable.objects.get(), is_legal=False)
    client = Client()
    client.force_login(director.agent)

    page = client.get(
        reverse("account_escalation", args=[school.uai, account.pk]), {"situation": Situation.CHILD_MISSING}
    ).content.decode()
    [link] = re.findall(r'href="(mailto:[^"]+)"', page)
    written = parse_qs(urlsplit(link.replace("&amp;", "&")).query)
    message = written["subject"][0] + written["body"][0]

    assert link.startswith("mailto:aide@example.org?")
    assert "x.yz" in message
    assert Responsable.objects.get().jointure in message
    assert "Je ne vois pas tous mes enfants" in message
    for private in ("KERGUELEN", "Maëva", "CADET", "0199001234", open_secret(account.sealed_secret)):
        assert private not in message


def test_without_a_known_address_the_message_is_there_all_the_same(school, director):
    account = student_account(school)
    client = Client()
    client.force_login(director.agent)

    page = client.get(reverse("account_escalation", args=[school.uai, account.pk])).content.decode()

    assert "mailto:?subject=" in page
    assert "plateforme d’assistance de votre académie" in page
