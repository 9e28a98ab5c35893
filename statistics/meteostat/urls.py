"""MétéoStat, below /meteostat/: an address for each territory, and what is below it."""

from django.urls import path

from statistics.meteostat import export_views, views
from statistics.meteostat.territories import NATION_CODE, Level

TERRITORIES: dict[str, dict[str, str]] = {
    "nation/": {"level": Level.NATION, "code": NATION_CODE},
    "academies/<str:code>/": {"level": Level.ACADEMY},
    "departements/<str:code>/": {"level": Level.DEPARTMENT},
    "circonscriptions/<str:code>/": {"level": Level.DISTRICT},
}
PAGES = (
    ("", views.territory_page, "meteostat_territory"),
    ("export/", export_views.meteostat_export, "meteostat_export"),
    ("rapport/", export_views.meteostat_report, "meteostat_report"),
)

urlpatterns = [
    path("", views.home, name="meteostat"),
    *(
        path(f"{address}{page}", view, named, name=name)
        for address, named in TERRITORIES.items()
        for page, view, name in PAGES
    ),
]
