"""What families open from their mails, all below /activation/."""

from django.urls import path

from accounts.activation import password, views

urlpatterns = [
    path("confirmer/<str:token>/", views.confirm_address, name="activation_confirm"),
    path("confirmee/", views.address_confirmed, name="activation_confirmed"),
    path("mot-de-passe/<str:token>/", password.password_link, name="password_link"),
]
