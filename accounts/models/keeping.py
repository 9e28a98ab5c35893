"""What a family asked for to keep its account: a link which waits, or help to find the account again."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from accounts.models.account import Account


class FamilyLink(models.Model):
    """The last link mailed to an account for one purpose: only the one numbered `number` opens, and once.

    `mail` is where it was sent: for a new address, the address itself. `stamp` is that of the account's
    password when it was asked for (accounts.activation.session.stamp_of): once changed, the link is void.
    """

    class Purpose(models.TextChoices):
        PASSWORD = "PASSWORD", "Nouveau mot de passe"
        MAIL = "MAIL", "Nouvelle adresse mail"

    account = models.ForeignKey(Account, models.CASCADE, related_name="family_links", db_index=False)
    purpose = models.CharField("pour", max_length=8, choices=Purpose.choices)
    number = models.PositiveIntegerField(default=0)
    mail = models.CharField("adresse mail", max_length=254)
    stamp = models.CharField(max_length=64)
    asked_at = models.DateTimeField("demandé le")
    used_at = models.DateTimeField("utilisé le", null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "purpose"], name="family_link_one_a_purpose"),
            models.CheckConstraint(
                condition=models.Q(purpose__in=["PASSWORD", "MAIL"]), name="family_link_purpose"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.purpose} {self.number}"


class RecoveryRequest(models.Model):
    """« J’ai perdu mon identifiant », or my password: sealed until a worker answers it, then forgotten.

    Whoever asks, the page does the same work; whether the account exists is looked for elsewhere.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sealed = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M}"
