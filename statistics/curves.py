"""The curve of activation: the share of accounts activated, day after day, this school year and the last.

A day is drawn when a snapshot was taken on it; a night that was missed leaves a gap, never a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from django.db.models import F

from accounts.models import AccountKind
from accounts.transitions import State
from establishments.templatetags.french import percent
from statistics.columns import COLUMNS
from statistics.models import Snapshot
from statistics.nights import nights

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from establishments.models import Establishment
    from statistics.school_year import SchoolYear
    from statistics.tables import Table

# The drawing's units: a day wide, a hundredth of the accounts high.
WIDTH = 366
# Where they are put, in pixels: templates/statistics/curve.html.
TOP, PLOT = 16, 190
_MONTHS = ("sept.", "oct.", "nov.", "déc.", "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août")
_ALL = reduce(add, (F(name) for name in COLUMNS))
_ACTIVE = reduce(add, (F(name) for name in COLUMNS if name.startswith("active_")))


@dataclass(frozen=True, slots=True)
class Point:
    """What was counted on a day when there were accounts."""

    day: date
    accounts: int
    active: int

    @property
    def percent(self) -> float:
        return round(100 * self.active / self.accounts, 1)

    @property
    def in_words(self) -> str:
        """« 50,4 % »."""
        return percent(self.percent)


@dataclass(frozen=True, slots=True)
class Trace:
    """A school year, day after day, until today; None for a day nobody counted."""

    year: SchoolYear
    points: list[Point | None]

    @property
    def measured(self) -> list[Point]:
        return [point for point in self.points if point]

    @property
    def path(self) -> str:
        """As SVG draws it: a line through consecutive days, broken where one is missing."""
        return "".join(self._moves())

    def _moves(self) -> Iterator[str]:
        before = None
        for x, point in enumerate(self.points):
            if point:
                # A day with none before it begins with a dash: alone, it still shows.
                yield f"L{x} {100 - point.percent:g}" if before else f"M{x} {100 - point.percent:g}h.5"
            before = point


@dataclass(frozen=True, slots=True)
class Curve:
    kind: AccountKind
    this_year: Trace
    last_year: Trace

    @property
    def is_drawn(self) -> bool:
        """Not with today alone, which is no curve."""
        return len(self.this_year.measured) + len(self.last_year.measured) >= 2

    @property
    def today(self) -> Point | None:
        return self.this_year.points[-1]

    @property
    def year_ago(self) -> Point | None:
        return _at(self.last_year, len(self.this_year.points) - 1)

    @property
    def weeks(self) -> list[tuple[str, Point | None, Point | None]]:
        """In words: every seventh day and today (« 24/11 »), what it was this year and last year."""
        today = len(self.this_year.points) - 1
        days = sorted({today, *range(0, len(self.last_year.points), 7)})
        first_day = self.this_year.year.first_day
        rows = [(n, _at(self.this_year, n), _at(self.last_year, n)) for n in days]
        return [
            (f"{first_day + timedelta(days=n):%d/%m}", this_year, last_year)
            for n, this_year, last_year in rows
            if this_year or last_year
        ]


def _at(trace: Trace, day: int) -> Point | None:
    return trace.points[day] if day < len(trace.points) else None


def months() -> list[tuple[str, str]]:
    """The name of each month and where it begins, as SVG says it: `8.2%`."""
    firsts = [date(2023 if month >= 9 else 2024, month, 1) for month in (*range(9, 13), *range(1, 9))]
    return [
        (name, f"{100 * (first - firsts[0]).days / WIDTH:.2f}%")
        for name, first in zip(_MONTHS, firsts, strict=True)
    ]


def scale() -> list[tuple[str, int]]:
    """The shares which have a line across the drawing, and its height there, in pixels."""
    return [(f"{percent}\u00a0%", TOP + PLOT * (100 - percent) // 100) for percent in (0, 25, 50, 75, 100)]


def read_curves(place: Establishment, year: SchoolYear, tables: Iterable[Table]) -> dict[AccountKind, Curve]:
    """One for each of `tables`, which say what is counted today: the last point, until the night comes."""
    today = place.academy.local_date()
    first_day = year.before.first_day
    counted = {night.day for night in nights(place.academy.zone, first_day)}
    snapshots = _snapshots(place, first_day)
    curves = {}
    for table in tables:
        points = _points(snapshots.get(table.kind, {}), counted, first_day, today)
        points[today] = _point(today, table.total.accounts, table.total.states[State.ACTIVE])
        this_year, last_year = (
            Trace(each, [points[day] for day in each.days if day <= today]) for each in (year, year.before)
        )
        curves[table.kind] = Curve(table.kind, this_year, last_year)
    return curves


def _snapshots(place: Establishment, since: date) -> dict[str, dict[date, tuple[int, int]]]:
    """The rows of each population since then, and the one which still held then: accounts, active ones."""
    own = Snapshot.objects.filter(establishment=place)
    held = own.filter(day__lt=since).order_by("kind", "-day").distinct("kind")
    rows = own.filter(day__gte=since)
    found: dict[str, dict[date, tuple[int, int]]] = {}
    for each in (held, rows):
        for kind, day, *counts in each.values_list("kind", "day", _ALL, _ACTIVE):
            found.setdefault(kind, {})[day] = (counts[0], counts[1])
    return found


def _points(
    rows: dict[date, tuple[int, int]], counted: set[date], since: date, today: date
) -> dict[date, Point | None]:
    """Each day until today: what the latest row said, if that night was counted at all."""
    latest = next((rows[day] for day in sorted(rows, reverse=True) if day < since), (0, 0))
    points = {}
    for day in (since + timedelta(days=n) for n in range((today - since).days + 1)):
        latest = rows.get(day, latest)
        points[day] = _point(day, *latest) if day in counted else None
    return points


def _point(day: date, accounts: int, active: int) -> Point | None:
    return Point(day, accounts, active) if accounts else None
