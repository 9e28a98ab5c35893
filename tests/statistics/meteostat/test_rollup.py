"""The nightly count of territories: each number is that of accounts counted one by one, night after night."""

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AccountKind
from establishments.models import Degree
from statistics.columns import COLUMNS
from statistics.meteostat.past import Count, Series, read
from statistics.meteostat.territories import Level, find, nation
from statistics.models import TerritorySnapshot
from statistics.nights import nights
from statistics.snapshots import take_snapshots
from tests.factories import (
    AccountFactory,
    AccountSource,
    DepartmentFactory,
    DistrictFactory,
    EstablishmentFactory,
    FeedFactory,
    ResponsableFactory,
    ResponsibilityFactory,
    StudentFactory,
    responsable_account,
    student_account,
)
from tests.statistics.meteostat.nation import Nation, counted_by_hand

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
NIGHT = datetime(2026, 10, 5, 4, 40, tzinfo=UTC)
NOTHING = (0,) * len(COLUMNS)


def rows():
    """{series: {day: numbers}}, the days in order."""
    found = {}
    for level, code, degree, kind, day, *numbers in TerritorySnapshot.objects.order_by("day").values_list(
        "level", "code", "degree", "kind", "day", *COLUMNS
    ):
        found.setdefault((level, code, degree, kind), {})[day] = tuple(numbers)
    return found


def latest():
    return {series: numbers[max(numbers)] for series, numbers in rows().items()}


def with_zeros(counted):
    """What was counted, and nothing in the territories which have a row and nobody."""
    return dict.fromkeys(rows(), NOTHING) | counted


@pytest.mark.parametrize("seed", range(6))
def test_each_number_is_that_of_accounts_counted_one_by_one_and_the_past_stays(seed):
    country = Nation(seed)
    take_snapshots(NIGHT)
    first = counted_by_hand()
    assert latest() == first
    assert {(level, degree) for level, _, degree, _ in first} >= {
        (level, degree) for level in list(Level)[:3] for degree in (0, 1, 2)
    } | {("DISTRICT", 0), ("DISTRICT", 1)}
    past = rows()

    country.night()
    take_snapshots(NIGHT + DAY)
    second = counted_by_hand()
    assert latest() == with_zeros(second)
    assert set(first) - set(second), "a territory lost its last account"
    for series, numbers in past.items():
        assert {day: found for day, found in rows()[series].items() if day in numbers} == numbers

    country.night()
    take_snapshots(NIGHT + DAY + timedelta(hours=9))
    third = counted_by_hand()
    assert latest() == with_zeros(third)
    assert {day for numbers in rows().values() for day in numbers} == {date(2026, 10, 5), date(2026, 10, 6)}

    is_read(first, with_zeros(third))


def is_read(*counted):
    """Pages read of each night what was counted, and None before the first row of a series."""
    over = nights(nation().zone)
    assert len(over) == len(counted)
    for level, degree, kind in itertools.product(Level, (0, 1, 2), AccountKind):
        codes = {code for each_level, code, *_ in rows() if each_level == level}
        found = read(level, codes, Series(degree, kind), over)
        for code in codes:
            series = (level, code, degree, kind)
            expected = [Count(numbers[series]) if series in numbers else None for numbers in counted]
            assert found[code] == expected, series


@pytest.mark.parametrize("seed", range(2))
def test_a_night_without_a_change_writes_no_row(seed):
    Nation(seed, families=8)
    take_snapshots(NIGHT)
    before = rows()

    take_snapshots(NIGHT + DAY)

    assert rows() == before
    assert before


@pytest.fixture
def places():
    """A collège and two écoles of two circonscriptions in 093, an école in 094, a collège of La Réunion."""
    return {
        "collège": EstablishmentFactory.create(department=DepartmentFactory.create(code="093")),
        "école": an_école("093", "0930456X"),
        "other école": an_école("093", "0931234X"),
        "école of 094": an_école("094", "0941111X"),
        "collège of 974": EstablishmentFactory.create(
            feed=FeedFactory.create(academy__code="28"), department=DepartmentFactory.create(code="974")
        ),
    }


def an_école(department, uai):
    return EstablishmentFactory.create(
        feed=FeedFactory.create(degree=1),
        department=DepartmentFactory.create(code=department),
        district=DistrictFactory.create(uai=uai),
    )


def a_parent(*schools):
    """One account, with a child and a record in each of the schools."""
    account = AccountFactory.create()
    for school in schools:
        record = ResponsableFactory.create(feed=school.feed)
        child = StudentFactory.create(establishment=school, school_class=None)
        ResponsibilityFactory.create(student=child, responsable=record)
        AccountSource.objects.create(account=account, responsable=record, reason="CREATED")
    return account


def accounts(level, code, degree=0, kind="RESPONSABLE"):
    return sum(latest().get((level, code, degree, kind), NOTHING))


def test_a_parent_counts_once_in_each_territory_and_each_degré_where_a_child_is(places):
    a_parent(*places.values())
    take_snapshots(NIGHT)

    assert {series[:3] for series in latest()} == {
        *itertools.product(["NATION"], ["FR"], [0, 1, 2]),
        *itertools.product(["ACADEMY"], ["24"], [0, 1, 2]),
        *itertools.product(["ACADEMY"], ["28"], [0, 2]),
        *itertools.product(["DEPARTMENT"], ["093"], [0, 1, 2]),
        *itertools.product(["DEPARTMENT"], ["094"], [0, 1]),
        *itertools.product(["DEPARTMENT"], ["974"], [0, 2]),
        *itertools.product(["DISTRICT"], ["0930456X", "0931234X", "0941111X"], [0, 1]),
    }
    assert {sum(numbers) for numbers in latest().values()} == {1}


def test_a_school_that_changes_of_department_takes_its_accounts_and_leaves_the_past(places):
    school = places["collège"]
    for _ in range(3):
        responsable_account(school)
        student_account(school)
    take_snapshots(NIGHT)
    school.department = DepartmentFactory.create(code="094")
    school.save()
    take_snapshots(NIGHT + DAY)

    for kind in AccountKind:
        assert accounts("DEPARTMENT", "093", 2, kind) == 0
        assert accounts("DEPARTMENT", "094", 2, kind) == 3
        assert {day: sum(found) for day, found in rows()["DEPARTMENT", "093", 2, kind].items()} == {
            date(2026, 10, 5): 3,
            date(2026, 10, 6): 0,
        }
        assert list(rows()["ACADEMY", "24", 2, kind]) == [date(2026, 10, 5)]


def test_a_circonscription_of_another_key_is_the_same_and_one_without_uai_is_none(places):
    responsable_account(places["école"])
    again = DistrictFactory.create(uai="0930456X", name="Bondy, sous une autre clé")
    for district in (again, DistrictFactory.create(uai="")):
        responsable_account(EstablishmentFactory.create(feed=FeedFactory.create(degree=1), district=district))
    take_snapshots(NIGHT)

    assert accounts("DISTRICT", "0930456X", Degree.FIRST) == 2
    assert accounts("ACADEMY", "24", Degree.FIRST) == 3
    assert {code for level, code, *_ in rows() if level == "DISTRICT"} == {"0930456X"}
    assert find(Level.DISTRICT, "0930456X").name == "Bondy, sous une autre clé"


def test_zeros_are_written_once_when_the_last_account_leaves(places):
    account = a_parent(places["école"])
    take_snapshots(NIGHT)
    account.sources.update(closed_at=NIGHT)
    for night in (1, 2, 3):
        take_snapshots(NIGHT + night * DAY)

    series = rows()["DISTRICT", "0930456X", 1, "RESPONSABLE"]
    assert {day: sum(found) for day, found in series.items()} == {
        date(2026, 10, 5): 1,
        date(2026, 10, 6): 0,
    }


@pytest.mark.parametrize(
    ("taken_at", "day"),
    [
        (NIGHT, date(2026, 10, 5)),
        (datetime(2026, 10, 4, 21, 59, tzinfo=UTC), date(2026, 10, 4)),
        (datetime(2026, 10, 4, 22, 1, tzinfo=UTC), date(2026, 10, 5)),
    ],
)
def test_a_night_is_dated_in_paris_wherever_the_territory_is(places, taken_at, day):
    responsable_account(places["collège of 974"])
    take_snapshots(taken_at)

    assert {each for found in rows().values() for each in found} == {day}


def test_the_number_of_queries_does_not_depend_on_the_territories(places):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            take_snapshots()
        return len(captured)

    a_parent(places["école"])
    one = queries()
    a_parent(*places.values())
    assert queries() == one
