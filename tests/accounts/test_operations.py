"""What a bulk notification promises: nothing before it is confirmed, nobody twice, everything told."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import check_password, make_password
from django.core.exceptions import PermissionDenied
from django.db import connection, connections
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import operations, printing
from accounts.lifecycle import AgentAct, act_on
from accounts.models import Account, AccountKind, Operation, OperationItem
from accounts.secrets import is_secret, open_secret
from accounts.transitions import SecretEffect, State, Transition
from establishments.access import get_access
from establishments.models import Delegation, Event, EventKind, Responsibility
from notifications.documents import store_document
from tests.factories import (
    DelegationFactory,
    EstablishmentFactory,
    MandateFactory,
    provisional,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def access():
    mandate = MandateFactory.create()
    return get_access(mandate.agent, mandate.establishment.uai)


def draft(access, *, with_reset=False, population=AccountKind.RESPONSABLE):
    accounts = Account.objects.visible_to(access).filter(kind=population)
    return operations.draft(access, Operation.Kind.NOTIFY_SHEETS, population, accounts, with_reset=with_reset)


def confirmed(access, **options):
    operation = draft(access, **options)
    operations.confirm(operation)
    return operation


def outcomes(operation):
    return dict(operation.items.values_list("account__identifier", "status"))


def test_a_draft_changes_no_account(access):
    account = responsable_account(access.establishment)

    draft(access)

    account.refresh_from_db()
    assert account.state == State.NOT_NOTIFIED
    assert not Event.objects.exists()


def test_the_preview_counts_what_confirming_does(access):
    long_ago = timezone.now() - timedelta(days=120)
    elsewhere = EstablishmentFactory.create()
    school = access.establishment
    responsable_account(school)
    responsable_account(school, state=State.NOTIFIED)
    responsable_account(school, state=State.NOTIFIED, distributed_at=long_ago, **provisional(long_ago))
    responsable_account(school, state=State.NOTIFIED, distributed_by=elsewhere)
    responsable_account(school, state=State.ACTIVE)

    without = operations.preview(draft(access))
    operation = draft(access, with_reset=True)
    with_reset = operations.preview(operation)

    assert (without.drawn, without.reset, without.redrawn, without.kept) == (1, 0, 1, 3)
    assert without.foreign_letters == 0
    assert (with_reset.drawn, with_reset.reset, with_reset.redrawn, with_reset.kept) == (1, 4, 0, 0)
    assert with_reset.foreign_letters == 1
    operations.confirm(operation)
    operations.run(operation.pk)
    done = list(operation.items.values_list("effect", flat=True))
    assert {e: done.count(e) for e in set(done)} == {SecretEffect.DRAWN: 1, SecretEffect.RESET: 4}


def test_the_preview_costs_the_same_whatever_the_selection(access):
    counts = []
    for _ in range(2):
        for _ in range(15):
            responsable_account(access.establishment)
        operation = Operation.objects.select_related("establishment__feed__academy").get(pk=draft(access).pk)
        with CaptureQueriesContext(connection) as queries:
            operations.preview(operation)
        counts.append(len(queries))

    assert counts[0] == counts[1] == 1


def test_a_page_that_polls_is_left_alone_while_nothing_moves(access, client):
    responsable_account(access.establishment)
    operation = confirmed(access)
    client.force_login(access.agent)
    address = reverse("operation", args=[access.establishment.uai, operation.pk])
    seen = client.get(address).context["seen"]
    poll = {"headers": {"HX-Request": "true"}}

    assert client.get(address, {"vu": seen}, **poll).status_code == 204
    operations.run(operation.pk)
    moved = client.get(address, {"vu": seen}, **poll)

    assert moved.status_code == 200
    assert client.get(address, {"vu": seen}).status_code == 200, "a reload shows the page"


def test_confirming_twice_queues_once(access):
    responsable_account(access.establishment)
    operation = draft(access)

    assert operations.confirm(operation)
    assert not operations.confirm(operation)
    assert not operations.cancel(operation, by=access.agent)


def test_a_cancelled_draft_can_no_longer_be_confirmed(access):
    account = responsable_account(access.establishment)
    operation = draft(access)
    assert operations.cancel(operation, by=access.agent)

    assert not operations.confirm(operation)
    assert not operations.run(operation.pk)
    account.refresh_from_db()
    assert account.state == State.NOT_NOTIFIED


def test_a_cancelled_draft_was_prepared_and_never_launched(client, access):
    responsable_account(access.establishment)
    operation = draft(access)
    operations.cancel(operation, by=access.agent)

    client.force_login(access.agent)
    text = client.get(reverse("operation", args=[access.establishment.uai, operation.pk])).text
    assert "Préparée le" in text
    assert "Lancée" not in text


def test_running_twice_notifies_once(access):
    account = responsable_account(access.establishment)
    operation = confirmed(access)

    assert operations.run(operation.pk)
    account.refresh_from_db()
    secret = open_secret(account.sealed_secret)
    operations.run(operation.pk)

    account.refresh_from_db()
    assert (account.version, open_secret(account.sealed_secret)) == (1, secret)
    assert Event.objects.filter(kind=EventKind.ACCOUNT_NOTIFY).count() == 1


def test_a_second_worker_at_the_same_time_notifies_nobody_twice(access, monkeypatch):
    monkeypatch.setattr(operations, "CHUNK_SIZE", 3)
    accounts = [responsable_account(access.establishment) for _ in range(10)]
    operation = confirmed(access)

    operations.run(operation.pk)
    operations.run(operation.pk)

    assert set(Account.objects.filter(pk__in=[a.pk for a in accounts]).values_list("version", flat=True)) == {
        1
    }


def test_an_account_changed_since_the_selection_is_left_aside_and_named(access):
    kept, changed = responsable_account(access.establishment), responsable_account(access.establishment)
    operation = confirmed(access)
    act_on([changed], AgentAct(Transition.NOTIFY, access.agent, access.establishment, timezone.now()))

    operations.run(operation.pk)

    assert outcomes(operation) == {kept.identifier: "DONE", changed.identifier: "LEFT_ASIDE"}
    assert operation.items.get(account=changed).reason == OperationItem.Reason.CHANGED
    assert operations.preview(draft(access)).left_aside == 0


def test_an_account_whose_child_left_is_left_aside(access):
    account = responsable_account(access.establishment)
    operation = confirmed(access)
    Responsibility.objects.update(is_legal=False)

    operations.run(operation.pk)

    assert operation.items.get().reason == OperationItem.Reason.GONE
    account.refresh_from_db()
    assert account.state == State.NOT_NOTIFIED


def test_two_directors_who_select_the_same_accounts_notify_them_once(access):
    account = responsable_account(access.establishment, state=State.ACTIVE)
    first, second = confirmed(access, with_reset=True), confirmed(access, with_reset=True)

    operations.run(first.pk)
    operations.run(second.pk)

    assert outcomes(first) == {account.identifier: "DONE"}
    assert outcomes(second) == {account.identifier: "LEFT_ASIDE"}


def test_an_unexpected_error_stops_the_operation_where_it_was_and_it_can_be_taken_up(access, monkeypatch):
    monkeypatch.setattr(operations, "CHUNK_SIZE", 2)
    for _ in range(5):
        responsable_account(access.establishment)
    operation = confirmed(access)
    real, calls = operations.act_on, []

    def fails_once(accounts, act):
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("disk full")
        return real(accounts, act)

    monkeypatch.setattr(operations, "act_on", fails_once)
    with pytest.raises(RuntimeError):
        operations.run(operation.pk)
    operation.refresh_from_db()
    assert operation.status == Operation.Status.FAILED
    assert operation.items.filter(status="DONE").count() == 2

    assert operations.retry(operation)
    assert operations.run(operation.pk)
    assert set(Account.objects.values_list("version", flat=True)) == {1}


@pytest.mark.parametrize("size", [3, 30])
def test_the_queries_of_a_chunk_do_not_grow_with_it(access, size):
    for _ in range(size):
        responsable_account(access.establishment)
    operation = confirmed(access, with_reset=True)

    with CaptureQueriesContext(connection) as queries:
        operations.run(operation.pk)

    assert len(queries) == 17


def test_operations_without_a_heartbeat_for_a_minute_are_claimed_once(access):
    responsable_account(access.establishment)
    operation = confirmed(access)
    now = timezone.now()

    assert operations.stalled(now) == []
    later = now + timedelta(minutes=2)
    Operation.objects.update(heartbeat_at=now - timedelta(minutes=5))
    assert [o.pk for o in operations.stalled(later)] == [operation.pk]
    Operation.objects.update(heartbeat_at=later)
    assert operations.stalled(later) == []


def test_only_those_entitled_may_notify_a_population(access):
    student_account(access.establishment)
    consult = DelegationFactory.create(
        establishment=access.establishment, profile=Delegation.Profile.CONSULT, population="STUDENTS"
    )
    theirs = get_access(consult.agent, access.establishment.uai)

    with pytest.raises(PermissionDenied):
        draft(theirs, population=AccountKind.STUDENT)
    with pytest.raises(Http404):
        draft(theirs, population=AccountKind.RESPONSABLE)


def test_a_draft_is_its_authors_only_and_forgotten_after_two_days(access):
    responsable_account(access.establishment)
    operation = draft(access)
    colleague = get_access(
        MandateFactory.create(establishment=access.establishment).agent, access.establishment.uai
    )

    assert not Operation.objects.visible_to(colleague).exists()
    assert Operation.objects.visible_to(access).get() == operation
    assert operations.purge_drafts(timezone.now() + timedelta(days=1)) == 0
    assert operations.purge_drafts(timezone.now() + timedelta(days=3)) > 0
    assert not Operation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_on_one_operation_share_its_accounts(monkeypatch):
    mandate = MandateFactory.create()
    access = get_access(mandate.agent, mandate.establishment.uai)
    monkeypatch.setattr(operations, "CHUNK_SIZE", 4)
    for _ in range(24):
        responsable_account(access.establishment)
    operation = confirmed(access)
    errors = []

    def work():
        try:
            operations.run(operation.pk)
        except Exception as error:  # told by the assertion below
            errors.append(error)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert errors == []
    assert set(operation.items.values_list("status", flat=True)) == {"DONE"}
    assert set(Account.objects.values_list("version", flat=True)) == {1}
    assert Event.objects.filter(kind=EventKind.ACCOUNT_NOTIFY).count() == 24


def test_sheets_whose_pupils_have_all_left_since_end_the_operation_without_a_document(access):
    responsable_account(access.establishment)
    operation = confirmed(access)
    operations.run(operation.pk)
    printing.plan_sheets(operation.pk)
    Responsibility.objects.update(ended_at=timezone.now())

    for part in printing.missing_parts(operation.pk):
        printing.render_part(part)

    assert printing.assemble(operation.pk)
    operation.refresh_from_db()
    assert (operation.status, operation.document) == (Operation.Status.DONE, None)


# Resetting passwords.

AVERTISSEMENT = (
    "Avertissement : les mots de passe des comptes qui n'étaient pas encore notifiés "
    "n'ont pas été mis à jour."
)


def drafted_reset(access, *accounts):
    chosen = Account.objects.filter(pk__in=[account.pk for account in accounts])
    return operations.draft(access, Operation.Kind.RESET, AccountKind.RESPONSABLE, chosen)


def done_reset(access, *accounts):
    operation = drafted_reset(access, *accounts)
    operations.confirm(operation)
    operations.run(operation.pk)
    printing.plan_sheets(operation.pk)
    operation.refresh_from_db()
    return operation


def page_of(client, access, operation):
    client.force_login(access.agent)
    return client.get(reverse("operation", args=[access.establishment.uai, operation.pk])).text


def test_a_reset_keeps_every_state_and_leaves_those_never_notified_aside(access):
    school = access.establishment
    accounts = {state: responsable_account(school, state=state) for state in State}

    operation = done_reset(access, *accounts.values())

    assert operation.status == Operation.Status.DONE
    for state, account in accounts.items():
        before = account.distributed_at
        account.refresh_from_db()
        assert (account.state, account.distributed_at) == (state, before)
        assert (
            bool(account.reset_requested_at) == bool(account.sealed_secret) == (state != State.NOT_NOTIFIED)
        )
    item = operation.items.get(account=accounts[State.NOT_NOTIFIED])
    assert (item.status, item.reason) == ("LEFT_ASIDE", OperationItem.Reason.FORBIDDEN)


def test_after_a_reset_neither_the_provisional_nor_the_chosen_password_works_any_more(access):
    school = access.establishment
    notified = responsable_account(school, state=State.NOTIFIED)
    active = responsable_account(school, state=State.ACTIVE, password=make_password("choisi par nous 12"))
    waiting = responsable_account(school, state=State.ACTIVATING, password=make_password("le même 12345"))
    provisional_before = open_secret(notified.sealed_secret)

    done_reset(access, notified, active, waiting)

    for account in (notified, active, waiting):
        account.refresh_from_db()
        assert account.has_live_secret(timezone.now())
        assert not is_secret(account.sealed_secret, provisional_before)
        assert not check_password("choisi par nous 12", account.password)
        assert not check_password("le même 12345", account.password)
    assert waiting.pending_mail == "attente@example.org"


def test_the_preview_and_the_result_of_a_reset_give_the_guide_s_warning_and_offer_to_notify(client, access):
    never = responsable_account(access.establishment, record={"surname": "ABBEYEM"})
    active = responsable_account(access.establishment, state=State.ACTIVE)

    preview = page_of(client, access, drafted_reset(access, never, active))
    result = page_of(client, access, done_reset(access, never, active))

    for page in (preview, result):
        assert AVERTISSEMENT in page.replace("&#x27;", "'")
    assert "1 compte jamais notifié" in preview
    assert "Réinitialiser 1 mot de passe" in preview
    assert "1 mot de passe réinitialisé" in result
    assert "ABBEYEM" in result.split("Laissés de côté")[1]
    assert "L’état du compte ne permet pas cette action" in result
    assert 'value="notify_sheets"' in result
    assert "<h1>Réinitialisation des mots de passe</h1>" in result


def test_without_an_account_never_notified_there_is_no_warning(client, access):
    active = responsable_account(access.establishment, state=State.ACTIVE)

    preview = page_of(client, access, drafted_reset(access, active))
    result = page_of(client, access, done_reset(access, active))

    assert "Avertissement" not in preview + result


def test_a_reset_of_those_never_notified_alone_cannot_be_confirmed(client, access):
    never = responsable_account(access.establishment)

    preview = page_of(client, access, drafted_reset(access, never))

    assert "Aucun de ces comptes ne le permet en l’état." in preview
    assert 'form="confirm"' not in preview
    assert 'id="confirm"' not in preview


def test_the_reset_of_one_account_names_it_and_leads_back_to_its_page(client, access):
    account = responsable_account(
        access.establishment, state=State.ACTIVE, record={"surname": "ZOLA", "given_name": "Émile"}
    )
    address = reverse("account", args=[access.establishment.uai, account.pk])

    preview = page_of(client, access, drafted_reset(access, account))
    result = page_of(client, access, done_reset(access, account))

    assert "ZOLA Émile" in preview
    assert f'href="{address}">Retour au compte : ZOLA Émile' in result
    assert "Notifier ce compte par feuille individuelle" in result
    account.refresh_from_db()
    shown = client.get(address).text
    day = f"{timezone.localtime(account.reset_requested_at):%d/%m/%Y}"
    assert day in shown.split("Date de demande de réinitialisation du mot de passe")[1].split("</dd>")[0]


def test_a_reset_warns_that_another_school_s_letter_dies(client, access):
    account = responsable_account(
        access.establishment, state=State.NOTIFIED, distributed_by=EstablishmentFactory.create()
    )

    preview = page_of(client, access, drafted_reset(access, account))

    assert "1 courrier remis par un autre établissement cessera de fonctionner" in preview


def test_of_two_directors_resetting_the_same_account_the_second_changes_nothing(access):
    account = responsable_account(access.establishment, state=State.ACTIVE)
    first, second = drafted_reset(access, account), drafted_reset(access, account)
    for operation in (first, second):
        operations.confirm(operation)
        operations.run(operation.pk)

    assert outcomes(first) == {account.identifier: "DONE"}
    assert outcomes(second) == {account.identifier: "LEFT_ASIDE"}
    assert Event.objects.filter(kind=EventKind.ACCOUNT_PASSWORD_RESET).count() == 1


def test_confirming_a_reset_twice_or_back_after_giving_up_resets_nothing_more(client, access):
    account = responsable_account(access.establishment, state=State.ACTIVE)
    client.force_login(access.agent)
    uai = access.establishment.uai
    confirmed_once, given_up = drafted_reset(access, account), drafted_reset(access, account)

    for operation, address in (
        (confirmed_once, "operation_confirm"),
        (confirmed_once, "operation_confirm"),
        (given_up, "operation_cancel"),
        (given_up, "operation_confirm"),
    ):
        client.post(reverse(address, args=[uai, operation.pk]))
        operations.run(operation.pk)

    account.refresh_from_db()
    assert account.version == 1
    assert outcomes(given_up) == {account.identifier: "PENDING"}


@pytest.mark.parametrize(
    ("kind", "recorded"),
    [("NOTIFY_SHEETS", 1), ("NOTIFY_MAIL", 1), ("RESET", 1), ("LEAFLET", 0)],
)
def test_each_opening_of_sheets_with_passwords_is_recorded_and_shown(client, access, kind, recorded):
    operation = Operation.objects.create(
        establishment=access.establishment,
        agent=access.agent,
        kind=kind,
        population=AccountKind.RESPONSABLE,
        status=Operation.Status.DONE,
        confirmed_at=timezone.now(),
        document=store_document(
            b"%PDF-", name="feuilles.pdf", content_type="application/pdf", lifetime=timedelta(days=1)
        ),
    )
    colleague = MandateFactory.create(establishment=access.establishment).agent
    client.force_login(colleague)
    address = reverse("operation_document", args=[access.establishment.uai, operation.pk])

    client.head(address)
    assert client.get(address, {"telecharger": ""}).status_code == 200

    events = Event.objects.filter(kind=EventKind.DOCUMENT_DOWNLOADED)
    assert [(event.target_id, event.agent) for event in events] == [(operation.pk, colleague)] * recorded
    page = client.get(reverse("operation", args=[access.establishment.uai, operation.pk])).text
    assert page.count(f", {colleague.full_name}</li>") == recorded
