"""What a drawing of MétéoStat says, in a sentence: its text beside it, on a page or on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.transitions import Origin, State
from establishments.templatetags.french import day, number, percent, plural
from statistics.meteostat.territories import Level
from statistics.tables import ORIGINS

if TYPE_CHECKING:
    from statistics.meteostat.past import Count
    from statistics.meteostat.reading import Past
    from statistics.meteostat.territories import Territory

PARTS = {Level.ACADEMY: "académies", Level.DEPARTMENT: "départements", Level.DISTRICT: "circonscriptions"}
_MINUS = "\u2212"


def gained(points: float | None) -> str:
    """« + 12,3 points », « − 0,4 point »; « – » for what is unknown."""
    if points is None:
        return "–"
    rounded = round(points, 1)
    sign = "+" if rounded >= 0 else _MINUS
    said = f"{abs(rounded):.1f}".replace(".", ",")
    return f"{sign}\u00a0{said}\u00a0point{plural(int(rounded))}"


def said_of_accounts(past: Past) -> str:
    """How many accounts at both ends of what is known, and which origins activated them at its end."""
    (begins, first), (ends, last) = past.known[0], past.known[-1]
    return f"Le {day(begins)}, {_counted(first)}\u00a0; le {day(ends)}, {_counted(last)}{_origins(last)}."


def said_of_rate(past: Past) -> str:
    (begins, first), (ends, last) = past.known[0], past.known[-1]
    change = gained(last.percent - first.percent)
    return (
        f"{percent(first.percent)} le {day(begins)}, {percent(last.percent)} le {day(ends)}\u00a0: {change}."
    )


def title_of_parts(territory: Territory) -> str:
    """« Comparaison des départements »; for what has parts."""
    assert territory.below
    return f"Comparaison des {PARTS[territory.below]}"


def shortened(value: int) -> str:
    """« 600 000 », « 12,5 M »: the mark of an axis."""
    return f"{value / 1_000_000:g}\u00a0M".replace(".", ",") if value >= 1_000_000 else number(value)


def _counted(count: Count) -> str:
    return f"{number(count.accounts)} comptes dont {number(count.active)} activé{plural(count.active)}"


def _origins(count: Count) -> str:
    """« (Établissement 12, FranceConnect 3) »."""
    activated = {label: count.by_origin[Origin(origin)][State.ACTIVE] for origin, label in ORIGINS.items()}
    said = ", ".join(f"{label} {number(accounts)}" for label, accounts in activated.items() if accounts)
    return f" ({said})" if said else ""
