"""The way in by SMS: what it opens, what it refuses in the same words, how little a stranger learns."""

import json
import re
from datetime import date

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.activation import hashing
from accounts.activation.sms import codes, proving, self_registration
from accounts.activation.sms.proving import Person
from accounts.joining import duplicates
from accounts.models import Account, Duplicate
from accounts.transitions import ForbiddenTransition, Origin, State
from establishments.models import Event, EventKind, Student
from establishments.phone_numbers import AmbiguousNumber, mobile
from notifications.keyring import keyring
from notifications.models import SmsMessage
from tests.factories import EstablishmentFactory, responsable_account

pytestmark = pytest.mark.django_db

CHOSEN = "Trois-Pommes-Vertes-2026"
NUMBER = "+33639980012"
WHO = {"surname": "Le Goff", "given_name": "Anne", "number": "06 39 98 00 12"}
RECORD = {
    "surname": "LE GOFF",
    "given_name": "Anne Marie",
    "mobile": NUMBER,
}


@pytest.fixture(autouse=True)
def spool(settings, tmp_path):
    settings.SMS_GATEWAY_URL, settings.SMS_SPOOL = "", str(tmp_path)


@pytest.fixture
def school():
    return EstablishmentFactory.create()


@pytest.fixture
def browser():
    return Client()


def known(school, *, children=1, state=State.NOT_NOTIFIED, record=None):
    """An account whose children were born on 1 January 2012, 2 January 2012…"""
    account = responsable_account(school, children=children, state=state, record=RECORD | (record or {}))
    for number, child in enumerate(born_of(account), 1):
        Student.objects.filter(pk=child.pk).update(birth_date=date(2012, 1, number))
    return account


def born_of(account):
    return Student.objects.filter(holdings__account=account).order_by("pk")


def give(browser, name, follow=True, **data):
    return browser.post(reverse(name), data, follow=follow)


def give_dates(browser, *dates):
    fields = {f"enfant-{number}-birth_date": told for number, told in enumerate(dates)}
    return give(
        browser,
        "sms_children",
        **{"enfant-TOTAL_FORMS": len(dates), "enfant-INITIAL_FORMS": 0},
        **fields,
    )


def texts():
    sealed = SmsMessage.objects.order_by("created_at").values_list("sealed", flat=True)
    return [json.loads(keyring().decrypt(each.encode())) for each in sealed]


def last_code():
    return re.match(r"\d{6}", texts()[-1][1])[0]


def other_than(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


def identify(browser, **who):
    return give(browser, "sms_start", **(WHO | who))


def prove(browser, **who):
    identify(browser, **who)
    return give(browser, "sms_code", code=last_code())


def register(browser, *dates, **who):
    prove(browser, **who)
    give_dates(browser, *dates)
    return give(browser, "sms_password", password=CHOSEN, again=CHOSEN)


def page_of(response):
    return response.redirect_chain[-1][0] if response.redirect_chain else response.request["PATH_INFO"]


@pytest.mark.parametrize("state", [State.NOT_NOTIFIED, State.NOTIFIED, State.ACTIVATING])
def test_an_account_is_active_at_the_end_and_tells_its_identifiant(school, browser, state):
    account = known(school, state=state)

    page = register(browser, "01/01/2012")

    assert page_of(page) == reverse("sms_done")
    assert account.identifier in page.content.decode()
    account.refresh_from_db()
    assert (account.state, account.origin, account.mobile) == (State.ACTIVE, Origin.RESPONSABLE, NUMBER)
    assert (account.sealed_secret, account.pending_mail) == ("", "")
    assert hashing.is_password(CHOSEN, account.password)
    assert Event.objects.get(target_id=account.pk).kind == EventKind.ACCOUNT_ACTIVATION_SMS


@pytest.mark.parametrize(
    "who",
    [
        {"surname": "LE-GOFF"},
        {"surname": "legoff", "given_name": "ANNE MARIE"},
        {"given_name": "Anne-Marie"},
        {"number": "+33 6 39 98 00 12"},
    ],
)
def test_names_and_numbers_are_read_as_people_write_them(school, browser, who):
    account = known(school)
    register(browser, "01/01/2012", **who)
    account.refresh_from_db()
    assert account.state == State.ACTIVE


def test_the_birth_surname_will_do(school, browser):
    account = known(school, record={"birth_surname": "DE KERMADEC"})
    register(browser, "01/01/2012", surname="de Kermadec")
    account.refresh_from_db()
    assert account.state == State.ACTIVE


@pytest.mark.parametrize(
    "who", [{"surname": "Martin"}, {"given_name": "Marie"}, {"number": "06 39 98 00 13"}]
)
def test_another_name_or_number_opens_nothing(school, browser, who):
    account = known(school)
    prove(browser, **who)
    assert page_of(give_dates(browser, "01/01/2012")) == reverse("sms_refused")
    account.refresh_from_db()
    assert account.state == State.NOT_NOTIFIED


def test_a_child_whose_date_is_wrong_is_left_out_and_the_school_told(school, browser):
    account = known(school, children=2)
    _, wrong = born_of(account)

    page = register(browser, "01/01/2012", "15/06/2015")

    assert "Pour un de vos enfants" in page.content.decode()
    told = Event.objects.get(kind=EventKind.ACCOUNT_BIRTH_DATE_REFUSED)
    assert (told.target_id, told.data, told.establishment) == (account.pk, {"student": wrong.pk}, school)
    account.refresh_from_db()
    assert account.state == State.ACTIVE


def test_a_child_left_out_is_not_shown_until_its_date_is_given(school, browser):
    account = known(school, children=2)
    right, wrong = born_of(account)
    register(browser, "01/01/2012")

    home = browser.get(reverse("family_children")).content.decode()
    assert right.surname in home
    assert wrong.surname not in home
    page = give(browser, "family_missing_child", birth_date="01/01/2012")
    assert page.status_code == 422
    assert wrong.surname not in page.content.decode()
    page = give(browser, "family_missing_child", birth_date="02/01/2012")

    assert page_of(page) == reverse("family_children")
    assert wrong.surname in page.content.decode()
    assert "Donner la date de naissance" not in page.content.decode()
    assert page_of(browser.get(reverse("family_missing_child"), follow=True)) == reverse("family_children")
    told = Event.objects.filter(data={"student": wrong.pk}).order_by("pk").values_list("kind", flat=True)
    assert list(told) == [
        EventKind.ACCOUNT_BIRTH_DATE_REFUSED,
        EventKind.ACCOUNT_BIRTH_DATE_REFUSED,
        EventKind.ACCOUNT_CHILD_ATTACHED,
    ]


def test_birth_dates_tried_one_after_the_other_wait(school, browser, still_clock):
    known(school)
    prove(browser)
    answers = [give_dates(browser, f"0{day}/09/2011").status_code for day in range(1, 8)]
    assert 429 in answers


def test_every_date_wrong_refuses_and_tells_the_school(school, browser):
    account = known(school, children=2)
    prove(browser)

    assert page_of(give_dates(browser, "03/03/2012", "04/04/2012")) == reverse("sms_refused")

    assert Event.objects.filter(kind=EventKind.ACCOUNT_BIRTH_DATE_REFUSED).count() == 2
    account.refresh_from_db()
    assert account.state == State.NOT_NOTIFIED
    assert page_of(browser.get(reverse("sms_password"), follow=True)) == reverse("activation")


def test_fields_are_added_one_by_one_and_keep_what_was_typed(browser):
    prove(browser)
    data = {"enfant-TOTAL_FORMS": 1, "enfant-INITIAL_FORMS": 0, "enfant-0-birth_date": "1/2/2013"}
    page = give(browser, "sms_children", **data, more="1").content.decode()
    assert "Enfant n° 2" in page
    assert 'value="1/2/2013"' in page
    assert (
        "Ajouter un enfant"
        not in give(
            browser, "sms_children", **{"enfant-TOTAL_FORMS": "7", "enfant-INITIAL_FORMS": 0}, more="1"
        ).content.decode()
    )


def test_no_date_or_an_unreadable_one_is_asked_again(browser):
    prove(browser)
    assert give_dates(browser, "").status_code == 422
    assert give_dates(browser, "31/02/2012", "").status_code == 422


# What a stranger learns.


def test_known_or_not_the_first_two_screens_say_and_ask_the_database_the_same(school, settings):
    answers = []
    known(school)
    for number in ("06 39 98 00 12", "06 39 98 00 77"):
        browser = Client()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            sent = identify(browser, number=number)
            proven = give(browser, "sms_code", code=last_code())
        pages = [
            re.sub(r'value="[^"]+"|06 39 98 \d\d \d\d', "", page.content.decode()) for page in (sent, proven)
        ]
        tables = {name for each in queries for name in re.findall(r'FROM "(\w+)"', each["sql"])}
        answers.append((pages, sent.status_code, proven.status_code, len(queries), tables))
    assert answers[0] == answers[1]
    assert not {"accounts_account", "establishments_responsable"} & answers[0][4]
    assert [number for number, _ in texts()] == [NUMBER, "+33639980077"]
    assert texts()[0][1][6:] == texts()[1][1][6:]


def test_a_refusal_is_in_the_same_words_whatever_was_wrong(school):
    known(school, record={"mobile": "+33639980099"})
    known(school)
    pages = []
    for who, told in [
        ({}, "09/09/2011"),
        ({"surname": "Martin", "number": "06 39 98 00 99"}, "01/01/2012"),
        ({"number": "06 39 98 00 31"}, "01/01/2012"),
    ]:
        browser = Client()
        prove(browser, **who)
        answer = give_dates(browser, told)
        pages.append((answer.status_code, re.sub(r'value="[^"]+"', "", answer.content.decode())))
    assert pages[0] == pages[1] == pages[2]


def test_no_password_is_hashed_before_somebody_is_proven(school, browser, monkeypatch):
    hashed = []
    monkeypatch.setattr(
        "accounts.activation.sms.views.hash_password", lambda given: hashed.append(given) or "x"
    )
    known(school)
    prove(browser)
    give_dates(browser, "09/09/2011")
    give(browser, "sms_password", password=CHOSEN, again=CHOSEN)
    assert hashed == []


def test_an_active_account_is_told_only_after_code_and_dates(school, browser):
    account = known(school, state=State.ACTIVE)
    former = hashing.hash_password("Un-Autre-Mot-7")
    Account.objects.update(password=former)
    prove(browser)
    page = give_dates(browser, "01/01/2012")
    assert page_of(page) == reverse("sms_active")
    assert account.identifier not in page.content.decode()
    give(browser, "sms_password", password=CHOSEN, again=CHOSEN)
    account.refresh_from_db()
    assert account.password == former
    assert browser.get(reverse("family_home")).status_code == 302


def test_passwords_of_an_active_account_are_not_guessed_at_the_last_step(school, browser, still_clock):
    known(school, state=State.ACTIVE)
    Account.objects.update(password=hashing.hash_password("Un-Autre-Mot-7"))
    prove(browser)
    give_dates(browser, "01/01/2012")
    guesses = [give(browser, "sms_password", password=CHOSEN, again=CHOSEN) for _ in range(7)]
    assert guesses[-1].status_code == 429


def test_two_accounts_answer_as_one_and_the_school_sees_a_duplicate(school, browser):
    one, other = known(school), known(school)
    prove(browser)
    assert page_of(give_dates(browser, "01/01/2012")) == reverse("sms_password")
    page = give(browser, "sms_password", password=CHOSEN, again=CHOSEN)

    assert page_of(page) == reverse("sms_checking")
    duplicate = Duplicate.objects.get()
    assert (duplicate.first, duplicate.second, duplicate.establishment) == (one, other, school)
    assert set(Account.objects.values_list("state", flat=True)) == {State.NOT_NOTIFIED}


def test_two_accounts_of_different_schools_are_a_duplicate_of_none(school):
    one, other = known(school), known(EstablishmentFactory.create())
    duplicates.open_family_doubt(other.pk, one.pk)
    duplicates.open_family_doubt(one.pk, other.pk)
    assert Duplicate.objects.get().establishment is None


def test_homonyms_with_one_mobile_are_told_by_their_children(school, browser):
    known(school)
    other = known(school)
    born_of(other).update(birth_date=date(2010, 5, 5))
    register(browser, "05/05/2010")
    other.refresh_from_db()
    assert other.state == State.ACTIVE
    assert not Duplicate.objects.exists()


def test_a_number_of_a_crowd_is_nobodys(school, monkeypatch):
    monkeypatch.setattr(proving, "CROWD", 1)
    known(school)
    known(school)
    assert proving.accounts_of(Person("Le Goff", "Anne", NUMBER)) == []


def test_two_browsers_at_the_last_step_activate_once(school):
    known(school)
    person, dates = Person("Le Goff", "Anne", NUMBER), [date(2012, 1, 1)]
    first = self_registration.try_dates(person, dates).proven[0].account
    self_registration.register(person, dates, "argon2$first")
    with pytest.raises(ForbiddenTransition):
        self_registration.lifecycle.self_register(first, password_hash="argon2$x", mobile=NUMBER)
    assert self_registration.register(person, dates, "argon2$x").opening == "ACTIVE"
    assert Account.objects.get().password == "argon2$first"


# The code.


def test_five_wrong_codes_kill_the_right_one(browser):
    identify(browser)
    code = last_code()
    for left in (4, 3, 2, 1):
        page = give(browser, "sms_code", code=other_than(code))
        assert page.status_code == 422
        assert ("encore un essai" if left == 1 else f"encore {left} essais") in page.content.decode()
    assert "Ce code ne sert plus" in give(browser, "sms_code", code=other_than(code)).content.decode()
    assert "Ce code ne sert plus" in give(browser, "sms_code", code=code).content.decode()


def test_a_code_serves_once_and_only_where_it_was_asked(browser):
    identify(browser)
    code = last_code()
    stranger = Client()
    assert page_of(give(stranger, "sms_code", code=code)) == reverse("activation")
    give(browser, "sms_code", code=code)
    browser.cookies.clear()
    assert page_of(give(browser, "sms_code", code=code)) == reverse("activation")


def test_a_code_used_expired_or_replaced_is_dead(rf):
    request = rf.post("/", REMOTE_ADDR="127.0.0.1")
    key = codes.send_code(request, NUMBER)
    code = last_code()
    codes.check(key, NUMBER, code)
    with pytest.raises(codes.DeadCode):
        codes.check(key, NUMBER, code)
    with pytest.raises(codes.DeadCode):
        codes.check("another", NUMBER, code)
    second = codes.send_code(request, "+33639980014")
    code = last_code()
    cache.touch(codes._kept(second), 0)
    with pytest.raises(codes.DeadCode):
        codes.check(second, "+33639980014", code)


def test_a_code_for_one_number_is_none_for_another(rf):
    key = codes.send_code(rf.post("/"), NUMBER)
    with pytest.raises(codes.WrongCode):
        codes.check(key, "+33639980014", last_code())


def test_neither_session_nor_queue_holds_the_code(browser):
    identify(browser)
    code = last_code()
    assert code not in SmsMessage.objects.get().sealed
    kept = cache._cache.get_client(None, write=False)
    for name in kept.scan_iter("*"):
        if kept.type(name) == b"string":
            assert code.encode() not in kept.get(name)


# Mass SMS.


def test_one_number_gets_one_sms_a_minute_and_five_an_hour(browser, still_clock):
    identify(browser)
    again = give(browser, "sms_send_again")
    assert again.status_code == 429
    assert int(again.headers["Retry-After"]) <= 60
    for _ in range(5):
        cache.delete(f"sms:pause:{codes._digest(NUMBER)}")
        last = give(browser, "sms_send_again")
    assert last.status_code == 429
    assert SmsMessage.objects.count() == 5


def test_who_is_refused_another_code_reads_what_else_to_do(browser, still_clock):
    identify(browser)
    refused = identify(Client())
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) <= codes.PAUSE
    assert "la lettre de l’école" in refused.text
    for way in ("activation", "family_assistance"):
        assert reverse(way) in refused.text.split("<main")[1].split("</main>")[0]


@pytest.mark.parametrize("limit", ["SMS_ADDRESS_RATE", "SMS_RATE"])
def test_one_address_and_all_together_send_so_many_an_hour(settings, limit, still_clock):
    setattr(settings, limit, 2)
    answers = [identify(Client(), number=f"06 39 98 00 2{n}").status_code for n in range(4)]
    assert answers == [200, 200, 429, 429]
    assert SmsMessage.objects.count() == 2
    if limit == "SMS_ADDRESS_RATE":
        page = Client(REMOTE_ADDR="192.0.2.7").post(reverse("sms_start"), WHO)
        assert page.status_code == 302


def test_another_code_voids_the_former(browser):
    identify(browser)
    former = last_code()
    cache.delete(f"sms:pause:{codes._digest(NUMBER)}")
    give(browser, "sms_send_again")
    if former != last_code():
        assert give(browser, "sms_code", code=former).status_code == 422
    assert page_of(give(browser, "sms_code", code=last_code())) == reverse("sms_children")


def test_the_session_has_another_key_once_proven(browser, settings):
    keys = []
    for step in (identify, lambda each: give(each, "sms_code", code=last_code())):
        step(browser)
        keys.append(browser.cookies[settings.FAMILY_SESSION_COOKIE_NAME].value)
    assert keys[0] != keys[1]


def test_steps_are_taken_in_order(browser):
    for name in ("sms_code", "sms_children", "sms_password", "sms_refused", "sms_active"):
        assert page_of(browser.get(reverse(name), follow=True)) == reverse("activation")
    identify(browser)
    for name in ("sms_children", "sms_refused"):
        assert page_of(browser.get(reverse(name), follow=True)) == reverse("sms_code")
    assert page_of(browser.get(reverse("sms_password"), follow=True)) == reverse("activation")


def test_without_a_gateway_the_way_is_neither_offered_nor_there(browser, settings):
    assert reverse("sms_start") in browser.get(reverse("activation")).content.decode()
    settings.SMS_SPOOL = ""
    assert reverse("sms_start") not in browser.get(reverse("activation")).content.decode()
    assert browser.get(reverse("sms_start")).status_code == 404


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("06.39.98.00.12", NUMBER),
        ("0692 12 34 56", "+262692123456"),
        ("+687 75 12 34", "+687751234"),
        ("01 99 00 12 34", ""),
        ("+44 7911 123456", ""),
        ("n’importe quoi", ""),
    ],
)
def test_mobiles_of_france_and_overseas_are_read(written, read):
    assert mobile(written) == read


def test_a_short_number_without_its_country_is_asked_again(browser):
    with pytest.raises(AmbiguousNumber):
        mobile("75 12 34")
    assert "indicatif" in identify(browser, number="75 12 34").content.decode()
    assert not SmsMessage.objects.exists()
