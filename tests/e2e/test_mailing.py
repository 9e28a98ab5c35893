"""Notifying by mail, with a real browser, worker and mail server; and a worker killed meanwhile."""

import re
from collections import Counter

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts import operations
from accounts.models import Account, Operation
from accounts.tasks import run_operation, send_mails
from accounts.transitions import State
from establishments.access import get_access
from notifications.models import Delivery
from tests.e2e.director import sign_in
from tests.factories import responsable_account

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(celery_worker_process, mail_server):
    """Sends to the mail server of the test, without waiting between two mails."""
    celery_worker_process.stop()
    environment = {"EMAIL_URL": mail_server.url, "MAIL_RATE": "0"}
    celery_worker_process.start(**environment)
    celery_worker_process.start_again = lambda: celery_worker_process.start(**environment)
    return celery_worker_process


def prepare(page):
    """From the list to the preview of everybody."""
    page.get_by_role("link", name="Responsables", exact=True).click()
    page.get_by_role("checkbox", name="Sélectionner tous les comptes de la page").check(force=True)
    page.get_by_text("Notifier les comptes", exact=True).first.click()
    page.get_by_role("button", name="Courrier électronique").first.click()


def test_a_director_mails_who_can_be_reached_prints_the_others_and_then_the_failures(
    page, school, worker, mail_server, assert_accessible
):
    reached = responsable_account(school, record={"mail": "joignable@example.org"})
    refused = responsable_account(
        school, record={"mail": "refuse@example.org", "surname": "REFUSEE", "given_name": "Rose"}
    )
    responsable_account(school, record={"mail": "", "surname": "SANS", "given_name": "Aimée"})
    mail_server.answers = lambda address: "550 no such user" if "refuse" in address else None
    sign_in(page)
    prepare(page)

    expect(page.get_by_role("heading", level=1)).to_have_text("Notifier 3 comptes par courrier électronique")
    expect(page.get_by_text("(total : 1 compte(s)) :")).to_be_visible()
    expect(page.get_by_text("SANS Aimée")).to_be_visible()
    expect(page.get_by_label("Éditer des feuilles individuelles pour ces comptes")).to_be_checked()
    assert_accessible(page)
    page.get_by_role("button", name="Notifier 2 comptes par courriel").click()

    expect(page.get_by_role("heading", name=re.compile(r"Programmée à \d\d:\d\d"))).to_be_visible()
    assert_accessible(page)
    assert set(Account.objects.values_list("state", flat=True)) == {State.NOT_NOTIFIED}
    page.get_by_role("button", name="Envoyer maintenant").click()

    expect(page.get_by_role("link", name="Télécharger la feuille")).to_be_visible(timeout=60_000)
    expect(page.get_by_role("heading", name="Non parvenus")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("550 no such user")).to_be_visible()
    assert_accessible(page)
    assert mail_server.recipients == ["joignable@example.org"]
    assert reached.identifier in mail_server.received[0].text
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.get_by_role("button", name="Éditer sur papier les échecs").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Notifier 1 compte par feuille individuelle")
    assert Operation.objects.get(status="DRAFT").items.get().account == refused
    page.goto(f"/etablissements/{school.uai}/reglages/")
    assert_accessible(page)


def test_an_announced_sending_is_called_off_and_back_cannot_send_it(page, school, mail_server):
    account = responsable_account(school)
    sign_in(page)
    prepare(page)
    preview = page.url
    page.get_by_role("button", name="Notifier 1 compte par courriel").click()
    page.get_by_role("button", name="Annuler l’envoi").click()
    expect(page.get_by_role("heading", name="Envoi annulé")).to_be_visible()

    page.goto(preview)

    expect(page.get_by_role("heading", name="Envoi annulé")).to_be_visible()
    expect(page.get_by_role("button", name="Envoyer maintenant")).to_have_count(0)
    account.refresh_from_db()
    assert account.state == State.NOT_NOTIFIED


def test_a_worker_killed_while_it_mails_loses_none_and_repeats_none_but_the_one_in_hand(
    school, worker, mail_server, eventually
):
    access = get_access(school.mandates.get().agent, school.uai)
    for number in range(40):
        responsable_account(school, record={"mail": f"f{number:02d}@example.org"})
    operation = operations.draft(
        access, Operation.Kind.NOTIFY_MAIL, "RESPONSABLE", Account.objects.visible_to(access)
    )
    operations.confirm(operation)
    operation.refresh_from_db()
    operations.end_hold(operation, by=None)
    mail_server.hold = 0.03
    run_operation.delay(operation.pk)
    eventually(lambda: len(mail_server.received) >= 8)
    worker.kill()

    marked = set(Delivery.objects.filter(status="sent").values_list("recipient", flat=True))
    assert 0 < len(marked) < 40
    mail_server.hold = 0
    Delivery.objects.filter(leased_until__isnull=False).update(leased_until=timezone.now())
    worker.start_again()
    send_mails.delay()
    eventually(lambda: not Delivery.objects.exclude(status="sent").exists())

    received = Counter(mail_server.recipients)
    assert set(received) == {f"f{number:02d}@example.org" for number in range(40)}
    assert {received[recipient] for recipient in marked} == {1}
    assert sum(received.values()) <= 41
    assert set(Account.objects.values_list("version", flat=True)) == {1}
