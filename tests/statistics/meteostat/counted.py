"""Territories whose nights are written as if they had been counted, account by account, elsewhere."""

from datetime import UTC, date, datetime, time

from accounts.models import AccountKind
from establishments.models import Department, District
from establishments.territories import DEPARTMENTS
from statistics.columns import COLUMNS
from statistics.meteostat.territories import Level
from statistics.models import SnapshotRun, TerritorySnapshot
from tests.factories import AcademyFactory, FeedFactory

NATION = (Level.NATION, "FR")
CRETEIL = (Level.ACADEMY, "24")
BOBIGNY = (Level.DEPARTMENT, "093")
NOISY = (Level.DISTRICT, "0930101R")
TREMBLAY = (Level.DISTRICT, "0930102S")


def territories():
    """Créteil with its three departments, one of which has two circonscriptions; La Réunion."""
    for code in ("24", "28"):
        academy = AcademyFactory.create(code=code)
        for department in DEPARTMENTS.values():
            if department.academy_code == code:
                Department.objects.get_or_create(
                    code=department.code, defaults={"name": department.name, "academy": academy}
                )
    feed = FeedFactory.create(academy=AcademyFactory.create(code="24"), degree=1)
    for (_, uai), name in ((NOISY, "CIRCONSCRIPTION DE NOISY"), (TREMBLAY, "TREMBLAY NORD")):
        District.objects.create(feed=feed, jointure=f"J{uai}", uai=uai, name=name)


def nights(*days):
    """At 6.40, Paris time in winter."""
    for day in days:
        SnapshotRun.objects.create(taken_at=datetime.combine(day, time(5, 40), tzinfo=UTC))


def count(where, day, *, degree=0, kind=AccountKind.RESPONSABLE, **columns):
    level, code = where
    return TerritorySnapshot.objects.create(
        level=level, code=code, degree=degree, kind=kind, day=day, **dict.fromkeys(COLUMNS, 0) | columns
    )


def november(number):
    return date(2026, 11, number)
