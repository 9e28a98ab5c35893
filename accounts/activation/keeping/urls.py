"""The family's account once it has one, all below /compte/: signing in, finding it again, and keeping it."""

from django.urls import path

from accounts.activation.keeping import (
    changing_views,
    connections,
    home,
    lost,
    missing_child,
    my_children,
    proof,
    sign_in,
)

urlpatterns = [
    path("", home.home, name="family_home"),
    path("enfant-manquant/", missing_child.missing_child, name="family_missing_child"),
    path("connexion/", sign_in.sign_in, name="family_sign_in"),
    path("deconnexion/", sign_in.sign_out, name="family_sign_out"),
    path("nouveau-mot-de-passe/", sign_in.choose_password, name="family_choose_password"),
    path("verification/", proof.proof, name="family_proof"),
    path("identifiant-perdu/", lost.lost_identifier, name="family_lost_identifier"),
    path("mot-de-passe-perdu/", lost.lost_password, name="family_lost_password"),
    path("perdu/courriel/", lost.sent, name="family_lost_sent"),
    path("perdu/sms/", lost.sent_sms, name="family_lost_sent_sms"),
    path("mot-de-passe-perdu/code/", lost.code, name="family_lost_code"),
    path("mot-de-passe-perdu/nouveau/", lost.choose, name="family_lost_choose"),
    path("retrouver/<str:token>/", lost.recover, name="family_recover"),
    path("retrouve/", lost.recovered, name="family_recovered"),
    path("enfants/", my_children.my_children, name="family_children"),
    path("enfants/ajouter/", my_children.add, name="family_add_child"),
    path("enfants/ajouter/confirmer/", my_children.add_confirm, name="family_add_confirm"),
    path("adresse-mail/", changing_views.mail, name="family_mail"),
    path("adresse-mail/envoyee/", changing_views.mail_sent, name="family_mail_sent"),
    path("adresse-mail/renvoyer/", changing_views.mail_again, name="family_mail_again"),
    path("adresse-mail/abandonner/", changing_views.mail_given_up, name="family_mail_given_up"),
    path("adresse-mail/confirmer/<str:token>/", changing_views.confirm_mail, name="family_confirm_mail"),
    path("adresse-mail/confirmee/", changing_views.mail_confirmed, name="family_mail_confirmed"),
    path("portable/", changing_views.mobile, name="family_mobile"),
    path("portable/code/", changing_views.mobile_code, name="family_mobile_code"),
    path("mot-de-passe/", changing_views.password, name="family_password"),
    path("connexions/", connections.connections, name="family_connections"),
    path("connexions/fermer-les-autres/", connections.end_others, name="family_end_others"),
    path("connexions/<int:pk>/fermer/", connections.end, name="family_end_session"),
]
