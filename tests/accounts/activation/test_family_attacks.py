"""What is tried on every way in at once: racing, guessing, planting, forging, looking over the shoulder."""

import json
import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver, reverse

from accounts.activation import hashing, links, mails
from accounts.activation.sms import codes
from accounts.models import Account
from accounts.secrets import open_secret
from accounts.transitions import State
from establishments.models import Event, EventKind, Student
from notifications.keyring import keyring
from notifications.models import Delivery, SmsMessage
from tests.factories import EstablishmentFactory, responsable_account

pytestmark = pytest.mark.django_db

CHOSEN = "Trois-Pommes-Vertes-2026"
NUMBER = "+33639980012"
RECORD = {"surname": "LE GOFF", "given_name": "Anne", "mobile": NUMBER}
FAMILY = settings.FAMILY_SESSION_COOKIE_NAME


@pytest.fixture(autouse=True)
def spool(settings, tmp_path):
    settings.SMS_GATEWAY_URL, settings.SMS_SPOOL = "", str(tmp_path)


def notified(*, born=date(2012, 11, 5), record=RECORD):
    account = responsable_account(EstablishmentFactory.create(), state=State.NOTIFIED, record=record)
    Student.objects.filter(holdings__account=account).update(birth_date=born)
    return account


def give(browser, name, **data):
    return browser.post(reverse(name), data, follow=True)


def last_code():
    sealed = SmsMessage.objects.latest("created_at").sealed
    return re.match(r"\d{6}", json.loads(keyring().decrypt(sealed.encode()))[1])[0]


def by_letter(browser, account):
    """Up to the last step."""
    secret = open_secret(account.sealed_secret)
    give(browser, "activation_identifiers", identifier=account.identifier, password=secret)
    give(browser, "activation_children")
    give(browser, "activation_password", password=CHOSEN, again=CHOSEN)
    give(browser, "activation_mail", mail="parent@example.org")


def end_letter(browser, born="05/11/2012"):
    return browser.post(reverse("activation_birth_date"), {"birth_date": born})


def by_sms(browser, account=None):
    """Up to the last step."""
    give(browser, "sms_start", surname="Le Goff", given_name="Anne", number=NUMBER)
    give(browser, "sms_code", code=last_code())
    give_date(browser, "05/11/2012")


def give_date(browser, born):
    sizes = {"enfant-TOTAL_FORMS": 1, "enfant-INITIAL_FORMS": 0}
    return give(browser, "sms_children", **sizes, **{"enfant-0-birth_date": born})


def end_sms(browser):
    return browser.post(reverse("sms_password"), {"password": CHOSEN, "again": CHOSEN})


WAYS = {"letter": (by_letter, end_letter), "sms": (by_sms, end_sms)}


@pytest.mark.django_db(transaction=True)
def test_of_two_ways_racing_one_activation_one_secret_is_erased_once_and_the_loser_has_a_clear_page():
    account = notified()
    browsers = {"letter": Client(), "sms": Client()}
    for way, browser in browsers.items():
        WAYS[way][0](browser, account)
    barrier = threading.Barrier(2)

    def finish(way):
        barrier.wait()
        answer = WAYS[way][1](browsers[way])
        connection.close()
        return answer.url

    with ThreadPoolExecutor(2) as pool:
        letter, sms = pool.map(finish, ["letter", "sms"])

    account.refresh_from_db()
    begun = Event.objects.filter(kind=EventKind.ACCOUNT_ACTIVATION_STARTED).count()
    assert (account.state, account.sealed_secret, account.pending_mail) == (State.ACTIVE, "", "")
    assert Event.objects.filter(kind=EventKind.ACCOUNT_ACTIVATION_SMS).count() == 1
    assert sms == reverse("sms_done")
    if begun:
        # The letter came first: its link is void once the account is active by the SMS.
        assert letter == reverse("activation_waiting")
        for delivery in Delivery.objects.all():
            with pytest.raises(mails.Undeliverable):
                mails.compose_link(delivery)
        with pytest.raises(links.LinkRefused, match="USED"):
            links.read(links.token_for(account))
    else:
        assert letter == reverse("family_sign_in")
        assert not Delivery.objects.exists()
        assert "déjà activé" in browsers["letter"].get(letter).text


@pytest.mark.django_db(transaction=True)
def test_a_last_answer_sent_twice_at_once_ends_both_times_with_the_identifiant():
    account, browser, twin = notified(), Client(), Client()
    by_sms(browser)
    twin.cookies = browser.cookies
    barrier = threading.Barrier(2)

    def finish(one):
        one.get(reverse("sms_password"))
        barrier.wait()
        answer = one.post(reverse("sms_password"), {"password": CHOSEN, "again": CHOSEN})
        connection.close()
        return answer.url

    with ThreadPoolExecutor(2) as pool:
        led_to = set(pool.map(finish, [browser, twin]))

    account.refresh_from_db()
    assert account.state == State.ACTIVE
    # One which comes once the other has ended finds its steps gone.
    assert reverse("sms_done") in led_to <= {reverse("sms_done"), reverse("activation")}
    assert Event.objects.filter(kind=EventKind.ACCOUNT_ACTIVATION_SMS).count() == 1


@pytest.mark.django_db(transaction=True)
def test_codes_tried_all_at_once_are_five_and_the_right_one_is_dead_after_them():
    key = codes.send_code(RequestFactory().get("/"), NUMBER)
    code = last_code()
    barrier = threading.Barrier(8)

    def guess(number):
        barrier.wait()
        try:
            codes.check(key, NUMBER, f"{(int(code) + 1 + number) % 1_000_000:06d}")
        except (codes.WrongCode, codes.DeadCode) as refused:
            return type(refused)

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(guess, range(8)))

    assert told.count(codes.WrongCode) == codes.TRIES - 1
    assert told.count(codes.DeadCode) == 8 - codes.TRIES + 1
    with pytest.raises(codes.DeadCode):
        codes.check(key, NUMBER, code)


@pytest.mark.parametrize("way", ["letter", "sms"])
def test_the_birth_date_of_a_child_of_another_family_opens_nothing(way):
    account = notified()
    notified(born=date(2014, 1, 1), record={"surname": "AUTRE", "given_name": "Luc"})
    browser = Client()
    if way == "letter":
        by_letter(browser, account)
        page = end_letter(browser, "01/01/2014")
    else:
        give(browser, "sms_start", surname="Le Goff", given_name="Anne", number=NUMBER)
        give(browser, "sms_code", code=last_code())
        page = give_date(browser, "01/01/2014")

    account.refresh_from_db()
    assert (account.state, account.password) == (State.NOTIFIED, "")
    assert end_sms(browser).url != reverse("sms_done")
    assert "2014" not in page.text.split("<form")[0]
    told = Event.objects.filter(kind=EventKind.ACCOUNT_BIRTH_DATE_REFUSED)
    assert {event.target_id for event in told} == {account.pk}


@pytest.mark.parametrize("way", WAYS)
def test_a_session_planted_before_is_worth_nothing_after_the_activation(way):
    account, browser = notified(), Client()
    browser.get(reverse("activation_children"), follow=True)
    planted = {browser.cookies[FAMILY].value}
    WAYS[way][0](browser, account)
    planted.add(browser.cookies[FAMILY].value)

    WAYS[way][1](browser)

    assert browser.cookies[FAMILY].value not in planted
    assert browser.get(reverse("family_home")).status_code in {200, 302}
    for key in planted:
        stranger = Client()
        stranger.cookies[FAMILY] = key
        assert stranger.get(reverse("family_home")).url.startswith(reverse("family_sign_in"))


@pytest.mark.parametrize("name", ["family_sign_in", "activation_identifiers"])
def test_known_or_not_an_identifiant_costs_the_same_questions(name):
    notified_one = notified()
    active = responsable_account(
        EstablishmentFactory.create(), state=State.ACTIVE, password=hashing.hash_password(CHOSEN)
    )
    asked = set()
    for identifier in (notified_one.identifier, active.identifier, "n.existepas"):
        cache.clear()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            give(Client(), name, identifier=identifier, password="faux-mot-de-passe")
        asked.add(tuple(query["sql"].replace(identifier, "…") for query in queries))

    assert len(asked) == 1


def test_the_link_of_a_mail_is_the_site_s_whatever_host_the_family_said(settings):
    settings.PUBLIC_URL = "https://comptes.example.org"
    settings.ALLOWED_HOSTS = ["*"]
    account, browser = notified(), Client(HTTP_HOST="pirate.example.net")
    browser.defaults["HTTP_X_FORWARDED_HOST"] = "pirate.example.net"
    by_letter(browser, account)
    end_letter(browser)

    mail = mails.compose_link(Delivery.objects.get())

    assert "pirate" not in mail.text + mail.html
    assert "https://comptes.example.org/activation/confirmer/" in mail.text


def test_an_address_which_holds_a_header_is_refused():
    account, browser = notified(), Client()
    by_letter(browser, account)
    for mail in ("a@example.org\r\nBcc: b@example.net", "a@example.org,b@example.net", "<a@example.org>"):
        give(browser, "activation_mail", mail=mail)
    end_letter(browser)

    assert [each.recipient for each in Delivery.objects.all()] == ["parent@example.org"]


def pages():
    """Each address of families which takes no argument."""
    for name, entries in get_resolver().reverse_dict.lists():
        if not isinstance(name, str):
            continue
        for [(path, arguments)], *_ in entries:
            if not arguments and f"/{path}".startswith(settings.FAMILY_PATHS):
                yield name


def test_no_page_of_families_is_kept_listed_or_framed_and_its_cookie_is_the_browser_s_alone():
    account, browser = notified(), Client()
    by_letter(browser, account)
    end_letter(browser)
    names = sorted(set(pages()))
    assert len(names) > 25

    for name in names:
        page = browser.get(reverse(name))
        if page.status_code in {200, 302}:
            assert "no-store" in page["Cache-Control"], name
            assert page["X-Robots-Tag"] == "noindex, nofollow", name
        assert "frame-ancestors 'none'" in page["Content-Security-Policy"], name
        assert not urlsplit(page.headers.get("Location", "")).netloc, name
    for cookie in (settings.FAMILY_SESSION_COOKIE_NAME, settings.FAMILY_DEVICE_COOKIE_NAME):
        kept = browser.cookies[cookie]
        assert (kept["httponly"], kept["samesite"], kept["path"], kept["domain"]) == (True, "Lax", "/", "")
    assert not browser.cookies[FAMILY]["max-age"]


def test_over_https_the_cookies_are_secure(settings):
    settings.INSECURE_HTTP = False
    account, browser = notified(), Client()
    by_letter(browser, account)
    end_letter(browser)

    for cookie in (settings.FAMILY_SESSION_COOKIE_NAME, settings.FAMILY_DEVICE_COOKIE_NAME):
        assert browser.cookies[cookie]["secure"]


def test_no_log_says_who_came_with_what(caplog):
    caplog.set_level(logging.DEBUG)
    account = notified()
    secret = open_secret(account.sealed_secret)
    browser = Client()
    by_letter(browser, account)
    end_letter(browser, "01/01/2001")
    by_sms(browser)
    code = last_code()
    end_sms(browser)
    give(Client(), "family_sign_in", identifier=account.identifier, password="faux-mot-de-passe")

    ours = [each for each in caplog.records if not each.name.startswith(("django.db", "factory", "faker"))]
    told = "\n".join(each.getMessage() for each in ours)
    for word in (
        account.identifier,
        secret,
        NUMBER,
        "39980012",
        code,
        "05/11/2012",
        CHOSEN,
        "LE GOFF",
        "faux-mot",
    ):
        assert word.lower() not in told.lower(), word
    assert Account.objects.get().state == State.ACTIVE
