"""One extract applied or refused, and what was wrong in it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from aaf_import.faults import LABELS, Fault
from establishments.models import Agent, Establishment, Feed, Responsable, Student


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def followed_by(self, agent: Agent) -> ImportRunQuerySet:
        """Of the académies whose imports the agent follows; one refused before it was known is nobody's."""
        return self.filter(academy__in=agent.academy_roles.following_imports().values("academy"))


class ImportRun(models.Model):
    """One try at applying one extract.

    `counts`, `anomaly_counts` and `ignored_attributes` are what `import_aaf --json` prints. A dry run and a
    refused one keep their counts, what they would have done, and nothing of it. `message` says, in French,
    why an extract was refused. `year_change` says that many departures were expected.
    """

    class Kind(models.TextChoices):
        COMPLET = "complet", "Complet"
        DELTA = "delta", "Delta"

    class Status(models.TextChoices):
        RUNNING = "RUNNING", "En cours"
        APPLIED = "APPLIED", "Appliqué"
        REFUSED = "REFUSED", "Refusé"
        DRY_RUN = "DRY_RUN", "Essai, rien n’est appliqué"

    feed = models.ForeignKey(Feed, models.PROTECT, null=True, related_name="import_runs")
    academy = models.CharField("académie", max_length=2, blank=True)
    degree = models.PositiveSmallIntegerField("degré", null=True)
    kind = models.CharField("type", max_length=8, choices=Kind.choices)
    extract_date = models.DateField("date de l’extrait", null=True)
    status = models.CharField("état", max_length=8, choices=Status.choices, default=Status.RUNNING)
    started_at = models.DateTimeField("début", default=timezone.now)
    finished_at = models.DateTimeField("fin", null=True)
    counts = models.JSONField("comptes", default=dict)
    anomaly_counts = models.JSONField("anomalies", default=dict)
    ignored_attributes = models.JSONField("attributs ignorés", default=dict)
    message = models.TextField("message", blank=True)
    forced = models.BooleanField("forcé", default=False)
    year_change = models.BooleanField("changement d’année", default=False)
    told_at = models.DateTimeField("refus signalé le", null=True)

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["feed", "-started_at"], name="run_of_feed"),
            models.Index(fields=["academy", "degree", "-id"], name="run_of_academy"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status="RUNNING", finished_at__isnull=True)
                | (~Q(status="RUNNING") & Q(finished_at__isnull=False)),
                name="run_finished",
            ),
            models.CheckConstraint(
                condition=~Q(status="REFUSED") | ~Q(message=""), name="run_refused_says_why"
            ),
        ]

    def __str__(self) -> str:
        return f"import {self.pk}"

    @property
    def seconds(self) -> float:
        """How long it took, up to now when it is not finished."""
        return round(((self.finished_at or timezone.now()) - self.started_at).total_seconds(), 2)

    def as_json(self) -> dict[str, Any]:
        """What programs read (`import_aaf --json`)."""
        return {
            "run": self.pk,
            "academy": self.academy,
            "degree": self.degree,
            "kind": self.kind,
            "applied": self.status == self.Status.APPLIED,
            "refused": self.status == self.Status.REFUSED,
            "message": self.message,
            "forced": self.forced,
            "year_change": self.year_change,
            "counts": self.counts,
            "anomalies": self.anomaly_counts,
            "ignored_attributes": self.ignored_attributes,
            "seconds": self.seconds,
        }


class Anomaly(models.Model):
    """What was wrong in one entry, said to the director of the establishment when it is of one."""

    run = models.ForeignKey(ImportRun, models.CASCADE, related_name="anomalies")
    code = models.CharField(max_length=32, choices=[(fault.value, LABELS[fault]) for fault in Fault])
    category = models.CharField("catégorie AAF", max_length=40)
    jointure = models.CharField(max_length=64, blank=True)
    attribute = models.CharField("attribut AAF", max_length=80, blank=True)
    establishment = models.ForeignKey(Establishment, models.PROTECT, null=True, related_name="anomalies")
    sentence = models.TextField("constat")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(code__in=[f.value for f in Fault]), name="anomaly_code")
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.jointure}"


class RecordChange(models.Model):
    """What an import changed of one record, for the page which tells a school its last nights.

    Written at the end of the import (merging.telling), forgotten 60 days later (sweeping). `at` is
    that of the event which counts them. An extract which is the first of its feed leaves none.
    """

    class Kind(models.TextChoices):
        ARRIVED = "arrived", "Arrivées"
        LEFT = "left", "Départs"
        CLASS_CHANGED = "class_changes", "Changements de classe"
        CORRECTED = "corrected", "Fiches mises à jour"

    establishment = models.ForeignKey(Establishment, models.CASCADE, db_index=False, related_name="+")
    at = models.DateTimeField("constaté le")
    kind = models.CharField("changement", max_length=16, choices=Kind.choices)
    student = models.ForeignKey(Student, models.CASCADE, null=True, db_index=False, related_name="+")
    responsable = models.ForeignKey(Responsable, models.CASCADE, null=True, db_index=False, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["establishment", "at"], name="record_change_of_night"),
            models.Index(fields=["at"], name="record_change_oldest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(responsable__isnull=False, student__isnull=True)
                | Q(responsable__isnull=True, student__isnull=False),
                name="record_change_of_one_record",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.responsable_id or self.student_id}"
