"""What was made for families and what was promised to them: generated files, mails and SMS."""

import uuid

from django.db import models
from django.db.models import Q


class Document(models.Model):
    """One generated file, encrypted at rest and short-lived; its bytes are read through documents.py."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField("nom du fichier", max_length=200)
    content_type = models.CharField("type", max_length=100)
    size = models.PositiveBigIntegerField("taille en octets")
    sha256 = models.CharField("empreinte", max_length=64)
    storage_key = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField("créé le")
    expires_at = models.DateTimeField("expire le", db_index=True)

    class Meta:
        verbose_name = "document"
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("created_at")), name="document_lives"),
        ]

    def __str__(self) -> str:
        return self.name


class Delivery(models.Model):
    """One mail promised, then sent, failed or bounced; its words are made when it is sent, never stored.

    While a worker has it in hand `leased_until` is in the future; once past, another may take it up.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "En attente"
        SENT = "sent", "Envoyé"
        FAILED = "failed", "Échec"
        # Refused at once by the server it was handed to, or returned by it later.
        REFUSED = "refused", "Adresse refusée"
        BOUNCED = "bounced", "Adresse refusée (message retourné)"
        # Not to be sent any more: what it would have said is no longer true, or no longer needed.
        CANCELLED = "cancelled", "Sans objet"

    recipient = models.EmailField("destinataire", max_length=254)
    domain = models.CharField(max_length=254, editable=False, default="")
    subject = models.CharField("objet", max_length=200)
    status = models.CharField("état", max_length=10, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField("tentatives", default=0)
    next_attempt_at = models.DateTimeField("prochaine tentative", null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField("dernière erreur", blank=True)
    message_id = models.CharField("Message-ID", max_length=255, unique=True)
    # What it is about, in words only its owner understands.
    reference_kind = models.CharField(max_length=40)
    reference_id = models.CharField(max_length=64)
    created_at = models.DateTimeField("promis le")
    sent_at = models.DateTimeField("envoyé le", null=True, blank=True)
    # Whether its domain had asked for a pause: read when it is claimed.
    was_paused = False

    class Meta:
        verbose_name = "envoi"
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"], condition=Q(status="pending"), name="delivery_queue"
            ),
            models.Index(fields=["reference_kind", "reference_id"], name="delivery_reference"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["pending", "sent", "failed", "refused", "bounced", "cancelled"]),
                name="delivery_status",
            ),
            models.CheckConstraint(
                condition=Q(status="pending", next_attempt_at__isnull=False)
                | (~Q(status="pending") & Q(next_attempt_at__isnull=True, leased_until__isnull=True)),
                name="delivery_next_attempt_only_pending",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["sent", "bounced"], sent_at__isnull=False)
                | (~Q(status__in=["sent", "bounced"]) & Q(sent_at__isnull=True)),
                name="delivery_sent_date_once_sent",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=["sent", "refused", "bounced"]) | Q(attempts__gte=1),
                name="delivery_outcome_after_attempt",
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "sent"]) | ~Q(last_error=""),
                name="delivery_failure_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} ({self.get_status_display()})"


# Those which did not reach the family: to be handed over another way.
NOT_DELIVERED = (Delivery.Status.FAILED, Delivery.Status.REFUSED, Delivery.Status.BOUNCED)


class DomainPause(models.Model):
    """A domain which asked us to come back later: none of its mails leaves before `until`."""

    domain = models.CharField(max_length=254, primary_key=True)
    failures = models.PositiveSmallIntegerField(default=1)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.domain


class SmsMessage(models.Model):
    """One SMS to send soon or never; `sealed` is its number and text, encrypted, emptied once it ended.

    While a worker has it in hand `leased_until` is in the future; once past, another may take it up.
    """

    class Status(models.TextChoices):
        PENDING = "pending", "En attente"
        SENT = "sent", "Envoyé"
        FAILED = "failed", "Refusé"
        # What it said is of no use any more: a code which died.
        EXPIRED = "expired", "Trop tard"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sealed = models.TextField(blank=True)
    status = models.CharField("état", max_length=8, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField("tentatives", default=0)
    next_attempt_at = models.DateTimeField("prochaine tentative", null=True)
    leased_until = models.DateTimeField(null=True)
    last_error = models.CharField("dernière erreur", max_length=100, blank=True, default="")
    created_at = models.DateTimeField("promis le")
    expires_at = models.DateTimeField("inutile après")
    sent_at = models.DateTimeField("envoyé le", null=True)

    class Meta:
        verbose_name = "SMS"
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(status="pending"), name="sms_queue"),
            models.Index(fields=["created_at"], name="sms_oldest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="pending", next_attempt_at__isnull=False) & ~Q(sealed="")
                | (
                    Q(status__in=["sent", "failed", "expired"])
                    & Q(sealed="", next_attempt_at__isnull=True, leased_until__isnull=True)
                ),
                name="sms_is_sealed_until_it_ends",
            ),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False)
                | (~Q(status="sent") & Q(sent_at__isnull=True)),
                name="sms_sent_date_once_sent",
            ),
        ]

    def __str__(self) -> str:
        return f"SMS {self.pk} ({self.get_status_display()})"
