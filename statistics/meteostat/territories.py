"""The territories whose numbers are followed, from the nation to the circonscriptions of its departments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse

from accounts.models import AccountKind
from establishments.models import Academy, Degree, Department, District, StatisticsRole
from establishments.names import label_key
from establishments.territories import department_of
from statistics.meteostat.past import Series
from statistics.models import TerritorySnapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from establishments.models import Agent

Level = StatisticsRole.Level
NATION_CODE = "FR"
_LEVEL_IN_NAME = re.compile(r"^CIRCONSCRIPTION\s+(?:DE\s+|DU\s+|DES\s+|D['’]\s*)?", re.IGNORECASE)
# What a level is made of.
_BELOW = {
    Level.NATION: Level.ACADEMY,
    Level.ACADEMY: Level.DEPARTMENT,
    Level.DEPARTMENT: Level.DISTRICT,
}
# Pupils have accounts in the 2nd degré alone, circonscriptions are of the 1er.
_SERIES = (
    Series(TerritorySnapshot.BOTH, AccountKind.RESPONSABLE),
    Series(Degree.FIRST, AccountKind.RESPONSABLE),
    Series(Degree.SECOND, AccountKind.RESPONSABLE),
    Series(Degree.SECOND, AccountKind.STUDENT),
)
_SERIES_OF_DISTRICT = (Series(Degree.FIRST, AccountKind.RESPONSABLE),)


class UnknownTerritory(Exception):
    """No territory of this level has this code."""


@dataclass(frozen=True, slots=True)
class Territory:
    """`code` is the one of StatisticsRole; `parent` is None for the nation alone.

    A circonscription belongs to the department that its UAI names.
    """

    level: StatisticsRole.Level
    code: str
    name: str
    zone: ZoneInfo
    parent: Territory | None = None

    @property
    def below(self) -> StatisticsRole.Level | None:
        return _BELOW.get(self.level)

    @property
    def address(self) -> str:
        return reverse("meteostat_territory", kwargs={"level": self.level, "code": self.code})

    @property
    def series(self) -> tuple[Series, ...]:
        """What there are numbers of."""
        return _SERIES_OF_DISTRICT if self.level == Level.DISTRICT else _SERIES

    def has_parts(self, series: Series) -> bool:
        """Whether what it is made of has these numbers too: circonscriptions have those of the 1er degré."""
        return self.level in _BELOW and (self.level != Level.DEPARTMENT or series in _SERIES_OF_DISTRICT)

    @property
    def lineage(self) -> Iterator[Territory]:
        """Itself, then what it is a part of, up to the nation."""
        territory: Territory | None = self
        while territory:
            yield territory
            territory = territory.parent

    def is_open_to(self, agent: Agent) -> bool:
        """Whether the agent has a role on it, or on what it is a part of."""
        held = set(agent.statistics_roles.in_force().values_list("level", "code"))
        return any((each.level.value, each.code) in held for each in self.lineage)


def nation() -> Territory:
    return Territory(Level.NATION, NATION_CODE, "France", ZoneInfo(settings.TIME_ZONE))


def find(level: StatisticsRole.Level, code: str) -> Territory:
    """Raises UnknownTerritory."""
    if level == Level.NATION:
        if code != NATION_CODE:
            raise UnknownTerritory
        return nation()
    if level == Level.ACADEMY:
        return _academy(Academy.objects.filter(code=code).first())
    if level == Level.DEPARTMENT:
        return _department(Department.objects.filter(code=code).select_related("academy").first())
    return _district(code)


def parts_of(territory: Territory) -> list[Territory]:
    """What it is made of, by name."""
    if territory.level == Level.NATION:
        parts = [
            Territory(Level.ACADEMY, academy.code, academy.name, academy.zone, territory)
            for academy in Academy.objects.all()
        ]
    elif territory.level == Level.ACADEMY:
        parts = [
            Territory(Level.DEPARTMENT, code, name, territory.zone, territory)
            for code, name in Department.objects.filter(academy=territory.code).values_list("code", "name")
        ]
    elif territory.level == Level.DEPARTMENT:
        parts = [
            Territory(Level.DISTRICT, uai, name, territory.zone, territory)
            for uai, name in _names_of_districts().items()
            if (department := department_of(uai)) and department.code == territory.code
        ]
    else:
        parts = []
    return sorted(parts, key=lambda each: (label_key(each.name), each.code))


def _names_of_districts() -> dict[str, str]:
    """The name of each, by its UAI: its structure may have changed of key, the last one names it."""
    names = District.objects.exclude(uai="").order_by("pk").values_list("uai", "name")
    return {uai: _without_level(name) for uai, name in names}


def _without_level(name: str) -> str:
    """« NOISY » from AAF's « CIRCONSCRIPTION DE NOISY »: its level is said beside it."""
    return _LEVEL_IN_NAME.sub("", name) or name


def _academy(academy: Academy | None) -> Territory:
    if academy is None:
        raise UnknownTerritory
    return Territory(Level.ACADEMY, academy.code, academy.name, academy.zone, nation())


def _department(department: Department | None) -> Territory:
    if department is None:
        raise UnknownTerritory
    parent = _academy(department.academy)
    return Territory(Level.DEPARTMENT, department.code, department.name, parent.zone, parent)


def _district(uai: str) -> Territory:
    district = District.objects.exclude(uai="").filter(uai=uai).order_by("-pk").first()
    ref = department_of(uai)
    if district is None or ref is None:
        raise UnknownTerritory
    parent = find(Level.DEPARTMENT, ref.code)
    return Territory(Level.DISTRICT, uai, _without_level(district.name), parent.zone, parent)
