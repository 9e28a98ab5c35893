"""Nights that were counted, as rows: what a territory had of each state, and when."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from accounts.models import AccountKind
from establishments.models import StatisticsRole
from statistics.columns import COLUMNS
from statistics.models import SnapshotRun, TerritorySnapshot

LEVEL = StatisticsRole.Level
SERIES = (
    (0, AccountKind.RESPONSABLE),
    (1, AccountKind.RESPONSABLE),
    (2, AccountKind.RESPONSABLE),
    (2, AccountKind.STUDENT),
)


def days_from(first: date, last: date, every: int = 1) -> list[date]:
    return [first + timedelta(days=each) for each in range(0, (last - first).days + 1, every)]


def nights(days: Iterable[date]) -> None:
    """Each of these days was counted, at four in the morning in Paris or so."""
    SnapshotRun.objects.bulk_create(
        SnapshotRun(taken_at=datetime(day.year, day.month, day.day, 3, 10, tzinfo=UTC)) for day in days
    )


def row(
    level: str, code: str, day: date, columns: Iterable[int], degree: int = 0, kind: str = "RESPONSABLE"
) -> TerritorySnapshot:
    """Not saved; `columns` are those of statistics.columns, in their order."""
    counts = dict(zip(COLUMNS, columns, strict=True))
    return TerritorySnapshot(level=level, code=code, degree=degree, kind=kind, day=day, **counts)
