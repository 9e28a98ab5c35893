"""Two people, one account, at the same moment: one wins, the other is told, and everything happened once."""

import threading
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from aaf_import.importing import import_extract
from aaf_import.models import ImportRun
from accounts import closing, lifecycle, operations
from accounts.models import Absence, Account, AccountKind, Operation, OperationItem
from accounts.secrets import open_secret
from accounts.tasks import end_accounts
from accounts.transitions import ForbiddenTransition, State
from establishments.access import get_access
from establishments.delegations import ending
from establishments.models import Delegation, Establishment, Event, EventKind, Responsable, Student
from notifications.models import Delivery
from tests.aaf_import.builder import extract, family, link
from tests.factories import (
    DelegationFactory,
    EstablishmentFactory,
    MandateFactory,
    ResponsibilityFactory,
    StudentFactory,
    responsable_account,
)

pytestmark = pytest.mark.django_db(transaction=True)

Kind, Status = Operation.Kind, Operation.Status
# Longer than any of these takes: a barrier that waits so long is a deadlock, and breaks.
PATIENCE = 30


def at_once(*acts):
    """Run each act in a thread and connection of its own, all starting together; their results in order."""
    barrier = threading.Barrier(len(acts), timeout=PATIENCE)
    results = [None] * len(acts)

    def work(position, act):
        try:
            barrier.wait()
            results[position] = act()
        except Exception as error:  # told by the assertions of each test
            results[position] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    unexpected = [r for r in results if isinstance(r, Exception) and not isinstance(r, ForbiddenTransition)]
    assert unexpected == []
    return results


@pytest.fixture
def meeting(monkeypatch):
    """Both have read the account before either changes it: the closest race there is."""
    barrier = threading.Barrier(2, timeout=PATIENCE)
    lock = operations._lock

    def meet(accounts):
        barrier.wait()
        lock(accounts)

    monkeypatch.setattr(operations, "_lock", meet)
    return barrier


def director(school):
    return get_access(MandateFactory.create(establishment=school).agent, school.uai)


@pytest.fixture
def school():
    return EstablishmentFactory.create()


@pytest.fixture
def account(school):
    return responsable_account(school, state=State.NOTIFIED)


def shared_account(school, other, **fields):
    """One responsable of a pupil of each school."""
    account = responsable_account(school, **fields)
    child = StudentFactory.create(establishment=other)
    ResponsibilityFactory.create(student=child, responsable=account.sources.get().responsable)
    return account


def draft(access, kind, *accounts, **options):
    chosen = Account.objects.filter(pk__in=[account.pk for account in accounts])
    return operations.draft(access, kind, AccountKind.RESPONSABLE, chosen, **options)


def browser(access):
    client = Client()
    client.force_login(access.agent)
    return client


def post(access, name, key, **data):
    """Post as this agent, from a browser of their own; what the next page tells them."""
    client = browser(access)

    def act():
        address = reverse(name, args=[access.establishment.uai, key])
        answer = client.post(address, data, follow=True)
        assert answer.status_code == 200
        return answer.content.decode()

    return act


def confirm_and_run(access, operation):
    confirm = post(access, "operation_confirm", operation.pk)

    def act():
        confirm()
        operations.run(operation.pk)

    return act


def outcomes(*drafts):
    return sorted(OperationItem.objects.filter(operation__in=drafts).values_list("status", "reason"))


ONE_WON = [("DONE", ""), ("LEFT_ASIDE", "CHANGED")]


@pytest.mark.parametrize(
    "kinds",
    [(Kind.RESET, Kind.RESET), (Kind.NOTIFY_SHEETS, Kind.RESET), (Kind.NOTIFY_SHEETS, Kind.NOTIFY_SHEETS)],
)
def test_of_two_directors_who_act_on_an_account_one_wins_and_the_other_reads_why(
    school, account, meeting, kinds
):
    both = [director(school), director(school)]
    drafts = [draft(access, kind, account) for access, kind in zip(both, kinds, strict=True)]

    at_once(*(confirm_and_run(*each) for each in zip(both, drafts, strict=True)))

    account.refresh_from_db()
    assert outcomes(*drafts) == ONE_WON
    assert account.version == 1
    assert Event.objects.filter(target_kind="account", target_id=account.pk).count() == 1
    [loser] = OperationItem.objects.filter(status="LEFT_ASIDE")
    # The sheets are another step: the page then tells what was left aside.
    Operation.objects.filter(pk=loser.operation_id).update(status=Status.DONE)
    access = both[drafts.index(loser.operation)]
    page = browser(access).get(reverse("operation", args=[school.uai, loser.operation_id]))
    assert "Le compte a changé depuis la sélection" in page.content.decode()


@pytest.mark.parametrize("with_reset", [False, True])
def test_of_two_schools_which_notify_a_shared_account_one_letter_counts(school, meeting, with_reset):
    other = EstablishmentFactory.create()
    account = shared_account(school, other)
    both = [director(school), director(other)]
    drafts = [draft(access, Kind.NOTIFY_SHEETS, account, with_reset=with_reset) for access in both]

    at_once(*(confirm_and_run(*each) for each in zip(both, drafts, strict=True)))

    account.refresh_from_db()
    assert outcomes(*drafts) == ONE_WON
    [done] = OperationItem.objects.filter(status="DONE")
    [event] = Event.objects.filter(target_kind="account", target_id=account.pk)
    assert account.distributed_by == event.establishment == done.operation.establishment
    assert (account.version, account.times_distributed) == (1, 1)
    assert account.sealed_secret


def test_a_password_shown_while_it_is_reset_is_the_old_one_or_the_new_and_is_recorded_once(school, account):
    both = [director(school), director(school)]
    reset = draft(both[1], Kind.RESET, account)
    old = open_secret(account.sealed_secret)

    page, _ = at_once(post(both[0], "account_password", account.pk), confirm_and_run(both[1], reset))

    account.refresh_from_db()
    new = open_secret(account.sealed_secret)
    assert new != old
    assert (old in page) != (new in page)
    kinds = Event.objects.filter(target_kind="account").values_list("kind", flat=True)
    assert sorted(kinds) == [EventKind.ACCOUNT_PASSWORD_RESET, EventKind.ACCOUNT_SECRET_SHOWN]


def test_an_operation_confirmed_in_two_tabs_at_once_runs_once_and_the_second_tab_is_told(school, account):
    access = director(school)
    operation = draft(access, Kind.RESET, account)

    pages = at_once(*(post(access, "operation_confirm", operation.pk) for _ in range(2)))
    at_once(*(lambda: operations.run(operation.pk) for _ in range(2)))

    told = [" rien n’a été refait" in page for page in pages]
    assert sorted(told) == [False, True]
    account.refresh_from_db()
    assert account.version == 1
    assert Event.objects.filter(kind=EventKind.ACCOUNT_PASSWORD_RESET).count() == 1


def test_a_sending_cancelled_while_it_is_hastened_is_one_or_the_other(school, account, settings, mail_server):
    settings.MAIL_HOLD = timedelta(minutes=10)
    both = [director(school), director(school)]
    operation = draft(both[0], Kind.NOTIFY_MAIL, account)
    operations.confirm(operation)

    pages = at_once(
        post(both[0], "operation_cancel", operation.pk), post(both[1], "operation_start", operation.pk)
    )
    operations.run(operation.pk)

    operation.refresh_from_db()
    account.refresh_from_db()
    of_operation = Event.objects.filter(target_kind="operation")
    kinds = list(of_operation.exclude(kind=EventKind.OPERATION_CONFIRMED).values_list("kind", flat=True))
    is_cancelled = operation.status == Status.CANCELLED
    assert kinds == [EventKind.OPERATION_CANCELLED if is_cancelled else EventKind.OPERATION_HASTENED]
    assert account.version == Delivery.objects.count() == (0 if is_cancelled else 1)
    assert ["rien n’a été refait" in page for page in pages] == [not is_cancelled, is_cancelled]


def test_a_delegation_ended_while_its_sending_starts_sends_all_or_nothing(school, account, settings):
    settings.MAIL_HOLD = timedelta(minutes=10)
    delegation = DelegationFactory.create(establishment=school)
    access = get_access(delegation.agent, school.uai)
    operation = draft(access, Kind.NOTIFY_MAIL, account)
    operations.confirm(operation)
    operation = Operation.objects.select_related("agent", "establishment__feed__academy").get(pk=operation.pk)

    def end():
        Delegation.objects.filter(pk=delegation.pk).update(ended_at=timezone.now())

    _, begun = at_once(end, lambda: operations.end_hold(operation, by=None))

    operation.refresh_from_db()
    assert operation.status == (Status.QUEUED if begun else Status.CANCELLED)
    cancelled = Event.objects.filter(kind=EventKind.OPERATION_CANCELLED, actor=Event.Actor.PLATFORM)
    assert cancelled.count() == (0 if begun else 1)


def test_rights_which_ended_between_the_preview_and_the_confirmation_do_nothing(school, account):
    delegation = DelegationFactory.create(establishment=school)
    access = get_access(delegation.agent, school.uai)
    operation = draft(access, Kind.RESET, account)
    client = browser(access)
    Delegation.objects.update(ended_at=timezone.now())

    answer = client.post(reverse("operation_confirm", args=[school.uai, operation.pk]))

    assert answer.status_code == 404
    operation.refresh_from_db()
    assert operation.status == Status.DRAFT
    assert not operations.run(operation.pk)
    assert Account.objects.get().version == 0


def test_a_family_which_activates_while_its_password_is_reset_wins_or_loses_whole(school, account, meeting):
    access = director(school)
    operation = draft(access, Kind.RESET, account)
    operations.confirm(operation)

    def activate():
        meeting.wait()
        lifecycle.start_activation(account, password_hash="h", mail="famille@example.org")

    _, refused = at_once(lambda: operations.run(operation.pk), activate)

    found = Account.objects.get()
    [event] = Event.objects.filter(target_kind="account")
    assert found.version == 1
    if isinstance(refused, ForbiddenTransition):
        assert outcomes(operation) == [("DONE", "")]
        assert (found.state, event.kind) == (State.NOTIFIED, EventKind.ACCOUNT_PASSWORD_RESET)
        assert found.sealed_secret
    else:
        assert outcomes(operation) == [("LEFT_ASIDE", "CHANGED")]
        assert (found.state, event.kind) == (State.ACTIVATING, EventKind.ACCOUNT_ACTIVATION_STARTED)
        assert not found.sealed_secret


def test_bulk_actions_which_share_accounts_in_another_order_do_not_lock_each_other(school, monkeypatch):
    """A relaunch acts on one state after the other: the accounts are locked in one order before."""
    alone = responsable_account(school, state=State.ACTIVATING)
    notified = responsable_account(school, state=State.NOTIFIED)
    activating = responsable_account(school, state=State.ACTIVATING)
    access = director(school)
    # The first begins with those notified, the second with those activating.
    both = [
        draft(access, Kind.RELAUNCH, notified, activating),
        draft(access, Kind.RELAUNCH, alone, notified, activating),
    ]
    for operation in both:
        operations.confirm(operation)
        Operation.objects.filter(pk=operation.pk).update(status=Status.QUEUED)
    barrier = threading.Barrier(2)
    act_on = operations.act_on

    def act_in_step(accounts, act):
        done = act_on(accounts, act)
        # Broken when the other waits for the accounts: what is wanted.
        with suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=1)
        return done

    monkeypatch.setattr(operations, "act_on", act_in_step)

    at_once(*(lambda pk=operation.pk: operations.run(pk) for operation in both))

    assert set(Account.objects.values_list("version", flat=True)) == {1}


LONG_AGO = timedelta(days=365)


def without_a_child(account):
    """For so long that the next night closes it."""
    Student.objects.filter(pk__in=account.holdings.values("student")).update(left_at=timezone.now())
    Absence.objects.create(account=account, since=timezone.now() - LONG_AGO)


def kinds_of_events(account):
    events = Event.objects.filter(target_kind="account", target_id=account.pk).order_by("pk")
    return list(events.values_list("kind", flat=True))


def test_an_account_closed_while_it_is_notified_is_never_notified_once_closed(school, account, meeting):
    operation = draft(director(school), Kind.NOTIFY_SHEETS, account)
    operations.confirm(operation)

    def close():
        meeting.wait()
        without_a_child(account)
        closing.close_abandoned(timezone.now())

    at_once(lambda: operations.run(operation.pk), close)

    account.refresh_from_db()
    kinds = kinds_of_events(account)
    [(status, _)] = outcomes(operation)
    notified, closed = EventKind.ACCOUNT_NOTIFY, EventKind.ACCOUNT_CLOSED
    assert kinds in ([], [notified], [closed], [notified, closed])
    assert (status == "DONE") == (notified in kinds)
    assert account.version == len(kinds)
    assert bool(account.sealed_secret) == (account.closed_at is None)

    end_accounts()
    account.refresh_from_db()
    assert kinds_of_events(account).count(closed) == 1
    assert account.closed_at
    assert not account.sealed_secret


def test_a_notification_in_hand_keeps_an_account_from_being_closed_under_it(school, account, monkeypatch):
    operation = draft(director(school), Kind.NOTIFY_SHEETS, account)
    operations.confirm(operation)
    found_here, over = threading.Event(), threading.Event()
    still_here = operations._still_here

    def seen_here(*asked):
        here = still_here(*asked)
        found_here.set()
        assert over.wait(PATIENCE)
        return here

    monkeypatch.setattr(operations, "_still_here", seen_here)

    def close():
        assert found_here.wait(PATIENCE)
        without_a_child(account)
        try:
            return closing.close_abandoned(timezone.now())
        finally:
            over.set()

    _, closed = at_once(lambda: operations.run(operation.pk), close)

    account.refresh_from_db()
    assert closed == 0
    assert account.closed_at is None
    assert outcomes(operation) == [("DONE", "")]
    assert kinds_of_events(account) == [EventKind.ACCOUNT_NOTIFY]


def test_a_child_whom_an_import_brings_back_while_its_account_is_closed_finds_it_open(tmp_path, eventually):
    """The worst moment: the closing looked before the import, and is done after it."""
    import_extract(family().write(tmp_path), processes=1)
    account = Account.objects.get(kind=AccountKind.RESPONSABLE)
    without_a_child(account)
    locked = threading.Event()

    def night():
        assert locked.wait(PATIENCE)
        end_accounts()

    def bring_back():
        with transaction.atomic():
            # The closing forgets the absence in its own statement, and waits for it there.
            Absence.objects.select_for_update().get(account=account)
            locked.set()
            eventually(someone_waits_for_a_row)
            at_once(lambda: import_extract(family().write(tmp_path / "again"), processes=1))

    at_once(night, bring_back)

    account.refresh_from_db()
    assert account.holdings.exists()
    assert account.closed_at is None
    assert account.version == 2
    closed, reopened = EventKind.ACCOUNT_CLOSED, EventKind.ACCOUNT_REOPENED
    assert [kind for kind in kinds_of_events(account) if kind in (closed, reopened)] == [closed, reopened]


def someone_waits_for_a_row():
    with connection.cursor() as cursor:
        # Activity is read once a transaction, unless asked again.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


def college(*pupils):
    built = extract()
    for number in pupils:
        built.pupil(f"7{number:04}", link(f"8{number:04}")).responsable(f"8{number:04}")
    return built


def test_two_imports_and_a_bulk_action_at_once_lose_nothing(tmp_path):
    import_extract(college(1, 2, 3).write(tmp_path / "2D"), processes=1)
    import_extract(family(1).write(tmp_path / "1D"), processes=1)
    school = Establishment.objects.get(feed__degree=2)
    responsables = Account.objects.filter(kind=AccountKind.RESPONSABLE, holdings__establishment=school)
    operation = draft(director(school), Kind.NOTIFY_SHEETS, *responsables)
    operations.confirm(operation)

    second = college(2, 3, 4).write(tmp_path / "2D-next")
    first = extract(1).pupil("70001", link("80001", degree=1)).pupil("70002", link("80002", degree=1))
    first = first.responsable("80001").responsable("80002").write(tmp_path / "1D-next")
    at_once(
        lambda: import_extract(second, processes=1),
        lambda: import_extract(first, processes=1),
        lambda: operations.run(operation.pk),
    )

    assert ImportRun.objects.filter(status=ImportRun.Status.APPLIED).count() == 4
    present = Student.objects.filter(left_at=None)
    assert present.filter(establishment=school).count() == 3
    assert present.exclude(establishment=school).count() == 2
    assert Responsable.objects.count() == 6
    items = OperationItem.objects.filter(operation=operation).select_related("account")
    assert items.count() == 3
    for item in items:
        done = item.status == "DONE"
        assert done or (item.status, item.reason) == ("LEFT_ASIDE", "GONE")
        assert item.account.version == done
        assert kinds_of_events(item.account).count(EventKind.ACCOUNT_NOTIFY) == done
    # Who stayed was notified, whatever came first.
    assert items.filter(status="DONE").count() >= 2


def terms_of(delegation, **changes):
    return {
        "version": delegation.version,
        "profile": delegation.profile,
        "population": delegation.population,
        "begins_on": delegation.begins_on.isoformat(),
        "ends_on": "",
    } | changes


def granted(school, by):
    return DelegationFactory.create(establishment=school, granted_by=by.agent)


def test_of_two_directors_who_change_a_delegation_one_wins_and_the_other_is_told(school):
    both = [director(school), director(school)]
    delegation = granted(school, both[0])
    profiles = ["CONSULT", "MANAGE"]

    pages = at_once(
        *(
            post(access, "delegation_change", delegation.pk, **terms_of(delegation, profile=profile))
            for access, profile in zip(both, profiles, strict=True)
        )
    )

    told = ["Quelqu’un d’autre vient de modifier" in page for page in pages]
    assert sorted(told) == [False, True]
    delegation.refresh_from_db()
    winner = told.index(False)
    assert (delegation.profile, delegation.granted_by) == (profiles[winner], both[winner].agent)
    assert delegation.version == 1
    assert Event.objects.filter(kind=EventKind.DELEGATION_CHANGED).count() == 1


def test_a_delegation_ended_while_it_is_changed_is_over_and_changed_at_most_once(school):
    both = [director(school), director(school)]
    delegation = granted(school, both[0])
    change = browser(both[0])
    address = reverse("delegation_change", args=[school.uai, delegation.pk])

    answer, _ = at_once(
        lambda: change.post(address, terms_of(delegation, profile="MANAGE")),
        lambda: ending.end(Delegation.objects.get(pk=delegation.pk), by=both[1]),
    )

    delegation.refresh_from_db()
    kinds = list(Event.objects.filter(target_kind="agent").order_by("pk").values_list("kind", flat=True))
    is_changed = delegation.profile == "MANAGE"
    assert delegation.ended_at
    assert kinds == [*([EventKind.DELEGATION_CHANGED] if is_changed else []), EventKind.DELEGATION_ENDED]
    assert answer.status_code == 404 or answer.url.endswith("/delegations/") == is_changed


def test_a_delegation_ended_while_its_delegate_confirms_does_all_or_nothing(school, account):
    by = director(school)
    delegation = granted(school, by)
    access = get_access(delegation.agent, school.uai)
    operation = draft(access, Kind.RESET, account)
    client, address = browser(access), reverse("operation_confirm", args=[school.uai, operation.pk])

    answer, ended = at_once(
        lambda: client.post(address),
        lambda: ending.end(Delegation.objects.get(pk=delegation.pk), by=by),
    )
    operations.run(operation.pk)

    assert ended
    account.refresh_from_db()
    operation.refresh_from_db()
    if answer.status_code == 404:
        assert operation.status == Status.DRAFT
        assert (account.version, kinds_of_events(account)) == (0, [])
    else:
        assert answer.status_code == 302
        assert outcomes(operation) == [("DONE", "")]
        assert (account.version, kinds_of_events(account)) == (1, [EventKind.ACCOUNT_PASSWORD_RESET])
    assert client.get(reverse("operation", args=[school.uai, operation.pk])).status_code == 404
