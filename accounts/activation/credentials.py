"""What an identifiant and a password stand for. A refusal costs one hash, whatever was wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from cryptography.fernet import InvalidToken
from django.utils import timezone

from accounts.activation.hashing import is_password
from accounts.joining import merging
from accounts.models import Account
from accounts.secrets import is_secret

if TYPE_CHECKING:
    from datetime import datetime


class Standing(StrEnum):
    REFUSED = "REFUSED"  # nobody's, or not that person's: never told apart
    PROVISIONAL = "PROVISIONAL"
    CHOSEN = "CHOSEN"
    EXPIRED = "EXPIRED"  # right, and dead
    JOINED = "JOINED"  # of an account since brought together with another
    CLOSED = "CLOSED"


@dataclass(frozen=True, slots=True)
class Verified:
    """`account` is known unless they are refused."""

    standing: Standing
    account: Account | None = None


def normalized(identifier: str) -> str:
    """As a telephone's keyboard may write it: capital first, spaces around."""
    return "".join(identifier.split()).lower()


def verify(identifier: str, given: str) -> Verified:
    """What they open; no state of the account is told to who does not hold its password."""
    account = Account.objects.filter(identifier=normalized(identifier), anonymised_at__isnull=True).first()
    if account is not None and _is_provisional(account, given):
        return Verified(_of_secret(account, timezone.now()), account)
    joined = account is not None and merging.is_of_joined_account(account.identifier, given)
    hashed_already = account is not None and account.merged_into_id is not None and account.password != ""
    matches = False if hashed_already else is_password(given, account.password if account else "")
    if joined:
        return Verified(Standing.JOINED, account)
    if account is None or not matches:
        return Verified(Standing.REFUSED)
    return Verified(Standing.CLOSED if account.closed_at else Standing.CHOSEN, account)


def _is_provisional(account: Account, given: str) -> bool:
    """Provisional passwords have no capitals: those of a telephone's keyboard are not held against anyone."""
    if not account.sealed_secret:
        return False
    try:
        return is_secret(account.sealed_secret, "".join(given.split()).lower())
    except InvalidToken:
        return False


def _of_secret(account: Account, now: datetime) -> Standing:
    return Standing.PROVISIONAL if account.has_live_secret(now) else Standing.EXPIRED
