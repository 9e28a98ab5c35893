"""What families open from their letters and mails, all below /activation/: the ways in."""

from django.urls import include, path

from accounts.activation import front

urlpatterns = [
    path("", front.ways_in, name="activation"),
    path("sms/", include("accounts.activation.sms.urls")),
    path("assistance/", front.assistance, name="family_assistance"),
    path("", include("accounts.activation.letter.urls")),
    path("", include("accounts.activation.federated.urls")),
]
