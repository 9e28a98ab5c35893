"""What the assistance of an académie decides of accounts, below /academie/rapprochements/."""

from django.urls import path

from accounts.views import doubts

urlpatterns = [
    path("", doubts.doubt_list, name="doubt_list"),
    path("<int:pk>/", doubts.doubt_page, name="doubt"),
    path("<int:pk>/reunir/", doubts.doubt_join, name="doubt_join"),
    path("<int:pk>/distinguer/", doubts.doubt_apart, name="doubt_apart"),
]
