"""How long families take: median days from a notification to the activation it led to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import TYPE_CHECKING, Any

from django.db import connection

from accounts.models import AccountKind
from establishments.models import EventKind

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from statistics.school_year import SchoolYear

# From the last notification before the activation, in days of the calendar. The account bears the very last
# one; if that came after, the journal has the one before. An account never notified does not count.
_MEDIANS = """
SELECT kind, activated_at >= %(this_year)s, count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY (activated_at AT TIME ZONE %(zone)s)::date
                                                   - (told_at AT TIME ZONE %(zone)s)::date)
FROM (SELECT kind, activated_at, CASE
             WHEN distributed_at <= activated_at THEN distributed_at
             ELSE (SELECT max(event.at) FROM establishments_event event
                   WHERE event.target_kind = 'account' AND event.target_id = account.id
                         AND event.kind = ANY(%(notifications)s) AND event.at <= account.activated_at)
             END AS told_at
      FROM accounts_account account
      WHERE id = ANY(%(accounts)s) AND activated_at >= %(last_year)s) told
WHERE told_at IS NOT NULL
GROUP BY kind, activated_at >= %(this_year)s
"""


@dataclass(frozen=True, slots=True)
class Delay:
    """`days` is the median over `accounts`, to the half-day; None when there are none."""

    year: SchoolYear
    days: float | None
    accounts: int

    @property
    def in_words(self) -> str:
        """« 5 jours », « 1,5 jour », « le jour même »."""
        if self.days is None:
            return "–"
        if self.days == 0:
            return "le jour même"
        return f"{self.days:g} jour{'s' if self.days >= 2 else ''}".replace(".", ",")


def read_delays(accounts: list[int], year: SchoolYear, zone: ZoneInfo) -> dict[AccountKind, list[Delay]]:
    """This year's and last year's, of each kind among the activated accounts of these keys."""
    parameters: dict[str, Any] = {
        "accounts": accounts,
        "notifications": [EventKind.ACCOUNT_NOTIFY.value, EventKind.ACCOUNT_NOTIFY_RESET.value],
        "zone": zone.key,
        "this_year": datetime.combine(year.first_day, time.min, tzinfo=zone),
        "last_year": datetime.combine(year.before.first_day, time.min, tzinfo=zone),
    }
    with connection.cursor() as cursor:
        cursor.execute(_MEDIANS, parameters)
        found = {(kind, is_this_year): (days, count) for kind, is_this_year, count, days in cursor}
    return {
        kind: [
            Delay(each, *found.get((kind, is_this_year), (None, 0)))
            for each, is_this_year in ((year, True), (year.before, False))
        ]
        for kind in AccountKind
    }
