"""The report of a territory, to print: its situation, its past and its parts, as a tagged PDF on A4."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import dropwhile
from typing import TYPE_CHECKING

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.transitions import Origin
from establishments.templatetags.french import day
from notifications.typesetting import collector_paused, lay_out, write
from statistics.meteostat.charts import accounts_chart, rate_chart
from statistics.meteostat.forms import ORDERS
from statistics.meteostat.past import FLOOR
from statistics.meteostat.reading import Past, read_territory
from statistics.meteostat.words import PARTS, said_of_accounts, said_of_rate
from statistics.tables import COLUMNS, ORIGINS

if TYPE_CHECKING:
    from datetime import datetime

    from statistics.meteostat.charts import AccountsChart, Layer, Mark, RateChart
    from statistics.meteostat.forms import Asked
    from statistics.meteostat.past import Count, Series
    from statistics.meteostat.reading import Point, Reading
    from statistics.meteostat.territories import Territory
    from statistics.nights import Night

STYLE = "meteostat.css"
# What a drawing, a small curve and a table of numbers have room for.
_DRAWN, _SMALL, _WRITTEN = 130, 60, 27
# In CSS pixels, as the templates place them.
_PLOT, _RATE_PLOT, _CURVE = (318, 112), (250, 112), (118, 22)
_LEGEND_X, _LEGEND_Y, _LEGEND_LINE = (46, 166, 280), 143, 17
_MOST_MARKS = 8
_ACTIVE_ORIGINS = [Origin(origin) for origin in ORIGINS if origin != Origin.NONE]


@dataclass(frozen=True, slots=True)
class Part:
    """A line of the comparison."""

    past: Past
    curve: str
    in_words: str


@dataclass(frozen=True, slots=True)
class Section:
    """What the report says of one of the series. Nothing is drawn of a past of less than two points."""

    reading: Reading
    name: str
    accounts: AccountsChart | None = None
    legend: list[tuple[int, int, Layer]] = field(default_factory=list)
    accounts_words: str = ""
    rate: RateChart | None = None
    rate_words: str = ""
    written: list[tuple[Point, list[int]]] = field(default_factory=list)
    apart: int = 1
    parts: list[Part] = field(default_factory=list)

    @property
    def count(self) -> Count | None:
        return self.reading.past.last

    @property
    def is_past(self) -> bool:
        """Whether the period has several steps: one alone has no curve and no progression."""
        return len(self.reading.past.points) > 1

    @property
    def hidden_parts(self) -> int:
        return self.reading.parts.hidden if self.reading.parts else 0


def render_report(territory: Territory, asked: Asked, latest: Night | None, made_at: datetime) -> bytes:
    """A PDF/UA-1 of all the series of the territory, over the period asked for."""
    sections = [
        _section(read_territory(territory, replace(asked, series=series), latest))
        for series in territory.series
    ]
    with timezone.override(territory.zone), collector_paused():
        body = render_to_string(
            "statistics/meteostat/report.html",
            {
                "territory": territory,
                "above": list(territory.lineage)[1:],
                "period": _period(asked),
                "latest": latest,
                "made_at": made_at,
                "sections": sections,
                "compared": [section for section in sections if section.parts or section.hidden_parts],
                "drawn": [section for section in sections if section.written],
                "part_label": territory.below.label if territory.below else "",
                "parts_label": PARTS[territory.below] if territory.below else "",
                "order": ORDERS[asked.order].lower(),
                "columns": COLUMNS,
                "origins": [ORIGINS[origin] for origin in _ACTIVE_ORIGINS],
                "floor": FLOOR,
                "operator": settings.OPERATOR_NAME,
                "state_brand": settings.STATE_BRAND,
            },
        )
        return write(lay_out(body, title=f"MétéoStat – {territory.name}", style=STYLE, codes={}))


def _period(asked: Asked) -> str:
    first, last = day(asked.first), day(asked.last)
    return f"du {first} au {last}" if first != last else f"le {last}"


def _section(reading: Reading) -> Section:
    past, drawn = reading.past, reading.past.thinned(_DRAWN)
    section = Section(reading, _name(reading.asked.series))
    if reading.parts:
        section = replace(section, parts=[_part(past) for past in reading.parts.shown])
    if len(drawn.known) < 2:
        return section
    accounts, rate = accounts_chart(drawn, *_PLOT), rate_chart(drawn, *_RATE_PLOT)
    return replace(
        section,
        accounts_words=said_of_accounts(past),
        rate_words=said_of_rate(past),
        accounts=replace(accounts, days=_spaced(accounts.days)),
        legend=_legend(accounts.layers),
        rate=replace(rate, days=_spaced(rate.days)),
        written=[(point, _by_origin(point)) for point in _since_known(past.thinned(_WRITTEN))],
        apart=past.apart(_WRITTEN),
    )


def _spaced(days: list[Mark]) -> list[Mark]:
    """As many as can be read side by side."""
    return days[:: -(-len(days) // _MOST_MARKS) or 1]


def _legend(layers: list[Layer]) -> list[tuple[int, int, Layer]]:
    """Three a line, after the one of all the accounts."""
    return [
        (_LEGEND_X[slot % len(_LEGEND_X)], _LEGEND_Y + _LEGEND_LINE * (slot // len(_LEGEND_X)), layer)
        for slot, layer in enumerate(layers, start=1)
    ]


def _since_known(past: Past) -> list[Point]:
    return list(dropwhile(lambda point: point.count is None, past.points))


def _by_origin(point: Point) -> list[int]:
    return [point.count.active_from([origin]) for origin in _ACTIVE_ORIGINS] if point.count else []


def _part(past: Past) -> Part:
    curve = rate_chart(past.thinned(_SMALL), *_CURVE).rate
    return Part(past, curve, f"{past.territory.name}\u00a0: {said_of_rate(past)}")


def _name(series: Series) -> str:
    """« Responsables, 1er degré »."""
    return f"{series.kind.label}s, {series.degree_label}"
