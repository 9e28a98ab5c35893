"""What the transition service promises of an account: its state, secret, dates, history, and who wins."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import lifecycle
from accounts.lifecycle import AgentAct, act_on
from accounts.models import Account
from accounts.secrets import (
    DIGITS,
    LETTERS,
    draw_secret,
    expiry_from,
    is_secret,
    last_day,
    open_secret,
    seal_secret,
)
from accounts.transitions import ForbiddenTransition, Origin, SecretEffect, State, Transition
from establishments.models import Event, EventKind
from tests.factories import (
    CHOSEN_PASSWORD_HASH,
    AccountFactory,
    AgentFactory,
    EstablishmentFactory,
    provisional,
)

pytestmark = pytest.mark.django_db


def act(transition=Transition.NOTIFY, **replaced):
    establishment = replaced.pop("establishment", None) or EstablishmentFactory.create()
    at = replaced.pop("at", timezone.now())
    return AgentAct(transition, AgentFactory.create(), establishment, at)


def history(account):
    events = Event.objects.filter(target_kind="account", target_id=account.pk).order_by("pk")
    return list(events.values_list("kind", flat=True))


def test_the_first_notification_draws_a_secret_and_dates_it():
    account = AccountFactory.create()
    the_act = act()

    assert act_on([account], the_act) == {account.pk: SecretEffect.DRAWN}

    account.refresh_from_db()
    assert (account.state, account.origin) == (State.NOTIFIED, Origin.ESTABLISHMENT)
    assert account.distributed_at == account.secret_drawn_at == the_act.at
    assert account.distributed_by == the_act.establishment
    assert account.reset_requested_at is None
    assert len(open_secret(account.sealed_secret)) == 10
    assert history(account) == [EventKind.ACCOUNT_NOTIFY]


def test_notifying_again_keeps_the_secret_and_moves_its_deadline():
    account = AccountFactory.create(state=State.NOTIFIED)
    secret = open_secret(account.sealed_secret)
    deadline = account.secret_expires_at

    assert act_on([account], act()) == {account.pk: SecretEffect.KEPT}

    account.refresh_from_db()
    assert open_secret(account.sealed_secret) == secret
    assert account.secret_expires_at > deadline


def test_notifications_are_counted_from_the_first_of_each_three_months():
    account = AccountFactory.create()
    counted = []
    for at in (0, 30, 60, 200):
        with time_machine.travel(datetime(2026, 9, 1, 12, tzinfo=UTC) + timedelta(days=at), tick=False):
            act_on([account], act(Transition.NOTIFY_WITH_RESET if at == 30 else Transition.NOTIFY))
            account.refresh_from_db()
            act_on([account], act(Transition.RESET_PASSWORD)) if at == 60 else None
        account.refresh_from_db()
        counted.append(account.times_distributed)

    assert counted == [1, 2, 3, 1]


def test_a_reset_replaces_the_chosen_password_and_says_when_it_was_asked():
    account = AccountFactory.create(state=State.ACTIVE)
    the_act = act(Transition.NOTIFY_WITH_RESET)

    assert act_on([account], the_act) == {account.pk: SecretEffect.RESET}

    account.refresh_from_db()
    assert account.state == State.ACTIVE
    assert account.password == ""
    assert account.sealed_secret
    assert account.reset_requested_at == the_act.at
    assert history(account) == [EventKind.ACCOUNT_NOTIFY_RESET]


def test_a_reset_alone_does_not_touch_the_distribution_date():
    account = AccountFactory.create(state=State.NOTIFIED)
    distributed_at = account.distributed_at

    act_on([account], act(Transition.RESET_PASSWORD))

    account.refresh_from_db()
    assert account.distributed_at == distributed_at
    assert account.reset_requested_at


def test_notifying_never_notified_accounts_with_reset_is_not_a_reset():
    account = AccountFactory.create()

    assert act_on([account], act(Transition.NOTIFY_WITH_RESET)) == {account.pk: SecretEffect.DRAWN}

    account.refresh_from_db()
    assert account.reset_requested_at is None
    assert history(account) == [EventKind.ACCOUNT_NOTIFY]


def test_a_dead_secret_is_drawn_anew_by_any_notification_and_it_is_not_a_reset():
    long_ago = timezone.now() - timedelta(days=120)
    account = AccountFactory.create(state=State.NOTIFIED, distributed_at=long_ago, **provisional(long_ago))
    old = open_secret(account.sealed_secret)

    assert act_on([account], act()) == {account.pk: SecretEffect.REDRAWN}

    account.refresh_from_db()
    assert open_secret(account.sealed_secret) != old
    assert account.has_live_secret(timezone.now())
    assert account.reset_requested_at is None


def test_notifying_an_active_account_keeps_the_password_the_family_chose():
    account = AccountFactory.create(state=State.ACTIVE)

    act_on([account], act())

    account.refresh_from_db()
    assert account.password == CHOSEN_PASSWORD_HASH
    assert account.sealed_secret == ""


def test_an_account_that_changed_since_it_was_read_is_left_alone():
    account = AccountFactory.create(state=State.NOTIFIED)
    act_on([Account.objects.get(pk=account.pk)], act(Transition.NOTIFY_WITH_RESET))

    assert act_on([account], act(Transition.NOTIFY_WITH_RESET)) == {}
    assert history(account) == [EventKind.ACCOUNT_NOTIFY_RESET]


def test_a_closed_account_is_left_alone():
    account = AccountFactory.create(closed_at=timezone.now())

    assert act_on([account], act()) == {}


def test_a_selection_mixes_what_each_state_allows():
    never = AccountFactory.create()
    active = AccountFactory.create(state=State.ACTIVE)

    assert act_on([never, active], act(Transition.RESET_PASSWORD)) == {active.pk: SecretEffect.RESET}
    assert history(never) == []


@pytest.mark.parametrize("size", [1, 40])
def test_the_number_of_queries_does_not_grow_with_the_selection(size):
    accounts = [AccountFactory.create() for _ in range(size)]
    the_act = act()
    with CaptureQueriesContext(connection) as queries:
        act_on(accounts, the_act)

    statements = [q["sql"] for q in queries if "SAVEPOINT" not in q["sql"]]
    assert len(statements) == 2


def test_the_family_starts_then_confirms_by_mail():
    account = AccountFactory.create(state=State.NOTIFIED)

    lifecycle.start_activation(account, password_hash="hash", mail="parent@example.org")
    assert (account.state, account.pending_mail, account.sealed_secret) == (
        State.ACTIVATING,
        "parent@example.org",
        "",
    )
    lifecycle.confirm_mail(account)

    assert (account.state, account.origin) == (State.ACTIVE, Origin.ESTABLISHMENT)
    assert (account.mail, account.pending_mail) == ("parent@example.org", "")
    assert history(account) == [EventKind.ACCOUNT_ACTIVATION_STARTED, EventKind.ACCOUNT_ACTIVATION_MAIL]


@pytest.mark.parametrize("state", [State.NOT_NOTIFIED, State.NOTIFIED, State.ACTIVATING])
def test_registering_by_sms_activates_from_any_state_and_voids_what_was_pending(state):
    account = AccountFactory.create(state=state)

    lifecycle.self_register(account, password_hash="hash", mobile="+33639980001")

    assert (account.state, account.origin) == (State.ACTIVE, Origin.RESPONSABLE)
    assert (account.sealed_secret, account.pending_mail, account.mobile) == ("", "", "+33639980001")


def test_franceconnect_activates_without_a_password_and_links_without_touching_one():
    never = AccountFactory.create()
    active = AccountFactory.create(state=State.ACTIVE)

    lifecycle.use_franceconnect(never, sub="sub-1", mobile="+33639980001")
    lifecycle.use_franceconnect(active, sub="sub-2", mobile="")

    assert (never.origin, never.password) == (Origin.FRANCECONNECT, "")
    assert (active.origin, active.password) == (Origin.ESTABLISHMENT, CHOSEN_PASSWORD_HASH)


def test_two_browsers_cannot_both_win_one_activation():
    first = AccountFactory.create(state=State.NOTIFIED)
    second = Account.objects.get(pk=first.pk)
    lifecycle.start_activation(first, password_hash="hash", mail="un@example.org")

    with pytest.raises(ForbiddenTransition):
        lifecycle.start_activation(second, password_hash="hash", mail="deux@example.org")

    assert Account.objects.get().pending_mail == "un@example.org"


def test_choosing_a_password_after_a_reset_clears_the_request():
    account = AccountFactory.create(state=State.ACTIVE)
    act_on([account], act(Transition.RESET_PASSWORD))
    account.refresh_from_db()

    lifecycle.choose_password(account, password_hash="new")

    assert (account.password, account.sealed_secret, account.reset_requested_at) == ("new", "", None)


def test_dead_secrets_are_erased_at_night_and_their_deadline_stays_known():
    long_ago = timezone.now() - timedelta(days=120)
    dead = AccountFactory.create(state=State.NOTIFIED, distributed_at=long_ago, **provisional(long_ago))
    live = AccountFactory.create(state=State.NOTIFIED)

    assert lifecycle.erase_dead_secrets() == 1
    assert lifecycle.erase_dead_secrets() == 0

    dead.refresh_from_db()
    live.refresh_from_db()
    assert dead.sealed_secret == ""
    assert dead.has_dead_secret(timezone.now())
    assert live.has_live_secret(timezone.now())
    assert history(dead) == [EventKind.ACCOUNT_SECRET_EXPIRED]


@pytest.mark.parametrize(
    ("handed_out", "zone", "last"),
    [
        (datetime(2025, 11, 30, 10, tzinfo=UTC), "Europe/Paris", date(2026, 2, 28)),
        (datetime(2025, 12, 31, 22, 30, tzinfo=UTC), "Europe/Paris", date(2026, 3, 31)),
        # Midnight and a half in La Réunion, still the evening before in Paris.
        (datetime(2026, 1, 14, 20, 30, tzinfo=UTC), "Indian/Reunion", date(2026, 4, 15)),
        (datetime(2026, 1, 15, 5, 0, tzinfo=UTC), "Pacific/Tahiti", date(2026, 4, 14)),
    ],
)
def test_a_secret_lives_three_calendar_months_to_the_end_of_the_day_of_the_academie(handed_out, zone, last):
    expires_at = expiry_from(handed_out, ZoneInfo(zone))

    assert last_day(expires_at, ZoneInfo(zone)) == last
    assert expires_at.astimezone(ZoneInfo(zone)).hour == 0


def test_the_deadline_of_a_sheet_follows_the_school_which_hands_it_out():
    reunion = EstablishmentFactory.create(feed__academy__code="28")
    account = AccountFactory.create()
    with time_machine.travel(datetime(2026, 1, 14, 20, 30, tzinfo=UTC), tick=False):
        act_on([account], act(establishment=reunion))

    account.refresh_from_db()
    assert last_day(account.secret_expires_at, ZoneInfo("Indian/Reunion")) == date(2026, 4, 15)


def test_drawn_secrets_mix_letters_and_digits_that_nothing_confuses():
    drawn = [draw_secret() for _ in range(300)]

    assert all(len(s) == 10 and set(s) & set(LETTERS) and set(s) & set(DIGITS) for s in drawn)
    assert not set("".join(drawn)) & set("ilo01")
    assert len(set(drawn)) == 300


def test_a_sealed_secret_opens_and_compares():
    sealed = seal_secret("abcd2345ef")

    assert "abcd2345ef" not in sealed
    assert is_secret(sealed, "abcd2345ef")
    assert not is_secret(sealed, "abcd2345eg")


@pytest.mark.parametrize(
    ("state", "lie"),
    [
        (State.NOT_NOTIFIED, {"sealed_secret": "x"}),
        (State.NOT_NOTIFIED, {"origin": Origin.ESTABLISHMENT}),
        (State.NOT_NOTIFIED, {"distributed_at": timezone.now()}),
        (State.NOTIFIED, {"distributed_at": None}),
        (State.NOTIFIED, {"password": "hash", "sealed_secret": ""}),
        (State.NOTIFIED, {"origin": Origin.NONE}),
        (State.ACTIVATING, {"pending_mail": ""}),
        (State.ACTIVATING, {"password": ""}),
        (State.ACTIVATING, {"activating_since": None}),
        (State.ACTIVE, {"activated_at": None}),
        (State.ACTIVE, {"password": ""}),
        (State.ACTIVE, {"sealed_secret": "x", "secret_drawn_at": None}),
        (State.ACTIVE, {"closed_at": timezone.now(), "sealed_secret": "x", "password": ""}),
    ],
)
def test_the_database_refuses_what_a_state_does_not_hold(state, lie):
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountFactory.create(state=state, **lie)
