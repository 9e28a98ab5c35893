"""Which of two accounts is kept, and when neither may be: pure rules, without a query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from accounts.transitions import State

if TYPE_CHECKING:
    from accounts.models import Account

_ADVANCE = {state: rank for rank, state in enumerate(State)}
Of = TypeVar("Of")


class NotJoinable(Exception):
    """These two cannot become one account; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class Pair:
    """The account which is kept, and the one which is closed."""

    kept: Account
    closed: Account


def choose(one: Account, other: Account) -> Pair:
    """The activated one is kept, else the furthest, else the oldest; raises NotJoinable."""
    if one.pk == other.pk:
        raise NotJoinable("Ces deux fiches ont déjà le même compte.")
    if one.kind != other.kind:
        raise NotJoinable("Un compte d’élève et un compte de responsable ne se réunissent pas.")
    if State.ACTIVE == one.state_now == other.state_now:
        raise NotJoinable(
            "Les deux comptes sont activés : seule la famille peut choisir celui qu’elle garde."
        )
    kept, closed = sorted((one, other), key=_merit)
    return Pair(kept, closed)


def _merit(account: Account) -> tuple[int, object, int]:
    return -_ADVANCE[account.state_now], account.created_at, account.pk
