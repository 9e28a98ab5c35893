"""The routes of the whole site."""

from django.urls import URLPattern, URLResolver, include, path

from educonnect_admin import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("establishments.urls")),
    path("etablissements/<str:uai>/", include("accounts.urls")),
    path("activation/", include("accounts.activation.urls")),
    path("etablissements/<str:uai>/", include("statistics.urls")),
    path("etablissements/<str:uai>/", include("aaf_import.urls")),
    path("sante/vivant", health.live, name="health_live"),
    path("sante/pret", health.ready, name="health_ready"),
]
