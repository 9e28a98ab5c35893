"""Resetting, sending the activation mail again, showing a password: in a real browser, up to the family's."""

import re

import pytest
from playwright.sync_api import expect

from accounts import mailing
from accounts.models import Account, Operation
from accounts.secrets import open_secret
from accounts.transitions import State
from establishments.models import Event, EventKind
from notifications import sending
from notifications.models import Delivery
from tests.e2e.director import sign_in
from tests.factories import responsable_account

pytestmark = pytest.mark.django_db(transaction=True)

AVERTISSEMENT = (
    "Avertissement : les mots de passe des comptes qui n'étaient pas encore notifiés "
    "n'ont pas été mis à jour."
)
PHONE = {"width": 390, "height": 844}


def open_as_director(page, address):
    sign_in(page)
    page.goto(address)
    return page


def account_page(page, school, account):
    return open_as_director(page, f"/etablissements/{school.uai}/comptes/{account.pk}/")


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def deliver_all():
    sending.send_due(mailing.Composer())


def test_a_director_sends_the_activation_mail_to_a_new_address_and_the_family_confirms_it(
    new_page, school, assert_accessible, browser_watch, mail_server
):
    browser_watch.allow("422|410")
    account = responsable_account(school, state=State.ACTIVATING)
    page = account_page(new_page(viewport=PHONE), school, account)

    page.get_by_role("link", name="Renvoyer le courriel d’activation").click()
    assert_accessible(page)
    assert overflow(page) == 0
    page.get_by_role("link", name="Abandonner").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Compte du responsable")
    assert not Delivery.objects.exists()

    page.get_by_role("link", name="Renvoyer le courriel d’activation").click()
    address = page.get_by_label("Adresse mail de la famille")
    address.fill("une adresse")
    page.get_by_role("button", name="Renvoyer le courriel").click()
    expect(page.get_by_text("n’est pas valide")).to_be_visible()
    assert_accessible(page)
    address.fill("nouvelle@example.org")
    page.get_by_role("button", name="Renvoyer le courriel").dblclick()
    expect(page.get_by_text("Courriel d’activation envoyé à nouvelle@example.org")).to_be_visible()
    assert_accessible(page)
    deliver_all()
    assert [each.recipient for each in mail_server.received] == [
        "nouvelle@example.org",
        "attente@example.org",
    ]
    assert Event.objects.filter(kind=EventKind.ACCOUNT_ACTIVATION_RESENT).count() == 1

    link = re.search(r"http://\S+/activation/confirmer/\S+", mail_server.received[0].text)[0]
    family = new_page(viewport=PHONE)
    family.goto(link)
    family.reload()
    assert_accessible(family)
    assert overflow(family) == 0
    assert Account.objects.get(pk=account.pk).state == State.ACTIVATING
    family.get_by_role("button", name="Activer mon compte").click()
    expect(family.get_by_role("heading", level=1)).to_have_text("Votre compte est activé")
    assert_accessible(family)
    assert family.context.cookies() == []
    family.goto(link)
    expect(family.get_by_role("heading", level=1)).to_have_text("Votre compte est déjà activé")
    assert_accessible(family)
    page.reload()
    expect(page.get_by_text("Compte activé : adresse mail confirmée")).to_be_visible()
    expect(page.get_by_role("link", name="Renvoyer le courriel d’activation")).to_have_count(0)


def test_a_form_left_open_while_another_director_acts_sends_nothing_and_says_why(
    new_page, school, browser_watch
):
    browser_watch.allow("422")
    account = responsable_account(school, state=State.ACTIVATING)
    first = account_page(new_page(), school, account)
    second = new_page(storage_state=first.context.storage_state())
    for page in (first, second):
        page.goto(f"/etablissements/{school.uai}/comptes/{account.pk}/courriel-activation/")

    first.get_by_label("Adresse mail de la famille").fill("premiere@example.org")
    first.get_by_role("button", name="Renvoyer le courriel").click()
    expect(first.get_by_text("Courriel d’activation envoyé à premiere@example.org")).to_be_visible()
    second.get_by_label("Adresse mail de la famille").fill("seconde@example.org")
    second.get_by_role("button", name="Renvoyer le courriel").click()

    expect(second.get_by_role("alert")).to_contain_text("aucun courriel n’est parti cette fois-ci")
    assert Account.objects.get(pk=account.pk).pending_mail == "premiere@example.org"
    second.get_by_role("button", name="Renvoyer le courriel").click()
    expect(second.get_by_text("Courriel d’activation envoyé à seconde@example.org")).to_be_visible()


def test_a_password_is_shown_in_place_copied_recorded_and_hidden_by_a_reload(
    new_page, school, assert_accessible
):
    account = responsable_account(school, state=State.NOTIFIED)
    secret = open_secret(account.sealed_secret)
    phone = new_page(viewport=PHONE, permissions=["clipboard-read", "clipboard-write"])
    page = account_page(phone, school, account)
    address = page.url
    assert secret not in page.content()

    page.get_by_role("button", name="Afficher le mot de passe provisoire").click()

    expect(page.locator("#password")).to_contain_text(secret)
    expect(page.locator("#history")).to_contain_text("Mot de passe provisoire affiché")
    expect(page.locator("#announcements")).to_have_text("Mot de passe affiché")
    expect(page.get_by_role("link", name="Masquer")).to_be_focused()
    assert page.url == address
    assert_accessible(page)
    assert overflow(page) == 0
    page.get_by_role("button", name="Copier le mot de passe").click()
    expect(page.locator("#announcements")).to_have_text("Mot de passe copié")
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.reload()
    expect(page.get_by_role("button", name="Afficher le mot de passe provisoire")).to_be_visible()
    assert secret not in page.content()
    assert Event.objects.filter(kind=EventKind.ACCOUNT_SECRET_SHOWN).count() == 1


def test_without_javascript_a_password_is_shown_on_a_whole_page(new_page, school):
    account = responsable_account(school, state=State.NOTIFIED)
    secret = open_secret(account.sealed_secret)
    page = account_page(new_page(java_script_enabled=False), school, account)

    page.get_by_role("button", name="Afficher le mot de passe provisoire").click()

    expect(page.locator("#password")).to_contain_text(secret)
    assert secret not in page.url
    page.get_by_role("link", name="Masquer").click()
    expect(page.get_by_role("button", name="Afficher le mot de passe provisoire")).to_be_visible()
    assert secret not in page.content()


def test_a_director_resets_a_selection_is_warned_and_goes_on_to_notify(
    page, school, celery_worker_process, assert_accessible
):
    never = responsable_account(school)
    active = responsable_account(school, state=State.ACTIVE)
    open_as_director(page, f"/etablissements/{school.uai}/responsables/")

    page.get_by_role("checkbox", name="Sélectionner tous les comptes de la page").check(force=True)
    page.get_by_role("button", name="Réinitialiser les mots de passe").first.click()
    expect(page.get_by_text(AVERTISSEMENT)).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Abandonner").click()
    expect(page.get_by_text("Opération abandonnée")).to_be_visible()
    assert set(Account.objects.values_list("version", flat=True)) == {0}

    page.get_by_role("button", name="Réinitialiser les mots de passe").first.click()
    page.get_by_role("button", name="Réinitialiser 1 mot de passe").dblclick()
    expect(page.get_by_role("heading", name="1 mot de passe réinitialisé")).to_be_visible(timeout=30_000)
    expect(page.get_by_text(AVERTISSEMENT)).to_be_visible()
    assert_accessible(page)
    never.refresh_from_db()
    active.refresh_from_db()
    assert (never.version, active.version, active.password) == (0, 1, "")
    assert not Operation.objects.filter(status=Operation.Status.DRAFT).exists()

    page.get_by_role("button", name="Notifier ces comptes par feuilles individuelles").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Notifier 1 compte par feuille individuelle")


def test_one_account_is_reset_from_its_page_on_a_phone_and_the_way_leads_back(
    new_page, school, celery_worker_process, assert_accessible
):
    account = responsable_account(school, state=State.ACTIVE)
    page = account_page(new_page(viewport=PHONE), school, account)

    page.get_by_role("button", name="Réinitialiser le mot de passe").click()
    assert_accessible(page)
    assert overflow(page) == 0
    page.get_by_role("button", name="Réinitialiser le mot de passe").click()
    page.get_by_role("link", name="Retour au compte").click(timeout=30_000)

    expect(page.get_by_role("button", name="Afficher le mot de passe provisoire")).to_be_visible()
    expect(page.locator("#history")).to_contain_text("Mot de passe réinitialisé")
    assert overflow(page) == 0
