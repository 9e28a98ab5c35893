"""What an identifiant and a password stand for. A refusal costs one hash, whatever was wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from cryptography.fernet import InvalidToken
from django.utils import timezone

from accounts.activation.hashing import hash_password, is_password
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
    renew = partial(_renew, account) if account else None
    matches = is_password(given, account.password if account else "", renew)
    if account is not None and account.merged_into_id is not None:
        was_its_own = matches or merging.was_secret_of(account, _as_provisional(given))
        return Verified(Standing.JOINED, account) if was_its_own else Verified(Standing.REFUSED)
    if account is None or not matches:
        return Verified(Standing.REFUSED)
    return Verified(Standing.CLOSED if account.closed_at else Standing.CHOSEN, account)


def _renew(account: Account, given: str) -> None:
    """Hash the password again, with the parameters of today; one chosen meanwhile stays."""
    kept = Account.objects.filter(pk=account.pk, password=account.password)
    kept.update(password=hash_password(given))


def _as_provisional(given: str) -> str:
    """Provisional passwords have no capitals: those of a telephone's keyboard are not held against anyone."""
    return "".join(given.split()).lower()


def _is_provisional(account: Account, given: str) -> bool:
    if not account.sealed_secret:
        return False
    try:
        return is_secret(account.sealed_secret, _as_provisional(given))
    except InvalidToken:
        return False


def _of_secret(account: Account, now: datetime) -> Standing:
    return Standing.PROVISIONAL if account.has_live_secret(now) else Standing.EXPIRED
