"""The months of the journal: partitions made ahead, and dropped whole once old and sealed (ADR 14)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction

from establishments.models import Event, EventKind, JournalSeal
from establishments.seals import DAY, LOCK, bounds_of
from establishments.verification import BrokenSeal, check_day, month_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = logging.getLogger(__name__)
# Each partition, even empty, takes part in planning every query: enough for half a year without a night.
MONTHS_AHEAD = 6
TABLE = "establishments_event"
_OLDEST_OTHER = "SELECT min(at) FROM establishments_event_other"
_PARTITIONS = r"""
SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = 'establishments_event'::regclass AND relname ~ '_\d{4}_\d{2}$'
"""
# A purge never makes those who write wait: it gives up, and tries again the next night.
_PATIENCE = "SET LOCAL lock_timeout = '5s'"
_COUNTED = "SELECT count(*) FROM establishments_event WHERE at >= %s AND at < %s"


@dataclass(frozen=True, slots=True)
class Purged:
    month: date
    events: int


def partition_of(month: date) -> str:
    return f"{TABLE}_{month:%Y_%m}"


def make_months(today: date, ahead: int = MONTHS_AHEAD) -> list[date]:
    """Make the partitions which lack, from this month on; a month whose events lie elsewhere has none."""
    months = [month_of(today, number) for number in range(ahead + 1)]
    return [month for month in months if make_month(month)]


def make_month(month: date) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_PATIENCE)
        cursor.execute("SELECT establishments_make_month(%s)", [month])
        made: bool = cursor.fetchone()[0]
    return made


def purge_old_months(today: date) -> list[Purged]:
    """Drop the months older than settings.JOURNAL_MONTHS, the oldest first; each is an event.

    A month goes when all its days are sealed and its events are still those which were. Raises BrokenSeal:
    nothing destroys the proof of a change.
    """
    return list(_purged(month_of(today, -settings.JOURNAL_MONTHS)))


def _purged(kept_from: date) -> Iterator[Purged]:
    while month := _oldest_month(kept_from):
        purged = _purge(month)
        if purged is None:
            _log.warning("journal: %s is not wholly sealed, it is kept", f"{month:%Y-%m}")
            return
        _log.info("journal: %s purged, %s events", f"{month:%Y-%m}", purged.events)
        yield purged


def _oldest_month(kept_from: date) -> date | None:
    """The oldest one there is anything of, partition or events elsewhere, when it is before `kept_from`."""
    with connection.cursor() as cursor:
        cursor.execute(_PARTITIONS)
        months = [date(int(name[-7:-3]), int(name[-2:]), 1) for (name,) in cursor]
        cursor.execute(_OLDEST_OTHER)
        oldest: datetime | None = cursor.fetchone()[0]
    if oldest:
        months.append(month_of(oldest.astimezone(UTC).date()))
    return min((month for month in months if month < kept_from), default=None)


@transaction.atomic
def _purge(month: date) -> Purged | None:
    """None when a day of the month is not sealed; nothing is said of a month in which nothing ever was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(_PATIENCE)
    end = month_of(month, 1)
    last = JournalSeal.objects.filter(day__lt=end).order_by("day").last()
    seals = list(JournalSeal.objects.filter(day__gte=month, day__lt=end).order_by("day"))
    if last is None or (seals and seals[-1].day != end - DAY):
        return None
    for seal in seals:
        check_day(seal)
    events = _drop(month, end)
    if events != sum(seal.events for seal in seals):
        raise BrokenSeal(month, "des évènements sont hors de tout sceau")
    if seals:
        _record(month, events, last)
    return Purged(month, events)


def _drop(month: date, end: date) -> int:
    """Drop the month's partition, or take its events out of the one of other dates; how many there were."""
    since, until = bounds_of(month)[0], bounds_of(end)[0]
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, [since, until])
        events: int = cursor.fetchone()[0]
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [partition_of(month)])
        if cursor.fetchone()[0]:
            cursor.execute(f"DROP TABLE {partition_of(month)}")
        else:
            _rewrite_other(since, until)
    return events


_REWRITE = (
    "ALTER TABLE establishments_event DETACH PARTITION establishments_event_other",
    "ALTER TABLE establishments_event_other RENAME TO event_other_before",
    "CREATE TABLE establishments_event_other"
    " (LIKE establishments_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
    "INSERT INTO establishments_event_other"
    " SELECT * FROM event_other_before WHERE at < %(since)s OR at >= %(until)s",
    "DROP TABLE event_other_before",
    "ALTER TABLE establishments_event ATTACH PARTITION establishments_event_other DEFAULT",
    "CREATE TRIGGER event_not_emptied BEFORE TRUNCATE ON establishments_event_other"
    " FOR EACH STATEMENT EXECUTE FUNCTION establishments_refuse_change()",
)


def _rewrite_other(since: datetime, until: datetime) -> None:
    """Nothing deletes an event: the partition of other dates is replaced by one without those."""
    with connection.cursor() as cursor:
        for statement in _REWRITE:
            cursor.execute(statement, {"since": since, "until": until} if "%(" in statement else None)


def _record(month: date, events: int, last: JournalSeal) -> None:
    Event.objects.create(
        kind=EventKind.JOURNAL_PURGED,
        actor=Event.Actor.PLATFORM,
        target_kind="journal",
        target_id=month.year * 100 + month.month,
        data={"month": f"{month:%Y-%m}", "events": events, "seal": last.sha256},
    )
