"""The nightly count of every establishment and of every territory, each in one statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone

from statistics.columns import COUNTS, PLACE, each_column
from statistics.meteostat.rollup import roll_up
from statistics.models import SnapshotRun

if TYPE_CHECKING:
    from datetime import datetime

# Every account once in each establishment where it holds a child, and the number of its column.
_COUNT_ACCOUNTS = f"""
CREATE TEMPORARY TABLE counted_account ON COMMIT DROP AS
SELECT held.establishment_id, held.kind, held.account_id, ({PLACE})::smallint AS place
FROM (SELECT DISTINCT establishment_id, kind, account_id FROM accounts_holding) held
JOIN accounts_account account ON account.id = held.account_id
"""  # noqa: S608 - our own states and origins, no value
# An establishment whose last account left is counted too: its zeros differ from the day before.
_TAKE = f"""
WITH counted AS (
    SELECT establishment_id, kind, {COUNTS} FROM counted_account GROUP BY establishment_id, kind)
INSERT INTO statistics_snapshot (establishment_id, kind, day, {each_column("{name}")})
SELECT place.id, kinds.kind, place.day, {each_column("coalesce(counted.{name}, 0)")}
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
      AND ({each_column("coalesce(counted.{name}, 0)")}) IS DISTINCT FROM ({each_column("last.{name}")})
ON CONFLICT (establishment_id, kind, day) DO UPDATE SET {each_column("{name} = excluded.{name}")}
"""  # noqa: S608 - our own column names, no value


@transaction.atomic
def take_snapshots(now: datetime | None = None) -> int:
    """Count establishments and territories as they are; return how many establishments' rows changed.

    Taken again the same day, the day's rows say the later count.
    """
    now = now or timezone.now()
    SnapshotRun.objects.create(taken_at=now)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_ACCOUNTS)
        cursor.execute("ANALYZE counted_account")
        cursor.execute(_TAKE, {"now": now})
        changed: int = cursor.rowcount
        roll_up(cursor, now)
        cursor.execute("DROP TABLE counted_account")
    return changed
