"""The drawings of a period, as SVG paths and marks; templates dress them, on a page or on paper."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from accounts.transitions import Origin
from statistics.meteostat.words import shortened
from statistics.tables import ORIGINS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from statistics.meteostat.past import Count
    from statistics.meteostat.reading import Past, Point

_MONTHS = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
# From the bottom of the drawing to its top.
_STACKED = (Origin.ESTABLISHMENT, Origin.RESPONSABLE, Origin.FRANCECONNECT, Origin.ENT, Origin.ATEN)
# How long a period can be and still have a mark a week, a month, a quarter; beyond, a year.
_WEEKS, _MONTHS_MOST, _QUARTERS = 62, 430, 1100
_EASY = (10, 15, 20, 25, 30, 40, 50, 60, 80, 100)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a period is drawn, in units of the drawing; `top` is the value at its height."""

    width: float
    height: float
    first: date
    last: date
    top: float = 100

    def x(self, day: date) -> float:
        return self.width * (day - self.first).days / max((self.last - self.first).days, 1)

    def y(self, value: float) -> float:
        return self.height * (1 - value / self.top)


class Mark(NamedTuple):
    """A label and where it stands on its axis, in units of the drawing, as SVG writes it."""

    label: str
    at: str


class Layer(NamedTuple):
    """The accounts activated by one origin, drawn upon those of the origins before it."""

    origin: str
    label: str
    path: str


@dataclass(frozen=True, slots=True)
class AccountsChart:
    """How many accounts there were, and how many of them were activated, by origin."""

    total: str
    layers: list[Layer]
    values: list[Mark]
    days: list[Mark]


@dataclass(frozen=True, slots=True)
class RateChart:
    """`below` is what is under the line, to fill."""

    rate: str
    below: str
    values: list[Mark]
    days: list[Mark]


def accounts_chart(past: Past, width: float, height: float) -> AccountsChart:
    """Empty when no point is known."""
    step = _step(max((count.accounts for _, count in past.known), default=0))
    frame = _frame(past.points, width, height, top=4 * step)
    layers = [
        Layer(origin.lower(), ORIGINS[origin], _area(past.points, frame, _STACKED[: rank + 1]))
        for rank, origin in enumerate(_STACKED)
        if any(count.active_from([origin]) for _, count in past.known)
    ]
    values = [Mark(shortened(each * step), _at(frame.y(each * step))) for each in range(5)]
    total = _line(past.points, frame, lambda count: count.accounts)
    return AccountsChart(total, layers, values, _days(frame))


def rate_chart(past: Past, width: float, height: float) -> RateChart:
    frame = _frame(past.points, width, height, top=100)
    values = [Mark(f"{percent}\u00a0%", _at(frame.y(percent))) for percent in (0, 25, 50, 75, 100)]
    runs = [[(day, count.percent) for day, count in run] for run in _runs(past.points)]
    lines = [_polyline(frame, run) for run in runs]
    below = "".join(_below(frame, run, line) for run, line in zip(runs, lines, strict=True))
    return RateChart("".join(lines), below, values, _days(frame))


def _frame(points: Sequence[Point], width: float, height: float, top: float) -> Frame:
    """A period has a day at least, hence a point."""
    return Frame(width, height, points[0].day, points[-1].day, top)


def _step(most: int) -> int:
    """A fourth of the scale, which is easy to read: 1 to 10, then 15, 20, 25… by powers of ten."""
    fourth, power = max(math.ceil(most / 4), 1), 1
    if fourth <= _EASY[0]:
        return fourth
    while _EASY[-1] * power < fourth:
        power *= 10
    return next(easy * power for easy in _EASY if easy * power >= fourth)


def _runs(points: Iterable[Point]) -> Iterator[list[tuple[date, Count]]]:
    """The points between two gaps."""
    run: list[tuple[date, Count]] = []
    for point in points:
        if point.count:
            run.append((point.day, point.count))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _line(points: Iterable[Point], frame: Frame, value: Callable[[Count], float]) -> str:
    return "".join(_polyline(frame, [(day, value(count)) for day, count in run]) for run in _runs(points))


def _polyline(frame: Frame, values: Sequence[tuple[date, float]]) -> str:
    """A point alone is a dash: it still shows."""
    path = "L".join(f"{_at(frame.x(day))} {_at(frame.y(value))}" for day, value in values)
    return f"M{path}" if len(values) > 1 else f"M{path}h{_at(frame.width / 200)}"


def _below(frame: Frame, values: Sequence[tuple[date, float]], line: str) -> str:
    floor = [(values[-1][0], 0.0), (values[0][0], 0.0)]
    return f"{line}L{_polyline(frame, floor)[1:]}Z" if len(values) > 1 else ""


def _area(points: Iterable[Point], frame: Frame, origins: Sequence[Origin]) -> str:
    """Of the last of `origins`, upon those before it."""
    return "".join(_band(frame, run, origins) for run in _runs(points) if len(run) > 1)


def _band(frame: Frame, run: list[tuple[date, Count]], origins: Sequence[Origin]) -> str:
    upper = [(day, count.active_from(origins)) for day, count in run]
    lower = [(day, count.active_from(origins[:-1])) for day, count in reversed(run)]
    return f"{_polyline(frame, upper)}L{_polyline(frame, lower)[1:]}Z"


def _days(frame: Frame) -> list[Mark]:
    """A mark a week, a month, a quarter or a year, by the length of the period."""
    length = (frame.last - frame.first).days
    days = [frame.first + timedelta(days=each) for each in range(length + 1)]
    if length <= _WEEKS:
        weeks = days[:: 7 if length > 7 else 1]
        return [Mark(f"{day:%d/%m}", _at(frame.x(day))) for day in weeks]
    firsts = [day for day in days if day.day == 1 and _is_marked(day, length)]
    return [Mark(_month(day), _at(frame.x(day))) for day in firsts]


def _is_marked(day: date, length: int) -> bool:
    if length <= _MONTHS_MOST:
        return True
    return day.month % 3 == 1 if length <= _QUARTERS else day.month == 1


def _month(day: date) -> str:
    """The year is said where it begins."""
    return str(day.year) if day.month == 1 else _MONTHS[day.month - 1]


def _at(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
