"""What was counted each night: the past that curves are drawn from."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import AccountKind
from establishments.models import Establishment, StatisticsRole


class Counts(models.Model):
    """Accounts by state, and by origin once activated: each account is in one column."""

    not_notified = models.PositiveIntegerField()
    notified = models.PositiveIntegerField()
    activating = models.PositiveIntegerField()
    active_establishment = models.PositiveIntegerField()
    active_responsable = models.PositiveIntegerField()
    active_franceconnect = models.PositiveIntegerField()
    active_ent = models.PositiveIntegerField()
    active_aten = models.PositiveIntegerField()

    class Meta:
        abstract = True


class Snapshot(Counts):
    """How many accounts of a kind an establishment had in each state on `day`, its académie's date.

    Written only when it differs from the one before: a day without a row is a day without a change, if
    a snapshot was taken that day (SnapshotRun), and an unknown day if none was.
    """

    establishment = models.ForeignKey(Establishment, models.CASCADE, db_index=False, related_name="snapshots")
    kind = models.CharField(max_length=12, choices=AccountKind.choices)
    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["establishment", "kind", "day"], name="snapshot_once"),
            models.CheckConstraint(condition=Q(kind__in=AccountKind.values), name="snapshot_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.establishment_id} {self.kind} {self.day}"


class TerritorySnapshot(Counts):
    """The same of a territory (its level and code: StatisticsRole), each account once in each.

    `degree` is what its children of that degré bring, or both (BOTH). `day` is the date of the count in
    Paris. Its rows owe nothing to the places it is made of now: those move, its past stays.
    """

    BOTH = 0

    level = models.CharField(max_length=10, choices=StatisticsRole.Level.choices)
    code = models.CharField(max_length=8)
    degree = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=AccountKind.choices)
    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["level", "code", "degree", "kind", "day"], name="territory_snapshot_once"
            ),
            models.CheckConstraint(condition=Q(kind__in=AccountKind.values), name="territory_snapshot_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.code} {self.degree} {self.kind} {self.day}"


class SnapshotRun(models.Model):
    """That all establishments were counted at this moment."""

    taken_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.taken_at:%Y-%m-%d %H:%M}"
