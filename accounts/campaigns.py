"""The bulk actions which tell families how to get in, and what each does to an account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.models import Operation
from accounts.transitions import State, Transition

if TYPE_CHECKING:
    from accounts.models import Account

_Kind = Operation.Kind
CAMPAIGNS = (_Kind.NOTIFY_SHEETS, _Kind.NOTIFY_MAIL, _Kind.RELAUNCH)
# Those which go by mail where an address is known, and can go on paper elsewhere.
MAILED = (_Kind.NOTIFY_MAIL, _Kind.RELAUNCH)


def transition_for(operation: Operation, account: Account) -> Transition:
    """What the operation does to this account; effect_on tells whether its state allows it."""
    if operation.kind == _Kind.RESET:
        return Transition.RESET_PASSWORD
    if operation.kind == _Kind.RELAUNCH:
        # The table forbids the second to whoever has nothing to confirm.
        return Transition.NOTIFY if account.state == State.NOTIFIED else Transition.RESEND_ACTIVATION
    return Transition.NOTIFY_WITH_RESET if operation.with_reset else Transition.NOTIFY


def sends_link(operation: Operation, account: Account) -> bool:
    """Whether the account is sent its activation link rather than a letter."""
    return transition_for(operation, account) == Transition.RESEND_ACTIVATION
