"""The way in by SMS, below /activation/sms/."""

from django.urls import path

from accounts.activation import sms

urlpatterns = [
    path("", sms.start, name="sms_start"),
    path("code/", sms.code, name="sms_code"),
    path("code/renvoyer/", sms.send_again, name="sms_send_again"),
    path("enfants/", sms.children, name="sms_children"),
    path("mot-de-passe/", sms.password, name="sms_password"),
    path("active/", sms.done, name="sms_done"),
    path("refus/", sms.refused, name="sms_refused"),
    path("deja-active/", sms.active, name="sms_active"),
    path("verification/", sms.checking, name="sms_checking"),
]
