"""Bulk actions: what is to be done to which accounts, how far it went, what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.account import Account, AccountKind
from accounts.transitions import SecretEffect
from establishments.models import Agent, Establishment, SchoolClass
from notifications.models import Delivery, Document

if TYPE_CHECKING:
    from establishments.access import Access


class OperationQuerySet(models.QuerySet["Operation"]):
    def visible_to(self, access: Access) -> OperationQuerySet:
        """Those of the establishment, about a population the agent may see.

        Drafts, and lists of what is to correct, which may be about both, are their author's alone.
        """
        from_here = self.filter(establishment=access.establishment, population__in=access.populations)
        own = Q(status=Operation.Status.DRAFT) | Q(kind=Operation.Kind.ISSUE_LIST)
        return from_here.exclude(own, ~Q(agent=access.agent))


class Operation(models.Model):
    """One bulk action. A draft is frozen at its making and shown before anything happens.

    `options` is what the agent chose at the preview, as the kind's own module reads and writes it.
    `starts_at` is the end of a scheduled operation's hold, during which it can still be called off.
    `heartbeat_at` moves while a worker works on it: an operation whose heart stopped is taken up again.
    """

    class Kind(models.TextChoices):
        NOTIFY_SHEETS = "NOTIFY_SHEETS", "Notification par feuilles individuelles"
        NOTIFY_MAIL = "NOTIFY_MAIL", "Notification par courrier électronique"
        RESET = "RESET", "Réinitialisation des mots de passe"
        RELAUNCH = "RELAUNCH", "Relance"
        LIST = "LIST", "Liste de comptes"
        LEAFLET = "LEAFLET", "Dépliant"
        ISSUE_LIST = "ISSUE_LIST", "Liste des données à corriger"

    class Status(models.TextChoices):
        DRAFT = "DRAFT", "À confirmer"
        SCHEDULED = "SCHEDULED", "Programmée"
        QUEUED = "QUEUED", "En attente"
        RUNNING = "RUNNING", "En cours"
        RENDERING = "RENDERING", "Édition des feuilles"
        UNRENDERED = "UNRENDERED", "Notifié, feuilles à éditer"
        FAILED = "FAILED", "Interrompue"
        DONE = "DONE", "Terminée"
        CANCELLED = "CANCELLED", "Annulée"

    establishment = models.ForeignKey(Establishment, models.PROTECT, related_name="operations")
    agent = models.ForeignKey(Agent, models.PROTECT, db_index=False, related_name="operations")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    population = models.CharField(max_length=12, choices=AccountKind.choices)
    with_reset = models.BooleanField(default=False)
    options = models.JSONField(default=dict)
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.DRAFT)
    created_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True)
    starts_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    document = models.ForeignKey(Document, models.SET_NULL, null=True, related_name="+")

    objects = OperationQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["heartbeat_at"],
                condition=Q(status__in=["QUEUED", "RUNNING", "RENDERING"]),
                name="operation_underway",
            ),
            models.Index(fields=["starts_at"], condition=Q(status="SCHEDULED"), name="operation_scheduled"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["DRAFT", "CANCELLED"]) | Q(confirmed_at__isnull=False),
                name="operation_confirmed_first",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def campaign_label(self) -> str:
        """« Notification » or « Relance », whatever the channel."""
        return "Relance" if self.kind == self.Kind.RELAUNCH else "Notification"

    @property
    def is_scheduled(self) -> bool:
        return self.status == self.Status.SCHEDULED

    @property
    def is_underway(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.RUNNING, self.Status.RENDERING)


class OperationItem(models.Model):
    """One account of an operation, with the version it had when the agent chose it."""

    class Status(models.TextChoices):
        PENDING = "PENDING", "En attente"
        DONE = "DONE", "Fait"
        LEFT_ASIDE = "LEFT_ASIDE", "Laissé de côté"

    class Reason(models.TextChoices):
        CHANGED = "CHANGED", "Le compte a changé depuis la sélection"
        GONE = "GONE", "Le compte n’a plus d’élève dans l’établissement"
        FORBIDDEN = "FORBIDDEN", "L’état du compte ne permet pas cette action"
        UNREACHABLE = "UNREACHABLE", "Aucune adresse mail ne permet de joindre ce compte"
        UNABLE = "UNABLE", "Compte déjà activé, ou pas de mobile connu pour s’inscrire seul"

    class Channel(models.TextChoices):
        SHEET = "SHEET", "Feuille individuelle"
        MAIL = "MAIL", "Courrier électronique"

    operation = models.ForeignKey(Operation, models.CASCADE, db_index=False, related_name="items")
    account = models.ForeignKey(Account, models.PROTECT, db_index=False, related_name="operation_items")
    version = models.PositiveIntegerField()
    channel = models.CharField(max_length=8, choices=Channel.choices, blank=True, default="")
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PENDING)
    effect = models.CharField(
        max_length=8, choices=[(e.value, e.value) for e in SecretEffect], blank=True, default=""
    )
    reason = models.CharField(max_length=12, choices=Reason.choices, blank=True, default="")
    delivery = models.OneToOneField(Delivery, models.SET_NULL, null=True, related_name="item")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operation", "account"], name="item_once"),
            models.CheckConstraint(
                condition=Q(status="PENDING", effect="", reason="")
                | (Q(status="DONE", reason="") & ~Q(effect=""))
                | (Q(status="LEFT_ASIDE", effect="") & ~Q(reason="")),
                name="item_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation_id}:{self.account_id}"


class OperationPart(models.Model):
    """A run of sheets rendered by one task; joined with the others, then deleted.

    `school_class` is that of a bundle, none for pupils without class or when classes run on; `is_front`
    marks what comes before its sheets, a cover and a list to sign.
    """

    operation = models.ForeignKey(Operation, models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    school_class = models.ForeignKey(
        SchoolClass, models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    is_front = models.BooleanField(default=False)
    accounts = models.JSONField(help_text="Clés des comptes, dans l’ordre des feuilles.")
    document = models.ForeignKey(Document, models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["operation", "position"], name="part_once")]

    def __str__(self) -> str:
        return f"{self.operation_id}/{self.position}"
