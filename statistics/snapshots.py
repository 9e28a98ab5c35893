"""The nightly count of every establishment, in one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone

from accounts.transitions import Origin, State
from statistics.models import SnapshotRun

if TYPE_CHECKING:
    from datetime import datetime

# The states and origins an account can have together (its CHECK constraints): every account is in one column.
COLUMNS: dict[str, tuple[State, Origin | None]] = {
    "not_notified": (State.NOT_NOTIFIED, None),
    "notified": (State.NOTIFIED, None),
    "activating": (State.ACTIVATING, None),
    "active_establishment": (State.ACTIVE, Origin.ESTABLISHMENT),
    "active_responsable": (State.ACTIVE, Origin.RESPONSABLE),
    "active_franceconnect": (State.ACTIVE, Origin.FRANCECONNECT),
    "active_ent": (State.ACTIVE, Origin.ENT),
    "active_aten": (State.ACTIVE, Origin.ATEN),
}


def _each(pattern: str) -> str:
    return ", ".join(pattern.format(name=name) for name in COLUMNS)


def _condition(state: State, origin: Origin | None) -> str:
    return f"state = '{state}'" + (f" AND origin = '{origin}'" if origin else "")


_COUNTS = ", ".join(
    f"count(*) FILTER (WHERE {_condition(state, origin)}) AS {name}"
    for name, (state, origin) in COLUMNS.items()
)
# An account counts once in each establishment where it holds a child. An establishment whose last account
# left is counted too: its zeros differ from the day before.
_TAKE = f"""
WITH counted AS (
    SELECT held.establishment_id, held.kind, {_COUNTS}
    FROM (SELECT DISTINCT establishment_id, kind, account_id FROM accounts_holding) held
    JOIN accounts_account account ON account.id = held.account_id
    GROUP BY held.establishment_id, held.kind)
INSERT INTO statistics_snapshot (establishment_id, kind, day, {_each("{name}")})
SELECT place.id, kinds.kind, place.day, {_each("coalesce(counted.{name}, 0)")}
FROM (SELECT establishment.id, (%(now)s AT TIME ZONE academy.time_zone)::date AS day
      FROM establishments_establishment establishment
      JOIN establishments_feed feed ON feed.id = establishment.feed_id
      JOIN establishments_academy academy ON academy.code = feed.academy_id) place
CROSS JOIN (VALUES ('RESPONSABLE'), ('STUDENT')) AS kinds (kind)
LEFT JOIN counted ON counted.establishment_id = place.id AND counted.kind = kinds.kind
LEFT JOIN LATERAL (SELECT * FROM statistics_snapshot
                   WHERE establishment_id = place.id AND kind = kinds.kind AND day <= place.day
                   ORDER BY day DESC LIMIT 1) last ON true
WHERE (counted.kind IS NOT NULL OR last.kind IS NOT NULL)
      AND ({_each("coalesce(counted.{name}, 0)")}) IS DISTINCT FROM ({_each("last.{name}")})
ON CONFLICT (establishment_id, kind, day) DO UPDATE SET {_each("{name} = excluded.{name}")}
"""  # noqa: S608 - our own column names, no value


@transaction.atomic
def take_snapshots(now: datetime | None = None) -> int:
    """Count every establishment as it is, and return the number of rows which changed since the last time.

    Taken again the same day, the day's rows say the later count.
    """
    now = now or timezone.now()
    SnapshotRun.objects.create(taken_at=now)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"now": now})
        changed: int = cursor.rowcount
    return changed
