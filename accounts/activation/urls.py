"""What families open from their letters and mails, all below /activation/: the ways in."""

from django.urls import include, path

from accounts.activation import ent_views, franceconnect_views, front, letter, password, views, waiting

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
    path("franceconnect/", franceconnect_views.start, name="franceconnect"),
    path("franceconnect/retour/", franceconnect_views.come_back, name="franceconnect_return"),
    path("franceconnect/mobile/", franceconnect_views.mobile, name="franceconnect_mobile"),
    path("franceconnect/code/", franceconnect_views.code, name="franceconnect_code"),
    path("franceconnect/code/renvoyer/", franceconnect_views.send_again, name="franceconnect_send_again"),
    path("franceconnect/enfants/", franceconnect_views.children, name="franceconnect_children"),
    path("franceconnect/active/", franceconnect_views.done, name="franceconnect_done"),
    path("franceconnect/deconnexion/", franceconnect_views.signed_out, name="franceconnect_signed_out"),
    path("ent/", ent_views.ent_choice, name="ent_choice"),
    path("ent/compte/", ent_views.ent_account, name="ent_account"),
    path("ent/active/", ent_views.ent_done, name="ent_done"),
    path("ent/<int:pk>/", ent_views.ent_leave, name="ent_leave"),
    path("ent/<int:pk>/retour/", ent_views.ent_return, name="ent_return"),
]
