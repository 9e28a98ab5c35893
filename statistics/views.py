"""The pages of statistics of an establishment, and the same numbers as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from establishments.access import Right
from establishments.export_limit import refuse_export
from establishments.guards import needs
from establishments.requests import ConsoleRequest
from statistics.campaigns import all_campaign_lines, campaign_lines
from statistics.counting import (
    BY_CLASS,
    BY_LEVEL,
    BY_MEF,
    Spread,
    read_scope,
    spread_tables,
    summaries,
    summaries_and_active,
)
from statistics.curves import months, read_curves, scale
from statistics.delays import read_delays
from statistics.export import csv_response, curve_rows, line_rows, table_rows
from statistics.school_year import school_year_of
from statistics.tables import COLUMNS

if TYPE_CHECKING:
    from establishments.access import Access

BY_CAMPAIGN = "campagne"


def _spreads(access: Access) -> dict[str, Spread]:
    """The ways to spread the accounts, by their name in addresses."""
    second = BY_MEF if access.establishment.is_second_degree else BY_LEVEL
    return {spread.name: spread for spread in (BY_CLASS, second)}


@require_safe
@vary_on_headers("HX-Request")
@needs(Right.CONSULT)
def statistics_page(request: ConsoleRequest, uai: str) -> HttpResponse:
    """`par` says how accounts are spread; a class, a MEF, a level or a campaign narrows to it."""
    access = request.access
    spreads, way = _spreads(access), request.GET.get("par", "")
    context = {
        "access": access,
        "columns": COLUMNS,
        "spreads": spreads.values(),
        "way": way,
        "updated_at": timezone.now(),
    }
    if way in spreads:
        context |= {"spread": spreads[way], "tables": spread_tables(access, spreads[way])}
        return render(request, "statistics/spread.html", context)
    if way == BY_CAMPAIGN:
        page, lines = campaign_lines(access, request.GET.get("page"))
        fragment = "#campaigns" if request.htmx and not request.htmx.history_restore_request else ""
        context |= {"page": page, "lines": lines}
        return render(request, f"statistics/campaigns.html{fragment}", context)
    return render(request, "statistics/summary.html", context | _summary(request, access))


def _summary(request: ConsoleRequest, access: Access) -> dict[str, Any]:
    """The whole establishment with its past, or the origins and states of a part of it."""
    scope = read_scope(access, request.GET)
    found = summaries_and_active(access, scope)
    tables = [table for table, _ in found]
    if scope.label:
        parts = [(table, None, None) for table in tables]
        return {"scope": scope, "panels": parts, "export_query": urlencode(scope.filters)}
    academy = access.establishment.academy
    year = school_year_of(academy.local_date())
    curves = read_curves(access.establishment, year, tables)
    delays = read_delays([key for _, keys in found for key in keys], year, academy.zone)
    panels = [(table, curves[table.kind], delays[table.kind]) for table in tables]
    drawing = {"months": months(), "scale": scale()}
    return {"scope": scope, "panels": panels, "export_query": "", **drawing}


@require_safe
@needs(Right.EXPORT)
def statistics_export(request: ConsoleRequest, uai: str) -> HttpResponse:
    """What the page of the same query shows, whole; `par=courbe` is its curves, day by day."""
    access = request.access
    if refusal := refuse_export(request):
        return refusal
    place, way = access.establishment, request.GET.get("par", "")
    if spread := _spreads(access).get(way):
        rows = table_rows(spread.label, spread_tables(access, spread))
        return csv_response(place, f"statistiques-{way}", rows)
    if way == BY_CAMPAIGN:
        rows = line_rows("Campagne", all_campaign_lines(access))
        return csv_response(place, "statistiques-campagne", rows)
    scope = read_scope(access, request.GET)
    tables = summaries(access, scope)
    if way == "courbe":
        curves = read_curves(place, school_year_of(place.academy.local_date()), tables)
        return csv_response(place, "statistiques-courbe", curve_rows(curves.values()))
    return csv_response(place, "statistiques", table_rows(scope.label or "Origine", tables))
