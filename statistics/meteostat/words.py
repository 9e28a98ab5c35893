"""What a drawing of MétéoStat says, in a sentence: its text beside it, on a page or on paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.transitions import Origin, State
from establishments.templatetags.french import day, number, plural
from statistics.meteostat.territories import Level
from statistics.tables import ORIGINS

if TYPE_CHECKING:
    from statistics.meteostat.past import Count
    from statistics.meteostat.reading import Past
    from statistics.meteostat.territories import Territory

PARTS = {Level.ACADEMY: "académies", Level.DEPARTMENT: "départements", Level.DISTRICT: "circonscriptions"}
_MINUS = "\u2212"


def percent(value: float) -> str:
    """« 50,4 % »."""
    return f"{value:.1f}\u00a0%".replace(".", ",")


def name_in_files(territory: Territory) -> str:
    """« seine-saint-denis »; its code where the name has no letter of ours."""
    return slugify(territory.name) or slugify(territory.code)


def decimal(value: float) -> str:
    """« 43,2 »: one decimal, and the comma of French spreadsheets."""
    return f"{value:z.1f}".replace(".", ",")
