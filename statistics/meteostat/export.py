"""The numbers of a territory as CSV: a clean table, which a spreadsheet filters and a program reads.

What the page says in a sentence (counts are distinct at each level) is in the heading of the column.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from statistics.columns import COLUMNS
from statistics.meteostat.reading import read_territory
from statistics.tables import COLUMNS as STATES
from statistics.tables import ORIGINS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from accounts.transitions import Origin
    from notifications.spreadsheets import Cell
    from statistics.meteostat.forms import Asked
    from statistics.meteostat.past import Count, Series
    from statistics.meteostat.reading import Parts, Past, Point, Reading
    from statistics.meteostat.territories import Territory
    from statistics.nights import Night
    from statistics.tables import Line

SITUATION, EVOLUTION, COMPARISON = "situation", "evolution", "comparaison"
WHATS = (SITUATION, EVOLUTION, COMPARISON)
DISTINCT, ACTIVE, RATE = "Comptes distincts", "Activés", "Taux d’activation (%)"
_WHERE = ("Territoire", "Niveau", "Code", "Degré", "Population")
_WHAT = (DISTINCT, ACTIVE, RATE)


def rows_of(what: str, territory: Territory, asked: Asked, latest: Night | None) -> Iterator[list[Cell]]:
    """What is asked for; the situation when it is nothing known."""
    if what == EVOLUTION:
        return evolution_rows(read_territory(territory, asked, latest).past, asked.series)
    if what == COMPARISON:
        return comparison_rows(read_territory(territory, asked, latest).parts, asked.series)
    return situation_rows(situations(territory, asked, latest))


def situations(territory: Territory, asked: Asked, latest: Night | None) -> Iterator[Reading]:
    """Each series of a territory at the end of the period, the other nights left unread."""
    last_step = max(asked.first, asked.last - timedelta(days=asked.days_a_step - 1))
    for series in territory.series:
        yield read_territory(territory, replace(asked, series=series, first=last_step), latest)


def situation_rows(readings: Iterable[Reading]) -> Iterator[list[Cell]]:
    """Origins by states, a table under the other; those that cannot be shown are not there."""
    states = [label for state, label in STATES.items() if state]
    yield [*_WHERE, "Relevé du", "Origine", *states, DISTINCT]
    for reading in readings:
        if reading.table:
            where = [*_where(reading.territory, reading.asked.series), reading.day]
            for line in (*reading.table.lines, reading.table.total):
                yield [*where, line.label, *_states(line), line.accounts]


def _states(line: Line) -> Iterator[int]:
    return (line.states[state] for state in STATES if state)


def evolution_rows(past: Past, series: Series) -> Iterator[list[Cell]]:
    """A line a step of the period; empty cells where nothing is known, or too little to be shown."""
    yield ["Jour", *_WHERE, *(_column(*held) for held in COLUMNS.values()), *_WHAT]
    for point in past.points:
        yield [point.day, *_where(past.territory, series), *_counted(point)]


def _column(state: str, origin: Origin | None) -> str:
    """« Activés par FranceConnect »: each account is in one column."""
    return f"{STATES[state]} ({ORIGINS[origin]})" if origin else STATES[state]


def _counted(point: Point) -> list[Cell]:
    if point.count is None:
        return [None] * (len(COLUMNS) + len(_WHAT))
    return [*point.count.columns, *_summed(point.count)]


def _summed(count: Count) -> list[Cell]:
    return [count.accounts, count.active, decimal(count.percent)]


def comparison_rows(parts: Parts | None, series: Series) -> Iterator[list[Cell]]:
    """A line a part which may be shown, in the order asked for."""
    yield [*_WHERE, *_WHAT, "Taux au début de la période (%)", "Progression (points)"]
    for past in parts.shown if parts else ():
        if past.first and past.last and past.progress is not None:
            began = [decimal(past.first.percent), decimal(past.progress)]
            yield [*_where(past.territory, series), *_summed(past.last), *began]


def _where(territory: Territory, series: Series) -> list[Cell]:
    return [
        territory.name,
        territory.level.label,
        territory.code,
        series.degree_label,
        f"{series.kind.label}s",
    ]


def decimal(value: float) -> str:
    """« 43,2 »: one decimal, and the comma of French spreadsheets."""
    return f"{value:z.1f}".replace(".", ",")
