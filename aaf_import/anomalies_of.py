"""What imports found wrong in the entries of one person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aaf_import.models import Anomaly
from accounts.person.telling import Row, told
from establishments.models import Responsable, Student

if TYPE_CHECKING:
    from collections.abc import Iterable

_CATEGORIES = {Student: "Eleve", Responsable: "PersRelEleve"}


def anomalies_of(records: Iterable[Student | Responsable]) -> list[Row]:
    """By the entries' keys, which name a person in their feed and category only."""
    return [
        told(anomaly, leaving_out=["run_id"]) | {"Import du": anomaly.run.started_at}
        for record in records
        for anomaly in Anomaly.objects.filter(
            run__feed=record.feed_id, category=_CATEGORIES[type(record)], jointure=record.jointure
        )
        .select_related("run", "establishment")
        .order_by("pk")
    ]
