"""Keeping an account: what a family changes, what it is told, what it finds again, and what attackers try."""

import json
import re
from datetime import timedelta

import pytest
from django.conf import settings as site
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import mailing
from accounts.activation import hashing, session
from accounts.activation.keeping import recovering
from accounts.models import Account, FamilyLink, FamilySession, RecoveryRequest
from accounts.secrets import draw_secret, expiry_from, seal_secret
from accounts.tasks import sweep_family_sessions
from accounts.transitions import State
from establishments.models import Event, EventKind
from notifications import sending
from notifications.keyring import keyring
from notifications.models import Delivery, SmsMessage
from tests.factories import EstablishmentFactory, responsable_account

pytestmark = pytest.mark.django_db

CHOSEN, NEW = "Trois-Pommes-Vertes-2026", "Quatre-Poires-Jaunes-7"
MAIL, NUMBER = "anne@example.org", "+33639980012"
RECORD = {"surname": "LE GOFF", "given_name": "Anne Marie"}
FAMILY = site.FAMILY_SESSION_COOKIE_NAME


@pytest.fixture(autouse=True)
def spool(settings, tmp_path):
    settings.SMS_GATEWAY_URL, settings.SMS_SPOOL = "", str(tmp_path)


@pytest.fixture
def school():
    return EstablishmentFactory.create()


@pytest.fixture
def account(school):
    return responsable_account(
        school,
        record=RECORD,
        state=State.ACTIVE,
        password=hashing.hash_password(CHOSEN),
        mail=MAIL,
        mobile=NUMBER,
    )


@pytest.fixture
def browser(account):
    return signed_in(account)


def signed_in(account, password=CHOSEN):
    browser = Client()
    given = {"identifier": account.identifier, "password": password}
    assert browser.post(reverse("family_sign_in"), given).status_code == 302
    return browser


def is_in(browser):
    return browser.get(reverse("family_home")).status_code == 200


def opens(account, password):
    given = {"identifier": account.identifier, "password": password}
    return Client().post(reverse("family_sign_in"), given).status_code == 302


def give(browser, name, follow=True, **data):
    return browser.post(reverse(name), data, follow=follow)


def kinds(account):
    told = Event.objects.filter(target_kind="account", target_id=account.pk, actor=Event.Actor.FAMILY)
    return list(told.order_by("pk").values_list("kind", flat=True))


def mails(mail_server):
    """Those which arrived since the last time, as (recipient, text)."""
    sending.send_due(mailing.Composer())
    arrived, mail_server.received[:] = list(mail_server.received), []
    return [(each.recipient, each.text) for each in arrived]


def link_in(text):
    return re.search(r"http://[^/]+(/compte/\S+)", text)[1]


def texts():
    waiting = SmsMessage.objects.order_by("created_at").exclude(sealed="")
    return [json.loads(keyring().decrypt(each.encode())) for each in waiting.values_list("sealed", flat=True)]


def answer_all():
    """As workers do."""
    for pk in RecoveryRequest.objects.values_list("pk", flat=True):
        recovering.answer(pk)


def page_of(response):
    return response.redirect_chain[-1][0] if response.redirect_chain else response.request["PATH_INFO"]


def heading(response):
    return re.search(r"<h1[^>]*>\s*(.*?)\s*</h1>", response.text, re.DOTALL)[1]


def lose_password(browser, account, reach=MAIL):
    return give(browser, "family_lost_password", identifier=account.identifier, reach=reach)


def test_the_home_page_has_a_card_for_each_thing_of_the_account(browser, account):
    page = browser.get(reverse("family_home")).text

    for told in (account.identifier, "Mes enfants", MAIL, "06 39 98 00 12", "Mot de passe", "Mes connexions"):
        assert told in page


# Mail


def test_a_new_address_is_confirmed_there_and_told_to_the_former(browser, account, mail_server):
    page = give(browser, "family_mail", mail="neuve@example.org")

    assert page_of(page) == reverse("family_mail_sent")
    assert Account.objects.get().mail == MAIL
    assert "neuve@example.org attend d’être confirmée" in browser.get(reverse("family_home")).text
    [(recipient, text)] = mails(mail_server)
    assert recipient == "neuve@example.org"
    scanner = Client()
    assert "Se déconnecter" not in browser.get(link_in(text)).text
    assert "neuve@example.org" in scanner.get(link_in(text)).text
    assert Account.objects.get().mail == MAIL
    assert heading(scanner.post(link_in(text), follow=True)) == "Votre adresse mail est changée"
    assert Account.objects.get().mail == "neuve@example.org"
    [(recipient, text)] = mails(mail_server)
    assert recipient == MAIL
    assert "remplacée par une autre" in text
    assert "neuve@" not in text
    assert kinds(account) == [EventKind.ACCOUNT_MAIL_CHANGED]
    assert is_in(browser)


def test_a_link_serves_once_and_the_next_one_voids_it(browser, mail_server):
    give(browser, "family_mail", mail="une@example.org")
    give(browser, "family_mail", mail="deux@example.org")
    [first] = [link_in(text) for to, text in mails(mail_server) if to == "deux@example.org"]
    give(browser, "family_mail", mail="trois@example.org")
    [(_, text)] = mails(mail_server)

    assert "remplacé" in heading(Client().post(first))
    Client().post(link_in(text))
    assert Account.objects.get().mail == "trois@example.org"
    again = Client().post(link_in(text))
    assert (again.status_code, heading(again)) == (410, "Ce lien ne sert plus")


@pytest.mark.parametrize("what", ["expired", "password changed", "given up"])
def test_a_link_dies_with_time_with_the_password_and_when_given_up(browser, account, mail_server, what):
    give(browser, "family_mail", mail="neuve@example.org")
    [(_, text)] = mails(mail_server)
    if what == "expired":
        FamilyLink.objects.update(asked_at=timezone.now() - site.NEW_MAIL_LINK_LIFETIME)
    elif what == "password changed":
        give(browser, "family_password", current=CHOSEN, password=NEW, again=NEW)
    else:
        give(browser, "family_mail_given_up")

    assert Client().post(link_in(text)).status_code == 410
    assert Account.objects.get().mail == MAIL


def test_a_link_of_one_purpose_opens_no_other_and_a_forged_one_nothing(browser, account, mail_server):
    give(browser, "family_mail", mail="neuve@example.org")
    [(_, text)] = mails(mail_server)
    token = link_in(text).rstrip("/").rpartition("/")[2]

    assert Client().get(reverse("family_recover", args=[token])).status_code == 410
    for forged in (token[:-2] + "xx", "x", token.replace(":", "/", 1)[:9]):
        assert (
            Client().post(reverse("family_confirm_mail", args=[forged.replace("/", "")])).status_code == 410
        )
    assert Account.objects.get().mail == MAIL


def test_one_address_is_not_written_to_again_at_once(browser, still_clock):
    give(browser, "family_mail", mail="voisin@example.org")
    again = give(browser, "family_mail_again")

    assert again.status_code == 429
    assert Delivery.objects.count() == 1


def test_many_addresses_are_not_written_to_from_one_account(browser, still_clock):
    answers = [
        give(browser, "family_mail", follow=False, mail=f"v{n}@example.org").status_code for n in range(9)
    ]

    assert 429 in answers
    assert Delivery.objects.count() == answers.count(302) < 7


# Mobile


def test_a_new_mobile_is_proved_by_its_code_and_told(browser, account, mail_server):
    give(browser, "family_mobile", number="06 39 98 55 55")
    [[number, words]] = texts()
    assert number == "+33639985555"
    assert "n’est pas le code" in give(browser, "family_mobile_code", code="000000").text

    page = give(browser, "family_mobile_code", code=words[:6])

    assert "Votre numéro de portable est changé" in page.text
    assert Account.objects.get().mobile == "+33639985555"
    assert texts()[-1][0] == NUMBER
    [(recipient, text)] = mails(mail_server)
    assert (recipient, "portable" in text) == (MAIL, True)
    assert kinds(account) == [EventKind.ACCOUNT_MOBILE_CHANGED]
    assert page_of(give(browser, "family_mobile_code", code=words[:6])) == reverse("family_mobile")


def test_five_wrong_codes_and_another_must_be_asked_for(browser):
    give(browser, "family_mobile", number="06 39 98 55 55")
    good = texts()[0][1][:6]
    wrong = f"{(int(good) + 1) % 1_000_000:06d}"
    for _ in range(5):
        page = give(browser, "family_mobile_code", code=wrong)

    assert page_of(page) == reverse("family_mobile")
    give(browser, "family_mobile_code", code=good)
    assert Account.objects.get().mobile == NUMBER


def test_without_a_gateway_no_page_speaks_of_sms(browser, settings):
    settings.SMS_SPOOL = ""

    assert browser.get(reverse("family_mobile")).status_code == 404
    assert "portable" not in browser.get(reverse("family_home")).text
    assert "Adresse mail ou téléphone" not in browser.get(reverse("family_lost_password")).text


# Password


def test_a_changed_password_ends_the_other_sessions_and_is_told(browser, account, mail_server):
    elsewhere = signed_in(account)
    page = give(browser, "family_password", current=CHOSEN, password=NEW, again=NEW)

    assert "Votre mot de passe est changé" in page.text
    assert is_in(browser)
    assert not is_in(elsewhere)
    assert opens(account, NEW)
    assert not opens(account, CHOSEN)
    assert [to for to, _ in mails(mail_server)] == [MAIL]
    assert kinds(account) == [EventKind.ACCOUNT_PASSWORD_CHOSEN]


def test_the_current_password_is_asked_and_guessing_it_waits(browser, still_clock):
    answers = [
        give(browser, "family_password", current=f"faux{n}", password=NEW, again=NEW).status_code
        for n in range(8)
    ]

    assert answers[:5] == [422] * 5
    assert 429 in answers
    assert Event.objects.count() == 0


@pytest.mark.parametrize("name", ["family_mail", "family_mobile", "family_password", "family_add_child"])
def test_what_matters_asks_the_password_again_after_a_while(browser, settings, name):
    settings.FAMILY_PROOF_LIFETIME = timedelta(0)
    asked = browser.get(reverse(name))
    assert asked.url == f"{reverse('family_proof')}?suite={reverse(name)}"
    assert give(browser, name, mail="neuve@example.org", follow=False).url == asked.url
    assert "n’est pas le mot de passe" in give(browser, "family_proof", password="faux").text

    settings.FAMILY_PROOF_LIFETIME = timedelta(minutes=10)
    proved = give(browser, "family_proof", password=CHOSEN, suite=reverse(name))
    assert page_of(proved) == reverse(name)


def test_where_one_was_going_opens_once_the_password_is_given_again(browser, settings):
    give(browser, "family_mail", mail="neuve@example.org")
    give(browser, "family_mobile", number="06 39 98 55 55")
    settings.FAMILY_PROOF_LIFETIME = timedelta(0)
    for name in ("family_mobile_code", "family_add_confirm", "family_mail_again", "family_mail_given_up"):
        asked = browser.post(reverse(name))
        if asked.status_code == 302 and asked.url.startswith(reverse("family_proof")):
            assert browser.get(asked.url.partition("?suite=")[2]).status_code in {200, 302}, name


def test_an_account_without_password_signs_in_again_and_may_choose_one(account, settings, rf):
    browser = signed_in(account)
    Account.objects.update(password="", franceconnect_sub="sub")
    kept = session.SessionStore(browser.cookies[FAMILY].value)
    kept["family_stamp"] = session.stamp_of(Account.objects.get())
    kept.save()

    give(browser, "family_password", password=NEW, again=NEW)
    assert opens(account, NEW)
    Account.objects.update(password="")
    kept = session.SessionStore(browser.cookies[FAMILY].value)
    kept["family_stamp"] = session.stamp_of(Account.objects.get())
    kept.save()
    settings.FAMILY_PROOF_LIFETIME = timedelta(0)
    page = browser.get(reverse("family_mail"), follow=True)
    assert "n’a pas de mot de passe" in page.text
    again = browser.post(reverse("family_proof"), {"suite": reverse("family_mail")})
    assert again.url == f"{reverse('family_sign_in')}?suite={reverse('family_mail')}"
    assert not is_in(browser)


def test_after_a_reset_no_page_opens_before_a_new_password(account):
    secret, now = draw_secret(), timezone.now()
    Account.objects.update(
        password="",
        sealed_secret=seal_secret(secret),
        secret_drawn_at=now,
        secret_expires_at=expiry_from(now, timezone.get_default_timezone()),
        reset_requested_at=now,
    )
    browser = signed_in(account, secret)

    for name in ("family_home", "family_mail", "family_children", "family_connections", "family_password"):
        assert browser.get(reverse(name)).url.startswith(reverse("family_sign_in"))
    give(browser, "family_choose_password", password=NEW, again=NEW)
    assert is_in(browser)


# Lost


def test_a_lost_password_is_chosen_again_by_the_mailed_link_once(account, mail_server):
    elsewhere = signed_in(account)
    assert page_of(lose_password(Client(), account, "Anne@Example.org")) == reverse("family_lost_sent")
    answer_all()
    [(recipient, text)] = mails(mail_server)
    assert recipient == MAIL
    address = link_in(text)

    phone = Client()
    assert account.identifier in phone.get(address).text
    assert phone.post(address, {"password": "court", "again": "court"}).status_code == 422
    page = phone.post(address, {"password": NEW, "again": NEW}, follow=True)

    assert heading(page) == "Votre mot de passe est changé"
    assert FAMILY not in phone.cookies
    assert opens(account, NEW)
    assert not is_in(elsewhere)
    assert phone.post(address, {"password": CHOSEN, "again": CHOSEN}).status_code == 410
    assert [to for to, _ in mails(mail_server)] == [MAIL]
    assert kinds(account) == [EventKind.ACCOUNT_RECOVERY_ASKED, EventKind.ACCOUNT_PASSWORD_CHOSEN]
    assert not RecoveryRequest.objects.exists()


def test_a_lost_password_is_chosen_again_by_the_code_of_an_sms(account):
    phone = Client()
    assert page_of(lose_password(phone, account, "06 39 98 00 12")) == reverse("family_lost_code")
    answer_all()
    [[number, words]] = texts()
    assert number == NUMBER
    assert "pas le code" in give(phone, "family_lost_code", code="000000").text
    assert page_of(give(phone, "family_lost_code", code=words[:6])) == reverse("family_lost_choose")

    page = give(phone, "family_lost_choose", password=NEW, again=NEW)

    assert heading(page) == "Votre mot de passe est changé"
    assert opens(account, NEW)
    assert page_of(phone.get(reverse("family_lost_choose"), follow=True)) == reverse("family_lost_password")


def test_lost_identifiants_go_to_the_validated_address_or_mobile(account, school, mail_server):
    twin = responsable_account(school, record=RECORD, state=State.ACTIVE, password="h", mail=MAIL)
    responsable_account(
        school, record={"surname": "AUTRE", "given_name": "Luc"}, state=State.ACTIVE, password="h", mail=MAIL
    )
    who = {"surname": "le goff", "given_name": "anne"}

    assert page_of(give(Client(), "family_lost_identifier", **who, reach=MAIL)) == reverse("family_lost_sent")
    answer_all()
    cache.delete(f"identifiers-told:{account.pk}")
    give(Client(), "family_lost_identifier", **who, reach="0639980012")
    answer_all()

    [(recipient, text)] = mails(mail_server)
    assert recipient == MAIL
    told = text.partition("Connectez")[0]
    assert account.identifier in told
    assert twin.identifier in told
    assert len(re.findall(r"\w\.\w+", told)) == 2
    [[number, words]] = texts()
    assert (number, account.identifier in words) == (NUMBER, True)


def lost_by(case, account):
    """(identifiant, reach) of one who is known, and of those who are not."""
    return {
        "known": (account.identifier, MAIL),
        "no such account": ("n.existepas", MAIL),
        "other address": (account.identifier, "autre@example.org"),
        "known by sms": (account.identifier, NUMBER),
        "other number": (account.identifier, "06 39 98 77 77"),
        "no such account by sms": ("n.existepas", NUMBER),
    }[case]


@pytest.mark.parametrize(
    ("known", "unknown"),
    [
        ("known", "no such account"),
        ("known", "other address"),
        ("known by sms", "no such account by sms"),
        ("known by sms", "other number"),
    ],
)
def test_words_and_work_are_the_same_whether_or_not_the_account_exists(
    account, known, unknown, django_assert_num_queries
):
    answers = []
    for case in (known, unknown):
        cache.clear()
        identifier, reach = lost_by(case, account)
        browser = Client()
        with django_assert_num_queries(3, exact=True):
            first = browser.post(reverse("family_lost_password"), {"identifier": identifier, "reach": reach})
        page = browser.get(first.url)
        words = re.sub(r"csrf\S+ value=\S+|06[\d\s\u00a0\u202f]+", "", page.text)
        answers.append((first.status_code, first.url, words.replace(" 77 77", "")))

    assert answers[0] == answers[1]
    assert RecoveryRequest.objects.count() == 2


@pytest.mark.parametrize("reach", [MAIL, NUMBER])
def test_a_lost_identifiant_is_answered_alike_to_those_who_have_none(
    account, reach, django_assert_num_queries
):
    answers = []
    for surname in ("Le Goff", "Personne"):
        cache.clear()
        browser = Client()
        who = {"surname": surname, "given_name": "Anne", "reach": reach}
        with django_assert_num_queries(3, exact=True):
            first = browser.post(reverse("family_lost_identifier"), who)
        answers.append((first.status_code, first.url, browser.get(first.url).text))

    assert answers[0] == answers[1]


@pytest.mark.parametrize("case", ["no such account", "other address", "other number"])
def test_nobody_else_is_ever_written_to(account, case):
    identifier, reach = lost_by(case, account)
    give(Client(), "family_lost_password", identifier=identifier, reach=reach)
    give(Client(), "family_lost_identifier", surname="Personne", given_name="Anne", reach=reach)
    answer_all()

    assert (Delivery.objects.count(), SmsMessage.objects.count(), Event.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("state", [State.NOT_NOTIFIED, State.NOTIFIED, State.ACTIVATING])
def test_nothing_leaves_for_an_account_which_is_not_active_and_the_page_says_who_to_ask(school, state):
    account = responsable_account(school, record=RECORD | {"mail": MAIL}, state=state)
    page = lose_password(Client(), account)
    answer_all()

    assert "demandez à l’école ou à l’établissement" in page.text
    assert not Delivery.objects.exists()


def test_an_account_is_not_bombed_with_mails_from_anywhere(account, mail_server, still_clock):
    strangers = [Client(REMOTE_ADDR=f"203.0.113.{n}") for n in range(12)]
    statuses = [lose_password(browser, account).status_code for browser in strangers]
    answer_all()

    assert statuses[:8] == [200] * 8
    assert 429 in statuses
    assert len(mails(mail_server)) == 1


def test_identifiants_are_told_once_however_many_ask(account, mail_server):
    for n in range(5):
        browser = Client(REMOTE_ADDR=f"203.0.113.{n}")
        give(browser, "family_lost_identifier", surname="Le Goff", given_name="Anne", reach=MAIL)
    answer_all()

    assert len(mails(mail_server)) == 1


def test_one_browser_asks_once_a_minute_and_a_known_one_is_not_slowed_by_strangers(account, still_clock):
    known = signed_in(account)
    give(known, "family_sign_out")
    for n in range(12):
        lose_password(Client(REMOTE_ADDR=f"203.0.113.{n}"), account, f"v{n}@example.org")

    assert lose_password(known, account).status_code == 200
    again = lose_password(known, account)
    assert again.status_code == 429
    assert 0 < int(again["Retry-After"]) <= 60


def test_a_reset_by_a_school_voids_the_link_of_a_lost_password(account, mail_server):
    lose_password(Client(), account)
    answer_all()
    [(_, text)] = mails(mail_server)
    now = timezone.now()
    Account.objects.update(
        password="",
        sealed_secret=seal_secret(draw_secret()),
        secret_drawn_at=now,
        secret_expires_at=now + timedelta(days=90),
        reset_requested_at=now,
    )

    assert Client().get(link_in(text)).status_code == 410


def test_a_code_of_one_browser_opens_nothing_in_another(account):
    phone, attacker = Client(), Client()
    lose_password(phone, account, NUMBER)
    answer_all()
    good = texts()[0][1][:6]

    assert page_of(give(attacker, "family_lost_code", code=good)) == reverse("family_lost_password")
    assert page_of(attacker.get(reverse("family_lost_choose"), follow=True)) == reverse(
        "family_lost_password"
    )
    give(phone, "family_lost_code", code=good)
    Account.objects.update(password=hashing.hash_password(NEW))
    assert page_of(give(phone, "family_lost_choose", password=CHOSEN, again=CHOSEN)) == reverse(
        "family_lost_password"
    )


def test_a_request_which_waited_too_long_is_forgotten(account):
    lose_password(Client(), account)
    RecoveryRequest.objects.update(created_at=timezone.now() - recovering.LIFETIME - timedelta(minutes=1))

    assert MAIL not in RecoveryRequest.objects.get().sealed
    answer_all()
    assert not Delivery.objects.exists()
    assert not RecoveryRequest.objects.exists()


# Sessions


def test_one_session_is_closed_from_another_and_the_last_ones_are_told(browser, account):
    elsewhere, third = signed_in(account), signed_in(account)
    page = browser.get(reverse("family_connections"))
    assert page.text.count("Cet appareil") == 1
    rows = FamilySession.objects.order_by("pk")

    browser.post(reverse("family_end_session", args=[rows[1].pk]))
    assert (is_in(elsewhere), is_in(third), is_in(browser)) == (False, True, True)
    give(browser, "family_end_others")
    assert (is_in(third), is_in(browser)) == (False, True)
    told = browser.get(reverse("family_connections")).text
    assert "Aucun autre appareil" in told
    assert "Dernières connexions" in told


def test_the_sessions_of_another_account_are_out_of_reach(browser, school):
    other = responsable_account(school, state=State.ACTIVE, password=hashing.hash_password(CHOSEN))
    theirs = signed_in(other)
    row = FamilySession.objects.get(account=other)

    browser.post(reverse("family_end_session", args=[row.pk]))
    give(browser, "family_end_others")

    assert is_in(theirs)


def test_old_sessions_are_forgotten(account):
    signed_in(account)
    FamilySession.objects.update(opened_at=timezone.now() - site.FAMILY_SIGN_INS_KEPT - timedelta(hours=1))

    assert session.sweep() == 1


def test_where_old_links_went_is_forgotten_and_their_numbers_never_serve_again(browser, account, mail_server):
    give(browser, "family_mail", mail="neuve@example.org")
    [(_, text)] = mails(mail_server)
    FamilyLink.objects.update(asked_at=timezone.now() - site.FAMILY_SIGN_INS_KEPT - timedelta(days=1))
    sweep_family_sessions()
    link = FamilyLink.objects.get()
    assert (link.mail, link.stamp) == ("", "")

    give(browser, "family_mail", mail="autre@example.org")
    assert "remplacé" in heading(Client().post(link_in(text)))


def test_an_account_being_activated_keeps_nothing_yet(school):
    account = responsable_account(
        school, state=State.ACTIVATING, password=hashing.hash_password(CHOSEN), pending_mail="p@example.org"
    )
    browser = signed_in(account)

    for name in ("family_mail", "family_password", "family_children", "family_connections"):
        assert browser.get(reverse(name), follow=True).request["PATH_INFO"] == reverse("activation_waiting")
