"""A parent on a phone activates by SMS, with the spool as gateway, while the console is open beside."""

import json
import re
from datetime import date

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.transitions import State
from establishments.models import Student
from notifications.sms import queue
from tests.e2e.director import sign_in
from tests.factories import responsable_account

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"viewport": {"width": 390, "height": 844}, "java_script_enabled": False}
# Fields, buttons and links on a line of their own which are less than 44 px high.
TOO_SMALL = """
[...document.querySelectorAll('.fr-btn, .fr-input, main p > .fr-link:only-child, header a, footer a')]
  .filter(each => each.getBoundingClientRect().height < 44).map(each => each.textContent || each.name)
"""


@pytest.fixture
def spool(settings, tmp_path):
    settings.SMS_GATEWAY_URL, settings.SMS_SPOOL = "", str(tmp_path / "sms")
    return tmp_path / "sms"


def code_of(spool):
    for pk in queue.due():
        queue.send_one(pk)
    [file] = spool.iterdir()
    told = json.loads(file.read_text())
    assert told["to"] == "+33639980012"
    return re.match(r"\d{6}", told["text"])[0]


def test_from_the_first_page_to_activated_on_a_phone_without_javascript(
    new_page, school, spool, assert_accessible
):
    record = {"surname": "LE GOFF", "given_name": "Anne", "mobile": "+33639980012"}
    account = responsable_account(school, children=2, state=State.NOT_NOTIFIED, record=record)
    for number, child in enumerate(Student.objects.order_by("pk"), 1):
        Student.objects.filter(pk=child.pk).update(birth_date=date(2012, 1, number))
    console = new_page()
    sign_in(console)
    console.goto(reverse("account", args=[school.uai, account.pk]))
    expect(console.get_by_text("Non notifié").first).to_be_visible()

    page = new_page(**PHONE)
    page.goto(reverse("activation"))
    page.get_by_role("link", name="l’école connaît mon téléphone").click()
    page.get_by_label("Votre nom").fill("Le Goff")
    page.get_by_label("Votre prénom").fill("Anne")
    page.get_by_label("Votre téléphone portable").fill("06 39 98 00 12")
    page.get_by_role("button", name="Recevoir le code").click()
    page.get_by_label("Code reçu par SMS").fill(code_of(spool))
    page.get_by_role("button", name="Continuer").click()
    page.get_by_label("Date de naissance de votre enfant").fill("1/1/2012")
    page.get_by_role("button", name="Ajouter un enfant").click()
    page.get_by_label("Enfant n° 2").fill("02012012")
    page.get_by_role("button", name="Continuer").click()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_label("Nouveau mot de passe").fill("Trois-Pommes-Vertes-2026")
    page.get_by_label("Le même").fill("Trois-Pommes-Vertes-2026")
    page.get_by_role("button", name="Activer mon compte").click()

    expect(page.get_by_role("heading", name="Votre compte est activé")).to_be_visible()
    expect(page.get_by_text(account.identifier)).to_be_visible()
    console.reload()
    expect(console.get_by_text("Activé", exact=True).first).to_be_visible()
    expect(console.get_by_text("Compte activé par la famille (SMS)").first).to_be_visible()


def test_its_screens_are_accessible(new_page, spool, assert_accessible, browser_watch):
    browser_watch.allow("422")
    page = new_page(viewport=PHONE["viewport"])
    page.goto(reverse("sms_start"))
    page.get_by_role("button", name="Recevoir le code").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page).to_have_title(re.compile(r"^\s*Erreur"))
    assert_accessible(page)
    assert page.evaluate(TOO_SMALL) == []
    page.get_by_label("Votre nom").fill("Inconnu")
    page.get_by_label("Votre prénom").fill("Jean")
    page.get_by_label("Votre téléphone portable").fill("06 39 98 00 12")
    page.get_by_role("button", name="Recevoir le code").click()
    assert_accessible(page)
    page.get_by_label("Code reçu par SMS").fill(code_of(spool))
    page.get_by_role("button", name="Continuer").click()
    assert_accessible(page)
    page.get_by_label("Date de naissance de votre enfant").fill("32/1/2012")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    assert_accessible(page)
    page.get_by_label("Date de naissance de votre enfant").fill("1/1/2012")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nous n’avons pas pu activer de compte")).to_be_visible()
    assert_accessible(page)
