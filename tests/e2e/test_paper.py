"""Sheets by class and leaflets, from the list to the file in the director's hands, desk and phone."""

import re
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from django.db.models import F
from playwright.sync_api import expect
from pypdf import PdfReader

from accounts import operations, printing
from accounts.bundles import Bundle
from accounts.models import Account, Operation
from accounts.secrets import open_secret
from accounts.tasks import resume_stalled_operations, run_operation
from accounts.transitions import State
from establishments.access import get_access
from establishments.models import Event, EventKind, SchoolClass, Student
from notifications.documents import read_document
from tests.e2e.director import sign_in
from tests.factories import responsable_account

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"viewport": {"width": 390, "height": 844}}


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def text_of(pdf):
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages]


def downloaded(page, link):
    with page.expect_download() as download:
        page.get_by_role("link", name=link).click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_a_director_chooses_how_sheets_come_and_edits_them_again_otherwise(
    new_page, options, school, celery_worker_process, assert_accessible
):
    page = new_page(**options)
    account = responsable_account(school, children=2, identifier="a.abbeyem")
    sign_in(page)
    page.goto(f"/etablissements/{school.uai}/responsables/")
    page.get_by_role("checkbox", name=re.compile("a.abbeyem")).first.check(force=True)
    page.locator("#selection summary", has_text="Notifier les comptes").click()
    page.locator("#selection").get_by_role("button", name="Feuilles individuelles").click()

    expect(page.get_by_role("heading", name="Présentation des feuilles")).to_be_visible()
    assert_accessible(page)
    assert overflow(page) == 0
    page.get_by_label("Huit : de petites cartes à découper").check(force=True)
    page.get_by_label("Page de garde").check(force=True)
    page.get_by_label("Liste d’émargement").check(force=True)
    page.get_by_label("Un ZIP, avec un PDF par classe").check(force=True)
    page.get_by_role("button", name="Notifier et éditer 1 feuille").click()

    expect(page.get_by_role("heading", name="1 compte notifié")).to_be_visible(timeout=30_000)
    assert_accessible(page)
    name, content = downloaded(page, re.compile("Télécharger"))
    assert re.fullmatch(rf"feuilles-{school.uai}-\d{{14}}\.zip", name)
    with ZipFile(BytesIO(content)) as archive:
        (of_class,) = archive.namelist()
        cover, signing, card = text_of(archive.read(of_class))
    account.refresh_from_db()
    assert "1 feuille individuelle" in cover
    assert "Élève Responsable Date Signature" in signing
    assert open_secret(account.sealed_secret) in card

    page.locator("summary", has_text="Changer la présentation").click()
    expect(page.get_by_label("Huit : de petites cartes à découper")).to_be_checked()
    assert_accessible(page)
    assert overflow(page) == 0
    page.get_by_label("Une : la lettre complète").check(force=True)
    page.get_by_label("Un seul PDF").check(force=True)
    page.get_by_label("Page de garde").uncheck(force=True)
    page.get_by_label("Liste d’émargement").uncheck(force=True)
    page.get_by_role("button", name="Rééditer").click()
    expect(page.get_by_role("heading", name="1 compte notifié")).to_be_visible(timeout=30_000)
    name, content = downloaded(page, re.compile("Télécharger"))
    assert name.endswith(".pdf")
    assert "Comment activer votre compte ?" in text_of(content)[0]


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_the_home_page_leads_to_a_leaflet_for_those_who_can_register(
    new_page, options, school, celery_worker_process, assert_accessible
):
    page = new_page(**options)
    able = responsable_account(school, record={"surname": "ABBEYEM"})
    responsable_account(school, record={"surname": "ZOLA", "mobile": ""}, identifier="a.zola")
    sign_in(page)
    assert_accessible(page)
    assert overflow(page) == 0
    page.get_by_role("button", name="L’inviter avec un dépliant").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Préparer un dépliant pour s’inscrire seul")
    assert_accessible(page)
    assert overflow(page) == 0
    page.get_by_label("Le mot de l’établissement").fill("Merci de le faire avant les vacances.")
    page.get_by_role("button", name="Préparer le dépliant").click()

    expect(page.get_by_role("heading", name="1 exemplaire à remettre")).to_be_visible(timeout=30_000)
    assert_accessible(page)
    assert overflow(page) == 0
    name, content = downloaded(page, "Télécharger (PDF)")
    assert re.fullmatch(rf"depliants-{school.uai}-\d{{14}}\.pdf", name)
    (copy,) = text_of(content)
    assert "Pour Mme Anne ABBEYEM" in copy
    assert "Merci de le faire avant les vacances." in copy
    assert able.identifier not in copy
    assert set(Account.objects.values_list("state", flat=True)) == {State.NOT_NOTIFIED}

    page.get_by_role("link", name="Accueil", exact=True).first.click()
    page.get_by_role("link", name="Notifier ceux qui ne peuvent pas s’inscrire seuls").click()
    expect(page.get_by_role("checkbox", name=re.compile("a.zola"))).to_be_attached()
    expect(page.locator("#results input[name=account]")).to_have_count(1)


def test_a_leaflet_given_up_prints_nothing(page, school):
    responsable_account(school, identifier="a.abbeyem")
    sign_in(page)
    page.goto(f"/etablissements/{school.uai}/responsables/")
    page.get_by_role("checkbox", name=re.compile("a.abbeyem")).check(force=True)
    page.locator("#selection").get_by_role("button", name="Dépliant").click()
    page.get_by_role("button", name="Abandonner").click()

    expect(page.get_by_text("aucun compte n’a été modifié")).to_be_visible()
    assert Operation.objects.get().status == Operation.Status.CANCELLED


def test_a_worker_killed_during_bundles_leaves_no_class_out_and_prints_none_twice(
    school, celery_worker_process, eventually
):
    access = get_access(school.mandates.get().agent, school.uai)
    for _ in range(40):
        responsable_account(school)
    classes = [
        SchoolClass.objects.create(establishment=school, key=label, label=label) for label in "ABCDEFGH"
    ]
    for number, student in enumerate(Student.objects.all()):
        student.school_class = classes[number % len(classes)]
        student.save(update_fields=["school_class"])
    accounts = Account.objects.visible_to(access)
    operation = operations.draft(access, Operation.Kind.NOTIFY_SHEETS, "RESPONSABLE", accounts)
    operations.confirm(operation, Bundle(2, has_cover=True, has_signing=True, is_archive=True).options)
    run_operation.delay(operation.pk)
    eventually(lambda: operation.parts.filter(document__isnull=False).count() >= 3)
    celery_worker_process.kill()
    operation.refresh_from_db()
    assert operation.status == Operation.Status.RENDERING
    assert printing.missing_parts(operation.pk)

    Operation.objects.update(heartbeat_at=F("heartbeat_at") - operations.STALLED_AFTER * 2)
    resume_stalled_operations()
    celery_worker_process.start()
    eventually(lambda: Operation.objects.get().status == Operation.Status.DONE)

    operation.refresh_from_db()
    with ZipFile(BytesIO(read_document(operation.document))) as archive:
        assert archive.namelist() == [f"classe-{label}.pdf" for label in "ABCDEFGH"]
        files = [text_of(archive.read(name)) for name in archive.namelist()]
    assert {len(pages) for pages in files} == {5}
    printed = " ".join(page for pages in files for page in pages)
    for account in Account.objects.all():
        assert printed.count(open_secret(account.sealed_secret)) == 1
    assert set(Account.objects.values_list("version", flat=True)) == {1}
    assert Event.objects.filter(kind=EventKind.ACCOUNT_NOTIFY).count() == 40
