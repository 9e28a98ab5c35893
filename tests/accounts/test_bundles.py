"""An operation's sheets on paper: by class or by name, with cover and list, in one file or several."""

from datetime import date
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.urls import reverse
from pypdf import PdfReader

from accounts import operations, printing
from accounts.bundles import BY_NAME, Bundle, bundle_of
from accounts.models import Account, AccountKind, AccountSource, Operation
from accounts.secrets import open_secret
from accounts.transitions import State
from establishments.access import get_access
from establishments.models import Event, EventKind
from establishments.names import name_key
from notifications.documents import read_document
from tests.factories import (
    AccountFactory,
    MandateFactory,
    ResponsableFactory,
    ResponsibilityFactory,
    SchoolClassFactory,
    StudentFactory,
    student_account,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def documents(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path


@pytest.fixture
def access():
    mandate = MandateFactory.create()
    return get_access(mandate.agent, mandate.establishment.uai)


@pytest.fixture
def third(access):
    return SchoolClassFactory.create(establishment=access.establishment, label="3eB")


@pytest.fixture
def sixth(access):
    return SchoolClassFactory.create(establishment=access.establishment, label="6eA")


def a_family(name, *children, given_name="Anne"):
    """An account, never notified, of the responsable of `children`: (class, given name, year of birth)."""
    responsable = ResponsableFactory.create(
        surname=name, given_name=given_name, feed=children[0][0].establishment.feed
    )
    for school_class, given_name, year in children:
        student = StudentFactory.create(
            establishment=school_class.establishment,
            school_class=school_class,
            surname=name,
            given_name=given_name,
            given_name_key=name_key(given_name),
            birth_date=date(year, 3, 1),
        )
        ResponsibilityFactory.create(student=student, responsable=responsable)
    account = AccountFactory.create(identifier=f"a.{name.lower()}")
    AccountSource.objects.create(account=account, responsable=responsable, reason="CREATED")
    return account


def notified(access, bundle, population=AccountKind.RESPONSABLE):
    """An operation carried out, its sheets planned."""
    accounts = Account.objects.visible_to(access)
    operation = operations.draft(access, Operation.Kind.NOTIFY_SHEETS, population, accounts)
    operations.confirm(operation, bundle.options)
    assert operations.run(operation.pk)
    printing.plan_sheets(operation.pk)
    return operation


def print_out(operation):
    for part in printing.missing_parts(operation.pk):
        printing.render_part(part)
    assert printing.assemble(operation.pk)
    operation.refresh_from_db()
    return read_document(operation.document)


def pages_of(pdf):
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages]


def test_by_class_each_has_its_cover_its_list_and_its_sheets(access, third, sixth):
    a_family("BENALI", (sixth, "Nour", 2015))
    a_family("ABADIE", (third, "Zoé", 2012))
    a_family("MARTIN", (third, "Léo", 2012))

    pages = pages_of(print_out(notified(access, Bundle(has_cover=True, has_signing=True))))

    cover3, list3, *sheets3 = pages[:4]
    assert "3eB" in cover3
    assert "2 feuilles individuelles" in cover3
    assert list3.index("ABADIE Zoé") < list3.index("MARTIN Léo")
    assert ["a.abadie" in sheets3[0], "a.martin" in sheets3[1]] == [True, True]
    cover6, list6, sheet6 = pages[4:]
    assert "1 feuille individuelle" in cover6
    assert "BENALI Nour" in list6
    assert "a.benali" in sheet6


def test_brothers_and_sisters_have_one_sheet_in_the_class_of_the_eldest_and_the_other_list_says_so(
    access, third, sixth
):
    account = a_family("BENALI", (sixth, "Nour", 2015), (third, "Adam", 2012))
    a_family("MARTIN", (sixth, "Léo", 2015))

    pages = pages_of(print_out(notified(access, Bundle(has_cover=True, has_signing=True))))

    account.refresh_from_db()
    assert sum(open_secret(account.sealed_secret) in page for page in pages) == 1
    _, list3, sheet3, cover6, list6, _ = pages
    assert "a.benali" in sheet3
    assert "BENALI Adam" in list3
    assert "feuille remise" not in list3
    assert "1 feuille individuelle" in cover6
    assert "BENALI Nour Mme Anne BENALI feuille remise à BENALI Adam, en 3eB" in list6


def test_a_class_where_only_a_younger_child_is_has_no_bundle_of_its_own(access, third, sixth):
    a_family("BENALI", (sixth, "Nour", 2015), (third, "Adam", 2012))

    pages = pages_of(print_out(notified(access, Bundle(has_cover=True))))

    assert len(pages) == 2
    assert "3eB" in pages[0]


@pytest.mark.parametrize(("sheets_a_page", "expected"), [(1, 4), (2, 3), (8, 2)])
def test_a_class_begins_a_new_page(access, third, sixth, sheets_a_page, expected):
    for name in ("ABADIE", "BENALI", "CORRE"):
        a_family(name, (third, "Zoé", 2012))
    a_family("MARTIN", (sixth, "Léo", 2015))

    pages = pages_of(print_out(notified(access, Bundle(sheets_a_page))))

    assert len(pages) == expected
    assert "a.martin" in pages[-1]
    assert "a.abadie" not in pages[-1]


def test_alphabetical_order_is_of_whom_sheets_are_addressed_to_with_one_cover_and_one_list(
    access, third, sixth
):
    a_family("MARTIN", (third, "Léo", 2012))
    a_family("ABADIE", (sixth, "Zoé", 2015))
    bundle = Bundle(order=BY_NAME, has_cover=True, has_signing=True)

    cover, signing, first, second = pages_of(print_out(notified(access, bundle)))

    assert "Toutes les classes" in cover
    assert "ABADIE Zoé 6eA Mme Anne ABADIE" in signing
    assert "a.abadie" in first
    assert "a.martin" in second


def test_a_zip_holds_a_pdf_a_class_under_names_any_system_takes(access, third):
    odd = SchoolClassFactory.create(establishment=access.establishment, label="../CM1 / CM2 « é »")
    same = SchoolClassFactory.create(establishment=access.establishment, label="3EB")
    a_family("MARTIN", (third, "Léo", 2012))
    a_family("ABADIE", (odd, "Zoé", 2015))
    a_family("CORRE", (same, "Yann", 2015))
    without = a_family("BENALI", (third, "Nour", 2013))
    type(third).objects.get(pk=third.pk).students.filter(surname="BENALI").update(school_class=None)

    operation = notified(access, Bundle(is_archive=True, has_cover=True))
    content = print_out(operation)

    assert operation.document.name.endswith(".zip")
    assert operation.document.content_type == "application/zip"
    with ZipFile(BytesIO(content)) as archive:
        assert archive.namelist() == [
            "classe-3EB.pdf",
            "classe-3EB-bis.pdf",
            "classe-CM1-CM2-E.pdf",
            "sans-classe.pdf",
        ]
        assert "a.abadie" in pages_of(archive.read("classe-CM1-CM2-E.pdf"))[1]
        assert without.identifier in pages_of(archive.read("sans-classe.pdf"))[1]


def test_blank_backs_put_every_page_on_a_front(access, third):
    a_family("MARTIN", (third, "Léo", 2012))
    a_family("ABADIE", (third, "Zoé", 2012))

    pages = pages_of(print_out(notified(access, Bundle(has_cover=True, has_blank_backs=True))))

    assert [bool(page) for page in pages] == [True, False] * 3


def test_pupils_sign_for_their_own_sheet(access, third):
    student_account(access.establishment, record={"school_class": third, "surname": "MARTIN"})

    signing, _ = pages_of(print_out(notified(access, Bundle(has_signing=True), AccountKind.STUDENT)))

    assert "Élève Date Signature" in signing
    assert "Responsable" not in signing


def test_whole_pages_class_after_class_are_cut_anywhere(access, third, sixth):
    for n in range(15):
        a_family(f"MARTIN{chr(65 + n)}", (third, "Léo", 2012))
        a_family(f"BENALI{chr(65 + n)}", (sixth, "Nour", 2015))

    operation = notified(access, Bundle())

    assert [len(part.accounts) for part in operation.parts.all()] == [25, 5]


def test_what_was_planned_survives_parts_lost_half_way_and_no_page_comes_twice(access, third, sixth):
    a_family("MARTIN", (third, "Léo", 2012))
    a_family("ABADIE", (sixth, "Zoé", 2015))
    operation = notified(access, Bundle(8, has_cover=True, has_signing=True))
    front, *_ = printing.missing_parts(operation.pk)
    printing.render_part(front)
    printing.render_part(front)
    assert not printing.assemble(operation.pk)

    pages = pages_of(print_out(operation))

    assert len(pages) == 6
    assert sum("a.martin" in page for page in pages) == 1
    assert not printing.assemble(operation.pk)


def test_the_options_of_the_preview_are_those_of_the_operation(client, access, third):
    a_family("MARTIN", (third, "Léo", 2012))
    operation = draft(access)
    client.force_login(access.agent)

    chosen = {"sheets_a_page": "8", "order": "name", "has_signing": "on", "is_archive": "zip"}
    client.post(address("operation_confirm", operation), chosen)

    operation.refresh_from_db()
    assert operation.status == Operation.Status.QUEUED
    assert bundle_of(operation) == Bundle(8, order=BY_NAME, has_signing=True, is_archive=True)


def test_an_impossible_option_confirms_nothing_and_is_said(client, access, third):
    account = a_family("MARTIN", (third, "Léo", 2012))
    operation = draft(access)
    client.force_login(access.agent)

    answer = client.post(address("operation_confirm", operation), {"sheets_a_page": "7"})

    assert answer.status_code == 422
    assert "fr-message--error" in answer.text
    operation.refresh_from_db()
    account.refresh_from_db()
    assert (operation.status, account.state) == (Operation.Status.DRAFT, State.NOT_NOTIFIED)


def draft(access):
    accounts = Account.objects.visible_to(access)
    return operations.draft(access, Operation.Kind.NOTIFY_SHEETS, AccountKind.RESPONSABLE, accounts)


def address(name, operation):
    return reverse(name, args=[operation.establishment.uai, operation.pk])


def test_a_new_edition_may_be_presented_otherwise_and_changes_no_secret(client, access, third):
    account = a_family("MARTIN", (third, "Léo", 2012))
    operation = notified(access, Bundle())
    print_out(operation)
    account.refresh_from_db()
    secret = open_secret(account.sealed_secret)
    client.force_login(access.agent)

    assert "Changer la présentation" in client.get(address("operation", operation)).text
    chosen = {"with_options": "1", "sheets_a_page": "2", "has_cover": "on"}
    client.post(address("operation_reprint", operation), chosen)

    cover, cards = pages_of(print_out(operation))
    assert "à découper en deux" in cover
    assert secret in cards
    account.refresh_from_db()
    assert account.version == 1
    assert Event.objects.filter(kind=EventKind.ACCOUNT_SHEET_REPRINT).count() == 1


def test_a_zip_is_downloaded_and_not_opened(client, access, third):
    a_family("MARTIN", (third, "Léo", 2012))
    operation = notified(access, Bundle(is_archive=True))
    print_out(operation)
    client.force_login(access.agent)

    text = client.get(address("operation", operation)).text

    assert "feuille (ZIP)" in text
    assert "Ouvrir les feuilles" not in text
    assert client.get(address("operation_document", operation))["Content-Type"] == "application/zip"
