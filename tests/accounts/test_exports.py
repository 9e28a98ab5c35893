"""What a list promises: it reads and changes nothing, and passwords in clear are only for few."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from accounts import exports, operations
from accounts.exports import ListFormat, ListOptions
from accounts.models import Account, AccountKind, Operation, OperationItem
from accounts.secrets import open_secret
from accounts.transitions import State
from establishments.access import get_access
from establishments.models import Delegation, Event, EventKind, Responsibility, Student
from notifications.documents import read_document
from tests.factories import (
    AcademyFactory,
    DelegationFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    MefFactory,
    SchoolClassFactory,
    provisional,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def access():
    mandate = MandateFactory.create()
    return get_access(mandate.agent, mandate.establishment.uai)


def delegate_of(access, profile):
    delegation = DelegationFactory.create(establishment=access.establishment, profile=profile)
    return get_access(delegation.agent, access.establishment.uai)


def draft(access, format=ListFormat.CSV, population=AccountKind.RESPONSABLE):
    accounts = Account.objects.visible_to(access).filter(kind=population)
    options = ListOptions(format).as_json()
    return operations.draft(access, Operation.Kind.LIST, population, accounts, options=options)


def made(access, format=ListFormat.CSV, *, population=AccountKind.RESPONSABLE, **options):
    operation = draft(access, format, population)
    operations.confirm(operation, ListOptions(format, **options).as_json())
    exports.make_list(operation.pk)
    operation.refresh_from_db()
    return operation


def content(operation):
    return read_document(operation.document)


def lines(operation):
    """The cells of a CSV, header first, none of which holds a separator in these tests."""
    text = content(operation).decode("utf-8-sig")
    return [line.split(";") for line in text.removesuffix("\r\n").split("\r\n")]


def passwords(operation):
    header, *rows = lines(operation)
    at = header.index("Mot de passe")
    return {row[header.index("Identifiant")]: row[at] for row in rows}


def address(name, operation):
    return reverse(name, args=[operation.establishment.uai, operation.pk])


def test_the_csv_of_responsables_holds_what_the_guide_lists_byte_for_byte():
    academy = AcademyFactory.create(code="28")  # La Réunion: four hours ahead of UTC
    school = EstablishmentFactory.create(
        feed=FeedFactory.create(academy=academy), uai="9740001A", name="Les Filaos"
    )
    access = get_access(MandateFactory.create(establishment=school).agent, "9740001A")
    with time_machine.travel(datetime(2026, 11, 24, 21, 15, 30, tzinfo=UTC), tick=False):
        account = responsable_account(
            school,
            identifier="e.legoff",
            record={"surname": "LE GOFF", "given_name": "Éloïse"},
            state=State.NOTIFIED,
            **provisional(timezone.now(), academy.zone),
        )
        room = SchoolClassFactory.create(establishment=school, label="6EME B")
        Student.objects.update(
            surname="D’ALMEIDA", given_name="Noé", level="6EME", school_class=room, mef=MefFactory.create()
        )
        operation = made(access, with_secrets=True)

    secret = open_secret(account.sealed_secret)
    assert operation.document.name == "responsables-9740001A-20261125011530.csv"
    assert (
        content(operation)
        == (
            "\ufeffUAI;Établissement;Nom de l’élève;Prénom de l’élève;Niveau;Classe;MEF;Nom du responsable;"
            "Prénom du responsable;Identifiant;Mot de passe;Valable jusqu’au;État du compte\r\n"
            "9740001A;Collège Les Filaos;D’ALMEIDA;Noé;6EME;6EME B;6EME;LE GOFF;Éloïse;e.legoff;"
            f"{secret};25/02/2027;Notifié et non activé\r\n"
        ).encode()
    )


def test_a_list_of_pupils_has_no_responsable_and_one_of_the_1er_degre_no_mef(access):
    student_account(access.establishment)
    school = EstablishmentFactory.create(feed__degree=1)
    responsable_account(school)
    primary = get_access(MandateFactory.create(establishment=school).agent, school.uai)

    pupils = made(access, population=AccountKind.STUDENT)
    responsables = made(primary)

    assert pupils.document.name.startswith("eleves-")
    assert lines(pupils)[0][2:9] == [
        "Nom",
        "Prénom",
        "Niveau",
        "Classe",
        "MEF",
        "Identifiant",
        "Mot de passe",
    ]
    assert "MEF" not in lines(responsables)[0]


def test_each_password_is_told_as_its_standing_asks(access):
    school, long_ago = access.establishment, timezone.now() - timedelta(days=120)
    new = responsable_account(school)
    alive = responsable_account(school, state=State.NOTIFIED)
    dead = responsable_account(school, state=State.NOTIFIED, distributed_at=long_ago, **provisional(long_ago))
    chosen = responsable_account(school, state=State.ACTIVE)
    none = responsable_account(school, state=State.ACTIVE, password="", franceconnect_sub="sub")

    clear, bare = passwords(made(access, with_secrets=True)), passwords(made(access))

    told = {new: "", alive: open_secret(alive.sealed_secret), dead: "expiré", chosen: "******", none: "–"}
    assert clear == {account.identifier: word for account, word in told.items()}
    assert bare == clear | {alive.identifier: "provisoire"}


def test_there_is_a_row_for_each_pupil_of_the_establishment_by_class_then_pupil(access):
    elsewhere = EstablishmentFactory.create()
    account = responsable_account(access.establishment, children=3)
    pupils = list(Student.objects.order_by("pk"))
    names = [("6EME 10", "ABEL"), ("6EME 2", "ÉLIE"), ("6EME 2", "ZOLA")]
    for pupil, (label, surname) in zip(pupils, reversed(names), strict=True):
        pupil.school_class = SchoolClassFactory.create(establishment=access.establishment, label=label)
        pupil.surname = surname
        pupil.surname_key = surname.replace("É", "E")
        pupil.save()
    other = responsable_account(elsewhere)
    Responsibility.objects.create(
        student=Student.objects.get(establishment=elsewhere),
        responsable=account.sources.get().responsable,
        is_legal=True,
    )

    rows = lines(made(access))[1:]

    assert [(row[5], row[2]) for row in rows] == [names[1], names[2], names[0]]
    assert other.identifier not in str(rows)


def test_a_list_changes_no_account_and_settles_each_item_once(access):
    kept, gone = responsable_account(access.establishment), responsable_account(access.establishment)
    before = list(Account.objects.order_by("pk").values())
    operation = draft(access)
    Responsibility.objects.filter(responsable__sources__account=gone).update(is_legal=False)
    # Changed since it was chosen: read as it is.
    Account.objects.filter(pk=kept.pk).update(version=7)
    operations.confirm(operation)

    exports.make_list(operation.pk)
    operation.refresh_from_db()
    document = operation.document_id
    exports.make_list(operation.pk)

    operation.refresh_from_db()
    assert (operation.status, operation.document_id) == (Operation.Status.DONE, document)
    assert [row[9] for row in lines(operation)[1:]] == [kept.identifier]
    assert operation.items.get(account=gone).reason == OperationItem.Reason.GONE
    Account.objects.filter(pk=kept.pk).update(version=0)
    assert list(Account.objects.order_by("pk").values()) == before
    event = Event.objects.get()
    assert (event.kind, event.target_id, event.data["format"]) == (EventKind.LIST_MADE, operation.pk, "csv")


def test_while_one_worker_makes_a_list_another_leaves_it_alone(access):
    responsable_account(access.establishment)
    operation = draft(access)
    operations.confirm(operation)
    other_worker = connection.copy()
    with other_worker.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [exports.LIST_LOCK, operation.pk])

    exports.make_list(operation.pk)
    operation.refresh_from_db()
    assert (operation.status, operation.document) == (Operation.Status.QUEUED, None)

    # Killed: its lock goes with its connection, when the server has seen it go.
    other_worker.close()
    with connection.cursor() as cursor:
        for act in ("lock", "unlock"):
            cursor.execute(f"SELECT pg_advisory_{act}(%s, %s)", [exports.LIST_LOCK, operation.pk])
    exports.make_list(operation.pk)
    operation.refresh_from_db()
    assert operation.status == Operation.Status.DONE


def test_a_list_whose_accounts_are_all_gone_ends_without_a_document(client, access):
    responsable_account(access.establishment)
    operation = draft(access)
    Responsibility.objects.update(is_legal=False)
    operations.confirm(operation)

    exports.make_list(operation.pk)

    operation.refresh_from_db()
    assert (operation.status, operation.document) == (Operation.Status.DONE, None)
    client.force_login(access.agent)
    assert "Liste vide" in client.get(address("operation", operation)).text


def test_a_list_with_passwords_is_recorded_for_itself_and_for_each_account_whose_password_it_bears(access):
    shown = responsable_account(access.establishment, state=State.NOTIFIED)
    responsable_account(access.establishment, state=State.ACTIVE)

    operation = made(access, with_secrets=True)

    of_list, of_account = Event.objects.order_by("target_kind", "-pk").reverse()
    assert (of_list.kind, of_list.target_id, of_list.agent) == (
        EventKind.LIST_SECRETS_MADE,
        operation.pk,
        access.agent,
    )
    assert of_list.data == {"format": "csv", "accounts": 2, "secrets": 1}
    assert (of_account.kind, of_account.target_id) == (EventKind.ACCOUNT_SECRET_LISTED, shown.pk)


def test_each_download_of_a_list_with_passwords_is_recorded_and_of_another_is_not(client, access):
    responsable_account(access.establishment, state=State.NOTIFIED)
    bare, clear = made(access), made(access, with_secrets=True)
    client.force_login(access.agent)

    for operation in (bare, clear, clear):
        assert client.get(address("operation_document", operation)).status_code == 200
    client.head(address("operation_document", clear))

    recorded = Event.objects.filter(kind=EventKind.LIST_SECRETS_DOWNLOADED)
    assert [(event.target_id, event.agent) for event in recorded] == [(clear.pk, access.agent)] * 2
    page = client.get(address("operation", clear)).text
    assert page.count(access.agent.full_name) >= 3
    assert "Téléchargements" not in client.get(address("operation", bare)).text


def test_a_colleague_without_the_right_to_export_reads_of_a_list_with_passwords_only_that_it_exists(
    client, access
):
    responsable_account(access.establishment, state=State.NOTIFIED)
    operation, bare = made(access, with_secrets=True), made(access)

    for profile, status in (("CONSULT", 403), ("ASSIST", 403), ("MANAGE", 200)):
        client.force_login(delegate_of(access, profile).agent)
        assert client.get(address("operation_document", operation)).status_code == status
        assert client.get(address("operation_document", bare)).status_code == 200
        page = client.get(address("operation", operation)).text
        assert ("Télécharger la liste" in page) == (status == 200)


@pytest.mark.parametrize("profile", [Delegation.Profile.CONSULT, Delegation.Profile.ASSIST])
def test_whatever_is_posted_passwords_stay_out_for_who_may_not_export_them(client, access, profile):
    responsable_account(access.establishment, state=State.NOTIFIED)
    theirs = delegate_of(access, profile)
    client.force_login(theirs.agent)
    operation = draft(theirs)

    assert "disabled" in client.get(address("operation", operation)).text
    client.post(address("operation_confirm", operation), {"format": "csv"})

    operation.refresh_from_db()
    assert operation.options == {"format": "csv", "with_secrets": False, "class_per_page": False}
    exports.make_list(operation.pk)
    operation.refresh_from_db()
    assert list(passwords(operation).values()) == ["provisoire"]


@pytest.mark.parametrize(("format", "is_ticked"), [("csv", True), ("xlsx", True), ("pdf", False)])
def test_a_spreadsheet_is_without_passwords_unless_asked_and_the_guides_paper_has_them(
    client, access, format, is_ticked
):
    responsable_account(access.establishment)
    operation = draft(access, ListFormat.CSV)
    client.force_login(access.agent)

    page = client.get(address("operation", operation), {"format": format}).text

    box = re.search(r'<input type="checkbox"\s+id="without_secrets"[^>]*>', page)[0]
    assert ("checked" in box) == is_ticked
    assert ("Une classe par page" in page) == (format == "pdf")
    assert f'name="format" value="{format}"' in page


def test_the_bar_of_a_list_offers_the_three_formats_and_makes_a_draft(client, access):
    account = responsable_account(access.establishment)
    client.force_login(delegate_of(access, Delegation.Profile.CONSULT).agent)
    page = client.get(reverse("responsable_list", args=[access.establishment.uai])).text
    assert "Imprimer la liste des responsables (format pdf)" in page
    assert "Exporter la liste des responsables (format csv)" in page
    assert "Exporter la liste des responsables (format xlsx)" in page
    assert "Notifier les comptes" not in page

    data = {"population": "RESPONSABLE", "action": "list_pdf", "accounts": str(account.pk)}
    client.post(reverse("operation_create", args=[access.establishment.uai]), data)

    operation = Operation.objects.get()
    assert (operation.kind, operation.options["format"]) == (Operation.Kind.LIST, "pdf")
    text = client.get(address("operation", operation)).text
    assert "aucun compte ne change et personne n’est prévenu" in text
    assert "notifi" not in text.split("<h1>")[1].lower()


def test_a_format_that_does_not_exist_confirms_nothing(client, access):
    responsable_account(access.establishment)
    operation = draft(access)
    client.force_login(access.agent)

    assert client.post(address("operation_confirm", operation), {"format": "exe"}).status_code == 422

    operation.refresh_from_db()
    assert operation.status == Operation.Status.DRAFT


def test_a_list_given_up_says_so_and_is_never_made(client, access):
    responsable_account(access.establishment)
    operation = draft(access)
    client.force_login(access.agent)
    client.post(address("operation_cancel", operation))

    client.post(address("operation_confirm", operation), {"format": "csv"})

    exports.make_list(operation.pk)
    operation.refresh_from_db()
    assert (operation.status, operation.document) == (Operation.Status.CANCELLED, None)
    assert "Liste abandonnée" in client.get(address("operation", operation)).text


def test_confirming_twice_makes_one_list_with_the_first_options(client, access):
    responsable_account(access.establishment)
    operation = draft(access)
    client.force_login(access.agent)

    client.post(address("operation_confirm", operation), {"format": "csv", "without_secrets": "on"})
    again = client.post(address("operation_confirm", operation), {"format": "pdf"}, follow=True)

    operation.refresh_from_db()
    assert operation.options == {"format": "csv", "with_secrets": False, "class_per_page": False}
    assert "avait déjà été confirmée" in again.text


def test_the_cost_of_a_list_in_queries_does_not_grow_with_it(access):
    counts = []
    for _ in range(2):
        for _ in range(10):
            responsable_account(access.establishment, children=2, state=State.NOTIFIED)
        operation = draft(access)
        operations.confirm(operation, ListOptions(ListFormat.CSV, with_secrets=True).as_json())
        with CaptureQueriesContext(connection) as queries:
            exports.make_list(operation.pk)
        drawn = draft(access)
        with CaptureQueriesContext(connection) as previewing:
            exports.preview(drawn)
        counts.append((len(queries), len(previewing)))

    assert counts[0] == counts[1]


def test_an_error_leaves_the_list_to_be_taken_up_again(client, access, settings, tmp_path):
    responsable_account(access.establishment)
    operation = draft(access)
    operations.confirm(operation)
    root, settings.DOCUMENTS_ROOT = settings.DOCUMENTS_ROOT, tmp_path / "full"
    settings.DOCUMENTS_ROOT.write_text("a file where a folder is needed")
    with pytest.raises(NotADirectoryError):
        exports.make_list(operation.pk)
    operation.refresh_from_db()
    assert operation.status == Operation.Status.FAILED
    assert set(operation.items.values_list("status", flat=True)) == {"PENDING"}
    client.force_login(access.agent)
    assert "La liste n’a pas pu être faite" in client.get(address("operation", operation)).text

    settings.DOCUMENTS_ROOT = root
    assert operations.retry(operation)
    assert "La liste se prépare" in client.get(address("operation", operation)).text
    exports.make_list(operation.pk)

    operation.refresh_from_db()
    assert operation.status == Operation.Status.DONE


def test_the_three_formats_hold_the_same(access):
    account = responsable_account(access.establishment, state=State.NOTIFIED)
    secret = open_secret(account.sealed_secret)

    pdf, xlsx = (content(made(access, each, with_secrets=True)) for each in (ListFormat.PDF, ListFormat.XLSX))

    text = "".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    strings = ZipFile(BytesIO(xlsx)).read("xl/sharedStrings.xml").decode()
    for held in (account.identifier, secret, access.establishment.uai):
        assert held in text
        assert held in strings
