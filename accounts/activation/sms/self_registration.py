"""The end of a way which proves a mobile: what the dates open, the account activated or the school told."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import combinations
from typing import TYPE_CHECKING

from django.db import transaction

from accounts import lifecycle
from accounts.activation.left_out import leave_out, tell_schools
from accounts.activation.sms.proving import proofs
from accounts.joining.duplicates import open_family_doubt
from accounts.transitions import State
from establishments.models import EventKind

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from accounts.activation.sms.proving import Person, Proof


class Opening(StrEnum):
    NOTHING = "NOTHING"  # nobody of these names and number, or no date is right: never told apart
    ONE = "ONE"
    ACTIVE = "ACTIVE"  # one, and it is active already
    SEVERAL = "SEVERAL"


@dataclass(frozen=True, slots=True)
class Opened:
    opening: Opening
    proven: list[Proof] = field(default_factory=list)


def try_dates(person: Person, birth_dates: Collection[date]) -> Opened:
    """What names, number and dates open, now; the schools of who is known are told when no date is right."""
    found = proofs([person], birth_dates)
    opened = opened_by(found)
    if opened.opening == Opening.NOTHING:
        tell_wrong_dates(found)
    return opened


@transaction.atomic
def register(person: Person, birth_dates: Collection[date], password_hash: str) -> Opened:
    """Activate the one account, or show the schools of several a duplicate; all is found again, locked."""
    opened = opened_by(proofs([person], birth_dates, lock=True))
    if opened.opening == Opening.ONE:
        [proof] = opened.proven
        lifecycle.self_register(proof.account, password_hash=password_hash, mobile=person.number)
        leave_out(proof.account, proof.left_out)
    elif opened.opening == Opening.SEVERAL:
        show_duplicates(opened)
    return opened


def opened_by(found: list[Proof]) -> Opened:
    proven = [proof for proof in found if proof.proven]
    if not proven:
        return Opened(Opening.NOTHING)
    if len(proven) > 1:
        return Opened(Opening.SEVERAL, proven)
    is_active = proven[0].account.state == State.ACTIVE
    return Opened(Opening.ACTIVE if is_active else Opening.ONE, proven)


def tell_wrong_dates(found: list[Proof]) -> None:
    """To the schools of whoever was known, when none of the dates was right."""
    for proof in found:
        tell_schools(proof.account, proof.left_out, EventKind.ACCOUNT_BIRTH_DATE_REFUSED)


def show_duplicates(opened: Opened) -> None:
    """To the schools of the several accounts which one person proved to be of."""
    for one, other in combinations(opened.proven, 2):
        open_family_doubt(one.account.pk, other.account.pk)
