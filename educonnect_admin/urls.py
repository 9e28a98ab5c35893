"""The routes of the whole site."""

from django.urls import URLPattern, URLResolver, include, path

from educonnect_admin import health, metrics
from educonnect_admin.demo import views as demo

handler404 = "educonnect_admin.error_pages.not_found"
handler500 = "educonnect_admin.error_pages.failed"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("establishments.urls")),
    path("etablissements/<str:uai>/", include("accounts.urls")),
    path("academie/rapprochements/", include("accounts.academy_urls")),
    path("", include("aaf_import.urls")),
    path("activation/", include("accounts.activation.urls")),
    path("compte/", include("accounts.activation.keeping.urls")),
    path("etablissements/<str:uai>/", include("statistics.urls")),
    path("meteostat/", include("statistics.meteostat.urls")),
    path("demo/boite/", demo.mailbox, name="demo_mailbox"),
    path("demo/familles/", demo.families_to_play, name="demo_families"),
    path("sante/vivant", health.live, name="health_live"),
    path("sante/pret", health.ready, name="health_ready"),
    path("sante/imports", health.imports, name="health_imports"),
    path("sante/metriques", metrics.metrics, name="metrics"),
]
