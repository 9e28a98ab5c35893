"""The nights on which everything was counted: establishments and territories, at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from statistics.models import SnapshotRun

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Night:
    """A count of the whole nation: `day` where it is read, `counted_on` in Paris, as rows are dated."""

    day: date
    counted_on: date
    taken_at: datetime


def last_night(zone: ZoneInfo) -> Night | None:
    """The last count there was."""
    last = SnapshotRun.objects.order_by("-taken_at").values_list("taken_at", flat=True).first()
    return _night(last, zone) if last else None


def _night(taken_at: datetime, zone: ZoneInfo) -> Night:
    paris = timezone.get_default_timezone()
    return Night(timezone.localdate(taken_at, zone), timezone.localdate(taken_at, paris), taken_at)


def nights(zone: ZoneInfo, first: date | None = None, last: date | None = None) -> list[Night]:
    """Those between two days, both included, as `zone` dates them; counted twice a day, the later stands."""
    runs = SnapshotRun.objects.order_by("taken_at")
    if first:
        runs = runs.filter(taken_at__gte=datetime.combine(first, time.min, tzinfo=zone))
    if last:
        runs = runs.filter(taken_at__lt=datetime.combine(last + timedelta(days=1), time.min, tzinfo=zone))
    found = [_night(taken_at, zone) for taken_at in runs.values_list("taken_at", flat=True)]
    return list({night.day: night for night in found}.values())
