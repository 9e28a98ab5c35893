"""The page of one establishment about its imports, below /etablissements/<uai>/."""

from django.urls import path

from aaf_import import views

urlpatterns = [path("mises-a-jour/", views.updates_page, name="updates")]
