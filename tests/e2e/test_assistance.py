"""The assistance in a real browser: searching as one types, the keyboard, a phone, no JavaScript."""

import re

import pytest
from playwright.sync_api import expect

from accounts.models import Operation
from accounts.transitions import State
from tests.e2e.director import sign_in
from tests.factories import responsable_account

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
def family(school):
    """Who was told, and has no mobile that can be used."""
    record = {"surname": "KERGUELEN", "mobile": "", "mobile_raw": "01 99 00 12 34"}
    return responsable_account(school, children=2, state=State.NOTIFIED, record=record)


def open_assistance(page):
    sign_in(page)
    page.get_by_role("link", name="Assistance").click()
    page.wait_for_url("**/assistance/")
    return page


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_from_a_call_to_the_preview_of_a_notification(page, family, assert_accessible):
    open_assistance(page)
    assert_accessible(page)

    page.get_by_label("Qui appelle").press_sequentially("kergue")
    expect(page.locator("#announcements")).to_have_text("1 compte")
    assert_accessible(page)
    page.get_by_role("link", name="KERGUELEN").click()
    expect(page.get_by_text("n’est pas un téléphone portable")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="KERGUELEN").click()
    page.get_by_role("link", name="Code SMS non reçu").focus()
    page.keyboard.press("Enter")

    expect(page.locator("#announcements")).to_have_text(re.compile("Code SMS non reçu"))
    expect(page).to_have_url(re.compile("situation=code-sms-non-recu"))
    expect(page.get_by_role("link", name="Code SMS non reçu")).to_be_focused()
    assert_accessible(page)
    page.locator("#answer").get_by_role("button", name="(Re)Notifier le compte").click()
    expect(page).to_have_url(re.compile(r"/operations/\d+/"))
    assert Operation.objects.get().status == Operation.Status.DRAFT


def test_on_a_phone_the_answer_comes_before_the_other_situations(new_page, family, assert_accessible):
    page = open_assistance(new_page(**PHONE))
    assert overflow(page) <= 0
    page.get_by_label("Qui appelle").fill("introuvable")
    expect(page.get_by_role("heading", name="Aucune famille")).to_be_visible()
    page.get_by_label("Qui appelle").fill("kerguelen")
    page.get_by_role("link", name="KERGUELEN").click()

    page.get_by_role("link", name="Deux comptes").click()

    answer = page.get_by_role("heading", name="Deux comptes")
    expect(answer).to_be_in_viewport()
    assert answer.bounding_box()["y"] < page.get_by_role("link", name="Identifiant perdu").bounding_box()["y"]
    assert overflow(page) <= 0
    page.locator("#answer").get_by_role("link", name="Demander l’aide de l’académie").click()
    expect(page.get_by_role("link", name="Ouvrir dans ma messagerie")).to_be_visible()
    assert overflow(page) <= 0
    assert_accessible(page)


def test_without_javascript_a_family_is_found_and_a_situation_answered(new_page, family):
    page = open_assistance(new_page(java_script_enabled=False))

    page.get_by_label("Qui appelle").fill("kerguelen")
    page.get_by_role("button", name="Rechercher").click()
    page.get_by_role("link", name="KERGUELEN").click()
    page.get_by_role("link", name="Mot de passe provisoire perdu").click()

    expect(page.get_by_text("À dire au téléphone")).to_be_visible()
    expect(page.get_by_role("link", name="Ouvrir le compte")).to_be_visible()
