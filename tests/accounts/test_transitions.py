"""The lifecycle's table, cell by cell, as the guide of October 2018 prints it (chapter 3)."""

import itertools

import pytest

from accounts.transitions import (
    ForbiddenTransition,
    Origin,
    SecretEffect,
    State,
    Transition,
    secret_effect,
    target_origin,
    target_state,
)

N, D, W, A = State.NOT_NOTIFIED, State.NOTIFIED, State.ACTIVATING, State.ACTIVE
ALLOWED = {
    (Transition.NOTIFY, N): D,
    (Transition.NOTIFY, D): D,
    (Transition.NOTIFY, W): W,
    (Transition.NOTIFY, A): A,
    (Transition.NOTIFY_WITH_RESET, N): D,
    (Transition.NOTIFY_WITH_RESET, D): D,
    (Transition.NOTIFY_WITH_RESET, W): W,
    (Transition.NOTIFY_WITH_RESET, A): A,
    (Transition.RESET_PASSWORD, D): D,
    (Transition.RESET_PASSWORD, W): W,
    (Transition.RESET_PASSWORD, A): A,
    (Transition.RESEND_ACTIVATION, W): W,
    (Transition.START_ACTIVATION, D): W,
    (Transition.CONFIRM_MAIL, W): A,
    (Transition.SELF_REGISTER, N): A,
    (Transition.SELF_REGISTER, D): A,
    (Transition.SELF_REGISTER, W): A,
    (Transition.FRANCECONNECT, N): A,
    (Transition.FRANCECONNECT, D): A,
    (Transition.FRANCECONNECT, W): A,
    (Transition.FRANCECONNECT, A): A,
    (Transition.COME_FROM_ENT, N): A,
    (Transition.COME_FROM_ENT, D): A,
    (Transition.COME_FROM_ENT, W): A,
    (Transition.CHOOSE_PASSWORD, W): W,
    (Transition.CHOOSE_PASSWORD, A): A,
    (Transition.CHANGE_CONTACT, A): A,
}


@pytest.mark.parametrize(("transition", "state"), list(itertools.product(Transition, State)))
def test_every_cell_of_the_grid_leads_where_the_guide_says_or_is_refused(transition, state):
    if (transition, state) in ALLOWED:
        assert target_state(transition, state) == ALLOWED[transition, state]
    else:
        with pytest.raises(ForbiddenTransition):
            target_state(transition, state)


@pytest.mark.parametrize(
    ("transition", "state", "is_dead", "effect"),
    [
        (Transition.NOTIFY, N, False, SecretEffect.DRAWN),
        (Transition.NOTIFY_WITH_RESET, N, False, SecretEffect.DRAWN),
        (Transition.NOTIFY, D, False, SecretEffect.KEPT),
        (Transition.NOTIFY, D, True, SecretEffect.REDRAWN),
        (Transition.NOTIFY, A, False, SecretEffect.KEPT),
        (Transition.NOTIFY, A, True, SecretEffect.REDRAWN),
        (Transition.NOTIFY_WITH_RESET, D, True, SecretEffect.RESET),
        (Transition.NOTIFY_WITH_RESET, A, False, SecretEffect.RESET),
        (Transition.RESET_PASSWORD, W, False, SecretEffect.RESET),
        (Transition.RESEND_ACTIVATION, W, False, SecretEffect.KEPT),
        (Transition.RESEND_ACTIVATION, W, True, SecretEffect.KEPT),
    ],
)
def test_what_an_agent_does_to_the_password(transition, state, is_dead, effect):
    assert secret_effect(transition, state, is_dead=is_dead) == effect


def test_a_password_cannot_be_reset_before_the_first_notification():
    with pytest.raises(ForbiddenTransition):
        secret_effect(Transition.RESET_PASSWORD, N, is_dead=False)


@pytest.mark.parametrize(
    ("transition", "state", "before", "after"),
    [
        (Transition.NOTIFY, N, Origin.NONE, Origin.ESTABLISHMENT),
        (Transition.NOTIFY, A, Origin.FRANCECONNECT, Origin.FRANCECONNECT),
        (Transition.CONFIRM_MAIL, W, Origin.ESTABLISHMENT, Origin.ESTABLISHMENT),
        (Transition.SELF_REGISTER, D, Origin.ESTABLISHMENT, Origin.RESPONSABLE),
        (Transition.FRANCECONNECT, N, Origin.NONE, Origin.FRANCECONNECT),
        (Transition.FRANCECONNECT, A, Origin.ESTABLISHMENT, Origin.ESTABLISHMENT),
        (Transition.COME_FROM_ENT, W, Origin.ESTABLISHMENT, Origin.ENT),
    ],
)
def test_the_origin_says_who_activated_the_account(transition, state, before, after):
    assert target_origin(transition, state, before) == after
