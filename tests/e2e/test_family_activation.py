"""From the letter to « Activé » on a telephone, while the school's console shows each change at once."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from accounts import mailing
from accounts.models import Account
from accounts.secrets import open_secret
from accounts.transitions import State
from establishments.models import Student
from notifications import sending
from tests.e2e.director import sign_in
from tests.factories import responsable_account

pytestmark = pytest.mark.django_db(transaction=True)

PHONE = {"width": 390, "height": 844}
CHOSEN = "Trois-Pommes-Vertes-2026"


def go_on(page, button="Continuer"):
    page.get_by_role("button", name=button).click()


def test_a_parent_activates_the_account_on_a_telephone_and_the_console_shows_it(
    new_page, school, assert_accessible, browser_watch, mail_server
):
    browser_watch.allow("422")
    account = responsable_account(school, children=2, state=State.NOTIFIED, record={"mail": ""})
    Student.objects.update(birth_date=date(2012, 11, 5))
    not_mine = Student.objects.order_by("pk")[0]
    secret = open_secret(account.sealed_secret)
    console = new_page()
    sign_in(console)
    phone = new_page(viewport=PHONE)

    def shown(state, *events):
        console.goto(f"/etablissements/{school.uai}/comptes/{account.pk}/")
        for said in (state, *events):
            expect(console.locator("main")).to_contain_text(said)

    def looked_at(title):
        expect(phone.get_by_role("heading", level=1)).to_contain_text(title)
        assert_accessible(phone)
        assert not phone.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )

    shown("Notifié et non activé")
    phone.goto("/activation/")
    looked_at("Bienvenue")
    phone.goto(f"/activation/?identifiant={account.identifier}")
    looked_at("Votre identifiant")
    expect(phone.get_by_label("Identifiant")).to_have_value(account.identifier)
    phone.get_by_label("Mot de passe provisoire").fill(secret)
    go_on(phone)

    looked_at("Vos enfants")
    phone.locator(f"label[for=contested-{not_mine.pk}]").click()
    go_on(phone)
    looked_at("Choisissez votre mot de passe")
    for label in ("Nouveau mot de passe", "Le même"):
        phone.get_by_label(label).fill("court")
    go_on(phone)
    looked_at("Choisissez votre mot de passe")
    for label in ("Nouveau mot de passe", "Le même"):
        phone.get_by_label(label).fill(CHOSEN)
    go_on(phone)
    looked_at("Votre adresse mail")
    phone.get_by_label("Votre adresse mail").fill("parent@example.org")
    go_on(phone)

    looked_at("Une date de naissance")
    phone.get_by_label("Date de naissance").fill("06/11/2012")
    go_on(phone, "Terminer")
    looked_at("Une date de naissance")
    shown("Notifié et non activé", "Date de naissance refusée à l’activation")
    phone.get_by_label("Date de naissance").fill("05/11/2012")
    go_on(phone, "Terminer")
    looked_at("ouvrez vos mails")
    shown("En cours d’activation", "Activation commencée", "Lien avec un élève contesté par la famille")
    console.goto(f"/etablissements/{school.uai}/a-traiter/?constat=RELATION_CONTESTED")
    expect(console.locator("main")).to_contain_text(not_mine.surname)

    sending.send_due(mailing.Composer())
    [received] = mail_server.received
    [link] = set(re.findall(r"/activation/confirmer/\S+/", received.text))
    other_device = new_page(viewport=PHONE)
    other_device.goto(link)
    go_on(other_device, "Activer mon compte")
    shown("Activé", "Compte activé : adresse mail confirmée")

    other_device.get_by_role("link", name="Se connecter").click()
    other_device.get_by_label("Identifiant").fill(account.identifier)
    other_device.get_by_label("Mot de passe").fill(CHOSEN)
    go_on(other_device, "Me connecter")
    phone.reload()
    looked_at("Mon compte")
    assert Account.objects.get().mail == "parent@example.org"
