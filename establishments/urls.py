"""The door, the choice of an establishment, and the pages about the site."""

from allauth.account import views as allauth_views
from allauth.mfa.base import views as mfa_views
from allauth.mfa.recovery_codes import views as code_views
from allauth.mfa.totp import views as totp_views
from allauth.mfa.webauthn import views as key_views
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from establishments import demo, security_views, views, visiting
from establishments.federation import views as federation

urlpatterns = [
    path("", views.home, name="home"),
    path("etablissements/", views.establishments, name="establishments"),
    path("etablissements/<str:uai>/delegations/", include("establishments.delegations.urls")),
    path("etablissements/<str:uai>/consultations/", visiting.visit_list, name="visit_list"),
    path("assistance-academique/", visiting.assistance_home, name="assistance_home"),
    path("assistance-academique/<str:uai>/", visiting.visit_begin, name="visit_begin"),
    path("assistance-academique/<str:uai>/terminer/", visiting.visit_leave, name="visit_leave"),
    path("connexion/", views.SignInView.as_view(), name="account_login"),
    path("connexion/verification/", mfa_views.authenticate, name="mfa_authenticate"),
    path("connexion/cle/", security_views.passkey_sign_in, name="mfa_login_webauthn"),
    path("connexion/abandon/", security_views.abandon, name="sign_in_abandon"),
    path("deconnexion/", federation.SignOutView.as_view(), name="account_logout"),
    path("deconnexion/retour/", federation.signed_out, name="federation_signed_out"),
    path("compte-desactive/", allauth_views.account_inactive, name="account_inactive"),
    path("mot-de-passe/", allauth_views.password_reset, name="account_reset_password"),
    path("mot-de-passe/envoye/", allauth_views.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^mot-de-passe/choisir/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        allauth_views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "mot-de-passe/change/",
        allauth_views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("securite/", security_views.my_security, name="mfa_index"),
    path("securite/mot-de-passe/", security_views.change_password, name="account_change_password"),
    path("securite/confirmer/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("securite/code/", mfa_views.reauthenticate, name="mfa_reauthenticate"),
    path("securite/cle/", key_views.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("securite/second-facteur/", security_views.second_factor_start, name="second_factor_start"),
    path("securite/application/", totp_views.activate_totp, name="mfa_activate_totp"),
    path("securite/application/retirer/", totp_views.deactivate_totp, name="mfa_deactivate_totp"),
    path("securite/cles/", RedirectView.as_view(pattern_name="mfa_index"), name="mfa_list_webauthn"),
    path("securite/cles/ajouter/", key_views.add_webauthn, name="mfa_add_webauthn"),
    path("securite/cles/<int:pk>/retirer/", security_views.remove_key, name="mfa_remove_webauthn"),
    path("securite/cles/<int:pk>/renommer/", key_views.edit_webauthn, name="mfa_edit_webauthn"),
    path("securite/codes/", security_views.recovery_codes, name="mfa_view_recovery_codes"),
    path("securite/codes/nouveaux/", code_views.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("securite/sessions/<int:pk>/fermer/", security_views.session_end, name="session_end"),
    path("securite/sessions/fermer/", security_views.sessions_end_others, name="sessions_end_others"),
    path("session/prolonger/", security_views.session_extend, name="session_extend"),
    path("saisie-conservee/", security_views.kept_form, name="kept_form"),
    path("invitation/<str:token>/", views.invitation, name="invitation"),
    path("demo/connexion/", demo.sign_in, name="demo_sign_in"),
    path("plan-du-site/", views.page, {"name": "site_map"}, name="site_map"),
    path("accessibilite/", views.page, {"name": "accessibility"}, name="accessibility"),
    path("mentions-legales/", views.page, {"name": "legal_notice"}, name="legal_notice"),
    path("donnees-personnelles/", views.page, {"name": "personal_data"}, name="personal_data"),
    # After everything else below /connexion/.
    path("connexion/<slug:provider>/", federation.start, name="federation_sign_in"),
    path("connexion/<slug:provider>/retour/", federation.come_back, name="federation_return"),
]
