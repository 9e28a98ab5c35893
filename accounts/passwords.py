"""What is said of an account's password, wherever one is shown or listed (design §5)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from accounts.secrets import last_day
from accounts.transitions import State

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from accounts.models import Account


class Standing(StrEnum):
    UNDRAWN = "UNDRAWN"  # not notified: nothing to show
    PROVISIONAL = "PROVISIONAL"  # alive: shown in clear, until its last day
    EXPIRED = "EXPIRED"
    CHOSEN = "CHOSEN"  # by the family: ******
    NONE = "NONE"  # FranceConnect only


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
