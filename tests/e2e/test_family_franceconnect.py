"""A parent comes by FranceConnect, on a telephone; the school sees it in another browser."""

import json
import re

import pytest
from django.core.cache import cache
from playwright.sync_api import expect

from establishments.models import Student
from notifications.keyring import keyring
from notifications.models import SmsMessage
from tests.e2e.director import sign_in
from tests.factories import responsable_account
from tests.signing_provider import SECRET

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def franceconnect(settings, signing, tmp_path):
    settings.FRANCECONNECT_ISSUER = signing.url
    settings.FRANCECONNECT_CLIENT_ID, settings.FRANCECONNECT_CLIENT_SECRET = "console", SECRET
    settings.SMS_GATEWAY_URL, settings.SMS_SPOOL = "", str(tmp_path)
    cache.clear()
    signing.knows("sub-1", given_name="Anne Marie", family_name="LE GOFF")
    return signing


def code_received():
    sealed = SmsMessage.objects.latest("created_at").sealed
    return re.match(r"\d{6}", json.loads(keyring().decrypt(sealed.encode()))[1])[0]


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_a_parent_activates_by_franceconnect_leaves_both_and_comes_straight_in(
    new_page, franceconnect, school, assert_accessible
):
    record = {"surname": "LE GOFF", "given_name": "Anne", "mobile": "+33639981234"}
    account = responsable_account(school, record=record)
    born = Student.objects.get().birth_date
    console, page = new_page(), new_page(viewport=PHONE)
    sign_in(console)
    console.goto(f"/etablissements/{school.uai}/comptes/{account.pk}/")
    expect(console.get_by_text("Non notifié").first).to_be_visible()

    page.goto("/activation/")
    assert_accessible(page)
    page.get_by_role("button", name="S’identifier avec FranceConnect").click()
    page.get_by_label("Votre téléphone portable").fill("06 39 98 12 34")
    assert_accessible(page)
    page.get_by_role("button", name="Recevoir le code").click()
    page.get_by_label("Code reçu par SMS").fill(code_received())
    assert_accessible(page)
    page.get_by_role("button", name="Continuer").click()
    page.get_by_label("Date de naissance de votre enfant").fill(f"{born:%d/%m/%Y}")
    page.get_by_role("button", name="Continuer").click()

    expect(page.get_by_role("heading", name="Votre compte est activé")).to_be_visible()
    expect(page.get_by_text(account.identifier)).to_be_visible()
    assert_accessible(page)
    assert overflow(page) == 0
    console.reload()
    expect(console.get_by_text("Activé", exact=True).first).to_be_visible()
    expect(console.get_by_text("FranceConnect", exact=True).first).to_be_visible()

    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_text("Vous êtes déconnecté.")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="S’identifier avec FranceConnect").click()
    expect(page.get_by_role("heading", name="Mon compte")).to_be_visible()

    page.get_by_role("link", name="FranceConnect").click()
    expect(page.get_by_text("Votre compte est lié à FranceConnect depuis le")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("link", name="Délier FranceConnect").click()
    expect(page.get_by_role("link", name="Choisir un mot de passe")).to_be_visible()
    assert_accessible(page)
    assert overflow(page) == 0
