"""What agents read of imports: the page of one establishment, and those of who follows an académie's."""

from django.urls import path

from aaf_import import views

urlpatterns = [
    path("etablissements/<str:uai>/mises-a-jour/", views.updates_page, name="updates"),
    path("imports/", views.import_list, name="import_list"),
    path("imports/<int:pk>/", views.import_run, name="import_run"),
]
