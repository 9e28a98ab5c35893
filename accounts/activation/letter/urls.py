"""The way in of the letter, and the links mailed on its way, below /activation/."""

from django.urls import path

from accounts.activation.letter import confirming, password, views, waiting

urlpatterns = [
    path("identifiants/", views.identifiers, name="activation_identifiers"),
    path("enfants/", views.children, name="activation_children"),
    path("aucun-enfant/", views.none_mine, name="activation_none_mine"),
    path("nouveau-mot-de-passe/", views.password, name="activation_password"),
    path("adresse-mail/", views.mail, name="activation_mail"),
    path("date-de-naissance/", views.birth_date, name="activation_birth_date"),
    path("courriel-envoye/", waiting.waiting, name="activation_waiting"),
    path("courriel-envoye/renvoyer/", waiting.send_again, name="activation_send_again"),
    path("courriel-envoye/corriger/", waiting.correct_address, name="activation_correct_address"),
    path("confirmer/<str:token>/", confirming.confirm_address, name="activation_confirm"),
    path("confirmee/", confirming.address_confirmed, name="activation_confirmed"),
    path("mot-de-passe/<str:token>/", password.password_link, name="password_link"),
]
