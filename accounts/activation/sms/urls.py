"""The way in by SMS, below /activation/sms/."""

from django.urls import path

from accounts.activation.sms import views

urlpatterns = [
    path("", views.start, name="sms_start"),
    path("code/", views.code, name="sms_code"),
    path("code/renvoyer/", views.send_again, name="sms_send_again"),
    path("enfants/", views.children, name="sms_children"),
    path("mot-de-passe/", views.password, name="sms_password"),
    path("active/", views.done, name="sms_done"),
    path("refus/", views.refused, name="sms_refused"),
    path("deja-active/", views.active, name="sms_active"),
    path("verification/", views.checking, name="sms_checking"),
]
