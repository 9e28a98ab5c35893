"""The statistics of one establishment, below /etablissements/<uai>/."""

from django.urls import path

from statistics import views

urlpatterns = [
    path("statistiques/", views.statistics_page, name="statistics"),
    path("statistiques/export/", views.statistics_export, name="statistics_export"),
]
