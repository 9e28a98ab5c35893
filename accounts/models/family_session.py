"""The open sessions of families, as they may see and end them."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models.account import Account


class FamilySession(models.Model):
    """One browser signed in to an account, by which way. The row goes with its session, or at night."""

    class Way(models.TextChoices):
        PASSWORD = "PASSWORD", "Mot de passe"
        ACTIVATION = "ACTIVATION", "Activation du compte"
        FRANCECONNECT = "FRANCECONNECT", "FranceConnect"
        ENT = "ENT", "ENT"

    account = models.ForeignKey(Account, models.CASCADE, related_name="family_sessions")
    session_key = models.CharField(max_length=40, unique=True)
    way = models.CharField("par", max_length=13, choices=Way.choices)
    opened_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    address = models.GenericIPAddressField("adresse", null=True, unpack_ipv4=True)
    browser = models.CharField("navigateur", max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["opened_at"], name="family_session_oldest")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.opened_at:%Y-%m-%d %H:%M}"
