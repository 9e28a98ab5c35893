"""A parent keeps an account from a phone, without JavaScript, while the console beside shows each event."""

import json
import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts import mailing
from accounts.activation import hashing
from accounts.activation.keeping import recovering
from accounts.models import Account, RecoveryRequest
from accounts.secrets import open_secret
from accounts.transitions import State
from notifications import sending
from notifications.sms import queue
from tests.e2e.director import sign_in
from tests.factories import responsable_account

pytestmark = pytest.mark.django_db(transaction=True)
SIZE = {"width": 390, "height": 844}
RECORD = {"surname": "LE GOFF", "given_name": "Anne", "mail": "anne@example.org"}
OLD, NEW, LAST = "Trois-Pommes-Vertes-2026", "Quatre-Poires-Jaunes-7", "Cinq-Prunes-Bleues-99"


@pytest.fixture
def spool(settings, tmp_path):
    settings.SMS_GATEWAY_URL, settings.SMS_SPOOL = "", str(tmp_path / "sms")
    return tmp_path / "sms"


@pytest.fixture
def account(school):
    return responsable_account(
        school,
        record=RECORD,
        state=State.ACTIVE,
        password=hashing.hash_password(OLD),
        mail="anne@example.org",
    )


def code_of(spool, number):
    for pk in queue.due():
        queue.send_one(pk)
    told = [json.loads(file.read_text()) for file in spool.iterdir()]
    return next(re.match(r"\d{6}", each["text"])[0] for each in told if each["to"] == number)


def link_to(mail_server, recipient):
    sending.send_due(mailing.Composer())
    texts = [each.text for each in mail_server.received if each.recipient == recipient]
    return re.search(r"http://\S+/compte/\S+", texts[-1])[0]


def enter(page, account, password):
    page.goto(reverse("family_sign_in"))
    page.get_by_label("Identifiant").fill(account.identifier)
    page.get_by_label("Mot de passe").fill(password)
    page.get_by_role("button", name="Me connecter").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Mon compte")


def choose(page, password, button):
    page.get_by_label("Nouveau mot de passe").fill(password)
    page.get_by_label("Le même").fill(password)
    page.get_by_role("button", name=button).click()


def test_a_parent_keeps_the_account_and_the_console_tells_each_change(
    new_page, school, account, spool, mail_server
):
    other = responsable_account(school, record=RECORD, state=State.NOTIFIED)
    console = new_page()
    sign_in(console)

    def told(words, of=account):
        console.goto(reverse("account", args=[school.uai, of.pk]))
        expect(console.get_by_text(words).first).to_be_visible()

    page = new_page(viewport=SIZE, java_script_enabled=False)
    enter(page, account, OLD)

    page.get_by_role("link", name="Adresse mail").click()
    page.get_by_label("Votre nouvelle adresse mail").fill("neuve@example.org")
    page.get_by_role("button", name="Recevoir le message").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ouvrez vos mails")
    elsewhere = new_page(viewport=SIZE, java_script_enabled=False)
    elsewhere.goto(link_to(mail_server, "neuve@example.org"))
    elsewhere.get_by_role("button", name="Confirmer cette adresse").click()
    expect(elsewhere.get_by_role("heading", level=1)).to_have_text("Votre adresse mail est changée")
    told("Adresse mail changée par la famille")
    expect(console.get_by_text("à reporter dans").first).to_be_visible()
    sending.send_due(mailing.Composer())
    assert "remplacée par une autre" in mail_server.received[-1].text
    assert mail_server.received[-1].recipient == "anne@example.org"

    page.goto(reverse("family_home"))
    page.get_by_role("link", name="Téléphone portable").click()
    page.get_by_label("Votre nouveau numéro").fill("06 39 98 55 55")
    page.get_by_role("button", name="Recevoir un code").click()
    page.get_by_label("Code reçu par SMS").fill(code_of(spool, "+33639985555"))
    page.get_by_role("button", name="Changer mon numéro").click()
    expect(page.get_by_text("Votre numéro de portable est changé")).to_be_visible()
    told("Mobile changé par la famille")

    page.get_by_role("link", name="Mot de passe").click()
    page.get_by_label("Mot de passe actuel").fill(OLD)
    choose(page, NEW, "Changer mon mot de passe")
    expect(page.get_by_text("Votre mot de passe est changé")).to_be_visible()
    told("Mot de passe choisi par la famille")

    page.get_by_role("link", name="Mes enfants").click()
    page.get_by_role("link", name="Ajouter un enfant").click()
    page.get_by_label("Identifiant de l’autre compte").fill(other.identifier)
    page.get_by_label("Son mot de passe provisoire").fill(open_secret(other.sealed_secret))
    page.get_by_role("button", name="Continuer").click()
    page.get_by_role("button", name="Réunir les deux comptes").click()
    expect(page.get_by_text("ce compte réunit tous vos enfants")).to_be_visible()
    expect(page.locator(".family-children > li")).to_have_count(2)
    told("Fiche rapprochée du compte")
    assert Account.objects.get(pk=other.pk).merged_into_id == account.pk

    page.get_by_role("button", name="Se déconnecter").click()
    page.get_by_role("link", name="Mot de passe perdu").click()
    page.get_by_label("Identifiant").fill(account.identifier)
    page.get_by_label("Adresse mail ou").fill("neuve@example.org")
    page.get_by_role("button", name="Continuer").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Regardez vos mails")
    recovering.answer(RecoveryRequest.objects.get().pk)
    page.goto(link_to(mail_server, "neuve@example.org"))
    choose(page, LAST, "Continuer")
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre mot de passe est changé")
    told("Nouveau mot de passe demandé par la famille")
    enter(page, account, LAST)
    page.get_by_role("link", name="Mes connexions").click()
    expect(page.get_by_text("Cet appareil")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_its_screens_are_accessible_on_a_phone(new_page, account, spool, assert_accessible, browser_watch):
    browser_watch.allow("422")
    page = new_page(viewport=SIZE)
    for name in ("family_lost_identifier", "family_lost_password"):
        page.goto(reverse(name))
        page.locator("main form button").first.click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert_accessible(page)
    for name in ("family_lost_sent", "family_lost_sent_sms", "family_recovered", "family_mail_confirmed"):
        page.goto(reverse(name))
        assert_accessible(page)
    enter(page, account, OLD)
    for name in (
        *("family_home", "family_children", "family_add_child", "family_mail", "family_mobile"),
        *("family_password", "family_connections", "family_proof"),
    ):
        page.goto(reverse(name))
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, name
