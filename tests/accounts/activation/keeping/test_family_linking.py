"""FranceConnect in « Mon compte », by a real provider: linked to one's own account alone, and taken back."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import settings as site
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import mailing
from accounts.activation import hashing
from accounts.activation.federated import linking
from accounts.activation.federated.franceconnect import Taken
from accounts.activation.federated.linking import ToLink
from accounts.activation.session import SessionStore
from accounts.models import Account
from accounts.transitions import State
from establishments.models import Event, EventKind
from notifications import sending
from tests.factories import EstablishmentFactory, responsable_account, student_account
from tests.signing_provider import SECRET

pytestmark = pytest.mark.django_db

CHOSEN = "Trois-Pommes-Vertes-2026"
MAIL = "anne@example.org"
RECORD = {"surname": "LE GOFF", "given_name": "Anne Marie"}
NAMES = {"surnames": ["LE GOFF"], "given_names": ["Anne"]}
LINKED, UNLINKED = EventKind.ACCOUNT_FRANCECONNECT_LINKED, EventKind.ACCOUNT_FRANCECONNECT_UNLINKED
PAGES = ["family_franceconnect", "family_franceconnect_confirm", "family_franceconnect_unlink"]


@pytest.fixture(autouse=True)
def franceconnect(settings, signing):
    settings.FRANCECONNECT_ISSUER = signing.url
    settings.FRANCECONNECT_CLIENT_ID, settings.FRANCECONNECT_CLIENT_SECRET = "console", SECRET
    cache.clear()
    signing.knows("sub-1", given_name="Anne Marie", family_name="LE GOFF", preferred_username="")
    return signing


@pytest.fixture
def school():
    return EstablishmentFactory.create()


@pytest.fixture
def account(school):
    return active(school, mail=MAIL, identifier="a.legoff")


@pytest.fixture
def browser(account):
    return signed_in(account)


def active(school, record=RECORD, **fields):
    fields = {"password": hashing.hash_password(CHOSEN)} | fields
    return responsable_account(school, record=record, state=State.ACTIVE, **fields)


def signed_in(account):
    browser = Client()
    given = {"identifier": account.identifier, "password": CHOSEN}
    assert browser.post(reverse("family_sign_in"), given).status_code == 302
    return browser


def leave(browser):
    return browser.post(reverse("family_franceconnect_link")).context["address"]


def come_back(browser, provider):
    return browser.get(provider.follow(leave(browser)), follow=True)


def press(browser, name):
    return browser.post(reverse(name), follow=True)


def sub_of(account):
    return Account.objects.get(pk=account.pk).franceconnect_sub


def kinds(account):
    told = Event.objects.filter(target_kind="account", target_id=account.pk, actor=Event.Actor.FAMILY)
    return list(told.order_by("pk").values_list("kind", flat=True))


def mails(mail_server):
    sending.send_due(mailing.Composer())
    arrived, mail_server.received[:] = list(mail_server.received), []
    return [(each.recipient, each.text) for each in arrived]


def card(browser):
    page = browser.get(reverse("family_home"))
    return next((each.detail for each in page.context["cards"] if each.title == "FranceConnect"), None)


def test_it_is_linked_by_a_button_after_the_return_then_opens_the_account(
    browser, account, franceconnect, mail_server
):
    assert card(browser) == "Votre compte n’est pas lié à FranceConnect"

    asked = come_back(browser, franceconnect)
    assert "Anne Marie LE GOFF" in asked.text
    assert (sub_of(account), kinds(account)) == (None, [])

    done = press(browser, "family_franceconnect_confirm")
    assert "FranceConnect est lié à votre compte" in done.text
    assert (sub_of(account), kinds(account)) == ("sub-1", [LINKED])
    [(recipient, text)] = mails(mail_server)
    assert (recipient, "votre compte a été lié à FranceConnect" in text) == (MAIL, True)
    assert card(browser) == f"Votre compte est lié à FranceConnect depuis le {timezone.localtime():%d/%m/%Y}"

    other = Client()
    straight = other.get(franceconnect.follow(other.post(reverse("franceconnect")).context["address"]))
    assert straight.url == reverse("family_home")


def test_its_button_pressed_twice_links_once(browser, account, franceconnect):
    come_back(browser, franceconnect)
    press(browser, "family_franceconnect_confirm")
    again = press(browser, "family_franceconnect_confirm")

    assert again.request["PATH_INFO"] == reverse("family_franceconnect")
    assert kinds(account) == [LINKED]
    assert linking.link(ToLink(account.pk, "sub-1", NAMES, 0)) is False


def test_an_identity_of_another_account_stays_there(browser, account, school, franceconnect):
    other = active(school, identifier="a.legoff1", franceconnect_sub="sub-1")

    refused = come_back(browser, franceconnect)

    assert refused.status_code == 403
    assert "liée à un autre compte" in refused.text
    assert other.identifier not in refused.text
    press(browser, "family_franceconnect_confirm")
    assert (sub_of(account), sub_of(other), kinds(account)) == (None, "sub-1", [])


def test_an_identity_taken_while_the_page_was_open_is_refused(browser, account, school, franceconnect):
    come_back(browser, franceconnect)
    active(school, identifier="a.legoff1", franceconnect_sub="sub-1")

    refused = press(browser, "family_franceconnect_confirm")

    assert (refused.status_code, "liée à un autre compte" in refused.text) == (403, True)
    assert sub_of(account) is None


def test_an_account_linked_meanwhile_keeps_its_identity(browser, account, franceconnect):
    come_back(browser, franceconnect)
    Account.objects.filter(pk=account.pk).update(franceconnect_sub="sub-2")

    page = press(browser, "family_franceconnect_confirm")

    assert page.request["PATH_INFO"] == reverse("family_franceconnect")
    assert (sub_of(account), kinds(account)) == ("sub-2", [])
    with pytest.raises(Taken):
        linking.link(ToLink(account.pk, "sub-1", NAMES, 0))


def test_somebody_else_is_not_linked(browser, account, franceconnect):
    franceconnect.knows("sub-9", given_name="Bertrand", family_name="LE GOFF", preferred_username="")

    refused = come_back(browser, franceconnect)

    assert (refused.status_code, "à un autre nom" in refused.text) == (403, True)
    press(browser, "family_franceconnect_confirm")
    assert (sub_of(account), kinds(account)) == (None, [])


def test_the_answer_is_for_the_account_which_asked_alone(browser, account, school, franceconnect):
    """Neither in another browser, nor where what the first one keeps of its departure was planted."""
    other = active(school, identifier="a.legoff1")
    theirs = signed_in(other)
    answer = franceconnect.follow(leave(browser))
    journeys = SessionStore(browser.cookies[site.FAMILY_SESSION_COOKIE_NAME].value)["openid"]
    planted = SessionStore(theirs.cookies[site.FAMILY_SESSION_COOKIE_NAME].value)

    assert theirs.get(answer).status_code == 400
    planted["openid"] = journeys
    planted.save()
    assert theirs.get(answer).status_code == 400
    theirs.post(reverse("family_franceconnect_confirm"))
    assert (sub_of(account), sub_of(other)) == (None, None)


def test_it_is_lost_when_another_account_signs_in_meanwhile(browser, account, school, franceconnect):
    other = active(school, identifier="a.legoff1")
    answer = franceconnect.follow(leave(browser))
    browser.post(reverse("family_sign_out"))
    browser.post(reverse("family_sign_in"), {"identifier": other.identifier, "password": CHOSEN})

    assert browser.get(answer).status_code == 400
    assert (sub_of(account), sub_of(other)) == (None, None)


def test_the_answer_serves_once(browser, franceconnect):
    answer = franceconnect.follow(leave(browser))
    assert browser.get(answer).status_code == 302
    assert browser.get(answer).status_code == 400


@pytest.mark.parametrize("fault", ["id_token other nonce", "id_token lower level", "userinfo other subject"])
def test_an_answer_which_does_not_hold_links_nothing(browser, account, franceconnect, fault):
    franceconnect.fails(fault)
    assert browser.get(franceconnect.follow(leave(browser))).status_code == 502
    press(browser, "family_franceconnect_confirm")
    assert sub_of(account) is None


def test_giving_up_there_leads_back_to_the_account(browser, account, franceconnect):
    franceconnect.fails("given up")
    page = browser.get(franceconnect.follow(leave(browser)))
    assert "Vous avez interrompu l’identification" in page.text
    assert page.context["start"] == reverse("family_franceconnect")
    assert "Revenir à mon compte" in page.text


def test_who_came_back_waits_a_quarter_of_an_hour_at_most(browser, account, franceconnect):
    come_back(browser, franceconnect)
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        press(browser, "family_franceconnect_confirm")
    assert sub_of(account) is None


def test_signing_out_after_it_leaves_franceconnect_too(browser, franceconnect):
    come_back(browser, franceconnect)
    out = browser.post(reverse("family_sign_out"))
    assert out.context["address"].startswith(franceconnect.url)


def test_it_is_taken_back_by_a_button_told_and_opens_no_more(school, franceconnect, mail_server):
    account = active(school, mail=MAIL, franceconnect_sub="sub-1")
    browser, elsewhere = signed_in(account), signed_in(account)
    assert card(browser) == "Votre compte est lié à FranceConnect"
    asked = browser.get(reverse("family_franceconnect_unlink"))
    assert "Délier FranceConnect ?" in asked.text.replace("\u202f", " ")
    assert sub_of(account) == "sub-1"

    done = press(browser, "family_franceconnect_unlink")

    assert "FranceConnect n’est plus lié à votre compte" in done.text
    assert (sub_of(account), kinds(account)) == (None, [UNLINKED])
    [(recipient, text)] = mails(mail_server)
    assert (recipient, "votre compte a été délié de FranceConnect" in text) == (MAIL, True)
    assert elsewhere.get(reverse("family_home")).status_code == 302
    other = Client()
    back = other.get(franceconnect.follow(other.post(reverse("franceconnect")).context["address"]))
    assert back.url == reverse("franceconnect_mobile")


def test_without_a_password_it_stays_and_one_is_offered(school, franceconnect):
    account = active(school, password="", franceconnect_sub="sub-1")
    browser = Client()
    browser.get(franceconnect.follow(browser.post(reverse("franceconnect")).context["address"]))

    name = "family_franceconnect_unlink"
    for answer, status in ((browser.get(reverse(name)), 200), (press(browser, name), 403)):
        assert answer.status_code == status
        assert "Choisissez d’abord un mot de passe" in answer.text
        assert reverse("family_password") in answer.text
    assert (sub_of(account), kinds(account)) == ("sub-1", [])

    browser.post(reverse("family_password"), {"password": CHOSEN, "again": CHOSEN})
    press(browser, "family_franceconnect_unlink")
    assert sub_of(account) is None
    assert signed_in(account).get(reverse("family_home")).status_code == 200


def test_a_password_lost_meanwhile_keeps_it_linked(account):
    Account.objects.filter(pk=account.pk).update(password="", franceconnect_sub="sub-1")
    with pytest.raises(linking.NoPassword):
        linking.unlink(account)


def test_linked_again_its_date_is_that_of_the_last_time(account):
    to_link = ToLink(account.pk, "sub-1", NAMES, 0)
    days = []
    for day in ("2026-03-02T08:00:00Z", "2026-05-04T08:00:00Z"):
        with time_machine.travel(day, tick=False):
            linking.link(to_link)
            days.append(linking.linked_since(account).isoformat()[:10])
            linking.unlink(account)
            assert linking.linked_since(account) is None
    assert days == ["2026-03-02", "2026-05-04"]


@pytest.mark.parametrize("name", [*PAGES, "family_franceconnect_link"])
def test_the_password_is_asked_again_after_a_while(browser, account, settings, name):
    settings.FAMILY_PROOF_LIFETIME = timedelta(0)
    Account.objects.filter(pk=account.pk).update(franceconnect_sub="sub-1")
    answer = browser.post(reverse(name)) if name != PAGES[0] else browser.get(reverse(name))
    assert answer.url == f"{reverse('family_proof')}?suite={reverse(name)}"
    assert sub_of(account) == "sub-1"


def test_nobody_signed_in_opens_no_page_of_it():
    for name in PAGES:
        assert Client().get(reverse(name)).url.startswith(reverse("family_sign_in"))


def test_a_pupil_has_no_such_page(school):
    pupil = student_account(school, state=State.ACTIVE, password=hashing.hash_password(CHOSEN))
    browser = signed_in(pupil)
    assert card(browser) is None
    assert [browser.get(reverse(name)).status_code for name in PAGES] == [404] * 3
    assert browser.post(reverse("family_franceconnect_link")).status_code == 404


def test_where_it_is_not_configured_nothing_speaks_of_it(browser, settings):
    settings.FRANCECONNECT_ISSUER = ""
    assert "FranceConnect" not in browser.get(reverse("family_home")).text
    assert [browser.get(reverse(name)).status_code for name in PAGES] == [404] * 3
    assert browser.post(reverse("family_franceconnect_link")).status_code == 404
