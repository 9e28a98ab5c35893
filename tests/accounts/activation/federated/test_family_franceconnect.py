"""By FranceConnect, a real provider: mobile and birth dates the first time, straight in the next ones."""

import json
import re
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.activation.federated.franceconnect import link
from accounts.models import Account, Duplicate, FamilySession
from accounts.transitions import State
from establishments.models import Event, EventKind, Student
from notifications.keyring import keyring
from notifications.models import SmsMessage
from tests.factories import EstablishmentFactory, responsable_account
from tests.signing_provider import SECRET

pytestmark = pytest.mark.django_db
NUMBER = "+33639981234"
RECORD = {"surname": "LE GOFF", "given_name": "Anne", "mobile": NUMBER}
BORN = date(2013, 5, 17)
CHOSEN = "Coquelicots-des-champs-2"


@pytest.fixture(autouse=True)
def franceconnect(settings, signing, tmp_path):
    """Configured, with an SMS gateway; who is there is Anne Marie LE GOFF."""
    settings.FRANCECONNECT_ISSUER = signing.url
    settings.FRANCECONNECT_CLIENT_ID, settings.FRANCECONNECT_CLIENT_SECRET = "console", SECRET
    settings.SMS_GATEWAY_URL, settings.SMS_SPOOL = "", str(tmp_path)
    cache.clear()
    signing.knows("sub-1", given_name="Anne Marie", family_name="LE GOFF", preferred_username="")
    return signing


@pytest.fixture
def school():
    return EstablishmentFactory.create()


@pytest.fixture
def account(school):
    return responsable_account(school, record=RECORD, identifier="a.legoff")


def leave(client):
    return client.post(reverse("franceconnect")).context["address"]


def come(client, provider):
    return client.get(provider.follow(leave(client)), follow=True)


def last_code():
    sealed = SmsMessage.objects.latest("created_at").sealed
    return re.match(r"\d{6}", json.loads(keyring().decrypt(sealed.encode()))[1])[0]


def prove(client, provider, number="06 39 98 12 34"):
    come(client, provider)
    client.post(reverse("franceconnect_mobile"), {"number": number})
    return client.post(reverse("franceconnect_code"), {"code": last_code()}, follow=True)


def give_dates(client, *dates):
    fields = {f"enfant-{number}-birth_date": told for number, told in enumerate(dates)}
    sizes = {"enfant-TOTAL_FORMS": len(dates), "enfant-INITIAL_FORMS": 0}
    return client.post(reverse("franceconnect_children"), sizes | fields, follow=True)


def is_signed_in(client):
    return client.get(reverse("family_home")).status_code == 200


def activate(client, provider):
    prove(client, provider)
    return give_dates(client, "17/05/2013")


@pytest.mark.parametrize("state", [State.NOT_NOTIFIED, State.NOTIFIED, State.ACTIVATING])
def test_the_first_time_leads_to_an_active_account_and_the_next_straight_in(
    client, franceconnect, school, state
):
    account = responsable_account(school, record=RECORD, state=state)
    done = activate(client, franceconnect)
    assert "Votre compte est activé" in done.text
    assert account.identifier in done.text
    account.refresh_from_db()
    assert (account.state, account.origin, account.mobile) == ("ACTIVE", "FRANCECONNECT", NUMBER)
    assert (account.franceconnect_sub, account.sealed_secret, account.pending_mail) == ("sub-1", "", "")
    assert Event.objects.filter(
        target_id=account.pk, kind=EventKind.ACCOUNT_ACTIVATION_FRANCECONNECT
    ).exists()

    other = Client()
    assert come(other, franceconnect).redirect_chain[-1][0] == reverse("family_home")
    assert is_signed_in(other)
    assert {row.way for row in FamilySession.objects.all()} == {"FRANCECONNECT"}


@pytest.mark.parametrize(
    "record",
    [
        {"surname": "D’USAGE", "birth_surname": "LE GOFF"},
        {"surname": "LEGOFF", "given_name": "Anne Marie"},
        {"surname": "LE-GOFF", "given_name": "Anne-Marie"},
    ],
)
def test_the_record_may_write_the_names_otherwise(client, franceconnect, school, record):
    account = responsable_account(school, record=RECORD | record)
    activate(client, franceconnect)
    account.refresh_from_db()
    assert account.state == "ACTIVE"


def test_the_name_in_use_counts_as_well(client, franceconnect, account):
    franceconnect.knows("sub-1", given_name="Anne", family_name="NAISSANCE", preferred_username="LE GOFF")
    activate(client, franceconnect)
    account.refresh_from_db()
    assert account.state == "ACTIVE"


def test_an_active_account_is_linked_and_keeps_its_password(client, franceconnect, school):
    password = make_password(CHOSEN)
    account = responsable_account(school, record=RECORD, state=State.ACTIVE, password=password)
    done = activate(client, franceconnect)
    assert "lié à votre compte" in done.text
    account.refresh_from_db()
    assert (account.franceconnect_sub, account.origin) == ("sub-1", "ESTABLISHMENT")
    assert check_password(CHOSEN, account.password)


@pytest.mark.parametrize("wrong", ["name", "number", "date", "nobody"])
def test_whatever_is_not_recognised_is_told_in_the_same_words(client, franceconnect, school, wrong):
    if wrong != "nobody":
        given_name = "Berthe" if wrong == "name" else "Anne"
        mobile = "+33639980000" if wrong == "number" else NUMBER
        responsable_account(school, record=RECORD | {"given_name": given_name, "mobile": mobile})
    prove(client, franceconnect)
    refused = give_dates(client, "18/05/2013" if wrong == "date" else "17/05/2013")
    assert refused.status_code == 403
    [told] = re.findall(r"<main.*</main>", refused.text, re.DOTALL)
    assert "Ce que nous savons de vous ne correspond pas" in told
    assert "a.legoff" not in told
    assert not is_signed_in(client)
    assert not Account.objects.filter(state="ACTIVE").exists()


def test_an_unknown_number_gets_a_code_like_any_other(client, franceconnect):
    come(client, franceconnect)
    sent = client.post(reverse("franceconnect_mobile"), {"number": "06 39 98 99 99"}, follow=True)
    assert "Le code reçu par SMS" in sent.text
    assert SmsMessage.objects.count() == 1


def test_a_wrong_code_opens_nothing(client, franceconnect, account):
    come(client, franceconnect)
    client.post(reverse("franceconnect_mobile"), {"number": NUMBER})
    wrong = f"{(int(last_code()) + 1) % 1_000_000:06d}"
    assert client.post(reverse("franceconnect_code"), {"code": wrong}).status_code == 422
    assert give_dates(client, "17/05/2013").redirect_chain[0][0] == reverse("franceconnect_code")
    account.refresh_from_db()
    assert account.state == "NOT_NOTIFIED"


def test_another_number_must_be_proven_again(client, franceconnect, account):
    """Proving one's own telephone, then saying that of somebody else, proves nothing."""
    prove(client, franceconnect, number="06 39 98 77 77")
    client.post(reverse("franceconnect_mobile"), {"number": NUMBER})
    give_dates(client, "17/05/2013")
    account.refresh_from_db()
    assert account.state == "NOT_NOTIFIED"


def test_one_wrong_date_leaves_that_child_out_and_tells_the_school(client, franceconnect, school):
    account = responsable_account(school, record=RECORD, children=2)
    first = Student.objects.order_by("pk").first()
    Student.objects.filter(pk=first.pk).update(birth_date=date(2010, 1, 2))
    done = activate(client, franceconnect)
    assert "Une date de naissance ne correspond pas" in done.text
    account.refresh_from_db()
    assert account.state == "ACTIVE"
    assert Event.objects.get(kind=EventKind.ACCOUNT_BIRTH_DATE_REFUSED).data == {"student": first.pk}


def test_two_accounts_of_one_person_are_shown_to_the_school_and_none_is_opened(client, franceconnect, school):
    for name in ("a.legoff", "a.legoff1"):
        responsable_account(school, record=RECORD, identifier=name)
    assert "Votre école va vérifier" in activate(client, franceconnect).text
    assert Duplicate.objects.exists()
    assert not Account.objects.filter(state="ACTIVE").exists()


def test_an_account_of_another_identity_is_not_taken(client, franceconnect, school):
    account = responsable_account(
        school, record=RECORD, state=State.ACTIVE, franceconnect_sub="sub-of-another"
    )
    assert "une autre identité FranceConnect" in activate(client, franceconnect).text
    account.refresh_from_db()
    assert account.franceconnect_sub == "sub-of-another"
    assert not is_signed_in(client)


def test_an_identity_linked_meanwhile_elsewhere_is_not_linked_twice(client, franceconnect, school, account):
    prove(client, franceconnect)
    other = responsable_account(school, state=State.ACTIVE, identifier="b.autre", franceconnect_sub="sub-1")
    assert "une autre identité FranceConnect" in give_dates(client, "17/05/2013").text
    account.refresh_from_db()
    assert (account.state, other.franceconnect_sub) == ("NOT_NOTIFIED", "sub-1")


def test_the_same_answer_twice_links_once(account):
    names = {"surnames": ["LE GOFF"], "given_names": ["Anne"]}
    Student.objects.update(birth_date=BORN)

    openings = [link("sub-1", names, NUMBER, [BORN]).opening for _ in range(2)]

    assert openings == ["ONE", "ACTIVE"]
    assert list(Event.objects.values_list("kind", flat=True)) == [EventKind.ACCOUNT_ACTIVATION_FRANCECONNECT]


def test_a_closed_account_does_not_open(client, franceconnect, account):
    activate(client, franceconnect)
    Account.objects.update(closed_at="2026-11-01T00:00:00Z", password="", franceconnect_sub="sub-1")
    other = Client()
    refused = come(other, franceconnect)
    assert refused.status_code == 403
    assert "Ce compte est fermé" in refused.text


def test_a_joined_account_sends_to_the_other_one(client, franceconnect, school, account):
    other = responsable_account(school, state=State.ACTIVE)
    Account.objects.filter(pk=account.pk).update(
        closed_at="2026-11-01T00:00:00Z", merged_into=other, franceconnect_sub="sub-1"
    )
    page = come(client, franceconnect)
    assert page.status_code == 403
    assert "réunis en un seul" in page.text


def test_signing_out_leaves_franceconnect_too_and_says_so(client, franceconnect, account):
    activate(client, franceconnect)
    out = client.post(reverse("family_sign_out"))
    asked = parse_qs(urlsplit(out.context["address"]).query)
    assert set(asked) == {"id_token_hint", "state", "post_logout_redirect_uri"}
    assert not is_signed_in(client)
    back = franceconnect.follow(out.context["address"])
    assert "Vous êtes déconnecté." in client.get(back, follow=True).text
    assert "Vous êtes déconnecté." not in Client().get(back, follow=True).text


def test_signing_out_works_while_franceconnect_is_down(client, franceconnect, account):
    activate(client, franceconnect)
    franceconnect.fails("down /.well-known/openid-configuration")
    assert "fermez aussi le navigateur" in client.post(reverse("family_sign_out"), follow=True).text
    assert not is_signed_in(client)


def test_the_answer_serves_once_and_in_one_browser(client, franceconnect, account):
    answer = franceconnect.follow(leave(client))
    assert Client().get(answer).status_code == 400
    assert client.get(answer).status_code == 302
    assert client.get(answer).status_code == 400


@pytest.mark.parametrize(
    "fault", ["id_token other nonce", "id_token lower level", "id_token expired", "userinfo other subject"]
)
def test_an_answer_which_does_not_hold_signs_nobody_in(client, franceconnect, account, fault):
    activate(client, franceconnect)
    other = Client()
    franceconnect.fails(fault)
    assert other.get(franceconnect.follow(leave(other))).status_code == 502
    assert not is_signed_in(other)


def test_a_planted_session_is_worth_nothing_after_the_return(client, franceconnect, account):
    answer = franceconnect.follow(leave(client))
    planted = client.cookies["family"].value
    client.get(answer)
    thief = Client()
    thief.cookies["family"] = planted
    assert thief.get(reverse("franceconnect_mobile")).status_code == 302
    activate(client, franceconnect)
    assert not is_signed_in(thief)


def test_nothing_in_the_address_leads_elsewhere(client, franceconnect, account):
    activate(client, franceconnect)
    other = Client()
    back = other.get(franceconnect.follow(leave(other)) + "&suite=https://evil.example.org/compte/")
    assert back.headers["Location"] == reverse("family_home")


def test_only_what_the_records_can_be_compared_with_is_asked_for(client, franceconnect):
    asked = parse_qs(urlsplit(leave(client)).query)
    assert asked["scope"] == ["openid given_name family_name preferred_username"]
    assert asked["acr_values"] == ["eidas1"]


def test_the_button_stands_where_it_should_and_nowhere_when_not_configured(client, settings):
    for name in ("activation", "family_sign_in"):
        page = " ".join(client.get(reverse(name)).text.split())
        assert 'S’identifier avec</span> <span class="fr-connect__brand">FranceConnect' in page
        assert "Qu’est-ce que FranceConnect ?" in page
    settings.FRANCECONNECT_ISSUER = ""
    for name in ("activation", "family_sign_in"):
        assert "FranceConnect" not in client.get(reverse(name)).text
    assert client.post(reverse("franceconnect")).status_code == 404
