"""The pages of one establishment, all below /etablissements/<uai>/."""

from django.urls import path

from accounts.views import home

urlpatterns = [
    path("", home.establishment_home, name="establishment"),
]
