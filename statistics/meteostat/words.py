"""How MétéoStat names its territories and its series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.text import slugify

from accounts.models import AccountKind
from establishments.models import Degree
from statistics.meteostat.territories import Level
from statistics.models import TerritorySnapshot

if TYPE_CHECKING:
    from statistics.meteostat.past import Series
    from statistics.meteostat.territories import Territory

DEGREES: dict[int, str] = {
    TerritorySnapshot.BOTH: "1er et 2nd degrés",
    Degree.FIRST: "1er degré",
    Degree.SECOND: "2nd degré",
}
POPULATIONS = {AccountKind.RESPONSABLE: "Responsables", AccountKind.STUDENT: "Élèves"}
# One territory of the level, several of them.
LEVELS = {
    Level.NATION: ("nation", "nations"),
    Level.ACADEMY: ("académie", "académies"),
    Level.DEPARTMENT: ("département", "départements"),
    Level.DISTRICT: ("circonscription", "circonscriptions"),
}


def series_name(series: Series) -> str:
    """« Responsables, 1er degré »."""
    return f"{POPULATIONS[series.kind]}, {DEGREES[series.degree]}"


def name_in_files(territory: Territory) -> str:
    """« seine-saint-denis »; its code where the name has no letter of ours."""
    return slugify(territory.name) or slugify(territory.code)
