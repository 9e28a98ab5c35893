"""What bears passwords, up to its deadline: never in clear on a disk, nor open to who has no right."""

import os
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import exports, operations, printing
from accounts.bundles import Bundle
from accounts.exports import ListFormat, ListOptions
from accounts.models import Account, AccountKind, Operation
from accounts.secrets import open_secret
from establishments.access import get_access
from establishments.models import Delegation, Mandate
from notifications.documents import purge_expired_documents, read_document
from notifications.models import Document
from tests.factories import DelegationFactory, MandateFactory, responsable_account

pytestmark = pytest.mark.django_db

SIGNED = Bundle(8, has_cover=True, has_signing=True)
_WATCHERS = []
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def _tell(event, arguments):
    if event == "open" and _WATCHERS:
        path, mode, flags = arguments
        if isinstance(path, (str, bytes)) and (flags & _WRITING or set(mode or "") & set("wax+")):
            _WATCHERS[-1].append(Path(os.fsdecode(path)))


# It cannot be taken away: without a watcher it does nothing.
sys.addaudithook(_tell)


@pytest.fixture
def written():
    """Every file this process opens to write in, while the test runs."""
    _WATCHERS.append([])
    yield _WATCHERS[-1]
    _WATCHERS.pop()


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path / "documents"
    return settings.DOCUMENTS_ROOT


@pytest.fixture
def access():
    mandate = MandateFactory.create()
    for number in range(3):
        responsable_account(mandate.establishment, identifier=f"a.exemple{number}")
    return get_access(mandate.agent, mandate.establishment.uai)


def planned(access, bundle=Bundle()):  # noqa: B008 - frozen
    found = Account.objects.visible_to(access)
    operation = operations.draft(access, Operation.Kind.NOTIFY_SHEETS, AccountKind.RESPONSABLE, found)
    operations.confirm(operation, bundle.options)
    assert operations.run(operation.pk)
    printing.plan_sheets(operation.pk)
    return operation


def printed(operation):
    for part in printing.missing_parts(operation.pk):
        printing.render_part(part)
    printing.assemble(operation.pk)
    operation.refresh_from_db()
    return operation


def list_made(access, how):
    options = ListOptions(how, with_secrets=True).as_json()
    found = Account.objects.visible_to(access)
    operation = operations.draft(access, Operation.Kind.LIST, AccountKind.RESPONSABLE, found, options=options)
    operations.confirm(operation)
    exports.make_list(operation.pk)
    operation.refresh_from_db()
    return operation


def check_nothing_is_in_clear(written, root):
    sealed = Account.objects.values_list("sealed_secret", flat=True)
    secrets = [open_secret(each).encode() for each in sealed]
    assert any(path.is_relative_to(root) for path in written)
    for path in written:
        if path.is_relative_to(root):
            continue
        # Nothing else but the typefaces of the layout; /dev/null takes nothing.
        assert "weasyprint-" in str(path) or path == Path(os.devnull), path
    for path in root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert path.stat().st_mode & 0o777 == 0o600
            assert not any(word in content for word in (b"%PDF", b"PK\x03\x04", b"a.exemple", *secrets))
        else:
            assert path.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("bundle", [Bundle(), SIGNED, Bundle(is_archive=True)])
def test_sheets_their_parts_and_their_archive_are_never_in_clear_on_a_disk(access, written, root, bundle):
    operation = planned(access, bundle)
    first, *_ = printing.missing_parts(operation.pk)
    printing.render_part(first)
    check_nothing_is_in_clear(written, root)

    printed(operation)

    assert read_document(operation.document)[:2] in (b"%P", b"PK")
    check_nothing_is_in_clear(written, root)


@pytest.mark.parametrize("how", list(ListFormat))
def test_a_list_with_passwords_is_never_in_clear_on_a_disk(access, written, root, how):
    planned(access)
    assert list_made(access, how).document

    check_nothing_is_in_clear(written, root)


def test_parts_go_as_soon_as_they_are_joined(access, root, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        operation = printed(planned(access, SIGNED))

    assert list(Document.objects.all()) == [operation.document]
    assert [path.name for path in root.rglob("*") if path.is_file()] == [operation.document.storage_key]


def test_parts_of_sheets_given_up_are_erased_after_a_day_and_made_again_when_asked(
    access, root, django_capture_on_commit_callbacks
):
    operation = planned(access, SIGNED)
    first, *_ = printing.missing_parts(operation.pk)
    printing.render_part(first)
    printing.give_up(operation.pk)
    lives = Document.objects.get()
    assert lives.expires_at - lives.created_at == timedelta(days=1)

    with django_capture_on_commit_callbacks(execute=True):
        purge_expired_documents(timezone.now() + timedelta(days=1, seconds=1))

    assert not [path for path in root.rglob("*") if path.is_file()]
    Operation.objects.filter(pk=operation.pk).update(status=Operation.Status.RENDERING)
    assert printed(operation).document


def test_at_its_deadline_a_document_is_gone_from_the_disk_and_its_page_says_so(
    client, access, root, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        operation = printed(planned(access))
    client.force_login(access.agent)
    address = reverse("operation_document", args=[access.establishment.uai, operation.pk])
    assert client.get(address).status_code == 200
    now = timezone.now()
    Document.objects.update(created_at=now - timedelta(days=7), expires_at=now)

    assert client.get(address).status_code == 302
    with django_capture_on_commit_callbacks(execute=True):
        purge_expired_documents(now)

    assert not [path for path in root.rglob("*") if path.is_file()]
    assert client.get(address).status_code == 404


def test_whoever_made_it_a_document_is_closed_to_who_has_no_right_left(client, access):
    operation = printed(planned(access))
    client.force_login(access.agent)
    address = reverse("operation_document", args=[access.establishment.uai, operation.pk])
    assert "no-store" in client.get(address)["Cache-Control"]

    Mandate.objects.update(ended_at=timezone.now())
    assert client.get(address).status_code == 404

    director = MandateFactory.create(establishment=access.establishment).agent
    only_consults = {"establishment": access.establishment, "granted_by": director}
    DelegationFactory.create(agent=access.agent, profile=Delegation.Profile.CONSULT, **only_consults)
    assert client.get(address).status_code == 403


def test_an_operation_s_document_is_closed_to_who_may_no_more_export_passwords(client, access):
    planned(access)
    operation = list_made(access, ListFormat.CSV)
    client.force_login(access.agent)
    address = reverse("operation_document", args=[access.establishment.uai, operation.pk])
    assert client.get(address).status_code == 200

    Mandate.objects.update(ended_at=timezone.now())
    director = MandateFactory.create(establishment=access.establishment).agent
    DelegationFactory.create(
        agent=access.agent,
        establishment=access.establishment,
        granted_by=director,
        profile=Delegation.Profile.ASSIST,
    )

    assert client.get(address).status_code == 403
