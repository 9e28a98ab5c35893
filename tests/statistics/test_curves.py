"""Curves draw what was counted, nothing else; delays run from the notification that led to an activation."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.urls import reverse

from accounts.models import AccountKind
from accounts.transitions import State
from establishments.models import Event, EventKind
from statistics.columns import COLUMNS
from statistics.curves import Point, Trace
from statistics.models import Snapshot, SnapshotRun
from statistics.school_year import SchoolYear, school_year_of
from tests.factories import EstablishmentFactory, MandateFactory, responsable_account, student_account

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 9, 20, 10, tzinfo=UTC)


@pytest.fixture
def college():
    return EstablishmentFactory.create()


@pytest.fixture
def open_page(client, college):
    """Asks for a page of statistics on 20 September 2026, signed in as its director."""
    director = MandateFactory.create(establishment=college).agent

    def ask(name="statistics", **query):
        with time_machine.travel(NOW, tick=False):
            client.force_login(director)
            return client.get(reverse(name, args=[college.uai]), query)

    return ask


def count(school, day, active, others=0, *, kind=AccountKind.RESPONSABLE):
    """That a night counted so many accounts."""
    numbers = dict.fromkeys(COLUMNS, 0) | {"active_establishment": active, "notified": others}
    Snapshot.objects.create(establishment=school, kind=kind, day=day, **numbers)


def nights(*days):
    for day in days:
        SnapshotRun.objects.create(taken_at=datetime.combine(day, time(4, 40), tzinfo=UTC))


def curve(response, kind=AccountKind.RESPONSABLE):
    return next(curve for table, curve, _ in response.context["panels"] if table.kind == kind)


def september(day, year=2026):
    return date(year, 9, day)


def test_a_night_without_a_change_is_drawn_and_a_missed_night_is_a_gap(college, open_page):
    count(college, september(2), active=1, others=3)
    count(college, september(6), active=2, others=2)
    nights(*(september(day) for day in (2, 3, 6, 7)))

    points = curve(open_page()).this_year.points

    shares = {day + 1: point and point.percent for day, point in enumerate(points)}
    assert shares == dict.fromkeys(range(1, 21)) | {2: 25, 3: 25, 6: 50, 7: 50}


def test_a_line_breaks_where_a_day_is_missing():
    day = september(1)
    trace = Trace(
        SchoolYear(day), [Point(day, 4, 1), Point(day, 4, 2), None, Point(day, 8, 1), None, Point(day, 1, 1)]
    )
    assert trace.path == "M0 75h.5L1 50M3 87.5h.5M5 0h.5"


def test_today_is_counted_live(college, open_page):
    for state in (State.ACTIVE, State.NOTIFIED, State.NOTIFIED):
        responsable_account(college, state=state)
    nights(september(19))
    today = curve(open_page()).today
    assert (today.day, today.accounts, today.active) == (september(20), 3, 1)


def test_last_year_is_beside_on_the_same_day(college, open_page):
    responsable_account(college, state=State.ACTIVE)
    count(college, september(10, 2025), active=30, others=70)
    nights(*(september(day, 2025) for day in range(10, 25)))

    response = open_page()

    assert (curve(response).year_ago.day, curve(response).year_ago.percent) == (september(20, 2025), 30)
    assert "l’an dernier à la même date, 30,0" in response.text
    assert len(curve(response).last_year.points) == 365


def test_what_held_before_the_first_day_drawn_holds_on_it(college, open_page):
    count(college, date(2025, 6, 1), active=1, others=1)
    nights(september(1, 2025), september(2, 2025))
    assert [point.percent for point in curve(open_page()).last_year.measured] == [50, 50]


def test_a_day_without_accounts_is_no_share(college, open_page):
    count(college, september(2), active=0)
    nights(september(2), september(3))
    response = open_page()
    assert not curve(response).this_year.measured
    assert "La courbe commence demain" in response.text


def test_the_curve_is_told_week_by_week(college, open_page):
    responsable_account(college, state=State.ACTIVE)
    count(college, september(1), active=1, others=3)
    nights(september(1), september(15))
    rows = curve(open_page()).weeks
    assert [(day, this_year.percent) for day, this_year, _ in rows] == [
        ("01/09", 25),
        ("15/09", 25),
        ("20/09", 100),
    ]


def test_pupils_have_a_curve_of_their_own(college, open_page):
    student_account(college, state=State.ACTIVE)
    count(college, september(2), active=3, others=1, kind=AccountKind.STUDENT)
    nights(september(2))
    response = open_page()
    assert [p.percent for p in curve(response, AccountKind.STUDENT).this_year.measured] == [75, 100]
    assert not curve(response).this_year.measured


def test_a_drawing_has_a_name_a_description_and_no_style(college, open_page):
    responsable_account(college, state=State.ACTIVE)
    count(college, september(2), active=1, others=3)
    nights(september(2))
    main = open_page().text.split("<main")[1]
    assert 'aria-labelledby="courbe-responsable courbe-responsable-mots"' in main
    assert "<title>Total" in main
    assert "style=" not in main


@pytest.mark.parametrize(
    ("day", "year"),
    [(date(2026, 8, 31), "2025-2026"), (date(2026, 9, 1), "2026-2027"), (date(2028, 2, 29), "2027-2028")],
)
def test_the_school_year_begins_on_the_first_of_september(day, year):
    assert str(school_year_of(day)) == year
    assert school_year_of(day).days[0] == school_year_of(day).first_day


def test_a_leap_year_has_a_day_more():
    assert [len(SchoolYear(date(year, 9, 1)).days) for year in (2026, 2027)] == [365, 366]


def activated(school, *, told, at, make=responsable_account):
    """An account notified on each day of `told` and active since `at`."""
    account = make(school, state=State.ACTIVE, activated_at=at, distributed_at=max(told, default=None))
    for moment in told:
        Event.objects.create(
            kind=EventKind.ACCOUNT_NOTIFY,
            at=moment,
            actor="PLATFORM",
            target_kind="account",
            target_id=account.pk,
        )


def delays(response, kind=AccountKind.RESPONSABLE):
    found = next(delays for table, _, delays in response.context["panels"] if table.kind == kind)
    return [(str(delay.year), delay.days, delay.accounts) for delay in found]


def test_the_delay_is_the_median_of_days_since_the_last_notification_before(college, open_page):
    start = datetime(2026, 9, 2, 20, tzinfo=UTC)
    day = timedelta(days=1)
    activated(college, told=[start], at=start + 3 * day)
    activated(college, told=[start - 30 * day, start], at=start + 5 * day)
    activated(college, told=[start, start + 12 * day], at=start + 10 * day)
    activated(college, told=[], at=start)
    activated(college, told=[start + day], at=start)
    activated(EstablishmentFactory.create(), told=[start], at=start + day)
    responsable_account(college, state=State.NOTIFIED)

    response = open_page()

    assert delays(response) == [("2026-2027", 5, 3), ("2025-2026", None, 0)]
    assert "5 jours" in response.text


def test_last_year_s_delay_is_apart_and_pupils_too(college, open_page):
    last_year = datetime(2025, 10, 2, 10, tzinfo=UTC)
    activated(college, told=[last_year], at=last_year + timedelta(days=1))
    activated(college, told=[last_year], at=last_year + timedelta(days=2))
    this_year = datetime(2026, 9, 3, 10, tzinfo=UTC)
    activated(college, told=[this_year], at=this_year + timedelta(hours=1), make=student_account)

    response = open_page()

    assert delays(response) == [("2026-2027", None, 0), ("2025-2026", 1.5, 2)]
    assert delays(response, AccountKind.STUDENT) == [("2026-2027", 0, 1), ("2025-2026", None, 0)]
    assert "1,5 jour<" in response.text
    assert "le jour même" in response.text


def test_a_get_writes_nothing(college, open_page):
    responsable_account(college)
    for query in ({}, {"par": "classe"}, {"par": "campagne"}):
        open_page(**query)
    assert not Snapshot.objects.exists()
    assert not SnapshotRun.objects.exists()
