"""The lifecycle of an account as one table: states, origins, and what leads from one to another.

No Django here. Guide of October 2018, chapter 3, for what agents do; chapters 1.1 for families.
"""

from enum import StrEnum


class State(StrEnum):
    NOT_NOTIFIED = "NOT_NOTIFIED"
    NOTIFIED = "NOTIFIED"
    ACTIVATING = "ACTIVATING"
    ACTIVE = "ACTIVE"


class Origin(StrEnum):
    NONE = "NONE"
    ESTABLISHMENT = "ESTABLISHMENT"
    RESPONSABLE = "RESPONSABLE"
    FRANCECONNECT = "FRANCECONNECT"
    ENT = "ENT"
    ATEN = "ATEN"


class Transition(StrEnum):
    NOTIFY = "NOTIFY"
    NOTIFY_WITH_RESET = "NOTIFY_WITH_RESET"
    RESET_PASSWORD = "RESET_PASSWORD"
    RESEND_ACTIVATION = "RESEND_ACTIVATION"
    START_ACTIVATION = "START_ACTIVATION"
    CONFIRM_MAIL = "CONFIRM_MAIL"
    SELF_REGISTER = "SELF_REGISTER"
    FRANCECONNECT = "FRANCECONNECT"
    COME_FROM_ENT = "COME_FROM_ENT"
    CHOOSE_PASSWORD = "CHOOSE_PASSWORD"
    CHANGE_CONTACT = "CHANGE_CONTACT"


class ForbiddenTransition(Exception):
    """The account's state does not allow what was asked."""

    def __init__(self, transition: Transition, state: State) -> None:
        super().__init__(f"{transition} from {state}")
        self.transition = transition
        self.state = state


_N, _D, _W, _A = State.NOT_NOTIFIED, State.NOTIFIED, State.ACTIVATING, State.ACTIVE

TRANSITIONS: dict[Transition, dict[State, State]] = {
    Transition.NOTIFY: {_N: _D, _D: _D, _W: _W, _A: _A},
    Transition.NOTIFY_WITH_RESET: {_N: _D, _D: _D, _W: _W, _A: _A},
    Transition.RESET_PASSWORD: {_D: _D, _W: _W, _A: _A},
    Transition.RESEND_ACTIVATION: {_W: _W},
    Transition.START_ACTIVATION: {_D: _W},
    Transition.CONFIRM_MAIL: {_W: _A},
    Transition.SELF_REGISTER: {_N: _A, _D: _A, _W: _A},
    Transition.FRANCECONNECT: {_N: _A, _D: _A, _W: _A, _A: _A},
    Transition.COME_FROM_ENT: {_N: _A, _D: _A, _W: _A},
    # After a reset, signing in with the provisional password asks for a new one first; later, at will.
    Transition.CHOOSE_PASSWORD: {_W: _W, _A: _A},
    # What the family changes by itself once its account is active: mail, mobile, FranceConnect taken back.
    Transition.CHANGE_CONTACT: {_A: _A},
}

# Who activated the account for good; the other transitions leave the origin as it is.
ORIGINS: dict[Transition, Origin] = {
    Transition.SELF_REGISTER: Origin.RESPONSABLE,
    Transition.FRANCECONNECT: Origin.FRANCECONNECT,
    Transition.COME_FROM_ENT: Origin.ENT,
}


def target_state(transition: Transition, state: State) -> State:
    """Where `transition` leads from `state`; raises ForbiddenTransition."""
    try:
        return TRANSITIONS[transition][state]
    except KeyError:
        raise ForbiddenTransition(transition, state) from None


def target_origin(transition: Transition, state: State, origin: Origin) -> Origin:
    """The origin after `transition`: set by the first distribution or by the activation, then kept."""
    target = target_state(transition, state)
    if state == State.NOT_NOTIFIED and target == State.NOTIFIED:
        return Origin.ESTABLISHMENT
    if state != State.ACTIVE and target == State.ACTIVE:
        return ORIGINS.get(transition, origin)
    return origin


class SecretEffect(StrEnum):
    """What becomes of the password of one account when an agent acts on it."""

    DRAWN = "DRAWN"  # the first provisional secret; never counted as a reset
    RESET = "RESET"  # a new one in place of whatever was there
    REDRAWN = "REDRAWN"  # a new one in place of a dead one; not a reset
    KEPT = "KEPT"


def secret_effect(transition: Transition, state: State, *, is_dead: bool) -> SecretEffect:
    """Of an agent's `transition` on an account; `is_dead`: its provisional secret has expired.

    Raises ForbiddenTransition where the guide's table says no.
    """
    target_state(transition, state)
    if transition == Transition.RESEND_ACTIVATION:
        return SecretEffect.KEPT
    if state == State.NOT_NOTIFIED:
        return SecretEffect.DRAWN
    if transition in (Transition.NOTIFY_WITH_RESET, Transition.RESET_PASSWORD):
        return SecretEffect.RESET
    return SecretEffect.REDRAWN if is_dead else SecretEffect.KEPT
