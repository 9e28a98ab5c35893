"""An account joined to another says which letter to use; nothing else of it is told."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.activation import front
from accounts.activation.hashing import hash_password
from accounts.joining.merging import merge
from accounts.models import Account
from accounts.secrets import open_secret
from accounts.transitions import State
from tests.factories import EstablishmentFactory, responsable_account

pytestmark = pytest.mark.django_db


def test_a_joined_account_sends_to_the_other_letter_and_a_wrong_password_learns_nothing():
    school = EstablishmentFactory.create()
    accounts = [responsable_account(school, state=State.NOTIFIED) for _ in range(2)]
    secrets = {each.pk: open_secret(each.sealed_secret) for each in accounts}
    merge(accounts[0].pk, accounts[1].pk, "RULE")
    closed = Account.objects.get(merged_into__isnull=False)

    def give(password):
        data = {"identifier": closed.identifier, "password": password}
        return Client().post(reverse("activation_identifiers"), data)

    for given in (secrets[closed.pk], f" {secrets[closed.pk].capitalize()} "):
        assert "Utilisez l’identifiant et le mot de passe de votre autre lettre" in give(given).text
    assert give("faux-mot-2").status_code == 422


def test_the_assistance_of_an_académie_is_told_or_the_school_is(settings):
    EstablishmentFactory.create()
    address = reverse("family_assistance")

    assert "n’est pas indiquée ici" in Client().get(address, {"academie": "24"}).text
    settings.FAMILY_ASSISTANCE_PHONES = {"24": "01 99 00 24 24"}
    assert "01 99 00 24 24" in Client().get(address, {"academie": "24"}).text


def test_a_form_without_its_token_is_refused_on_a_page_of_families():
    response = Client(enforce_csrf_checks=True).post(reverse("family_sign_in"), {"identifier": "a.b"})

    assert response.status_code == 403
    assert "Compte des familles" in response.text


def test_pages_which_are_not_or_fail_are_the_family_s_own(monkeypatch):
    missing = Client().get("/activation/nulle-part/")
    monkeypatch.setattr(front, "doors", lambda: 1 / 0)
    failed = Client(raise_request_exception=False).get(reverse("activation"))

    assert (missing.status_code, failed.status_code) == (404, 500)
    for page in (missing, failed):
        assert "Compte des familles" in page.text
        assert "Administration des comptes" not in page.text
    assert "Administration des comptes" in Client().get("/nulle-part/", follow=True).text


@pytest.mark.parametrize("name", ["activation_confirmed", "activation_confirm", "password_link"])
def test_a_page_whose_address_is_a_key_offers_no_form_that_would_be_refused(name):
    """They have no referrer: the browser would send « Se déconnecter » from no origin."""
    account = responsable_account(
        EstablishmentFactory.create(), state=State.ACTIVE, password=hash_password("Trois-Pommes-7")
    )
    browser = Client()
    browser.post(reverse("family_sign_in"), {"identifier": account.identifier, "password": "Trois-Pommes-7"})
    arguments = [] if name == "activation_confirmed" else ["inconnu"]

    assert reverse("family_sign_out") not in browser.get(reverse(name, args=arguments)).text
    assert reverse("family_sign_out") in browser.get(reverse("family_home")).text


@pytest.mark.parametrize(
    ("button", "page"),
    [
        ("sms_send_again", "sms_code"),
        ("franceconnect_send_again", "franceconnect_code"),
        ("activation_send_again", "activation_waiting"),
        ("family_sign_out", "family_home"),
    ],
)
def test_the_address_of_a_button_leads_to_its_page(button, page):
    assert Client().get(reverse(button)).url == reverse(page)
    assert Client().put(reverse(button)).status_code == 405
