"""From the sign-in to the PDF in the director's hands, in a real browser, with a real worker."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from django.db.models import F
from playwright.sync_api import expect
from pypdf import PdfReader

from accounts import operations, printing
from accounts.models import Account, Operation
from accounts.secrets import open_secret
from accounts.tasks import resume_stalled_operations, run_operation
from accounts.transitions import State
from establishments.access import get_access
from establishments.models import Event, EventKind
from tests.e2e.director import sign_in
from tests.factories import responsable_account

pytestmark = pytest.mark.django_db(transaction=True)

AVERTISSEMENT = (
    "Avertissement : les mots de passe des comptes qui n'étaient pas encore notifiés "
    "n'ont pas été mis à jour."
)


def text_of(pdf):
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


def test_a_director_notifies_by_sheets_and_downloads_them(
    page, school, celery_worker_process, assert_accessible, tmp_path
):
    never = responsable_account(school, children=2, record={"surname": "ABBEYEM", "given_name": "Élie"})
    active = responsable_account(
        school, state=State.ACTIVE, record={"surname": "ZOLA", "given_name": "Émile"}
    )

    sign_in(page)
    page.get_by_role("link", name="Responsables", exact=True).click()
    page.get_by_role("checkbox", name="Sélectionner tous les comptes de la page").check(force=True)
    expect(page.get_by_text("2 comptes sélectionnés")).to_be_visible()
    page.locator("summary", has_text="Notifier les comptes").click()
    page.get_by_label("Avec réinitialisation du mot de passe").check(force=True)
    page.get_by_role("button", name="Feuilles individuelles").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Notifier 2 comptes par feuilles individuelles")
    expect(page.get_by_text(AVERTISSEMENT)).to_be_visible()
    assert_accessible(page)
    assert Account.objects.get(pk=never.pk).state == State.NOT_NOTIFIED
    page.get_by_role("button", name="Notifier et éditer 2 feuilles").click()

    expect(page.get_by_role("heading", name="2 comptes notifiés")).to_be_visible(timeout=30_000)
    expect(page.get_by_text(AVERTISSEMENT)).to_be_visible()
    assert_accessible(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger les 2 feuilles").click()
    assert re.fullmatch(rf"feuilles-{school.uai}-\d{{14}}\.pdf", download.value.suggested_filename)
    pages = text_of(Path(download.value.path()).read_bytes())
    assert len(pages) == 2
    never.refresh_from_db()
    active.refresh_from_db()
    for account in (never, active):
        [sheet] = [text for text in pages if account.identifier in text]
        assert open_secret(account.sealed_secret) in sheet
    assert never.state == State.NOTIFIED
    assert active.reset_requested_at

    page.get_by_role("link", name="Opérations").first.click()
    assert_accessible(page)
    page.get_by_role("link", name=re.compile("2 comptes")).click()
    secret = never.sealed_secret
    page.get_by_role("button", name="Rééditer").click()
    expect(page.get_by_role("heading", name="2 comptes notifiés")).to_be_visible(timeout=30_000)
    never.refresh_from_db()
    assert never.sealed_secret == secret
    assert Event.objects.filter(kind=EventKind.ACCOUNT_SHEET_REPRINT).count() == 2


def test_a_draft_given_up_changes_nothing_and_back_cannot_confirm_it(page, school, browser_watch):
    account = responsable_account(school)
    sign_in(page)
    page.get_by_role("link", name="Responsables", exact=True).click()
    page.get_by_role("checkbox", name=re.compile(account.identifier)).check(force=True)
    page.locator("summary", has_text="Notifier les comptes").click()
    page.get_by_role("button", name="Feuilles individuelles").click()
    preview = page.url
    page.get_by_role("button", name="Abandonner").click()
    expect(page.get_by_text("Opération abandonnée")).to_be_visible()

    page.goto(preview)

    expect(page.get_by_role("heading", name="Opération abandonnée")).to_be_visible()
    account.refresh_from_db()
    assert account.state == State.NOT_NOTIFIED


def confirmed(school, size):
    access = get_access(school.mandates.get().agent, school.uai)
    for _ in range(size):
        responsable_account(school)
    chosen = Account.objects.visible_to(access)
    operation = operations.draft(access, Operation.Kind.NOTIFY_SHEETS, "RESPONSABLE", chosen)
    operations.confirm(operation)
    return operation


def a_minute_later():
    """What beat asks for every minute, once the heart of the operation has stopped for one."""
    Operation.objects.update(heartbeat_at=F("heartbeat_at") - operations.STALLED_AFTER * 2)
    resume_stalled_operations()


def test_a_worker_killed_half_way_notifies_nobody_twice_and_every_sheet_comes_out(
    school, celery_worker_process, eventually
):
    operation = confirmed(school, 60)
    run_operation.delay(operation.pk)
    eventually(lambda: operation.parts.filter(document__isnull=False).exists())
    celery_worker_process.kill()
    operation.refresh_from_db()
    assert operation.status == Operation.Status.RENDERING

    a_minute_later()
    celery_worker_process.start()
    eventually(lambda: Operation.objects.get().status == Operation.Status.DONE)

    operation.refresh_from_db()
    assert len(text_of(printing.read_document(operation.document))) == 60
    assert set(Account.objects.values_list("version", flat=True)) == {1}
    assert Event.objects.filter(kind=EventKind.ACCOUNT_NOTIFY).count() == 60


def test_a_worker_killed_while_it_notifies_leaves_whole_chunks_and_the_rest_to_the_next(
    school, celery_worker_process, eventually
):
    operation = confirmed(school, 60)
    celery_worker_process.stop()
    celery_worker_process.start(OPERATION_CHUNK="5")
    run_operation.delay(operation.pk)
    eventually(lambda: operation.items.filter(status="DONE").exists())
    celery_worker_process.kill()

    done = operation.items.filter(status="DONE").count()
    assert Event.objects.filter(kind=EventKind.ACCOUNT_NOTIFY).count() == done
    assert Account.objects.filter(state=State.NOTIFIED).count() == done
    a_minute_later()
    celery_worker_process.start()
    eventually(lambda: Operation.objects.get().status == Operation.Status.DONE)

    assert set(Account.objects.values_list("version", flat=True)) == {1}


def test_sheets_that_cannot_be_made_are_tried_again_without_notifying_again(
    page, school, celery_worker_process, eventually, tmp_path
):
    celery_worker_process.stop()
    (tmp_path / "full").write_text("a file where a folder is needed: nothing can be stored")
    celery_worker_process.start(DOCUMENTS_ROOT=str(tmp_path / "full"))
    operation = confirmed(school, 3)
    run_operation.delay(operation.pk)
    eventually(lambda: Operation.objects.get().status == Operation.Status.UNRENDERED)
    celery_worker_process.stop()
    celery_worker_process.start()

    sign_in(page)
    page.goto(f"/etablissements/{school.uai}/operations/{operation.pk}/")
    expect(page.get_by_role("heading", name="Notifié, feuilles à éditer")).to_be_visible()
    page.get_by_role("button", name="Réessayer").click()

    expect(page.get_by_role("heading", name="3 comptes notifiés")).to_be_visible(timeout=30_000)
    assert set(Account.objects.values_list("version", flat=True)) == {1}
