"""What an establishment chose for its accounts, and the links which stand for a provisional password."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models.account import Account
from establishments.models import Agent, Establishment
from notifications.models import Delivery


class EstablishmentSettings(models.Model):
    """One row an establishment, made when something is first chosen; the defaults are those of no row."""

    establishment = models.OneToOneField(
        Establishment, models.CASCADE, primary_key=True, related_name="settings"
    )
    mails_a_link = models.BooleanField(
        "Remplacer le mot de passe par un lien à usage unique",
        default=False,
        help_text="Le courriel ne porte pas le mot de passe provisoire : un lien l’affiche une seule fois.",
    )
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(Agent, models.PROTECT, null=True, db_index=False, related_name="+")

    def __str__(self) -> str:
        return f"réglages de {self.establishment_id}"


class PasswordLink(models.Model):
    """A mailed link which shows a provisional password once; only hashes of it and of the secret are kept."""

    token_hash = models.CharField(max_length=64, primary_key=True)
    account = models.ForeignKey(Account, models.CASCADE, db_index=False, related_name="+")
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="+")
    # Of the sealed secret it stands for: another secret, or none, and the link is dead.
    secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"lien du compte {self.account_id}"
