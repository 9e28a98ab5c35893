"""The family's account once it has one, all below /compte/: signing in, and keeping it."""

from django.urls import path

from accounts.activation import home, missing_child, sign_in

urlpatterns = [
    path("", home.home, name="family_home"),
    path("enfant-manquant/", missing_child.missing_child, name="family_missing_child"),
    path("connexion/", sign_in.sign_in, name="family_sign_in"),
    path("deconnexion/", sign_in.sign_out, name="family_sign_out"),
    path("nouveau-mot-de-passe/", sign_in.choose_password, name="family_choose_password"),
]
