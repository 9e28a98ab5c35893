"""What is shown of a territory, on its page, as CSV and in its report: its situation, its past, its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from accounts.transitions import Origin
from statistics.meteostat.past import Count, Series, read, read_latest
from statistics.meteostat.territories import Territory, parts_of
from statistics.nights import Night, nights
from statistics.tables import ORIGINS, Line, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statistics.meteostat.forms import Asked


@dataclass(frozen=True, slots=True)
class Point:
    """A step of a period: the last night counted in it, else its last day and None."""

    day: date
    count: Count | None


@dataclass(frozen=True, slots=True)
class Past:
    """A territory's points. What would tell of too few accounts is not in it (Count.is_shown)."""

    territory: Territory
    points: Sequence[Point]

    def apart(self, most: int) -> int:
        """How many points one must stand for, when there is room for so many."""
        return -(-len(self.points) // most)

    def thinned(self, most: int) -> Past:
        """At most so many points, evenly apart from the last; each is one counted since the one before."""
        apart, latest_first = self.apart(most), self.points[::-1]
        groups = [latest_first[start : start + apart] for start in range(0, len(latest_first), apart)]
        points = [next((point for point in group if point.count), group[0]) for group in groups]
        return Past(self.territory, points[::-1])

    @property
    def known(self) -> list[tuple[date, Count]]:
        return [(point.day, point.count) for point in self.points if point.count]

    @property
    def first(self) -> Count | None:
        return self.known[0][1] if self.known else None

    @property
    def last(self) -> Count | None:
        """That of the end of the period."""
        return self.points[-1].count if self.points else None

    @property
    def progress(self) -> float | None:
        """Hundredths of rate gained over the period; None when its end is unknown."""
        return self.last.percent - self.first.percent if self.first and self.last else None


@dataclass(frozen=True, slots=True)
class Parts:
    """What a territory is made of, side by side; `hidden` of them have too few accounts to be shown."""

    shown: list[Past]
    hidden: int


@dataclass(frozen=True, slots=True)
class Reading:
    """`table` is None when there is nothing to show: `is_hidden` says whether because too few."""

    territory: Territory
    asked: Asked
    past: Past
    table: Table | None
    is_hidden: bool
    latest: Night | None
    parts: Parts | None

    @property
    def day(self) -> date:
        """That of the situation: the last night of the period."""
        return self.past.points[-1].day


def read_territory(territory: Territory, asked: Asked, latest: Night | None) -> Reading:
    """`latest` is the last count there was."""
    over = nights(territory.zone, asked.first, asked.last)
    counts = read(territory.level, [territory.code], asked.series, over)[territory.code]
    hides = bool(territory.parent)
    steps = _steps(over, asked)
    past = _past(territory, counts, steps, hides=hides)
    last = counts[-1] if counts else None
    return Reading(
        territory=territory,
        asked=asked,
        past=past,
        table=_table(asked.series, past.last) if past.last else None,
        is_hidden=bool(hides and last and not last.is_shown),
        latest=latest,
        parts=_parts(territory, asked, over, steps) if territory.has_parts(asked.series) else None,
    )


class Step(NamedTuple):
    """`night` is the rank of the last night counted in it; None when there was none."""

    day: date
    night: int | None


def _steps(over: Sequence[Night], asked: Asked) -> list[Step]:
    """Of the period, the last of them at its end; the same for a territory and for its parts."""
    ranks = {night.day: rank for rank, night in enumerate(over)}
    steps = []
    end = asked.last
    while end >= asked.first:
        days = (end - timedelta(days=each) for each in range(asked.days_a_step))
        counted = next((day for day in days if day in ranks and day >= asked.first), None)
        steps.append(Step(counted or end, ranks[counted] if counted else None))
        end -= timedelta(days=asked.days_a_step)
    return steps[::-1]


def _past(
    territory: Territory, counts: Sequence[Count | None], steps: Sequence[Step], *, hides: bool
) -> Past:
    found = [(day, counts[night] if night is not None else None) for day, night in steps]
    shown = (Point(day, count if count and (count.is_shown or not hides) else None) for day, count in found)
    return Past(territory, list(shown))


def _table(series: Series, count: Count) -> Table:
    """Origins by states, which add up."""
    states = count.by_origin
    lines = [Line(label, states[Origin(origin)]) for origin, label in ORIGINS.items()]
    return Table(series.kind, Line("Total", sum((line.states for line in lines), Counter[str]())), lines)


def _parts(territory: Territory, asked: Asked, over: Sequence[Night], steps: Sequence[Step]) -> Parts:
    """In the order asked for; those which nobody counted are not there."""
    parts = parts_of(territory)
    counts = read(parts[0].level, [part.code for part in parts], asked.series, over) if parts else {}
    pasts = [_past(part, counts[part.code], steps, hides=True) for part in parts]
    shown = [past for past in pasts if past.last]
    counted = [part for part in parts if counts[part.code] and counts[part.code][-1]]
    return Parts(_ordered(shown, asked.order), len(counted) - len(shown))


_KEYS: dict[str, Callable[[Past], float]] = {
    "comptes": lambda past: past.last.accounts if past.last else 0,
    "taux": lambda past: past.last.percent if past.last else 0,
    "progression": lambda past: past.progress or 0,
}


def _ordered(pasts: list[Past], order: str) -> list[Past]:
    """By name as they are found, else the greatest first."""
    key = _KEYS.get(order)
    return sorted(pasts, key=key, reverse=True) if key else pasts


@dataclass(frozen=True, slots=True)
class Overview:
    """One of the series of a territory at the last count; `count` is None when it cannot be shown."""

    series: Series
    count: Count | None


def overview(territory: Territory, latest: Night | None) -> list[Overview]:
    """Each of the series there are, as the last night counted them."""
    found = read_latest(territory.level, territory.code, latest) if latest else {}
    counts = {series: found.get(series) for series in territory.series}
    return [
        Overview(series, count if count and (count.is_shown or not territory.parent) else None)
        for series, count in counts.items()
    ]
