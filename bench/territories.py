"""MétéoStat over 1,200 circonscriptions and 400 days; the nightly count of an académie."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.database import fresh_database
from bench.figures import Figure
from bench.lists import queries_of
from bench.population import OF_BOTH_DEGREES, populate
from educonnect_admin.web_server import post_worker_init
from establishments.models import Academy, Agent, Degree, Department, District, Feed, StatisticsRole
from establishments.territories import ACADEMIES, DEPARTMENTS, UAI_LETTERS
from statistics import median
from statistics.meteostat.territories import NATION_CODE, Level
from statistics.models import TerritorySnapshot
from statistics.snapshots import take_snapshots

DISTRICTS, DAYS = 1_200, 400
REQUESTS = 8
LIMIT = 200
# Not among the thirty académies and their hundred and one departments.
_COLLECTIVITIES = {"40", "41", "42", "44", "77", "78"}
_STEPS = ("jour", "semaine")
_ORDERS = ("comptes", "taux", "progression")
# What the night writes: both degrés of everything; where there are pupils' accounts, those of the 2nd.
_SERIES = """
INSERT INTO statistics_territorysnapshot (level, code, degree, kind, day, not_notified, notified, activating,
    active_establishment, active_responsable, active_franceconnect, active_ent, active_aten)
SELECT level, code, degree, kind, now()::date - 1 - ago,
       size * (10 + ago), size * 200 + ago, size * 20, size * (500 - ago), size * 60, size * 40, size * 5, 3
FROM unnest(%(levels)s::text[], %(codes)s::text[]) AS territory (level, code)
CROSS JOIN (VALUES (0, 'RESPONSABLE'), (1, 'RESPONSABLE'), (2, 'RESPONSABLE'), (0, 'STUDENT'),
                   (2, 'STUDENT')) AS series (degree, kind)
CROSS JOIN LATERAL (SELECT CASE level WHEN 'NATION' THEN 2000 WHEN 'ACADEMY' THEN 70 WHEN 'DEPARTMENT' THEN 20
                                      ELSE 2 END AS size) AS drawn
CROSS JOIN generate_series(%(days)s - 1, 0, -1) AS ago
WHERE level <> 'DISTRICT' OR kind = 'RESPONSABLE' AND degree <> 2
ORDER BY ago DESC, md5(code)
"""
_NIGHTS = """
INSERT INTO statistics_snapshotrun (taken_at)
SELECT now()::date - 1 - ago + interval '5 hours 40 minutes' FROM generate_series(0, %(days)s - 1) ago
"""


def measure() -> Iterator[Figure]:
    with fresh_database():
        yield from _pages()
    with fresh_database():
        yield from _nights()


def _pages() -> Iterator[Figure]:
    give_a_past(_places())
    post_worker_init(None)  # as a web process does
    rows = TerritorySnapshot.objects.count()
    for territory in (_NATION, _an_academy(), _largest_department(), _a_district()):
        # One each: an agent takes so many exports an hour.
        client = _reader(territory.name)
        durations = [_milliseconds(client, address) for address in territory.addresses("meteostat_territory")]
        each = [duration for of_address in durations for duration in of_address]
        yield Figure(f"MétéoStat, {territory.name}, {rows:,} rows, median", median(each), "ms", limit=LIMIT)
        slowest = max(map(median, durations))
        yield Figure(f"… the slowest of these {len(durations)} pages, median", slowest, "ms", limit=LIMIT)
        yield Figure("… the slowest request", max(each), "ms", limit=LIMIT)
        page = territory.address("meteostat_territory", "pas=jour")
        yield Figure("… queries of a page", queries_of(client, page), "")
        yield from _exports(client, territory)
    gc.unfreeze()


@dataclass(frozen=True, slots=True)
class _Territory:
    name: str
    level: Level
    code: str

    def address(self, page: str, asked: str) -> str:
        first = timezone.localdate() - timedelta(days=DAYS)
        path = reverse(page, kwargs={"level": self.level, "code": self.code})
        return f"{path}?du={first.isoformat()}&{asked}"

    def addresses(self, page: str) -> list[str]:
        """Each series by day and by week, and each order of its parts, over all the days."""
        degrees = (1,) if self.level == Level.DISTRICT else (0, 1, 2)
        series = [f"degre={degree}&population=responsables" for degree in degrees]
        series += [f"degre={degree}&population=eleves" for degree in degrees if degree != Degree.FIRST]
        asked = [f"{each}&pas={step}" for each, step in product(series, _STEPS)]
        asked += [f"degre=1&pas=jour&tri={order}" for order in _ORDERS]
        return [self.address(page, each) for each in asked]


_NATION = _Territory("the nation", Level.NATION, NATION_CODE)


def _an_academy() -> _Territory:
    return _Territory("an académie", Level.ACADEMY, "24")


def _largest_department() -> _Territory:
    uais = District.objects.values_list("uai", flat=True)
    codes = [uai[:3] for uai in uais]
    largest = max(set(codes), key=codes.count)
    return _Territory(f"a department of {codes.count(largest)} circonscriptions", Level.DEPARTMENT, largest)


def _a_district() -> _Territory:
    return _Territory("a circonscription", Level.DISTRICT, District.objects.earliest("pk").uai)


def _milliseconds(client: Client, address: str, requests: int = REQUESTS) -> list[float]:
    """Of each request of the whole view, once warm."""
    durations = []
    for _ in range(requests + 1):
        started = time.perf_counter()
        response = client.get(address)
        b"".join(response)
        durations.append((time.perf_counter() - started) * 1000)
        assert response.status_code == 200, (response.status_code, address)
    return durations[1:]


def _exports(client: Client, territory: _Territory) -> Iterator[Figure]:
    asked = "degre=1&pas=jour"
    whats = ("situation", "evolution", "comparaison")
    addresses = [territory.address("meteostat_export", f"{asked}&quoi={what}") for what in whats]
    slowest = max(median(_milliseconds(client, address, requests=3)) for address in addresses)
    yield Figure("… the slowest of its three CSV, by day", slowest, "ms", limit=LIMIT)
    started = time.perf_counter()
    assert client.get(territory.address("meteostat_report", asked)).status_code == 200
    yield Figure("… its report (PDF)", time.perf_counter() - started, "s")


def _places() -> list[tuple[str, str]]:
    """Thirty académies, 101 departments, and circonscriptions: more of them in the first departments."""
    academies = [each for each in ACADEMIES.values() if each.code not in _COLLECTIVITIES]
    Academy.objects.bulk_create(
        Academy(code=each.code, name=each.name, time_zone=each.time_zone) for each in academies
    )
    codes = {each.code for each in academies}
    departments = [each for each in DEPARTMENTS.values() if each.academy_code in codes]
    Department.objects.bulk_create(
        Department(code=each.code, name=each.name, academy_id=each.academy_code) for each in departments
    )
    feeds = {
        feed.academy_id: feed
        for feed in Feed.objects.bulk_create(Feed(academy_id=code, degree=Degree.FIRST) for code in codes)
    }
    districts = []
    for number in range(DISTRICTS):
        department = departments[int(len(departments) * ((number + 0.5) / DISTRICTS) ** 1.3)]
        digits = f"{department.code if department.code.isdigit() else '620'}{number:04d}"
        uai = f"{digits}{UAI_LETTERS[int(digits) % 23]}"
        feed = feeds[department.academy_code]
        districts.append(District(feed=feed, jointure=str(number), uai=uai, name=f"CIRCONSCRIPTION {number}"))
    District.objects.bulk_create(districts)
    return [
        (Level.NATION, NATION_CODE),
        *((Level.ACADEMY, each.code) for each in academies),
        *((Level.DEPARTMENT, each.code) for each in departments),
        *((Level.DISTRICT, each.uai) for each in districts),
    ]


def give_a_past(territories: list[tuple[str, str]]) -> None:
    """A count of each every night, which never is that of the night before."""
    levels, codes = zip(*territories, strict=True)
    parameters = {"levels": list(levels), "codes": list(codes), "days": DAYS}
    with connection.cursor() as cursor:
        cursor.execute(_SERIES, parameters)
        cursor.execute(_NIGHTS, parameters)
        cursor.execute("VACUUM ANALYZE")


def _reader(surname: str) -> Client:
    mail = f"statistiques{Agent.objects.count()}@example.org"
    agent = Agent.objects.create_user(mail, surname=surname)
    StatisticsRole.objects.create(agent=agent, level=Level.NATION, code=NATION_CODE)
    client = Client(HTTP_HOST="localhost")
    client.force_login(agent)
    return client


def _nights() -> Iterator[Figure]:
    populate(OF_BOTH_DEGREES)
    elsewhere = [(Level.DISTRICT.value, f"Z{number:06d}X") for number in range(DISTRICTS)]
    give_a_past([(Level.NATION, NATION_CODE), (Level.ACADEMY, "24"), *elsewhere])
    now = timezone.now()
    persons = f"{OF_BOTH_DEGREES.persons:,} persons"
    yield Figure(f"Night of an académie of both degrés, {persons}", _seconds_of(now), "s", limit=60)
    rows = TerritorySnapshot.objects.count()
    yield Figure("… the next night, nothing changed", _seconds_of(now + timedelta(days=1)), "s", limit=60)
    assert TerritorySnapshot.objects.count() == rows


def _seconds_of(night: datetime) -> float:
    started = time.perf_counter()
    take_snapshots(night)
    return time.perf_counter() - started
