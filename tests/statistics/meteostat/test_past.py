"""The past of territories: nights as each zone dates them, carried from row to row, never invented."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AccountKind
from accounts.transitions import Origin, State
from statistics.columns import COLUMNS
from statistics.meteostat.past import FLOOR, Count, Series, read
from statistics.meteostat.territories import Level
from statistics.models import SnapshotRun, TerritorySnapshot
from statistics.nights import nights

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
# At 6.40 in Paris.
NIGHT = datetime(2026, 10, 5, 4, 40, tzinfo=UTC)
PARIS, RÉUNION, TAHITI = (ZoneInfo(key) for key in ("Europe/Paris", "Indian/Reunion", "Pacific/Tahiti"))
FIRST = Series(1, AccountKind.RESPONSABLE)


def counted(*days):
    """Nights of these days of October, at the usual hour."""
    for day in days:
        SnapshotRun.objects.create(taken_at=NIGHT.replace(day=day))


def row(day, active, *, level=Level.DEPARTMENT, code="093", degree=1, kind=AccountKind.RESPONSABLE):
    numbers = dict.fromkeys(COLUMNS, 0) | {"active_ent": active}
    TerritorySnapshot.objects.create(
        level=level, code=code, degree=degree, kind=kind, day=date(2026, 10, day), **numbers
    )


def curve(over, code="093", series=FIRST, level=Level.DEPARTMENT):
    return [count and count.active for count in read(level, [code], series, over)[code]]


def test_a_count_is_carried_until_the_next_row_and_unknown_before_the_first():
    counted(5, 6, 7, 8, 9)
    row(6, 10)
    row(8, 12)

    assert curve(nights(PARIS)) == [None, 10, 10, 12, 12]


def test_a_night_nobody_counted_is_not_there_even_when_a_row_was_carried_over_it():
    counted(5, 6, 9)
    row(5, 10)

    over = nights(PARIS)

    assert [night.day.day for night in over] == [5, 6, 9]
    assert curve(over) == [10, 10, 10]


def test_a_period_begins_with_what_was_known_before_it():
    counted(*range(5, 12))
    row(5, 10)
    row(6, 11)
    row(9, 12)

    over = nights(PARIS, date(2026, 10, 8), date(2026, 10, 9))

    assert [night.day.day for night in over] == [8, 9]
    assert curve(over) == [11, 12]


def test_without_a_night_there_is_nothing():
    row(5, 10)

    assert nights(PARIS) == []
    assert read(Level.DEPARTMENT, ["093"], FIRST, []) == {"093": []}


@pytest.mark.parametrize(
    "other",
    [
        {"level": Level.ACADEMY},
        {"code": "094"},
        {"degree": 0},
        {"degree": 2},
        {"kind": AccountKind.STUDENT},
    ],
)
def test_what_is_counted_elsewhere_or_of_another_series_is_not_read(other):
    counted(5)
    row(5, 10, **other)

    assert curve(nights(PARIS)) == [None]


def test_several_territories_are_read_together_each_with_its_own():
    counted(5, 6)
    row(5, 10, code="093")
    row(6, 20, code="094")
    over = nights(PARIS)

    found = read(Level.DEPARTMENT, ["093", "094", "095"], FIRST, over)

    assert {code: [count and count.active for count in counts] for code, counts in found.items()} == {
        "093": [10, 10],
        "094": [None, 20],
        "095": [None, None],
    }


@pytest.mark.parametrize(("zone", "day"), [(PARIS, 5), (RÉUNION, 5), (TAHITI, 4)])
def test_a_night_has_the_date_of_where_it_is_read_and_its_row_that_of_paris(zone, day):
    counted(5)
    row(5, 10, code="987")

    [night] = nights(zone)

    assert (night.day, night.counted_on) == (date(2026, 10, day), date(2026, 10, 5))
    assert curve([night], "987") == [10]


def test_the_bounds_of_a_period_are_days_of_the_zone_both_included():
    counted(4, 5, 6)

    def days(zone):
        return [night.counted_on.day for night in nights(zone, date(2026, 10, 5), date(2026, 10, 5))]

    assert (days(PARIS), days(RÉUNION), days(TAHITI)) == ([5], [5], [6])


def test_counted_twice_in_a_day_of_the_zone_the_later_stands():
    SnapshotRun.objects.create(taken_at=datetime(2026, 10, 5, 21, tzinfo=UTC))
    SnapshotRun.objects.create(taken_at=NIGHT + DAY)
    row(5, 10)
    row(6, 11)

    assert curve(nights(PARIS)) == [10, 11]
    [night] = nights(TAHITI)
    assert (night.day, night.taken_at) == (date(2026, 10, 5), NIGHT + DAY)
    assert curve([night]) == [11]


@pytest.mark.parametrize(("accounts", "is_shown"), [(0, False), (FLOOR - 1, False), (FLOOR, True)])
def test_from_fifty_accounts_a_count_is_shown(accounts, is_shown):
    assert FLOOR == 50
    assert Count((accounts - accounts // 2, accounts // 2, *[0] * 6)).is_shown == is_shown


def test_a_count_tells_its_accounts_those_active_and_their_rate():
    count = Count((1, 2, 4, 8, 16, 32, 64, 128))

    assert (count.accounts, count.active) == (255, 248)
    assert count.percent == pytest.approx(97.2549, abs=1e-4)
    assert Count((0,) * 8).percent == 0


def test_origins_and_states_add_up_to_the_accounts():
    count = Count((1, 2, 4, 8, 16, 32, 64, 128))

    assert {origin: dict(states) for origin, states in count.by_origin.items()} == {
        Origin.NONE: {State.NOT_NOTIFIED: 1},
        Origin.ESTABLISHMENT: {State.NOTIFIED: 2, State.ACTIVATING: 4, State.ACTIVE: 8},
        Origin.RESPONSABLE: {State.ACTIVE: 16},
        Origin.FRANCECONNECT: {State.ACTIVE: 32},
        Origin.ENT: {State.ACTIVE: 64},
        Origin.ATEN: {State.ACTIVE: 128},
    }
    assert sum(sum(states.values()) for states in count.by_origin.values()) == count.accounts


def test_the_number_of_queries_depends_on_neither_territories_nor_nights():
    def queries(codes):
        with CaptureQueriesContext(connection) as captured:
            read(Level.DEPARTMENT, codes, FIRST, nights(PARIS))
        return len(captured)

    counted(5)
    row(5, 1)
    assert queries(["093"]) == 3
    counted(*range(6, 30))
    for day in range(6, 30):
        row(day, day, code="094")
    assert queries(["093", "094", "095"]) == 3
