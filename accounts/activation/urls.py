"""What families open from their letters and mails, all below /activation/: the ways in."""

from django.urls import include, path

from accounts.activation import front, letter, password, views, waiting

urlpatterns = [
    path("", front.ways_in, name="activation"),
    path("sms/", include("accounts.activation.sms_urls")),
    path("assistance/", front.assistance, name="family_assistance"),
    path("identifiants/", letter.identifiers, name="activation_identifiers"),
    path("enfants/", letter.children, name="activation_children"),
    path("aucun-enfant/", letter.none_mine, name="activation_none_mine"),
    path("nouveau-mot-de-passe/", letter.password, name="activation_password"),
    path("adresse-mail/", letter.mail, name="activation_mail"),
    path("date-de-naissance/", letter.birth_date, name="activation_birth_date"),
    path("courriel-envoye/", waiting.waiting, name="activation_waiting"),
    path("courriel-envoye/renvoyer/", waiting.send_again, name="activation_send_again"),
    path("courriel-envoye/corriger/", waiting.correct_address, name="activation_correct_address"),
    path("confirmer/<str:token>/", views.confirm_address, name="activation_confirm"),
    path("confirmee/", views.address_confirmed, name="activation_confirmed"),
    path("mot-de-passe/<str:token>/", password.password_link, name="password_link"),
]
