"""From a selection to the list in the director's hands, in a real browser, with a real worker."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from django.db.models import F
from playwright.sync_api import expect
from pypdf import PdfReader

from accounts import operations
from accounts.exports import ListFormat, ListOptions
from accounts.models import Account, Operation
from accounts.secrets import open_secret
from accounts.tasks import resume_stalled_operations, run_operation
from accounts.transitions import State
from establishments.access import get_access
from establishments.models import Event, EventKind
from notifications.documents import read_document
from tests.e2e.director import sign_in
from tests.factories import responsable_account

pytestmark = pytest.mark.django_db(transaction=True)


def choose(page, what):
    page.locator("summary", has_text="Lister les comptes").click()
    page.get_by_role("button", name=what).click()


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def text_of(pdf):
    return "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)


def test_a_director_gives_a_list_up_then_prints_another_and_keeps_the_selection(
    page, school, celery_worker_process, assert_accessible
):
    notified = responsable_account(school, children=2, state=State.NOTIFIED)
    active = responsable_account(school, state=State.ACTIVE)
    sign_in(page)
    page.get_by_role("link", name="Responsables", exact=True).click()
    page.get_by_role("checkbox", name="Sélectionner tous les comptes de la page").check(force=True)
    page.locator("summary", has_text="Lister les comptes").click()
    assert_accessible(page)
    page.get_by_role("button", name="Exporter la liste des responsables (format csv)").click()
    expect(page.get_by_label("Sans les mots de passe")).to_be_checked()
    page.get_by_role("button", name="Abandonner").click()
    expect(page.get_by_text("Opération abandonnée : aucun compte n’a été modifié.")).to_be_visible()
    expect(page.get_by_text("2 comptes sélectionnés")).to_be_visible()

    choose(page, "Imprimer la liste des responsables (format pdf)")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lister 2 comptes de responsables")
    expect(page.get_by_label("Sans les mots de passe")).not_to_be_checked()
    assert_accessible(page)
    page.set_viewport_size({"width": 390, "height": 844})
    assert fits(page)
    page.get_by_label("Une classe par page").check(force=True)
    page.get_by_role("button", name="Faire la liste (format pdf)").click()

    ready = page.get_by_role("heading", name=re.compile("La liste est prête : 2 comptes"))
    expect(ready).to_be_visible(timeout=30_000)
    assert fits(page)
    assert_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger la liste (pdf)").click()
    assert re.fullmatch(rf"responsables-{school.uai}-\d{{14}}\.pdf", download.value.suggested_filename)
    content = Path(download.value.path()).read_bytes()
    assert len(PdfReader(BytesIO(content)).pages) == 3
    text = text_of(content)
    for held in (notified.identifier, active.identifier, open_secret(notified.sealed_secret), "******"):
        assert held in text
    page.reload()
    expect(page.get_by_role("heading", name="Téléchargements")).to_be_visible()
    assert_accessible(page)
    page.goto(f"/etablissements/{school.uai}/responsables/")
    expect(page.get_by_text("2 comptes sélectionnés")).to_be_visible()
    assert fits(page)


def test_a_worker_killed_while_it_makes_a_list_leaves_it_to_the_next_which_makes_it_once(
    school, celery_worker_process, eventually
):
    access = get_access(school.mandates.get().agent, school.uai)
    for _ in range(100):
        responsable_account(school, children=2, state=State.NOTIFIED)
    before = list(Account.objects.order_by("pk").values())
    chosen = Account.objects.visible_to(access)
    options = ListOptions(ListFormat.PDF, with_secrets=True).as_json()
    operation = operations.draft(access, Operation.Kind.LIST, "RESPONSABLE", chosen, options=options)
    operations.confirm(operation)
    run_operation.delay(operation.pk)
    eventually(lambda: Operation.objects.get().status == Operation.Status.RUNNING)
    celery_worker_process.kill()
    operation.refresh_from_db()
    assert (operation.status, operation.document) == (Operation.Status.RUNNING, None)
    assert not operation.items.exclude(status="PENDING").exists()

    Operation.objects.update(heartbeat_at=F("heartbeat_at") - operations.STALLED_AFTER * 2)
    resume_stalled_operations()
    celery_worker_process.start()
    eventually(lambda: Operation.objects.get().status == Operation.Status.DONE)

    operation.refresh_from_db()
    text = text_of(read_document(operation.document))
    assert all(account["identifier"] in text for account in before)
    assert set(operation.items.values_list("status", flat=True)) == {"DONE"}
    assert Event.objects.filter(kind=EventKind.LIST_SECRETS_MADE).count() == 1
    assert list(Account.objects.order_by("pk").values()) == before
