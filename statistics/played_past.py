"""What nights would have counted of a played year (demo only), rebuilt from its events.

The events say when each account changed; who holds which child is taken as it is today, since nobody
moves in the story. A real past is never rebuilt: a night that was missed stays unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.transitions import Origin, State
from establishments.models import EventKind
from statistics.columns import COLUMNS
from statistics.meteostat.rollup import DEGREES_OF_ONCE, once_in_each
from statistics.meteostat.territories import Level
from statistics.models import Snapshot, TerritorySnapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

# What each event makes of an account, and how far along the lifecycle, which never goes back.
_STEPS: dict[EventKind, tuple[int, State, Origin | None]] = {
    EventKind.ACCOUNT_NOTIFY: (1, State.NOTIFIED, None),
    EventKind.ACCOUNT_ACTIVATION_STARTED: (2, State.ACTIVATING, None),
    EventKind.ACCOUNT_ACTIVATION_MAIL: (3, State.ACTIVE, Origin.ESTABLISHMENT),
    EventKind.ACCOUNT_ACTIVATION_SMS: (3, State.ACTIVE, Origin.RESPONSABLE),
    EventKind.ACCOUNT_ACTIVATION_FRANCECONNECT: (3, State.ACTIVE, Origin.FRANCECONNECT),
    EventKind.ACCOUNT_ACTIVATION_ENT: (3, State.ACTIVE, Origin.ENT),
}
_NAMES = {place: name for name, place in COLUMNS.items()}
_DELTAS = ", ".join(
    f"count(*) FILTER (WHERE came_to = '{name}') - count(*) FILTER (WHERE came_from = '{name}') AS {name}"
    for name in COLUMNS
)
_CUMULATED = ", ".join(f"sum({name}) OVER so_far" for name in COLUMNS)
_CHANGED = " OR ".join(f"{name} <> 0" for name in COLUMNS)
# The night which first sees something done at `at`: snapshots are taken at 6.40, Paris time.
_NIGHT = "((at AT TIME ZONE 'Europe/Paris') - interval '6 hours 40 minutes')::date + 1"
_MOVES = f"""
CREATE TEMPORARY TABLE story_move ON COMMIT DROP AS
WITH step (event, rank, place) AS (
    SELECT * FROM unnest(%(events)s::text[], %(ranks)s::int[], %(places)s::text[])),
told AS (
    SELECT event.target_id AS account_id, event.at, event.id, step.rank, step.place,
           max(step.rank) OVER (PARTITION BY event.target_id ORDER BY event.at, event.id
                                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS rank_before
    FROM establishments_event event JOIN step ON step.event = event.kind
    WHERE event.target_kind = 'account'),
moved AS (
    SELECT account_id, at, place AS came_to,
           lag(place, 1, 'not_notified') OVER (PARTITION BY account_id ORDER BY at, id) AS came_from
    FROM told WHERE rank > coalesce(rank_before, 0)
    UNION ALL
    SELECT account_id, min(opened_at), 'not_notified', NULL FROM accounts_accountsource GROUP BY account_id)
SELECT account_id, {_NIGHT} AS day, came_from, came_to FROM moved
WHERE {_NIGHT} < (%(now)s AT TIME ZONE 'Europe/Paris')::date
"""  # noqa: S608 - our own column names, no value
_HELD = """
CREATE TEMPORARY TABLE story_held ON COMMIT DROP AS
SELECT DISTINCT establishment_id, kind, account_id FROM accounts_holding
"""
_REBUILD = f"""
WITH change AS (
    SELECT {{keys}}, day, {_DELTAS}
    FROM story_move JOIN ({{counted}}) counted USING (account_id) GROUP BY {{keys}}, day)
INSERT INTO {{table}} ({{keys}}, day, {", ".join(COLUMNS)})
SELECT {{keys}}, day, {_CUMULATED} FROM change WHERE {_CHANGED}
WINDOW so_far AS (PARTITION BY {{keys}} ORDER BY day)
"""  # noqa: S608 - our own column names, no value
_IN_TERRITORIES = f"""
SELECT '{{level}}' AS level, code, degree, kind, account_id
FROM ({{once}}) once CROSS JOIN LATERAL {DEGREES_OF_ONCE} WHERE is_seen
"""  # noqa: S608 - our own statement, no value
_NIGHTS = """
INSERT INTO statistics_snapshotrun (taken_at)
SELECT (day + interval '6 hours 40 minutes') AT TIME ZONE 'Europe/Paris'
FROM generate_series((SELECT min(day) FROM statistics_snapshot)::timestamp,
                     (%(now)s AT TIME ZONE 'Europe/Paris')::date - 1, interval '1 day') day
"""


_READ = (
    "establishments_event, establishments_student, establishments_responsibility, accounts_account, "
    "accounts_accountsource"
)


class AlreadyCounted(Exception):
    """Snapshots were taken: nothing is put before or between them."""


@transaction.atomic
def rebuild_snapshots() -> int:
    """Write the counts of every past night of the story and return their number; AlreadyCounted.

    Those of the establishments, and those of the territories.
    """
    if Snapshot.objects.exists() or TerritorySnapshot.objects.exists():
        raise AlreadyCounted
    parameters: dict[str, Any] = {
        "now": timezone.now(),
        "events": [kind.value for kind in _STEPS],
        "ranks": [rank for rank, _, _ in _STEPS.values()],
        "places": [_NAMES[state, origin] for _, state, origin in _STEPS.values()],
    }
    with connection.cursor() as cursor:
        # The story was written a minute ago: the planner knows nothing of it yet.
        cursor.execute(f"ANALYZE {_READ}")
        cursor.execute(_MOVES, parameters)
        cursor.execute(_HELD)
        cursor.execute("ANALYZE story_move, story_held")
        rebuilt = 0
        for statement in _rebuilds():
            cursor.execute(statement)
            rebuilt += cursor.rowcount
        cursor.execute(_NIGHTS, parameters)
        cursor.execute("DROP TABLE story_move, story_held")
    return rebuilt


def _rebuilds() -> Iterator[str]:
    """Of the establishments, then of the territories of each level."""
    yield _REBUILD.format(
        table="statistics_snapshot", keys="establishment_id, kind", counted="SELECT * FROM story_held"
    )
    for level in Level:
        yield _REBUILD.format(
            table="statistics_territorysnapshot",
            keys="level, code, degree, kind",
            counted=_IN_TERRITORIES.format(level=level.value, once=once_in_each(level, "story_held")),
        )
