"""The statistics of a school of 2,000 pupils among 300,000 persons, and a night's count of 1,000 schools."""

import time
from collections.abc import Iterator

from django.db import connection
from django.test import Client
from django.urls import reverse

from bench.database import fresh_database
from bench.figures import Figure
from bench.lists import median_of, queries_of, signed_in
from bench.population import OF_AN_ACADEMY, Population, populate
from establishments.models import Establishment
from statistics.models import Snapshot
from statistics.snapshots import take_snapshots

OF_THOUSAND_SCHOOLS = Population(schools=1_000, pupils=300)
WAYS = {"": "the whole", "par=classe": "by class", "par=mef": "by MEF", "par=campagne": "by campaign"}
# A year and a quarter of nights, each with a change; every account notified once; ten campaigns.
_NIGHTS = """
INSERT INTO statistics_snapshotrun (taken_at)
SELECT day + interval '5 hours' FROM generate_series(now()::date - 450, now()::date - 1, interval '1 day') day
"""
_SNAPSHOTS = """
INSERT INTO statistics_snapshot (establishment_id, kind, day, not_notified, notified, activating,
    active_establishment, active_responsable, active_franceconnect, active_ent, active_aten)
SELECT school.id, population, now()::date - 451 + n, 2000 - n, n / 2, n - n / 2, n, n, n, 0, 0
FROM establishments_establishment school, unnest(ARRAY['RESPONSABLE', 'STUDENT']) population,
     generate_series(1, 450) n
"""
_EVENTS = """
INSERT INTO establishments_event (kind, at, actor, target_kind, target_id, data)
SELECT 'account:notify', distributed_at, 'PLATFORM', 'account', id, '{}' FROM accounts_account
WHERE distributed_at IS NOT NULL
"""
_CAMPAIGNS = """
INSERT INTO accounts_operation (establishment_id, agent_id, kind, population, with_reset, status, created_at,
    confirmed_at, options)
SELECT %(school)s, (SELECT min(id) FROM establishments_agent), 'NOTIFY_SHEETS', 'RESPONSABLE', false, 'DONE',
       now(), now() - n * interval '1 day', '{}'
FROM generate_series(1, 10) n
"""
_ITEMS = """
INSERT INTO accounts_operationitem (operation_id, account_id, version, channel, status, effect, reason)
SELECT operation.id, held.account_id, 0, 'SHEET', 'DONE', 'KEPT', ''
FROM accounts_operation operation
JOIN (SELECT DISTINCT account_id FROM accounts_holding
      WHERE establishment_id = %(school)s AND kind = 'RESPONSABLE') held
     ON held.account_id %% 10 <> operation.id %% 10
"""


def measure() -> Iterator[Figure]:
    with fresh_database():
        yield from _pages()
    with fresh_database():
        yield from _night()


def _pages() -> Iterator[Figure]:
    school = populate(OF_AN_ACADEMY)
    client = signed_in(school)
    _give_a_past(school)
    for way, name in WAYS.items():
        address = f"{reverse('statistics', args=[school.uai])}?{way}"
        milliseconds = median_of(client, address)
        yield Figure(f"Statistics of 2,000 pupils, {name}", milliseconds, "ms", limit=100)
        yield Figure("… its queries", queries_of(client, address), "")
    yield _of_a_class(client, school)
    responsables = median_of(client, reverse("responsable_list", args=[school.uai]))
    yield Figure("… the list of its responsables, at the same moment", responsables, "ms")


def _give_a_past(school: Establishment) -> None:
    with connection.cursor() as cursor:
        for statement in (_NIGHTS, _SNAPSHOTS, _EVENTS, _CAMPAIGNS, _ITEMS):
            cursor.execute(statement, {"school": school.pk} if "%(" in statement else None)
        cursor.execute("ANALYZE")


def _of_a_class(client: Client, school: Establishment) -> Figure:
    first = school.classes.earliest("pk")
    address = f"{reverse('statistics', args=[school.uai])}?classe={first.pk}"
    return Figure("… of one class", median_of(client, address), "ms", limit=100)


def _night() -> Iterator[Figure]:
    populate(OF_THOUSAND_SCHOOLS)
    name = f"Snapshot of 1,000 schools, {OF_THOUSAND_SCHOOLS.persons:,} persons"
    yield Figure(name, _seconds(), "s", limit=30)
    assert Snapshot.objects.count() == 2 * OF_THOUSAND_SCHOOLS.schools
    yield Figure("… the next night, nothing changed", _seconds(), "s", limit=30)


def _seconds() -> float:
    started = time.perf_counter()
    take_snapshots()
    return time.perf_counter() - started
