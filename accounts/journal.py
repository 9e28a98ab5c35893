"""The journal of an establishment: what agents did there and what imports changed, the latest first.

What was done to many at once is one line; the share of each account is a detail, shown when asked for.
Pages are found by the keys of events (at, id), whatever their number, and never counted whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from establishments.models import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE_SIZE = 50
COUNTED = 1_000
EXPORTED_AT_ONCE = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# In an agent's own affairs, what an establishment where they act may know.
SIGN_INS = [EventKind.AGENT_SIGNED_IN.value, EventKind.AGENT_SIGNED_OUT.value]


@dataclass(frozen=True, slots=True)
class Key:
    """Where a page begins or ends: an event's moment and number, as addresses write them."""

    at: datetime
    pk: int

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // _MICROSECOND}_{self.pk}"

    @classmethod
    def parse(cls, text: str) -> Key | None:
        """None for what no page wrote."""
        micros, _, pk = text.partition("_")
        if not (micros.isascii() and micros.isdigit() and pk.isascii() and pk.isdigit()):
            return None
        if len(micros) > 16 or len(pk) > 18:
            return None
        return cls(_EPOCH + int(micros) * _MICROSECOND, int(pk))


@dataclass(frozen=True, slots=True)
class Query:
    """Which events of an establishment; `operations` are the kinds of bulk actions whose launching counts."""

    establishment: int
    since: datetime | None = None
    until: datetime | None = None
    kinds: list[str] | None = None
    operations: list[str] | None = None
    agent: int | None = None
    account: int | None = None
    with_details: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """`newer` and `older` are the keys which lead to the pages beside it, where there are any."""

    events: list[Event]
    newer: Key | None
    older: Key | None


# The condition of the partial index event_acts, in its very words.
_ACTS = "(e.target_kind <> 'account' OR ((e.data ->> 'operation') IS NULL AND e.actor = 'AGENT'))"
_SELECT = (
    "SELECT e.id, e.at FROM establishments_event e WHERE {where}"
    " ORDER BY e.at {way}, e.id {way} LIMIT %(limit)s"
)
# Each kind by its own index, a page at most of each.
_BY_KIND = (
    "SELECT found.id, found.at FROM unnest(%(kinds)s::text[]) AS asked (kind)"
    " CROSS JOIN LATERAL ({each}) found"
)
# An agent signs in to the console, not to an establishment: told where they direct or are delegated, while
# they are, and not between two times. Days of a delegation are those of the académie.
_SIGN_INS = """
SELECT found.id, found.at FROM (
    SELECT agent_id, lower(span) AS since, upper(span) AS until FROM (
        SELECT agent_id, unnest(range_agg(tstzrange(since, until))) AS span FROM (
            SELECT agent_id, started_at AS since, coalesce(ended_at, 'infinity') AS until
            FROM establishments_mandate WHERE establishment_id = %(establishment)s
            UNION ALL
            SELECT agent_id, begins_on::timestamp AT TIME ZONE zone.name,
                   least(coalesce(ended_at, 'infinity'),
                         coalesce((ends_on + 1)::timestamp AT TIME ZONE zone.name, 'infinity'))
            FROM establishments_delegation, (
                SELECT academy.time_zone AS name FROM establishments_establishment place
                JOIN establishments_feed feed ON feed.id = place.feed_id
                JOIN establishments_academy academy ON academy.code = feed.academy_id
                WHERE place.id = %(establishment)s) zone
            WHERE establishment_id = %(establishment)s) held
        WHERE since < until GROUP BY agent_id) spans) present
CROSS JOIN LATERAL ({each}) found
"""
_OWN_AFFAIRS = (
    "e.target_kind = 'agent' AND e.target_id = present.agent_id AND e.establishment_id IS NULL"
    " AND e.kind = ANY(%(sign_ins)s) AND e.at >= present.since AND e.at < present.until"
)


def read_page(query: Query, *, before: Key | None = None, after: Key | None = None) -> Page:
    """The first page, or the one that is older than `before`, or newer than `after`."""
    if after and not before:
        found = _keys(query, after, "ASC", PAGE_SIZE + 1)
        if len(found) > PAGE_SIZE:
            shown = found[:PAGE_SIZE][::-1]
            return Page(_events(shown), newer=shown[0], older=shown[-1])
        before = None
    found = _keys(query, before, "DESC", PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    more = len(found) > PAGE_SIZE
    return Page(
        _events(shown),
        newer=shown[0] if before and shown else None,
        older=shown[-1] if more else None,
    )


def count(query: Query) -> int:
    """How many events, counted no further than one over COUNTED."""
    with connection.cursor() as cursor:
        statement = f"SELECT count(*) FROM ({_statement(query, None, 'DESC')}) counted"  # noqa: S608
        cursor.execute(statement, _parameters(query, None, COUNTED + 1))
        found: int = cursor.fetchone()[0]
    return found


def read_all(query: Query) -> Iterator[list[Event]]:
    """Every event, the latest first, by thousands, in bounded memory and no long transaction."""
    before: Key | None = None
    while keys := _keys(query, before, "DESC", EXPORTED_AT_ONCE):
        yield _events(keys)
        before = keys[-1]


def _events(keys: list[Key]) -> list[Event]:
    """In the order of their keys; moments are told so that only their months are read."""
    if not keys:
        return []
    moments = [key.at for key in keys]
    found = Event.objects.filter(
        pk__in=[key.pk for key in keys], at__gte=min(moments), at__lte=max(moments)
    ).select_related("agent")
    by_key = {event.pk: event for event in found}
    return [by_key[key.pk] for key in keys if key.pk in by_key]


def _keys(query: Query, start: Key | None, way: str, limit: int) -> list[Key]:
    with connection.cursor() as cursor:
        cursor.execute(_statement(query, start, way), _parameters(query, start, limit))
        return [Key(at, pk) for pk, at in cursor]


def _statement(query: Query, start: Key | None, way: str) -> str:
    """Our own words; values are parameters."""
    parts = " UNION ALL ".join(f"({part})" for part in _parts(query, _common(query, start, way), way))
    return f"SELECT id, at FROM ({parts}) found ORDER BY at {way}, id {way} LIMIT %(limit)s"  # noqa: S608


def _parameters(query: Query, start: Key | None, limit: int) -> dict[str, Any]:
    return {
        "establishment": query.establishment,
        "since": query.since,
        # Months to come are empty, and left out all the same.
        "until": query.until or timezone.now() + timedelta(days=1),
        "kinds": query.kinds,
        "operations": query.operations,
        "agent": query.agent,
        "account": query.account,
        "sign_ins": [kind for kind in SIGN_INS if query.kinds is None or kind in query.kinds],
        "at": start.at if start else None,
        "id": start.pk if start else None,
        "limit": limit,
    }


def _common(query: Query, start: Key | None, way: str) -> list[str]:
    """What holds of every event looked for. A bare moment beside each key spares the months it excludes."""
    conditions = ["e.at < %(until)s"]
    if query.since:
        conditions.append("e.at >= %(since)s")
    if query.agent:
        conditions.append("e.agent_id = %(agent)s")
    if start:
        sign = "<" if way == "DESC" else ">"
        conditions += [f"e.at {sign}= %(at)s", f"(e.at, e.id) {sign} (%(at)s, %(id)s)"]
    return conditions


def _parts(query: Query, common: list[str], way: str) -> Iterator[str]:
    here = ["e.establishment_id = %(establishment)s", *common]
    if query.account:
        here += ["e.target_kind = 'account'", "e.target_id = %(account)s"]
    elif not query.with_details:
        here.append(_ACTS)
    if query.kinds is None:
        yield _one(here, way)
    else:
        here.append("e.kind = asked.kind")
        if EventKind.OPERATION_CONFIRMED in query.kinds:
            here.append("(e.kind <> 'operation:confirmed' OR e.data ->> 'kind' = ANY(%(operations)s))")
        yield _BY_KIND.format(each=_one(here, way))
    if not query.account and (query.kinds is None or set(SIGN_INS) & set(query.kinds)):
        yield _SIGN_INS.format(each=_one([_OWN_AFFAIRS, *common], way))


def _one(conditions: list[str], way: str) -> str:
    return _SELECT.format(where=" AND ".join(conditions), way=way)


def until_now(query: Query, now: datetime) -> Query:
    """What is there at this moment: an export does not run after what is being written."""
    return replace(query, until=min(query.until, now) if query.until else now)
