"""What is said of an account's password, wherever one is shown or listed (design §5)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from accounts.models import Account
from accounts.secrets import last_day
from accounts.transitions import State

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

OF_PASSWORD = ("state", "password", "sealed_secret", "secret_expires_at")
"""The columns of an account which say where its password stands."""


class Standing(StrEnum):
    UNDRAWN = "UNDRAWN"  # not notified: nothing to show
    PROVISIONAL = "PROVISIONAL"  # alive: shown in clear, until its last day
    EXPIRED = "EXPIRED"
    CHOSEN = "CHOSEN"  # by the family: ******
    NONE = "NONE"  # FranceConnect only


def account_of(row: Mapping[str, Any]) -> Account:
    """Of a row of values of a holding, as much of the account as the standing of its password takes."""
    return Account(pk=row["account_id"], **{name: row[f"account__{name}"] for name in OF_PASSWORD})


def password_standing(account: Account, now: datetime) -> Standing:
    if account.state_now == State.NOT_NOTIFIED:
        return Standing.UNDRAWN
    if account.has_live_secret(now):
        return Standing.PROVISIONAL
    if account.has_dead_secret(now):
        return Standing.EXPIRED
    return Standing.CHOSEN if account.password else Standing.NONE


def password_deadline(account: Account, standing: Standing, zone: ZoneInfo) -> date | None:
    """The last day of a provisional password, alive or dead; None for the other standings."""
    if standing not in (Standing.PROVISIONAL, Standing.EXPIRED) or account.secret_expires_at is None:
        return None
    return last_day(account.secret_expires_at, zone)
