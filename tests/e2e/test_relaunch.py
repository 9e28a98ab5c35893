"""« Relancer » in a real browser: from the home to the letterbox, the paper, and a way out."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Account
from accounts.transitions import State
from tests.e2e.director import sign_in
from tests.factories import provisional, responsable_account

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def worker(celery_worker_process, mail_server):
    celery_worker_process.stop()
    celery_worker_process.start(EMAIL_URL=mail_server.url, MAIL_RATE="0")
    return celery_worker_process


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_a_director_relaunches_from_the_home_and_from_the_list_on_a_phone(
    new_page, school, worker, mail_server, assert_accessible
):
    dead = provisional(timezone.now() - timedelta(days=120))
    responsable_account(school, state=State.NOTIFIED, record={"mail": "expire@example.org"}, **dead)
    responsable_account(school, state=State.NOTIFIED, record={"mail": "", "surname": "SANS"})
    responsable_account(school, state=State.ACTIVATING)
    responsable_account(school, state=State.ACTIVE)
    page = new_page(viewport=PHONE)
    sign_in(page)

    assert_accessible(page)
    page.get_by_role("button", name=re.compile("Le relancer.*expiré")).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Relancer")
    expect(page.get_by_text("il est remplacé par un nouveau")).to_be_visible()
    assert overflow(page) == 0
    page.get_by_role("button", name="Abandonner").click()
    expect(page.get_by_text("Opération abandonnée")).to_be_visible()
    assert set(Account.objects.values_list("version", flat=True)) == {0}

    page.get_by_role("checkbox", name="Sélectionner tous les comptes de la page").check(force=True)
    page.get_by_role("button", name="Relancer", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Relancer 4 comptes")
    expect(page.get_by_text("Nouvelle échéance")).to_be_visible()
    expect(page.get_by_text("1 compte laissé de côté")).to_be_visible()
    expect(page.get_by_label("Éditer des feuilles individuelles pour ces comptes")).to_be_checked()
    assert_accessible(page)
    assert overflow(page) == 0
    page.get_by_role("button", name="Relancer 3 comptes").dblclick()
    page.get_by_role("button", name="Envoyer maintenant").click()

    expect(page.get_by_role("heading", name="3 comptes relancés")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("link", name="Télécharger la feuille")).to_be_visible()
    expect(page.get_by_text("1 courriel d’activation renvoyé")).to_be_visible()
    expect(page.locator("#mails ~ dl dd").first).to_have_text("2", timeout=60_000)
    assert_accessible(page)
    assert overflow(page) == 0
    assert mail_server.recipients == ["attente@example.org", "expire@example.org"]
