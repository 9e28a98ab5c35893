"""Below /etablissements/<uai>/delegations/."""

from django.urls import path

from establishments.delegations import views

urlpatterns = [
    path("", views.delegations, name="delegations"),
    path("accorder/", views.delegation_search, name="delegation_search"),
    path("accorder/<str:key>/", views.delegation_grant, name="delegation_grant"),
    path("inviter/", views.delegation_invite, name="delegation_invite"),
    path("<int:pk>/", views.delegation_change, name="delegation_change"),
    path("<int:pk>/invitation/", views.delegation_invite_again, name="delegation_invite_again"),
    path("<int:pk>/terminer/", views.delegation_end, name="delegation_end"),
    path("adjoints/<int:pk>/", views.deputy, name="deputy"),
]
