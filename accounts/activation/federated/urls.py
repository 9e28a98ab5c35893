"""The ways in by FranceConnect and from an ENT, below /activation/."""

from django.urls import path

from accounts.activation.federated import ent_views, franceconnect_views

urlpatterns = [
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
