"""The nightly count of every territory: each level by its own distinct count of accounts, never by a sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from statistics.columns import COUNTS, each_column
from statistics.meteostat.territories import NATION_CODE, Level

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.backends.utils import CursorWrapper

# Where the accounts held in an establishment are counted, at each level.
_CODES = {
    Level.NATION: f"'{NATION_CODE}'",
    Level.ACADEMY: "feed.academy_id",
    Level.DEPARTMENT: "establishment.department_id",
    Level.DISTRICT: "nullif(district.uai, '')",
}
_PLACES = """
SELECT establishment.id AS establishment_id, feed.degree, {code} AS code
FROM establishments_establishment establishment
JOIN establishments_feed feed ON feed.id = establishment.feed_id
LEFT JOIN establishments_district district ON district.id = establishment.district_id
WHERE {code} IS NOT NULL
"""
# Each account once in each territory, and the degrés of what it holds there.
_ONCE = """
SELECT place.code, held.kind, held.account_id{also},
       bool_or(place.degree = 1) AS in_first, bool_or(place.degree = 2) AS in_second
FROM {held} held JOIN ({places}) place USING (establishment_id)
GROUP BY place.code, held.kind, held.account_id{also}
"""
# An account of one degré counts in it, and in both degrés together; of two, once in each of the three.
DEGREES_OF_ONCE = "(VALUES (0, true), (1, in_first), (2, in_second)) AS seen (degree, is_seen)"
# A territory where nobody is left is counted too: its zeros differ from the day before.
_ROLL_UP = f"""
WITH once AS ({{once}}),
counted AS (
    SELECT code, degree, kind, {COUNTS}
    FROM once CROSS JOIN LATERAL {DEGREES_OF_ONCE}
    WHERE is_seen GROUP BY code, degree, kind),
series AS (
    SELECT code, degree, kind FROM counted
    UNION SELECT code, degree, kind FROM statistics_territorysnapshot WHERE level = %(level)s)
INSERT INTO statistics_territorysnapshot (level, code, degree, kind, day, {each_column("{name}")})
SELECT %(level)s, series.code, series.degree, series.kind, %(day)s,
       {each_column("coalesce(counted.{name}, 0)")}
FROM series LEFT JOIN counted USING (code, degree, kind)
LEFT JOIN LATERAL (SELECT * FROM statistics_territorysnapshot
                   WHERE level = %(level)s AND code = series.code AND degree = series.degree
                         AND kind = series.kind AND day <= %(day)s
                   ORDER BY day DESC LIMIT 1) last ON true
WHERE ({each_column("coalesce(counted.{name}, 0)")}) IS DISTINCT FROM ({each_column("last.{name}")})
ON CONFLICT (level, code, degree, kind, day) DO UPDATE SET {each_column("{name} = excluded.{name}")}
"""  # noqa: S608 - our own column names, no value


def places_of(level: Level) -> str:
    """In SQL: the establishments, their degré, and the code of the territory of this level they are in."""
    return _PLACES.format(code=_CODES[level])


def once_in_each(level: Level, held: str, also: str = "") -> str:
    """In SQL: each account of the table `held`, once in each territory of this level where it counts.

    `held` says establishment_id, kind, account_id, and the column `also`; its degrés: DEGREES_OF_ONCE.
    """
    return _ONCE.format(places=places_of(level), held=held, also=f", held.{also}" if also else "")


def roll_up(cursor: CursorWrapper, now: datetime) -> None:
    """Count the accounts of `counted_account` (statistics/snapshots.py) in every territory."""
    day = timezone.localdate(now, timezone.get_default_timezone())
    for level in Level:
        once = once_in_each(level, "counted_account", also="place")
        cursor.execute(_ROLL_UP.format(once=once), {"level": level.value, "day": day})
