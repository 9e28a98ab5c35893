"""Leaflets: for whom, in which words, and that no account changes by them."""

from io import BytesIO

import pytest
from django.urls import reverse
from pypdf import PdfReader

from accounts import leaflets, operations, printing
from accounts.leaflets import SINGLE, LeafletChoice, choice_of
from accounts.models import Account, AccountKind, Operation, OperationItem
from accounts.tasks import run_operation
from accounts.transitions import State
from establishments.access import get_access
from establishments.models import Event, EventKind
from notifications.documents import read_document
from tests.factories import (
    DelegationFactory,
    EstablishmentFactory,
    MandateFactory,
    responsable_account,
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


def draft(access):
    accounts = Account.objects.visible_to(access)
    return operations.draft(access, Operation.Kind.LEAFLET, AccountKind.RESPONSABLE, accounts)


def pages(operation, choice):
    """What comes out of a draft confirmed with `choice`; nothing when there is no document."""
    operations.confirm(operation, choice.options)
    assert leaflets.run(operation.pk)
    printing.plan_sheets(operation.pk)
    for part in printing.missing_parts(operation.pk):
        printing.render_part(part)
    printing.assemble(operation.pk)
    operation.refresh_from_db()
    assert operation.status == Operation.Status.DONE
    if operation.document is None:
        return []
    pdf = PdfReader(BytesIO(read_document(operation.document)))
    return [" ".join(page.extract_text().split()) for page in pdf.pages]


def test_a_copy_for_each_family_that_can_register_by_itself(access):
    school = access.establishment
    able = responsable_account(school, record={"surname": "ABADIE"})
    waiting = responsable_account(school, state=State.NOTIFIED, record={"surname": "CORRE"})
    validated = responsable_account(school, mobile="+33639981234", record={"surname": "DUPRE", "mobile": ""})
    responsable_account(school, record={"surname": "MARTIN", "mobile": ""})
    responsable_account(school, state=State.ACTIVE, record={"surname": "ZOLA"})

    operation = draft(access)
    found = leaflets.preview(operation)
    copies = pages(operation, LeafletChoice())

    assert (found.total, found.able, found.active, found.without_mobile) == (5, 3, 1, 1)
    assert len(copies) == 3
    text = " ".join(copies)
    for name in ("ABADIE", "CORRE", "DUPRE"):
        assert f"Pour Mme Anne {name}" in text
    assert "ZOLA" not in text
    for account in (able, waiting, validated):
        assert account.identifier not in text
    reasons = set(operation.items.filter(status="LEFT_ASIDE").values_list("reason", flat=True))
    assert reasons == {OperationItem.Reason.UNABLE}


def test_copies_come_by_class_then_pupil_with_the_class_on_each(access):
    for _ in range(3):
        responsable_account(access.establishment)
    labels = list(
        access.establishment.classes.filter(students__isnull=False)
        .order_by("label_key")
        .values_list("label", flat=True)
    )

    copies = pages(draft(access), LeafletChoice())

    assert [label in copy for label, copy in zip(labels, copies, strict=True)] == [True] * 3


def test_a_copy_for_everybody_when_asked(access):
    responsable_account(access.establishment, record={"mobile": ""})
    responsable_account(access.establishment, state=State.ACTIVE)

    assert len(pages(draft(access), LeafletChoice(only_able=False))) == 2


def test_a_single_page_names_nobody(access):
    responsable_account(access.establishment, record={"surname": "ABADIE", "mobile": ""})
    responsable_account(access.establishment, record={"surname": "CORRE"})

    (page,) = pages(draft(access), LeafletChoice(copies=SINGLE))

    assert "Créez vous-même votre compte EduConnect" in page
    assert "ABADIE" not in page
    assert "CORRE" not in page
    assert "Élève :" not in page


def test_no_account_changes_and_the_operation_is_recorded_once(access):
    accounts = [responsable_account(access.establishment), responsable_account(access.establishment)]
    operation = draft(access)

    pages(operation, LeafletChoice())
    assert not leaflets.run(operation.pk)

    for account in accounts:
        account.refresh_from_db()
        assert (account.state, account.version, account.distributed_at) == (State.NOT_NOTIFIED, 0, None)
    event = Event.objects.get()
    assert (event.kind, event.agent, event.target_id) == (
        EventKind.OPERATION_CONFIRMED,
        access.agent,
        operation.pk,
    )


def test_a_worker_that_takes_up_a_leaflet_notifies_nobody(access, monkeypatch):
    account = responsable_account(access.establishment)
    operation = draft(access)
    operations.confirm(operation, LeafletChoice().options)
    monkeypatch.setattr("accounts.tasks.enqueue_sheets", lambda pk: None)

    run_operation(operation.pk)
    run_operation(operation.pk)

    account.refresh_from_db()
    operation.refresh_from_db()
    assert (account.state, account.version) == (State.NOT_NOTIFIED, 0)
    assert operation.status == Operation.Status.RENDERING
    assert Event.objects.count() == 1


def test_when_nobody_can_register_there_is_no_document_and_the_page_says_why(client, access):
    responsable_account(access.establishment, record={"mobile": ""})
    operation = draft(access)

    assert pages(operation, LeafletChoice()) == []

    client.force_login(access.agent)
    text = client.get(reverse("operation", args=[access.establishment.uai, operation.pk])).text
    assert "Aucun exemplaire" in text
    assert "etat=NOT_NOTIFIED&amp;mobile=sans" in text


def test_the_words_of_the_school_are_proposed_again_and_only_to_it(access):
    responsable_account(access.establishment)
    pages(draft(access), LeafletChoice(paragraph="À bientôt."))
    other = MandateFactory.create(establishment=EstablishmentFactory.create())
    elsewhere = get_access(other.agent, other.establishment.uai)
    responsable_account(elsewhere.establishment)

    assert choice_of(draft(access)).paragraph == "À bientôt."
    assert choice_of(draft(elsewhere)).paragraph == ""


def test_the_2nd_degre_names_the_ent_and_the_1er_does_not(access):
    school = EstablishmentFactory.create(feed__degree=1)
    mandate = MandateFactory.create(establishment=school)
    responsable_account(access.establishment)
    responsable_account(school)

    (second,) = pages(draft(access), LeafletChoice())
    (first,) = pages(draft(get_access(mandate.agent, school.uai)), LeafletChoice())

    assert "espace numérique de travail" in second
    assert "espace numérique de travail" not in first


def posted(client, access, population="RESPONSABLE"):
    data = {"population": population, "action": "leaflet", "scope": "filter", "filter": ""}
    return client.post(reverse("operation_create", args=[access.establishment.uai]), data)


def test_the_form_of_the_preview_decides_and_too_many_lines_are_refused(client, access):
    responsable_account(access.establishment)
    client.force_login(access.agent)
    page = posted(client, access).url

    refused = client.post(f"{page}confirmer/", {"copies": "class", "paragraph": "\n".join("abcdefghij")})
    assert refused.status_code == 422
    assert "Pas plus de 8 lignes" in refused.text
    client.post(f"{page}confirmer/", {"copies": "single", "paragraph": "À\r\nbientôt."})

    operation = Operation.objects.get()
    assert operation.status == Operation.Status.QUEUED
    assert choice_of(operation) == LeafletChoice(SINGLE, only_able=False, paragraph="À\nbientôt.")


def test_pupils_have_no_leaflet(client, access):
    student_account(access.establishment)
    client.force_login(access.agent)

    assert posted(client, access, "STUDENT").status_code == 404
    assert "Dépliant" not in client.get(reverse("student_list", args=[access.establishment.uai])).text


def test_who_only_consults_prepares_no_leaflet(client, access):
    responsable_account(access.establishment)
    consult = DelegationFactory.create(
        establishment=access.establishment, profile="CONSULT", population="RESPONSABLES"
    )
    client.force_login(consult.agent)

    assert posted(client, access).status_code == 403
    home = client.get(reverse("establishment", args=[access.establishment.uai])).text
    assert "dépliant" not in home
    assert not Operation.objects.exists()


def test_the_home_page_proposes_the_leaflet_first_then_notifying_the_others(client, access):
    responsable_account(access.establishment)
    responsable_account(access.establishment, state=State.NOTIFIED)
    responsable_account(access.establishment, record={"mobile": ""}, children=2)
    responsable_account(access.establishment, state=State.ACTIVE)
    client.force_login(access.agent)

    text = client.get(reverse("establishment", args=[access.establishment.uai])).text

    first, second = text.index("Les inviter avec un dépliant"), text.index("Notifier ceux qui ne peuvent pas")
    assert first < second
    assert "<strong>2</strong> responsables peuvent" in text
    assert "<strong>1</strong> jamais notifié" in text


def test_the_home_page_proposes_nothing_when_all_is_open(client, access):
    responsable_account(access.establishment, state=State.ACTIVE)
    client.force_login(access.agent)

    assert "dépliant" not in client.get(reverse("establishment", args=[access.establishment.uai])).text


def test_a_new_edition_is_recorded_without_an_event_on_any_account(client, access):
    responsable_account(access.establishment)
    operation = draft(access)
    pages(operation, LeafletChoice())
    client.force_login(access.agent)

    client.post(reverse("operation_reprint", args=[access.establishment.uai, operation.pk]))

    operation.refresh_from_db()
    assert operation.status == Operation.Status.RENDERING
    assert Event.objects.get(kind=EventKind.OPERATION_REPRINTED).target_id == operation.pk
    assert not Event.objects.filter(target_kind="account").exists()
