"""The numbers of a territory to take away: as CSV, as a report to print."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_safe

from establishments.export_limit import refuse_export
from notifications.file_names import file_name
from notifications.spreadsheets import write_csv
from statistics.meteostat.export import SITUATION, WHATS, rows_of
from statistics.meteostat.forms import AskedForm
from statistics.meteostat.guards import for_statistics
from statistics.meteostat.report import render_report
from statistics.nights import last_night

if TYPE_CHECKING:
    from establishments.requests import ConsoleRequest
    from statistics.meteostat.territories import Territory
    from statistics.nights import Night


@require_safe
@for_statistics
def meteostat_export(request: ConsoleRequest, territory: Territory) -> HttpResponse:
    """What the page of the same query shows, as CSV; `quoi` is which of its tables."""
    form, latest = _asked_of(request, territory)
    if refusal := _refuse(request, form):
        return refusal
    what = request.GET.get("quoi", SITUATION)
    what = what if what in WHATS else SITUATION
    content = write_csv(rows_of(what, territory, form.asked(), latest))
    return _file(territory, f"meteostat-{what}", content, "text/csv; charset=utf-8", "csv")


@require_safe
@for_statistics
def meteostat_report(request: ConsoleRequest, territory: Territory) -> HttpResponse:
    """All the series of the territory over the period of the query, as a PDF."""
    form, latest = _asked_of(request, territory)
    if refusal := _refuse(request, form):
        return refusal
    content = render_report(territory, form.asked(), latest, timezone.now())
    return _file(territory, "meteostat", content, "application/pdf", "pdf")


def _asked_of(request: ConsoleRequest, territory: Territory) -> tuple[AskedForm, Night | None]:
    latest = last_night(territory.zone)
    today = timezone.localdate(timezone=territory.zone)
    form = AskedForm(request.GET, territory=territory, latest=latest.day if latest else today)
    form.is_valid()
    return form, latest


def _refuse(request: ConsoleRequest, form: AskedForm) -> HttpResponse | None:
    """A file of another period than the one asked for would deceive."""
    if form.said:
        return HttpResponse("\n".join(form.said), status=422, content_type="text/plain; charset=utf-8")
    return refuse_export(request)


def _file(territory: Territory, what: str, content: bytes, content_type: str, extension: str) -> HttpResponse:
    name = file_name(what, _name(territory), timezone.now(), territory.zone, extension)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(content, content_type=content_type, headers=headers)


def _name(territory: Territory) -> str:
    """« seine-saint-denis »; its code where no letter of the name can be in a file's."""
    return slugify(territory.name) or slugify(territory.code)
