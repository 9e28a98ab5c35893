"""The pages of MétéoStat: the territories of an agent, then each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from statistics.meteostat.charts import accounts_chart, rate_chart
from statistics.meteostat.forms import ORDERS, STEPS, AskedForm
from statistics.meteostat.guards import for_readers_of_statistics, for_statistics
from statistics.meteostat.reading import overview, read_territory
from statistics.meteostat.roles import territories_of
from statistics.meteostat.words import said_of_accounts, said_of_rate, title_of_parts
from statistics.nights import last_night
from statistics.tables import COLUMNS

if TYPE_CHECKING:
    from django.http import HttpResponse

    from establishments.requests import ConsoleRequest
    from statistics.meteostat.reading import Reading
    from statistics.meteostat.territories import Territory
    from statistics.nights import Night

# The drawings of a page, in hundredths of its width and in pixels high: meteostat/axes.html.
WIDTH, HEIGHT, SPARK_HEIGHT = 100, 190, 40
# More would not be seen in a small drawing, and thirty of them would be most of the page.
SPARK_POINTS = 100


@require_safe
@for_readers_of_statistics
def home(request: ConsoleRequest) -> HttpResponse:
    """Straight to the only territory, else the choice of one."""
    territories = territories_of(request.user)
    if len(territories) == 1:
        return redirect(territories[0].address)
    return render(request, "statistics/meteostat/home.html", {"territories": territories})


@require_safe
@for_statistics
def territory_page(request: ConsoleRequest, territory: Territory) -> HttpResponse:
    latest = last_night(territory.zone)
    above = [each for each in territory.lineage if each != territory and each.is_open_to(request.user)]
    context: dict[str, Any] = {
        "territory": territory,
        "above": above[::-1],
        "siblings": title_of_parts(above[0]) if territory.parent in above else "",
        "latest": latest,
    }
    if latest:
        form = AskedForm(request.GET, territory=territory, latest=latest.day)
        form.full_clean()
        context |= _numbers(read_territory(territory, form.asked(), latest), latest) | {"form": form}
    return render(request, "statistics/meteostat/territory.html", context)


def _numbers(reading: Reading, latest: Night) -> dict[str, Any]:
    return {
        "reading": reading,
        "asked": reading.asked,
        "overview": overview(reading.territory, latest),
        "steps": STEPS,
        "orders": ORDERS,
        "columns": COLUMNS,
        **_drawings(reading),
    }


def _drawings(reading: Reading) -> dict[str, Any]:
    """What draws the past of a territory, and that of each of its parts, with their words."""
    drawn: dict[str, Any] = {}
    if reading.table:
        drawn["accounts_chart"] = accounts_chart(reading.past, WIDTH, HEIGHT)
        drawn["accounts_words"] = said_of_accounts(reading.past)
        drawn["rate_chart"] = rate_chart(reading.past, WIDTH, HEIGHT)
        drawn["rate_words"] = said_of_rate(reading.past)
    if reading.parts:
        drawn["parts"] = [
            (part, rate_chart(part.thinned(SPARK_POINTS), WIDTH, SPARK_HEIGHT))
            for part in reading.parts.shown
        ]
        drawn["parts_title"] = title_of_parts(reading.territory)
    return drawn
