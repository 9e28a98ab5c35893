"""The pages of MétéoStat: the territories of an agent, then each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from statistics.meteostat.guards import for_readers_of_statistics, for_statistics
from statistics.meteostat.roles import territories_of

if TYPE_CHECKING:
    from django.http import HttpResponse

    from establishments.requests import ConsoleRequest
    from statistics.meteostat.territories import Territory


@require_safe
@for_readers_of_statistics
def home(request: ConsoleRequest) -> HttpResponse:
    """Straight to the only territory, else the choice of one."""
    territories = territories_of(request.user)
    if len(territories) == 1:
        [only] = territories
        return redirect("meteostat_territory", level=only.level, code=only.code)
    return render(request, "statistics/meteostat/home.html", {"territories": territories})


@require_safe
@for_statistics
def territory_page(request: ConsoleRequest, territory: Territory) -> HttpResponse:
    above = [each for each in territory.lineage if each != territory and each.is_open_to(request.user)]
    context = {"territory": territory, "above": above[::-1]}
    return render(request, "statistics/meteostat/territory.html", context)
