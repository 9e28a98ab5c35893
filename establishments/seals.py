"""The journal's seals: each past day of events is bound, once and in order, to the day before (ADR 14).

The canonical form, for whoever wants to compute it elsewhere. A day is a UTC day of `at`; its events go by
(at, id). Each is one line, ended by LF, in UTF-8: the JSON array that PostgreSQL prints (as jsonb) for
[id, kind, at, establishment, actor, agent, target_kind, target_id, data], where `at` reads
2026-11-24T21:15:03.123456Z.
`events_sha256` is the SHA-256 of those lines. `sha256` is that of one line more:
« day events first last events_sha256 previous sealed_at », separated by spaces, « - » for none.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import connection, transaction

from establishments.models import JournalSeal

if TYPE_CHECKING:
    from collections.abc import Iterator

_log = logging.getLogger(__name__)
DAY = timedelta(days=1)
# An event may be dated a moment before its transaction begins.
SETTLED_AFTER = timedelta(hours=1)
LOCK = 1247768903
"""The trigger which refuses an event of a sealed day takes it shared (migration 0005)."""
FIRST = "0" * 64
_FETCHED = 5_000
_CANONICAL = """
SELECT id, jsonb_build_array(id, kind, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                             establishment_id, actor, agent_id, target_kind, target_id, data)::text
FROM establishments_event WHERE at >= %s AND at < %s ORDER BY at, id
"""
# The transactions of everyone else: what they wrote cannot be read yet.
_SETTLED = """
SELECT least(clock_timestamp(), (SELECT min(xact_start) FROM pg_stat_activity
                                 WHERE datname = current_database() AND pid <> pg_backend_pid()
                                       AND backend_type = 'client backend'))
"""
_OLDEST = "SELECT min(at) FROM establishments_event"


@dataclass(frozen=True, slots=True)
class Content:
    """What a day holds, as its seal says it."""

    events: int
    first: int | None
    last: int | None
    sha256: str


def bounds_of(day: date) -> tuple[datetime, datetime]:
    """The moments a UTC day begins and ends at."""
    start = datetime.combine(day, time.min, tzinfo=UTC)
    return start, start + DAY


def content_of(day: date) -> Content:
    """Read the events of `day`, in one snapshot and bounded memory; inside a transaction."""
    digest, count, first, last = hashlib.sha256(), 0, None, None
    for pk, line in _lines(day):
        digest.update(line.encode() + b"\n")
        first = pk if first is None else first
        last, count = pk, count + 1
    return Content(count, first, last, digest.hexdigest())


def _lines(day: date) -> Iterator[tuple[int, str]]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_CANONICAL, bounds_of(day))
        while rows := cursor.fetchmany(_FETCHED):
            yield from rows


def digest_of(seal: JournalSeal) -> str:
    """The SHA-256 which a seal should bear, from its own columns."""
    first, last = ("-" if each is None else each for each in (seal.first_event, seal.last_event))
    sealed_at = seal.sealed_at.astimezone(UTC).isoformat(timespec="microseconds")
    line = f"{seal.day} {seal.events} {first} {last} {seal.events_sha256} {seal.previous} {sealed_at}"
    return hashlib.sha256(line.encode()).hexdigest()


def seal_past_days() -> list[JournalSeal]:
    """Seal, in order, every past day which can hold nothing more; those missed before are caught up."""
    made = []
    while seal := _seal_next():
        made.append(seal)
    if made:
        _log.info("journal sealed to %s, %s days, seal %s", made[-1].day, len(made), made[-1].sha256)
    return made


@transaction.atomic
def _seal_next() -> JournalSeal | None:
    """The day after the last one; None when it is not over, or a transaction of that day still runs.

    The lock makes a second worker wait, then see that the day is sealed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        cursor.execute(_SETTLED)
        settled: datetime = cursor.fetchone()[0]
    last = JournalSeal.objects.order_by("day").last()
    day = last.day + DAY if last else _first_day()
    if day is None or bounds_of(day)[1] + SETTLED_AFTER > settled:
        return None
    content = content_of(day)
    seal = JournalSeal(
        day=day,
        first_event=content.first,
        last_event=content.last,
        events=content.events,
        events_sha256=content.sha256,
        previous=last.sha256 if last else FIRST,
        sealed_at=_now(),
    )
    seal.sha256 = digest_of(seal)
    seal.save(force_insert=True)
    return seal


def _first_day() -> date | None:
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST)
        oldest: datetime | None = cursor.fetchone()[0]
    return oldest.astimezone(UTC).date() if oldest else None


def _now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
