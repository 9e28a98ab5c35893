"""The list of what is to correct, when it is too long to be laid out while its author waits."""

from io import BytesIO

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from accounts import issue_printing
from accounts.models import AccountKind, DataIssue, Operation
from establishments.models import Delegation, Event, EventKind
from notifications import issue_list
from notifications.documents import read_document
from tests.factories import (
    DelegationFactory,
    MandateFactory,
    ResponsibilityFactory,
    StudentFactory,
    responsable_account,
)

pytestmark = pytest.mark.django_db
Kind = DataIssue.Kind


@pytest.fixture(autouse=True)
def long_from_two(monkeypatch):
    monkeypatch.setattr(issue_printing, "AT_ONCE", 1)


@pytest.fixture
def director():
    return MandateFactory.create()


@pytest.fixture
def school(director):
    return director.establishment


def signed_in(agent):
    client = Client()
    client.force_login(agent)
    return client


def issue(school, kind, record):
    field = "student" if record._meta.model_name == "student" else "responsable"
    return DataIssue.objects.create(
        establishment=school, kind=kind, opened_at=timezone.now(), **{field: record}
    )


def pupils_without_ine(school, *surnames):
    for surname in surnames:
        issue(school, Kind.INE_MISSING, StudentFactory.create(establishment=school, surname=surname))


def ask(client, school, run_tasks, **filters):
    """The list asked for, and made as a worker does."""
    with run_tasks(execute=True):
        answer = client.post(reverse("issues_export", args=[school.uai]), {"format": "pdf", **filters})
    operation = Operation.objects.latest("pk")
    assert answer.url == reverse("operation", args=[school.uai, operation.pk])
    return operation


@pytest.fixture
def run_tasks(django_capture_on_commit_callbacks, monkeypatch):
    monkeypatch.setattr("accounts.views.issues.run_operation.delay", issue_printing.make)
    return django_capture_on_commit_callbacks


def text_of(operation):
    operation.refresh_from_db()
    pages = PdfReader(BytesIO(read_document(operation.document))).pages
    return "\n".join(page.extract_text() for page in pages)


def test_a_long_list_is_a_document_of_all_the_lines_the_filters_find(director, school, run_tasks):
    pupils_without_ine(school, "ABADIE", "BERNARD")
    record = ResponsibilityFactory.create(student__establishment=school).responsable
    issue(school, Kind.MAIL_MISSING, record)
    client = signed_in(director.agent)

    operation = ask(client, school, run_tasks, constat="INE_MISSING")

    text = text_of(operation)
    assert "ABADIE" in text
    assert "BERNARD" in text
    assert record.surname not in text
    assert operation.status == Operation.Status.DONE
    event = Event.objects.get(kind=EventKind.ISSUES_EXPORTED)
    assert (event.agent, event.data) == (director.agent, {"format": "pdf", "lines": {"INE_MISSING": 2}})


def test_its_page_says_it_is_being_made_then_opens_it_which_is_recorded(director, school, run_tasks):
    pupils_without_ine(school, "ABADIE", "BERNARD")
    client = signed_in(director.agent)
    with run_tasks():
        answer = client.post(reverse("issues_export", args=[school.uai]), {"format": "pdf"})
    assert (
        "La liste se prépare\N{NARROW NO-BREAK SPACE}: 2 lignes…" in client.get(answer.url).content.decode()
    )
    operation = Operation.objects.get()

    issue_printing.make(operation.pk)

    page = client.get(answer.url).content.decode()
    assert "La liste est prête\N{NARROW NO-BREAK SPACE}: 2 lignes" in page
    assert (
        "Liste des données à corriger — 2 lignes"
        in client.get(reverse("operation_list", args=[school.uai])).content.decode()
    )
    document = client.get(reverse("operation_document", args=[school.uai, operation.pk]))
    assert document["Content-Type"] == "application/pdf"
    assert Event.objects.filter(kind=EventKind.LIST_DOWNLOADED, target_id=operation.pk).count() == 1


def test_it_is_the_author_s_alone(director, school, run_tasks):
    pupils_without_ine(school, "ABADIE", "BERNARD")
    operation = ask(signed_in(director.agent), school, run_tasks)
    colleague = signed_in(MandateFactory.create(establishment=school).agent)

    for name in ("operation", "operation_document"):
        assert colleague.get(reverse(name, args=[school.uai, operation.pk])).status_code == 404
    assert (
        "données à corriger —"
        not in colleague.get(reverse("operation_list", args=[school.uai])).content.decode()
    )


def test_a_delegate_takes_the_lines_of_their_population_alone(school, run_tasks):
    pupils_without_ine(school, "ABADIE", "BERNARD")
    account = responsable_account(school, record={"surname": "PARENTE"})
    issue(school, Kind.MAIL_MISSING, account.sources.get().responsable)
    delegate = DelegationFactory.create(establishment=school, population=Delegation.Population.STUDENTS)

    operation = ask(signed_in(delegate.agent), school, run_tasks)

    assert operation.population == AccountKind.STUDENT
    text = text_of(operation)
    assert "ABADIE" in text
    assert "PARENTE" not in text


def test_who_keeps_one_of_two_populations_opens_no_more_a_list_of_both(school, run_tasks):
    pupils_without_ine(school, "ABADIE", "BERNARD")
    delegate = DelegationFactory.create(establishment=school, population=Delegation.Population.BOTH)
    client = signed_in(delegate.agent)
    operation = ask(client, school, run_tasks)
    Delegation.objects.update(population=Delegation.Population.RESPONSABLES)
    Operation.objects.update(population=AccountKind.RESPONSABLE)

    address = [school.uai, operation.pk]
    assert client.get(reverse("operation_document", args=address)).status_code == 404
    assert "demandez-en une nouvelle" in client.get(reverse("operation", args=address)).content.decode()


def test_rights_which_ended_meanwhile_make_no_document(director, school):
    pupils_without_ine(school, "ABADIE", "BERNARD")
    client = signed_in(director.agent)
    client.post(reverse("issues_export", args=[school.uai]), {"format": "pdf"})
    operation = Operation.objects.get()
    director.delete()

    issue_printing.make(operation.pk)

    operation.refresh_from_db()
    assert (operation.status, operation.document, operation.options["lines"]) == ("DONE", None, 0)
    assert not Event.objects.filter(kind=EventKind.ISSUES_EXPORTED).exists()


def test_it_is_made_once_and_what_stopped_it_can_be_taken_up_again(director, school, run_tasks, monkeypatch):
    pupils_without_ine(school, "ABADIE", "BERNARD")
    client = signed_in(director.agent)
    client.post(reverse("issues_export", args=[school.uai]), {"format": "pdf"})
    operation = Operation.objects.get()
    with monkeypatch.context() as broken:
        broken.setattr(issue_list, "LINES_A_PART", 0.5)
        with pytest.raises(TypeError):
            issue_printing.make(operation.pk)
    address = reverse("operation", args=[school.uai, operation.pk])
    assert "Reprendre" in client.get(address).content.decode()

    client.post(reverse("operation_retry", args=[school.uai, operation.pk]))
    issue_printing.make(operation.pk)
    issue_printing.make(operation.pk)

    assert "ABADIE" in text_of(operation)
    assert Event.objects.filter(kind=EventKind.ISSUES_EXPORTED).count() == 1
