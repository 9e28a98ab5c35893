"""The door, the choice of an establishment, and the pages about the site."""

from allauth.account import views as allauth_views
from django.urls import include, path, re_path

from establishments import demo, views, visiting
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
