"""What a Prometheus server reads: numbers of the whole service, of nobody in particular.

They come from the database and from Redis, so that any process answers for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from aaf_import.freshness import waiting_deliveries
from aaf_import.models import ImportRun
from accounts.models import Operation
from educonnect_admin.request_context import COUNT, DURATION
from establishments import counters
from establishments.counters import sample
from establishments.models import Feed
from establishments.networks import client_address
from establishments.sign_in_journal import REFUSALS
from notifications.models import Delivery, Document
from statistics.columns import COLUMNS, each_column

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Read again so often at most: they go through large tables.
_MINUTES, _HOUR = 300, 3600
_OVER = (Operation.Status.DRAFT, Operation.Status.DONE, Operation.Status.CANCELLED)

Labelled = tuple[dict[str, str], float]


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    help: str
    kind: str = "gauge"
    samples: list[tuple[str, float]] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        for name, value in self.samples:
            yield f"{name} {value:.15g}"


@login_not_required
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For settings.METRICS_NETWORKS only; for others there is no such page."""
    address = client_address(request)
    if address is None or not any(address in network for network in settings.METRICS_NETWORKS):
        raise Http404
    lines = [line for metric in [*_gauges(), *_counted()] for line in metric.lines()]
    return HttpResponse("\n".join([*lines, ""]), content_type=CONTENT_TYPE)


def _gauges() -> Iterator[Metric]:
    documents = Document.objects.aggregate(number=Count("pk"), size=Sum("size"))
    yield _gauge("import_runs", "Runs of imports, by how they ended.", _import_runs())
    yield _gauge("import_age_seconds", "Since the last good import of a feed.", _ages())
    yield _gauge("deliveries_waiting", "Extracts not imported, by folder.", _deliveries())
    yield _gauge("operations_underway", "Bulk actions neither over nor drafts.", _operations())
    yield _gauge("documents", "Generated documents.", [({}, documents["number"])])
    yield _gauge("documents_bytes", "Their size.", [({}, documents["size"] or 0)])
    yield _gauge("tasks_waiting", "Tasks that no worker has taken.", [({}, counters.queue_length())])
    yield _gauge("mails", "Mails to families, by status.", _kept("mails", _mails, _MINUTES))
    yield _gauge("accounts", "Accounts at the last snapshot.", _kept("accounts", _accounts, _HOUR))


def _counted() -> Iterator[Metric]:
    """What processes count as they go."""
    counted = counters.read()
    for name, told, kind in (
        (COUNT, "Requests answered, by route.", "counter"),
        (REFUSALS, "Sign-ins refused after too many tries.", "counter"),
        (DURATION, "Seconds to answer, by route.", "histogram"),
    ):
        found = sorted(each for each in counted.items() if each[0].startswith(name))
        yield Metric(name, told, kind, found)


def _gauge(name: str, told: str, found: Iterable[Labelled]) -> Metric:
    name = f"educonnect_{name}"
    return Metric(name, told, samples=[(sample(name, **labels), value) for labels, value in found])


def _kept(name: str, count: Callable[[], list[Labelled]], seconds: int) -> list[Labelled]:
    found: list[Labelled] = cache.get_or_set(f"metrics:{name}", count, seconds) or []
    return found


def _import_runs() -> list[Labelled]:
    rows = ImportRun.objects.order_by("status").values_list("status").annotate(Count("pk"))
    return [({"status": status.lower()}, number) for status, number in rows]


def _ages() -> list[Labelled]:
    now = timezone.now()
    return [
        ({"feed": str(feed)}, (now - feed.applied_at).total_seconds())
        for feed in Feed.objects.filter(applied_at__isnull=False).order_by("academy", "degree")
        if feed.applied_at
    ]


def _deliveries() -> list[Labelled]:
    return [({"folder": name}, number) for name, number in waiting_deliveries(settings.AAF_INBOX).items()]


def _operations() -> list[Labelled]:
    underway = Operation.objects.exclude(status__in=_OVER).order_by("status")
    rows = underway.values_list("status").annotate(Count("pk"))
    return [({"status": status.lower()}, number) for status, number in rows]


def _mails() -> list[Labelled]:
    rows = Delivery.objects.order_by("status").values_list("status").annotate(Count("pk"))
    return [({"status": status}, number) for status, number in rows]


_LATEST = f"""
WITH latest AS (
    SELECT DISTINCT ON (establishment_id, kind) * FROM statistics_snapshot
    ORDER BY establishment_id, kind, day DESC
)
SELECT feed.academy_id, latest.kind, {each_column("sum({name})")}
FROM latest
JOIN establishments_establishment AS establishment ON establishment.id = latest.establishment_id
JOIN establishments_feed AS feed ON feed.id = establishment.feed_id
GROUP BY feed.academy_id, latest.kind ORDER BY feed.academy_id, latest.kind
"""  # noqa: S608 - column names of ours


def _accounts() -> list[Labelled]:
    with connection.cursor() as cursor:
        cursor.execute(_LATEST)
        rows = cursor.fetchall()
    return [
        ({"academy": academy, "kind": kind.lower(), "state": state}, int(number))
        for academy, kind, *numbers in rows
        for state, number in zip(COLUMNS, numbers, strict=True)
    ]
