"""The sessions of families, as they may see and end them: the open ones, and for a while the former."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models.account import Account


class FamilySession(models.Model):
    """One browser signed in to an account, by which way. Ended, the row stays for a while:
    the family reads there who signed in.
    """

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
    ended_at = models.DateTimeField(null=True)
    address = models.GenericIPAddressField("adresse", null=True, unpack_ipv4=True)
    browser = models.CharField("navigateur", max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["opened_at"], name="family_session_oldest")]

    def __str__(self) -> str:
        return f"{self.account_id} {self.opened_at:%Y-%m-%d %H:%M}"
