"""How fresh each feed is, and what waits in its folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Subquery

from aaf_import.inbox import deliveries, feed_folders
from aaf_import.models import ImportRun
from aaf_import.run_report import run_as_json
from establishments.models import Feed


@dataclass(frozen=True, slots=True)
class FeedState:
    """A feed, its last run and its last applied one; `waiting` counts the deliveries of its folder."""

    feed: Feed
    is_late: bool
    last_run: ImportRun | None
    last_applied: ImportRun | None
    waiting: int

    @property
    def anomalies(self) -> int:
        return sum(self.last_applied.anomaly_counts.values()) if self.last_applied else 0

    def as_json(self) -> dict[str, Any]:
        applied = self.feed.applied_at
        return {
            "feed": str(self.feed),
            "applied_at": applied.isoformat() if applied else None,
            "extract_date": self.feed.extract_date.isoformat() if self.feed.extract_date else None,
            "late": self.is_late,
            "last_run": run_as_json(self.last_run) if self.last_run else None,
            "anomalies": self.anomalies,
            "waiting": self.waiting,
        }


def feed_states(feeds: Iterable[Feed]) -> list[FeedState]:
    """In the order of their names."""
    found = sorted(feeds, key=str)
    runs = _last_runs([feed.pk for feed in found])
    waiting = waiting_deliveries(settings.AAF_INBOX)
    return [
        FeedState(feed, feed.is_late, *runs.get(feed.pk, (None, None)), waiting.get(str(feed), 0))
        for feed in found
    ]


def waiting_deliveries(inbox: Path) -> dict[str, int]:
    """By the name of their folder, how many deliveries have arrived or still arrive."""
    return {folder.name: len(deliveries(folder)) for folder in feed_folders(inbox)}


def _last_runs(feeds: list[int]) -> dict[int, tuple[ImportRun | None, ImportRun | None]]:
    of_feed = ImportRun.objects.filter(academy=OuterRef("academy_id"), degree=OuterRef("degree")).order_by(
        "-pk"
    )
    rows = Feed.objects.filter(pk__in=feeds).values_list(
        "pk",
        Subquery(of_feed.values("pk")[:1]),
        Subquery(of_feed.filter(status=ImportRun.Status.APPLIED).values("pk")[:1]),
    )
    ids = list(rows)
    runs = ImportRun.objects.in_bulk({run for _, *both in ids for run in both if run})
    return {pk: (runs.get(last or 0), runs.get(applied or 0)) for pk, last, applied in ids}
