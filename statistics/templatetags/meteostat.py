"""Numbers of territories: rates, what they gained, small curves, and the long table of a period."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from establishments.templatetags.french import day, number, percent
from statistics.columns import COLUMNS
from statistics.meteostat import words
from statistics.tables import COLUMNS as STATES
from statistics.tables import ORIGINS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statistics.meteostat.charts import RateChart
    from statistics.meteostat.reading import Past, Point

register = template.Library()
register.filter("gained", words.gained)

# « Non notifiés », then « Activés : Établissement »… as statistics.columns orders them.
_HEADINGS = [
    f"{STATES[state]}\u00a0: {ORIGINS[origin]}" if origin else STATES[state]
    for state, origin in COLUMNS.values()
]


@register.simple_tag
def spark(past: Past, chart: RateChart) -> SafeString:
    """The rate of a territory, from 0 to 100 %, without axes; its title says it."""
    title = f"{escape(past.territory.name)}\u00a0: {escape(words.said_of_rate(past))}"
    return mark_safe(  # noqa: S308 - numbers, and an escaped name
        '<svg class="meteo-spark" role="img" height="40" width="100%" viewBox="0 0 100 40" '
        f'preserveAspectRatio="none"><title>{title}</title>'
        '<path class="meteo-spark__floor" d="M0 40H100M0 0H100"/>'
        f'<path class="meteo-below" d="{chart.below}"/>'
        f'<path class="stat-curve__this" d="{chart.rate}"/></svg>'
    )


@register.simple_tag
def points(past: Past) -> SafeString:
    """Every point of a period, a line each: hundreds, too many for a template."""
    return mark_safe("".join(_table(past)))  # noqa: S308 - numbers and our own labels


def _table(past: Past) -> Iterator[str]:
    headings = "".join(
        f'<th scope="col">{label}</th>' for label in ("Nombre de comptes", "Activés", "Taux", *_HEADINGS)
    )
    yield '<div class="meteo-points" tabindex="0" role="region" aria-label="Les mêmes chiffres">'
    yield '<table><caption class="fr-sr-only">Comptes par état et origine</caption>'
    yield f'<thead><tr><th scope="col">Jour</th>{headings}</tr></thead><tbody>'
    yield from map(_line, past.points)
    yield "</tbody></table></div>"


def _line(point: Point) -> str:
    count = point.count
    if count:
        shown = [number(count.accounts), number(count.active), percent(count.percent)]
        shown += map(number, count.columns)
    else:
        shown = ["–"] * (3 + len(COLUMNS))
    cells = "".join(f"<td>{each}</td>" for each in shown)
    return f'<tr><th scope="row">{day(point.day)}</th>{cells}</tr>'
