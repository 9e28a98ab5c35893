"""What an establishment chose for its mails, those promised to each account, and the links they hold."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
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
    sends_reminders = models.BooleanField(
        "Rappeler l’échéance par courriel, 30 jours puis 7 jours avant",
        default=False,
        help_text=(
            "La plateforme écrit aux familles notifiées qui n’ont pas activé leur compte et dont une adresse "
            "mail est connue."
        ),
    )
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(Agent, models.PROTECT, null=True, db_index=False, related_name="+")

    def __str__(self) -> str:
        return f"réglages de {self.establishment_id}"


class AccountMail(models.Model):
    """A mail promised to an account: of `establishment`, or of the account alone when that is none.

    A reminder keeps the notification it is about, `distributed_at`, and how many days ahead of the deadline
    it is due: one row for each, and so one mail.
    """

    account = models.ForeignKey(Account, models.CASCADE, db_index=False, related_name="mails")
    establishment = models.ForeignKey(
        Establishment, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    delivery = models.OneToOneField(Delivery, models.CASCADE, related_name="account_mail")
    distributed_at = models.DateTimeField(null=True)
    days_ahead = models.PositiveSmallIntegerField(null=True)

    class Meta:
        indexes = [
            # The last mail of an account, for its page and the lists' filter.
            models.Index(fields=["account", "-id"], name="account_mails"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["account", "distributed_at", "days_ahead"], name="reminder_once"),
            models.CheckConstraint(
                condition=Q(distributed_at__isnull=True, days_ahead__isnull=True)
                | Q(distributed_at__isnull=False, days_ahead__isnull=False, establishment__isnull=False),
                name="reminder_of_a_notification",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} ← {self.delivery_id}"


class PasswordLink(models.Model):
    """A mailed link which shows a provisional password once; only hashes of it and of the secret are kept."""

    token_hash = models.CharField(max_length=64, primary_key=True)
    account = models.ForeignKey(Account, models.CASCADE, related_name="+")
    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="+")
    # Of the sealed secret it stands for: another secret, or none, and the link is dead.
    secret_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"lien du compte {self.account_id}"
