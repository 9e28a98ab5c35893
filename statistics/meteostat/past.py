"""What the nights counted in territories: read as it was written, a missed night stays unknown."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection

from accounts.models import AccountKind
from accounts.transitions import Origin, State
from establishments.models import Degree
from statistics.columns import COLUMNS
from statistics.models import TerritorySnapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from establishments.models import StatisticsRole
    from statistics.nights import Night

# Fewer accounts than this are shown within the territory above only.
FLOOR = 50
POPULATIONS = {"responsables": AccountKind.RESPONSABLE, "eleves": AccountKind.STUDENT}
_NAMES = {kind: name for name, kind in POPULATIONS.items()}
# The origin that the other states can have alone.
_ORIGINS = {
    State.NOT_NOTIFIED: Origin.NONE,
    State.NOTIFIED: Origin.ESTABLISHMENT,
    State.ACTIVATING: Origin.ESTABLISHMENT,
}
# The column of those activated by each origin.
_ACTIVE = {origin: number for number, (_, origin) in enumerate(COLUMNS.values()) if origin}

# Asked of the whole past of a territory, DISTINCT ON would read all of it.
_LATEST = f"""
SELECT territory.code, series.degree, series.kind, latest.*
FROM unnest(%(codes)s::text[]) AS territory (code)
CROSS JOIN unnest(%(degrees)s::int[], %(kinds)s::text[]) AS series (degree, kind)
CROSS JOIN LATERAL (
    SELECT day, {", ".join(COLUMNS)} FROM statistics_territorysnapshot
    WHERE level = %(level)s AND code = territory.code AND degree = series.degree AND kind = series.kind
          AND day <= %(day)s
    ORDER BY day DESC LIMIT 1) latest
"""  # noqa: S608 - our own column names, no value


@dataclass(frozen=True, slots=True)
class Count:
    """The accounts of a territory one night; `columns` are those of statistics.columns, in their order."""

    columns: tuple[int, ...]

    @property
    def accounts(self) -> int:
        return sum(self.columns)

    @property
    def active(self) -> int:
        return self.active_from(_ACTIVE)

    def active_from(self, origins: Iterable[Origin]) -> int:
        return sum(self.columns[_ACTIVE[origin]] for origin in origins)

    @property
    def percent(self) -> float:
        """The rate of activation, in hundredths; 0 where there is no account."""
        return 100 * self.active / self.accounts if self.accounts else 0.0

    @property
    def is_shown(self) -> bool:
        """Not so few that they would tell of families."""
        return self.accounts >= FLOOR

    @property
    def by_origin(self) -> dict[Origin, Counter[str]]:
        """The states of each origin; they add up to the accounts."""
        found: dict[Origin, Counter[str]] = {origin: Counter() for origin in Origin}
        for (state, origin), accounts in zip(COLUMNS.values(), self.columns, strict=True):
            found[origin or _ORIGINS[state]][state] += accounts
        return found


@dataclass(frozen=True, slots=True)
class Series:
    """What is counted: a population, of one degré or of both (TerritorySnapshot.BOTH)."""

    degree: int
    kind: AccountKind

    @property
    def population(self) -> str:
        """Its name in addresses."""
        return _NAMES[self.kind]

    @property
    def degree_label(self) -> str:
        return Degree(self.degree).label if self.degree else "1er et 2nd degrés"


def read(
    level: StatisticsRole.Level, codes: Iterable[str], series: Series, over: Sequence[Night]
) -> dict[str, list[Count | None]]:
    """The count of each territory each of these nights, in their order; None before its first one.

    Two queries, whatever the territories and the nights.
    """
    codes = list(codes)
    if not over:
        return {code: [] for code in codes}
    first, last = over[0].counted_on, over[-1].counted_on
    found: dict[str, dict[date, Count]] = defaultdict(dict)
    for code, _, day, count in _latest(level, codes, [series], first - timedelta(days=1)):
        found[code][day] = count
    since = TerritorySnapshot.objects.filter(
        level=level, code__in=codes, degree=series.degree, kind=series.kind, day__gte=first, day__lte=last
    )
    for code, day, *columns in since.order_by("code", "day").values_list("code", "day", *COLUMNS):
        found[code][day] = Count(tuple(columns))
    return {code: _each_night(found[code], over) for code in codes}


def read_latest(level: StatisticsRole.Level, code: str, night: Night) -> dict[Series, Count]:
    """Each series of a territory as it was that night, in one query."""
    series = [Series(degree, kind) for degree in (TerritorySnapshot.BOTH, *Degree) for kind in AccountKind]
    return {each: count for _, each, _, count in _latest(level, [code], series, night.counted_on)}


def _latest(
    level: StatisticsRole.Level, codes: list[str], series: Sequence[Series], day: date
) -> Iterator[tuple[str, Series, date, Count]]:
    """The last count of each territory and series on `day` or before, each found at once in the index."""
    parameters: dict[str, Any] = {
        "level": level.value,
        "codes": codes,
        "degrees": [each.degree for each in series],
        "kinds": [each.kind.value for each in series],
        "day": day,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, parameters)
        for code, degree, kind, counted_on, *columns in cursor:
            yield code, Series(degree, AccountKind(kind)), counted_on, Count(tuple(columns))


def _each_night(known: Mapping[date, Count], over: Sequence[Night]) -> list[Count | None]:
    """The latest known at each night; `known` is in order."""
    counts: list[Count | None] = []
    latest: Count | None = None
    days: list[Any] = list(known)
    reached = 0
    for night in over:
        while reached < len(days) and days[reached] <= night.counted_on:
            latest = known[days[reached]]
            reached += 1
        counts.append(latest)
    return counts
