"""An account driven at random by agents, families and time, against a model of what it must hold."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts import lifecycle
from accounts.lifecycle import AgentAct, act_on
from accounts.models import Account
from accounts.transitions import ORIGINS, TRANSITIONS, ForbiddenTransition, Origin, State, Transition
from establishments.models import Event
from tests.factories import AccountFactory, AgentFactory, EstablishmentFactory

FAMILY = {
    Transition.START_ACTIVATION: lambda a: lifecycle.start_activation(
        a, password_hash="h", mail="p@example.org"
    ),
    Transition.CONFIRM_MAIL: lifecycle.confirm_mail,
    Transition.SELF_REGISTER: lambda a: lifecycle.self_register(a, password_hash="h", mobile="+33639980000"),
    Transition.FRANCECONNECT: lambda a: lifecycle.use_franceconnect(a, sub="sub", mobile="+33639980000"),
    Transition.COME_FROM_ENT: lambda a: lifecycle.come_from_ent(a, password_hash="h"),
    Transition.CHOOSE_PASSWORD: lambda a: lifecycle.choose_password(a, password_hash="h"),
    Transition.CHANGE_CONTACT: lambda a: lifecycle.change_mail(a, mail="n@example.org"),
}
AGENT = [Transition.NOTIFY, Transition.NOTIFY_WITH_RESET, Transition.RESET_PASSWORD]


class Lifecycle(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.history = transaction.atomic()
        self.history.__enter__()
        self.clock = time_machine.travel(datetime(2025, 9, 1, 8, tzinfo=UTC), tick=False)
        self.now = self.clock.start()
        self.establishment = EstablishmentFactory.create()
        self.agent = AgentFactory.create()
        self.account = AccountFactory.create()
        self.state, self.origin = State.NOT_NOTIFIED, Origin.NONE
        self.changes = 0
        self.asked_to_reset = False
        self.deadline = None

    def teardown(self):
        if hasattr(self, "clock"):
            self.clock.stop()
            transaction.set_rollback(True)
            self.history.__exit__(None, None, None)

    @rule(transition=st.sampled_from(AGENT))
    def an_agent_acts(self, transition):
        allowed = self.state in TRANSITIONS[transition]
        had_secret = bool(self.account.sealed_secret)
        act = AgentAct(transition, self.agent, self.establishment, timezone.now())
        done = act_on([self.account], act)
        assert bool(done) == allowed
        if not allowed:
            return
        if self.state == State.NOT_NOTIFIED:
            self.origin = Origin.ESTABLISHMENT
        elif transition != Transition.NOTIFY:
            self.asked_to_reset = True
        self._moved(TRANSITIONS[transition][self.state])
        if self.account.sealed_secret and (had_secret or self.account.secret_drawn_at == act.at):
            self.deadline = timezone.now() + timedelta(days=92)

    @rule(transition=st.sampled_from(list(FAMILY)))
    def the_family_acts(self, transition):
        try:
            FAMILY[transition](self.account)
        except ForbiddenTransition:
            assert self.state not in TRANSITIONS[transition]
            return
        target = TRANSITIONS[transition][self.state]
        if target == State.ACTIVE and self.state != State.ACTIVE:
            self.origin = ORIGINS.get(transition, self.origin)
        erases = self.state != State.ACTIVE or transition == Transition.CHOOSE_PASSWORD
        if erases and transition != Transition.CONFIRM_MAIL:
            self.asked_to_reset = False
        self._moved(target)

    @rule(days=st.integers(1, 60))
    def time_passes(self, days):
        self.now.shift(timedelta(days=days))
        lifecycle.erase_dead_secrets()
        self.account.refresh_from_db()

    @precondition(lambda self: hasattr(self, "account"))
    @rule()
    def a_stale_copy_never_wins(self):
        stale = Account.objects.get(pk=self.account.pk)
        stale.version += 1
        act = AgentAct(Transition.NOTIFY, self.agent, self.establishment, timezone.now())
        assert act_on([stale], act) == {}

    def _moved(self, target):
        self.state = target
        self.changes += 1
        self.account.refresh_from_db()

    @invariant()
    def the_account_is_what_the_model_says(self):
        if not hasattr(self, "account"):
            return
        account = Account.objects.get(pk=self.account.pk)
        assert (account.state, account.origin, account.version) == (self.state, self.origin, self.changes)
        assert (account.reset_requested_at is not None) == self.asked_to_reset
        assert not (account.sealed_secret and account.password)
        assert not (self.asked_to_reset and account.password)
        assert not account.sealed_secret or account.has_live_secret(timezone.now())

    @invariant()
    def every_change_has_its_event(self):
        if hasattr(self, "account"):
            events = Event.objects.filter(target_kind="account", target_id=self.account.pk)
            assert events.exclude(actor=Event.Actor.PLATFORM).count() == self.changes

    @invariant()
    def no_secret_outlives_three_months(self):
        if hasattr(self, "account") and self.account.sealed_secret and self.deadline:
            assert self.account.secret_expires_at <= self.deadline + timedelta(days=2)


@pytest.mark.django_db
def test_whatever_happens_an_account_holds_what_its_state_promises():
    run_state_machine_as_test(
        Lifecycle, settings=settings(max_examples=30, stateful_step_count=25, deadline=None)
    )
