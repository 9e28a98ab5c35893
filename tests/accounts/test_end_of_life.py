"""An account without a child: seen nowhere, closed, opened again as it was, and at last nobody's."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts import closing, erasure, lifecycle
from accounts.activation import links
from accounts.activation.mails import promise_links, promise_notice
from accounts.models import Absence, Account, AccountKind, AccountSource, Holding, PasswordLink
from accounts.precreation import precreate_accounts
from accounts.tasks import end_accounts
from accounts.transitions import ForbiddenTransition, SecretEffect, State, Transition
from establishments.models import Event, EventKind, Responsable, Responsibility, Student
from notifications.models import Delivery
from tests.factories import (
    AgentFactory,
    EstablishmentFactory,
    content_of,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db
NOW = timezone.now()
CLOSING = timedelta(days=90)
STATES = list(State)


@pytest.fixture
def school():
    return EstablishmentFactory.create()


def child_leaves(account):
    """As an import says it: the pupil is absent, and nobody's any more."""
    Student.objects.filter(pk__in=account.holdings.values("student")).update(left_at=NOW)


def child_comes_back():
    Student.objects.update(left_at=None)


def nights(first, last):
    for day in range(first, last):
        now = NOW + timedelta(days=day)
        closing.reopen_returned()
        closing.note_absences(now)
        closing.close_abandoned(now)


def closed(account):
    child_leaves(account)
    nights(0, 1)
    nights(90, 91)
    account.refresh_from_db()
    assert account.closed_at is not None
    return account


def kinds_of_events(account):
    events = Event.objects.filter(target_kind="account", target_id=account.pk).order_by("pk")
    return [event.kind for event in events]


def test_an_account_is_closed_after_ninety_days_without_a_child_and_not_before(school):
    gone, held = responsable_account(school), responsable_account(school)
    child_leaves(gone)
    nights(0, 1)

    nights(89, 90)
    assert not Account.objects.exclude(closed_at=None).exists()

    nights(90, 91)
    assert list(Account.objects.exclude(closed_at=None)) == [gone]
    assert kinds_of_events(gone) == [EventKind.ACCOUNT_CLOSED]
    assert not Absence.objects.exists()
    assert held.holdings.exists()


def test_a_child_back_for_one_night_starts_the_delay_again(school):
    account = responsable_account(school)
    child_leaves(account)
    nights(0, 1)
    child_comes_back()
    nights(60, 61)
    child_leaves(account)
    nights(61, 62)

    nights(90, 91)
    assert not Account.objects.exclude(closed_at=None).exists()
    nights(151, 152)
    assert Account.objects.exclude(closed_at=None).exists()


def test_a_legal_link_lost_without_a_date_counts_too(school):
    account = responsable_account(school)
    Responsibility.objects.update(is_legal=False)

    nights(0, 1)

    assert Absence.objects.get().account == account


def test_a_pupil_gone_from_every_school_is_closed_and_one_who_moved_is_not(school):
    gone, moved = student_account(school), student_account(school)
    child_leaves(gone)
    Student.objects.filter(pk__in=moved.holdings.values("student")).update(
        establishment=EstablishmentFactory.create()
    )

    nights(0, 1)
    nights(90, 91)

    assert list(Account.objects.exclude(closed_at=None)) == [gone]


@pytest.mark.parametrize("state", STATES)
def test_closing_keeps_the_state_and_erases_the_secret(school, state):
    account = closed(responsable_account(school, state=state))

    assert (account.state, account.sealed_secret) == (state, "")
    assert account.password == content_of(state).get("password", "")
    assert account.pending_mail == content_of(state).get("pending_mail", "")
    assert account.sources.filter(closed_at=None).exists()
    assert not lifecycle.may_sign_in(account, timezone.now())


@pytest.mark.parametrize("state", STATES)
def test_an_open_account_signs_in_with_whatever_it_has_even_without_a_child(school, state):
    account = responsable_account(school, state=state)
    child_leaves(account)
    assert lifecycle.may_sign_in(account, NOW) == (state != State.NOT_NOTIFIED)
    Account.objects.update(sealed_secret="")
    account.refresh_from_db()
    assert lifecycle.may_sign_in(account, NOW) == (state in (State.ACTIVATING, State.ACTIVE))


@pytest.mark.parametrize("state", STATES)
def test_a_return_opens_the_account_as_it_was(school, state):
    before = responsable_account(school, state=state)
    account = closed(before)
    child_comes_back()

    assert closing.reopen_returned() == 1

    account.refresh_from_db()
    changed = {"version", "closed_at", "sealed_secret", "secret_expires_at", "activation_link_number"}
    for field in Account._meta.concrete_fields:
        if field.attname not in changed:
            assert getattr(account, field.attname) == getattr(before, field.attname), field.attname
    assert account.holdings.count() == 1
    assert kinds_of_events(account) == [EventKind.ACCOUNT_CLOSED, EventKind.ACCOUNT_REOPENED]
    assert Event.objects.get(kind=EventKind.ACCOUNT_REOPENED).establishment == school
    assert lifecycle.may_sign_in(account, timezone.now()) == (state in (State.ACTIVATING, State.ACTIVE))


def test_the_next_notification_of_an_account_opened_again_draws_a_new_password(school):
    """Though the former one would still have been alive: whoever kept the sheet cannot use it."""
    alive_for_long = {"secret_expires_at": NOW + timedelta(days=400)}
    account = closed(responsable_account(school, state=State.NOTIFIED, **alive_for_long))
    child_comes_back()
    closing.reopen_returned()
    account.refresh_from_db()
    assert account.has_dead_secret(NOW + timedelta(days=90, seconds=1))

    at = NOW + timedelta(days=91)
    act = lifecycle.AgentAct(Transition.NOTIFY, AgentFactory.create(), school, at)
    assert lifecycle.act_on([account], act) == {account.pk: SecretEffect.REDRAWN}


def test_the_activation_link_mailed_before_a_closing_opens_neither_meanwhile_nor_after_a_return(school):
    fresh = {"activating_since": NOW, "activation_link_number": 1, "activation_link_at": NOW}
    account = responsable_account(school, state=State.ACTIVATING, **fresh)
    token = links.token_for(account)
    assert links.read(token) == account
    closed(account)
    with pytest.raises(links.LinkRefused, match="UNKNOWN"):
        links.confirm(token)

    child_comes_back()
    closing.reopen_returned()

    with pytest.raises(links.LinkRefused, match="REPLACED"):
        links.confirm(token)


def test_mails_which_wait_for_a_closed_account_are_called_off_and_one_in_hand_is_left_to_its_sender(school):
    account, other = (responsable_account(school, state=State.ACTIVATING) for _ in range(2))
    promise_links([account, other])
    in_hand = promise_links([account])[0]
    Delivery.objects.filter(pk=in_hand.pk).update(leased_until=NOW + timedelta(days=200))

    closed(account)

    statuses = dict(Delivery.objects.values_list("pk", "status"))
    assert sorted(statuses.values()) == ["cancelled", "pending", "pending"]
    assert statuses[in_hand.pk] == "pending"
    assert not other.mails.filter(delivery__status="cancelled").exists()


def test_a_family_s_act_on_an_account_closed_since_it_was_read_changes_nothing(school):
    account = responsable_account(school, state=State.ACTIVATING)
    closed(Account.objects.get(pk=account.pk))

    with pytest.raises(ForbiddenTransition):
        lifecycle.confirm_mail(account)


def test_what_a_closed_account_would_hold_is_what_it_held(school):
    """The two views say one rule: closing an account moves its rows from one to the other."""
    responsable_account(school, children=2)
    student_account(school)
    not_legal, ended, not_eligible, source_closed = (responsable_account(school) for _ in range(4))
    links_of = Responsibility.objects.filter(responsable__sources__account=not_legal)
    links_of.update(is_legal=False)
    Responsibility.objects.filter(responsable__sources__account=ended).update(ended_at=NOW)
    Student.objects.filter(pk__in=not_eligible.holdings.values("student")).update(eligible_at=None)
    AccountSource.objects.filter(account=source_closed).update(closed_at=NOW)
    child_leaves(responsable_account(school))
    held = sorted(Holding.objects.values_list("account_id", "establishment_id"))
    assert len(held) == 3

    Account.objects.update(closed_at=NOW, sealed_secret="")

    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id, establishment_id FROM accounts_returning")
        assert sorted(cursor.fetchall()) == held
    assert not Holding.objects.exists()


def test_each_night_goes_on_where_the_last_one_was_killed(school, monkeypatch):
    accounts = [responsable_account(school) for _ in range(5)]
    for account in accounts:
        child_leaves(account)
    nights(0, 1)
    monkeypatch.setattr(closing, "BATCH", 2)
    now, statements = NOW + CLOSING, []

    def killed_at_the_third(execute, sql, parameters, many, context):
        statements.append(sql)
        if len(statements) == 3:
            raise SystemExit
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(killed_at_the_third), pytest.raises(SystemExit):
        closing.close_abandoned(now)
    assert Account.objects.exclude(closed_at=None).count() == 4

    assert closing.close_abandoned(now) == 1
    assert closing.close_abandoned(now) == 0
    assert Event.objects.filter(kind=EventKind.ACCOUNT_CLOSED).count() == 5


def anonymous(account, days=90 + 366):
    erasure.anonymise_closed(NOW + timedelta(days=days))
    account.refresh_from_db()
    return account


@pytest.mark.parametrize("state", STATES)
def test_twelve_months_after_its_closing_nothing_in_an_account_says_whose_it_was(school, state):
    own = {"mobile": "+33639980001", "franceconnect_sub": "sub-of-someone"} if state == State.ACTIVE else {}
    account = closed(responsable_account(school, state=state, identifier="m.abbeym", **own))
    assert anonymous(account, days=90 + 364).anonymised_at is None

    anonymous(account)

    assert account.identifier == f"~{account.pk}"
    assert (account.mail, account.pending_mail, account.mobile, account.password) == ("", "", "", "")
    assert (account.franceconnect_sub, account.last_sign_in_at, account.sealed_secret) == (None, None, "")
    assert account.state == state
    assert not account.sources.filter(closed_at=None).exists()
    assert kinds_of_events(account)[-1] == EventKind.ACCOUNT_ANONYMISED
    assert erasure.anonymise_closed(NOW + timedelta(days=1000)) == 0


def test_the_addresses_of_its_mails_and_its_links_go_with_it(school):
    account = responsable_account(school, state=State.ACTIVATING)
    other = responsable_account(school, state=State.ACTIVATING)
    [sent], [kept] = promise_links([account]), promise_links([other])
    promise_notice(account, "ancienne@example.org")
    Delivery.objects.update(
        status="bounced", attempts=1, sent_at=NOW, next_attempt_at=None, last_error="550 attente@example.org"
    )
    PasswordLink.objects.create(token_hash="a", account=account, delivery=sent, secret_hash="b")

    anonymous(closed(account))

    gone = Delivery.objects.exclude(pk=kept.pk)
    assert set(gone.values_list("recipient", "domain", "last_error")) == {("", "", "Détail effacé.")}
    assert Delivery.objects.get(pk=kept.pk).recipient == "attente@example.org"
    assert not PasswordLink.objects.exists()


def test_the_identifiant_of_an_anonymous_account_is_never_given_again(school):
    record = {"surname": "ABBEYM", "given_name": "Maud", "given_name_key": "MAUD"}
    first = responsable_account(school, record=record)
    AccountSource.objects.all().delete()
    first.delete()
    precreate_accounts(school.feed, now=NOW)
    account = Account.objects.get(identifier="m.abbeym")
    anonymous(closed(account))

    child_comes_back()
    Responsable.objects.update(left_at=None)
    precreate_accounts(school.feed, now=NOW)

    assert set(Account.objects.filter(kind=AccountKind.RESPONSABLE).values_list("identifier", flat=True)) == {
        f"~{account.pk}",
        "m.abbeym1",
    }


def test_who_came_back_the_night_it_would_be_made_anonymous_is_not(school):
    account = closed(responsable_account(school))
    child_comes_back()

    assert anonymous(account).anonymised_at is None


def people_leave_for_good():
    Student.objects.update(left_at=NOW)
    Responsable.objects.update(left_at=NOW)


def test_the_records_of_persons_gone_are_erased_with_the_accounts_which_stood_for_them(school):
    account = responsable_account(school)
    pupil = student_account(school)
    closed(account)
    assert Account.objects.filter(pk=pupil.pk, closed_at=None).exists()
    people_leave_for_good()
    later = NOW + timedelta(days=90 + 367)
    assert erasure.erase_records(later) == (1, 0)
    nights(90, 91)
    nights(180, 181)

    erasure.anonymise_closed(NOW + timedelta(days=180 + 367))
    assert erasure.erase_records(later) == (1, 1)

    for record in (*Student.objects.all(), *Responsable.objects.all()):
        assert record.jointure == f"~{record.pk}"
        assert (record.surname, record.given_name, record.birth_surname, record.source_id) == ("",) * 4
    assert set(Student.objects.values_list("ine", "birth_date__year")) == {("", 1900)}
    personal = ("address", "postcode", "city", "mobile", "mobile_raw", "home_phone", "work_phone", "mail")
    assert set(Responsable.objects.values_list(*personal)) == {("",) * len(personal)}
    assert not Responsibility.objects.exists()
    assert erasure.erase_records(later) == (0, 0)


def test_a_record_which_an_extract_still_lists_or_an_open_account_stands_for_is_kept(school):
    listed = responsable_account(school)
    closed(listed)
    anonymous(listed)
    Responsibility.objects.all().delete()
    assert erasure.erase_records(NOW + timedelta(days=2000))[1] == 0

    brother = responsable_account(school, children=2)
    first = brother.holdings.order_by("pk").first()
    Student.objects.filter(pk=first.student_id).update(left_at=NOW)
    assert erasure.erase_records(NOW + timedelta(days=2000)) == (1, 0)
    assert brother.holdings.count() == 1


def test_the_night_s_task_is_scheduled_after_the_imports_and_does_it_all(school):
    schedule = settings.CELERY_BEAT_SCHEDULE["end-accounts"]
    assert (schedule["task"], schedule["schedule"].hour) == (end_accounts.name, {5})
    gone = responsable_account(school)
    child_leaves(gone)
    Absence.objects.create(account=gone, since=NOW - CLOSING - timedelta(days=1))

    end_accounts()
    end_accounts()

    assert Account.objects.get().closed_at is not None
    assert Event.objects.count() == 1


def test_the_number_of_statements_of_a_night_does_not_grow_with_those_gone(
    school, django_assert_max_num_queries
):
    for _ in range(20):
        child_leaves(responsable_account(school))
    closing.note_absences(NOW)

    with django_assert_max_num_queries(4):
        closing.close_abandoned(NOW + CLOSING)
    assert Account.objects.exclude(closed_at=None).count() == 20
