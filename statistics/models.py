"""What was counted each night: the past that curves are drawn from."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import AccountKind
from establishments.models import Establishment


class Snapshot(models.Model):
    """How many accounts of a kind an establishment had in each state on `day`, its académie's date.

    Written only when it differs from the one before: a day without a row is a day without a change, if
    a snapshot was taken that day (SnapshotRun), and an unknown day if none was.
    """

    establishment = models.ForeignKey(Establishment, models.CASCADE, db_index=False, related_name="snapshots")
    kind = models.CharField(max_length=12, choices=AccountKind.choices)
    day = models.DateField()
    not_notified = models.PositiveIntegerField()
    notified = models.PositiveIntegerField()
    activating = models.PositiveIntegerField()
    active_establishment = models.PositiveIntegerField()
    active_responsable = models.PositiveIntegerField()
    active_franceconnect = models.PositiveIntegerField()
    active_ent = models.PositiveIntegerField()
    active_aten = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["establishment", "kind", "day"], name="snapshot_once"),
            models.CheckConstraint(condition=Q(kind__in=AccountKind.values), name="snapshot_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.establishment_id} {self.kind} {self.day}"


class SnapshotRun(models.Model):
    """That all establishments were counted at this moment."""

    taken_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.taken_at:%Y-%m-%d %H:%M}"
