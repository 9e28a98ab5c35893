"""Mails promised to agents about a delegation: kept until they left, or were refused."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from establishments.models.agents import Agent, Delegation


class DelegationNotice(models.Model):
    """One mail to one agent. Its words are made when it leaves, from what the delegation is then."""

    class Kind(models.TextChoices):
        INVITED = "INVITED", "Invitation"
        GRANTED = "GRANTED", "Délégation accordée"
        CHANGED = "CHANGED", "Délégation modifiée"
        ENDED = "ENDED", "Délégation terminée"

    delegation = models.ForeignKey(Delegation, models.CASCADE, related_name="notices")
    recipient = models.ForeignKey(Agent, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at", "id"],
                condition=models.Q(sent_at__isnull=True, failed_at__isnull=True),
                name="notice_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.delegation_id} → {self.recipient_id}"
