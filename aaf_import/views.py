"""What an establishment reads of its last imports; and who follows an académie's, without anybody's name."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from aaf_import import updates
from aaf_import.faults import LABELS, Fault
from aaf_import.freshness import feed_states
from aaf_import.models import ImportRun
from aaf_import.run_report import count_rows
from establishments.access import Right
from establishments.guards import for_imports, needs
from establishments.models import Academy, Feed
from establishments.requests import ConsoleRequest

PAGE_SIZE = 20


@require_safe
@needs(Right.CONSULT)
def updates_page(request: ConsoleRequest, uai: str) -> HttpResponse:
    """`nuit` is the key of the night whose records are named."""
    access = request.access
    nights = updates.nights(access, timezone.now())
    night = updates.chosen_night(nights, request.GET.get("nuit", ""))
    named, corrected = updates.corrections(access, night) if night else ([], 0)
    context = {
        "access": access,
        "section": "issues",
        "source": access.establishment.feed.source,
        "nights": nights,
        "night": night,
        "changes": updates.changes(access, night) if night else [],
        "corrections": named,
        "corrected": corrected,
        "unnamed": corrected - len(named),
        "reported": updates.reported(access),
    }
    return render(request, "aaf_import/updates.html", context)


@require_safe
@vary_on_headers("HX-Request")
@for_imports
def import_list(request: ConsoleRequest) -> HttpResponse:
    runs = ImportRun.objects.followed_by(request.user).order_by("-pk")
    context: dict[str, object] = {"page": Paginator(runs, PAGE_SIZE).get_page(request.GET.get("page"))}
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "aaf_import/import_list.html#runs", context)
    academies = Academy.objects.filter(
        pk__in=request.user.academy_roles.following_imports().values("academy")
    ).order_by("name")
    context |= {
        "academies": ", ".join(academy.name for academy in academies),
        "states": feed_states(Feed.objects.filter(academy__in=academies)),
    }
    return render(request, "aaf_import/import_list.html", context)


@require_safe
@vary_on_headers("HX-Request")
@for_imports
def import_run(request: ConsoleRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(ImportRun.objects.followed_by(request.user), pk=pk)
    found = run.anomalies.filter(establishment__isnull=False).values(
        "establishment__uai", "establishment__name", "establishment__city", "code"
    )
    by_place = found.annotate(number=Count("pk")).order_by("-number", "establishment__uai", "code")
    page = Paginator(by_place, PAGE_SIZE).get_page(request.GET.get("page"))
    context: dict[str, object] = {
        "run": run,
        "page": page,
        "places": [row | {"label": LABELS[Fault(row["code"])]} for row in page],
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "aaf_import/import_run.html#places", context)
    kinds = sorted(run.anomaly_counts.items(), key=lambda each: (-each[1], each[0]))
    context |= {
        "counts": count_rows(run),
        "kinds": [(LABELS[Fault(code)], number) for code, number in kinds],
    }
    return render(request, "aaf_import/import_run.html", context)
