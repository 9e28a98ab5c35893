"""The journal of a school with a million events, the history of an account, the sealing of a large day."""

import time
from collections.abc import Iterator
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import journal
from bench.database import fresh_database
from bench.figures import Figure
from bench.lists import median_of, queries_of, signed_in
from bench.population import Population, populate
from establishments.models import Establishment
from establishments.months import make_month
from establishments.seals import seal_past_days
from establishments.verification import month_of, verify

POPULATION = Population(schools=3, pupils=2_000)
EVENTS = 1_000_000
LARGE_DAY = 100_000
# Thirteen months, all of one school; one in ten is an act told on a line of its own, the others what became
# of each account in operations. No pattern ties the kind of an event to its place.
_EVENTS = """
INSERT INTO establishments_event (kind, at, establishment_id, actor, agent_id, target_kind, target_id, data)
SELECT (ARRAY['account:notify', 'account:password:reset', 'account:secret:shown', 'setting:changed',
              'document:downloaded', 'account:notify:reset'])[1 + drawn % 6],
       now() - interval '390 days' * ((n + 0.5) / %(events)s), %(school)s, 'AGENT', %(agent)s,
       CASE WHEN drawn % 6 = 3 THEN 'establishment' WHEN drawn % 6 = 4 THEN 'operation' ELSE 'account' END,
       (%(first)s + drawn % %(accounts)s),
       CASE WHEN n % 10 = 0 THEN '{}'::jsonb
            ELSE jsonb_build_object('operation', n / 1000, 'effect', 'KEPT') END
FROM generate_series(0, %(events)s - 1) n
CROSS JOIN LATERAL (SELECT abs(hashint8(n))::bigint AS drawn) hashed
"""
_LARGE_DAY = """
INSERT INTO establishments_event (kind, at, establishment_id, actor, target_kind, target_id, data)
SELECT 'account:secret:expired', date_trunc('day', now()) - interval '2 days' + n * interval '0.8 second',
       %(school)s, 'PLATFORM', 'account', n, '{}'
FROM generate_series(0, %(events)s - 1) n
"""
_HISTORY = """
SELECT id FROM establishments_event WHERE target_kind = 'account' AND target_id = %s
ORDER BY at DESC, id DESC LIMIT 20
"""


def measure() -> Iterator[Figure]:
    with fresh_database():
        school = populate(POPULATION)
        client = signed_in(school)
        _fill(school)
        yield from _pages(client, school)
        yield _history(client, school)
        yield _export(client, school)
    with fresh_database():
        yield from _seals(populate(POPULATION))


def _fill(school: Establishment) -> None:
    for number in range(-13, 1):
        make_month(month_of(timezone.now().date(), number))
    mandate = school.mandates.earliest("pk")
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(id), count(*) FROM accounts_account")
        first, accounts = cursor.fetchone()
        cursor.execute(
            _EVENTS.replace(" % ", " %% "),
            {
                "events": EVENTS,
                "school": school.pk,
                "agent": mandate.agent_id,
                "first": first,
                "accounts": accounts,
            },
        )
        cursor.execute("VACUUM ANALYZE establishments_event")


def _pages(client: Client, school: Establishment) -> Iterator[Figure]:
    address = reverse("journal", args=[school.uai])
    yield Figure(f"Journal of {EVENTS:,} events, first page", median_of(client, address), "ms", limit=100)
    yield Figure("… its queries", queries_of(client, address), "")
    for name, query in (
        ("each account in detail", "detail=on"),
        ("of one family of acts", "actes=mots-de-passe"),
        ("of one family, in detail", "actes=notifications&detail=on"),
        ("of a family which has none", "actes=assistance&detail=on"),
        ("of one day", "du=2026-06-01&au=2026-06-01&detail=on"),
    ):
        milliseconds = median_of(client, f"{address}?{query}")
        yield Figure(f"… {name}", milliseconds, "ms", limit=100)
    deep = _deep(school)
    milliseconds = median_of(client, f"{address}?detail=on&avant={deep}")
    yield Figure(f"… a page after {EVENTS * 9 // 10:,} events", milliseconds, "ms", limit=100)


def _deep(school: Establishment) -> journal.Key:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, at FROM establishments_event WHERE establishment_id = %s"
            " ORDER BY at DESC, id DESC OFFSET %s LIMIT 1",
            [school.pk, EVENTS * 9 // 10],
        )
        pk, at = cursor.fetchone()
    return journal.Key(at, pk)


def _history(client: Client, school: Establishment) -> Figure:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT account_id FROM accounts_holding WHERE establishment_id = %s ORDER BY 1 LIMIT 1",
            [school.pk],
        )
        account = cursor.fetchone()[0]
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {_HISTORY}", [account])
        plan = cursor.fetchone()[0][0]
    return Figure(
        "History of one account among them, planning and running",
        plan["Planning Time"] + plan["Execution Time"],
        "ms",
        limit=20,
    )


def _export(client: Client, school: Establishment) -> Figure:
    """Of a tenth of the events, the latest."""
    started = time.perf_counter()
    since = timezone.localdate() - timedelta(days=39)
    asked = {"detail": "on", "du": since.isoformat()}
    response = client.post(reverse("journal_export", args=[school.uai]), asked)
    lines = sum(part.count(b"\n") for part in response.streaming_content)
    assert lines > EVENTS // 11
    return Figure(f"… {lines:,} lines of it as CSV", time.perf_counter() - started, "s")


def _seals(school: Establishment) -> Iterator[Figure]:
    with connection.cursor() as cursor:
        cursor.execute(_LARGE_DAY, {"school": school.pk, "events": LARGE_DAY})
        cursor.execute("VACUUM ANALYZE establishments_event")
    started = time.perf_counter()
    made = seal_past_days()
    yield Figure(f"Sealing a day of {made[0].events:,} events", time.perf_counter() - started, "s", limit=10)
    started = time.perf_counter()
    assert verify().broken is None
    yield Figure("… verifying it", time.perf_counter() - started, "s", limit=10)
