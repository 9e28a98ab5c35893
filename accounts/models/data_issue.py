"""One thing in a school's data that keeps a family out, from the night it is seen until it is solved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Count, Q

from accounts.models.joining import Duplicate
from establishments.access import RESPONSABLES, STUDENTS, Right
from establishments.models import Establishment, Responsable, Responsibility, Student

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from establishments.access import Access


class DataIssueKind(models.TextChoices):
    GUARDIAN_MISSING = "GUARDIAN_MISSING", "aucun responsable légal"
    INE_MISSING = "INE_MISSING", "INE absent"
    CLASS_MISSING = "CLASS_MISSING", "aucune classe"
    BIRTH_DATE_DOUBTFUL = "BIRTH_DATE_DOUBTFUL", "date de naissance douteuse"
    MOBILE_MISSING = "MOBILE_MISSING", "téléphone portable absent"
    MOBILE_UNUSABLE = "MOBILE_UNUSABLE", "téléphone portable inutilisable"
    MOBILE_SHARED = "MOBILE_SHARED", "téléphone portable commun à deux responsables"
    MAIL_MISSING = "MAIL_MISSING", "adresse mail absente"
    TO_RENOTIFY = "TO_RENOTIFY", "courrier remplacé, à renotifier"
    MAIL_INVALID = "MAIL_INVALID", "adresse mail non valable"
    PHONE_INVALID = "PHONE_INVALID", "téléphone non valable"
    RELATION_CONTESTED = "RELATION_CONTESTED", "lien contesté par la famille"
    DUPLICATE = "DUPLICATE", "doublon probable"


SAID = frozenset({DataIssueKind.RELATION_CONTESTED, DataIssueKind.TO_RENOTIFY})
"""What data do not show: said by someone, and solved by someone."""
APART = frozenset({*SAID, DataIssueKind.DUPLICATE})
"""What the statement of accounts.data_issues neither opens nor solves."""


class DataIssueQuerySet(models.QuerySet["DataIssue"]):
    def unsolved(self) -> DataIssueQuerySet:
        return self.filter(solved_at__isnull=True)

    def visible_to(self, access: Access, right: Right = Right.CONSULT) -> DataIssueQuerySet:
        """Those of the establishment about pupils, or responsables, for whom the agent has `right`.

        In the 1er degré pupils have no accounts: they go with those who answer for them.
        """
        here = self.filter(establishment=access.establishment)
        of_responsables = access.can(right, RESPONSABLES)
        of_students = (
            access.can(right, STUDENTS) if access.establishment.is_second_degree else of_responsables
        )
        if of_students and of_responsables:
            return here
        return here.filter(student__isnull=not of_students, responsable__isnull=not of_responsables)

    def count_by_kind(self) -> dict[str, int]:
        return dict(self.order_by().values_list("kind").annotate(Count("pk")))

    def solved_since(self, moment: datetime) -> DataIssueQuerySet:
        return self.filter(solved_at__gte=moment)

    def about(self, records: Iterable[Responsable | Student]) -> DataIssueQuerySet:
        """Those of pupils, or those of responsables and of the pupils they answer for, present or not."""
        responsables = [record.pk for record in records if isinstance(record, Responsable)]
        students = [record.pk for record in records if isinstance(record, Student)]
        links = Responsibility.objects.filter(
            responsable__in=responsables, is_legal=True, ended_at__isnull=True
        )
        return self.filter(
            Q(responsable__in=responsables) | Q(student__in=students) | Q(student__in=links.values("student"))
        )


class DataIssue(models.Model):
    """It names the record and what is wrong with it, and copies nothing of it: the record says the rest.

    Written by accounts.data_issues alone, but for what someone says (SAID), and for the lines of probable
    duplicates, one a pair, which follow `duplicate` (joining.duplicates). Told to the establishment which can
    correct it.
    """

    Kind = DataIssueKind

    establishment = models.ForeignKey(
        Establishment, models.CASCADE, db_index=False, related_name="data_issues"
    )
    kind = models.CharField("constat", max_length=20, choices=Kind.choices)
    responsable = models.ForeignKey(
        Responsable, models.CASCADE, null=True, db_index=False, related_name="data_issues"
    )
    student = models.ForeignKey(
        Student, models.CASCADE, null=True, db_index=False, related_name="data_issues"
    )
    duplicate = models.ForeignKey(
        Duplicate, models.CASCADE, null=True, db_index=False, related_name="data_issues"
    )
    # Of a contested relation: the records of those who say it is not theirs.
    contested_by = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    opened_at = models.DateTimeField("constaté le")
    solved_at = models.DateTimeField("corrigé le", null=True)

    objects = DataIssueQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["establishment", "kind"],
                condition=Q(solved_at__isnull=True),
                name="data_issue_unsolved",
            ),
            models.Index(
                fields=["establishment", "solved_at"],
                condition=Q(solved_at__isnull=False),
                name="data_issue_solved",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DataIssueKind.values), name="data_issue_kind"),
            models.CheckConstraint(
                condition=Q(responsable__isnull=False, student__isnull=True)
                | Q(responsable__isnull=True, student__isnull=False),
                name="data_issue_of_one_record",
            ),
            models.UniqueConstraint(
                fields=["responsable", "kind", "establishment"],
                condition=Q(solved_at__isnull=True, responsable__isnull=False, duplicate__isnull=True),
                name="data_issue_responsable_once",
            ),
            models.CheckConstraint(
                condition=Q(kind=DataIssueKind.DUPLICATE, responsable__isnull=False, duplicate__isnull=False)
                | (~Q(kind=DataIssueKind.DUPLICATE) & Q(duplicate__isnull=True)),
                name="data_issue_of_a_pair",
            ),
            models.UniqueConstraint(
                fields=["duplicate"],
                condition=Q(solved_at__isnull=True, duplicate__isnull=False),
                name="data_issue_pair_once",
            ),
            models.UniqueConstraint(
                fields=["student", "kind", "establishment"],
                condition=Q(solved_at__isnull=True, student__isnull=False),
                name="data_issue_student_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.responsable_id or self.student_id}"

    @property
    def record(self) -> Responsable | Student:
        record = self.responsable or self.student
        assert record is not None
        return record

    @property
    def is_contested(self) -> bool:
        return self.kind == DataIssueKind.RELATION_CONTESTED

    @property
    def population(self) -> str:
        """Whose lists tell it, as visible_to says."""
        return STUDENTS if self.student_id and self.establishment.is_second_degree else RESPONSABLES

    @property
    def place(self) -> str:
        """Where it is corrected in the school's own software: which record, and what part of it."""
        return _PLACES[DataIssueKind(self.kind)]

    @property
    def written(self) -> str:
        """What the record says, when that is what is wrong."""
        if self.student:
            is_of_date = self.kind == DataIssueKind.BIRTH_DATE_DOUBTFUL
            return f"{self.student.birth_date:%d/%m/%Y}" if is_of_date else ""
        name = _WRITTEN.get(DataIssueKind(self.kind))
        return str(getattr(self.responsable, name)) if name else ""

    @property
    def consequence(self) -> str:
        """What it keeps from the family, in a sentence."""
        kind = DataIssueKind(self.kind)
        if self.establishment.is_second_degree and kind in _IN_THE_2ND_DEGREE:
            return _IN_THE_2ND_DEGREE[kind]
        return _CONSEQUENCES[kind]


_CONSEQUENCES = {
    DataIssueKind.GUARDIAN_MISSING: "Aucun compte ne peut être créé pour sa famille.",
    DataIssueKind.INE_MISSING: "Sans INE, cet élève n’ouvre pas de compte à sa famille.",
    DataIssueKind.CLASS_MISSING: "Sans classe, cet élève n’ouvre pas de compte à sa famille.",
    DataIssueKind.BIRTH_DATE_DOUBTFUL: "La famille doit saisir cette date pour activer son compte.",
    DataIssueKind.MOBILE_MISSING: "Ni l’inscription par SMS ni FranceConnect ne sont possibles.",
    DataIssueKind.MOBILE_UNUSABLE: (
        "Le numéro saisi n’est pas un mobile : ni l’inscription par SMS ni FranceConnect ne sont possibles."
    ),
    DataIssueKind.MOBILE_SHARED: "Vérifiez auquel des deux ce numéro appartient.",
    DataIssueKind.TO_RENOTIFY: (
        "Cette personne avait deux comptes, désormais réunis : le courrier remis pour le compte fermé ne "
        "fonctionne plus. Notifiez de nouveau le compte conservé."
    ),
    DataIssueKind.MAIL_MISSING: "Le compte ne peut pas être notifié par courrier électronique.",
    DataIssueKind.MAIL_INVALID: (
        "L’adresse saisie n’en est pas une : le compte ne peut pas être notifié par courrier électronique."
    ),
    DataIssueKind.PHONE_INVALID: "Ce numéro n’est repris nulle part : la famille ne peut pas y être jointe.",
    DataIssueKind.DUPLICATE: "Saisie deux fois, une personne a deux comptes et reçoit deux courriers.",
    DataIssueKind.RELATION_CONTESTED: "La famille dit que ce lien est faux : vérifiez qui répond de l’élève.",
}
_WRITTEN = {
    DataIssueKind.MOBILE_UNUSABLE: "mobile_raw",
    DataIssueKind.MOBILE_SHARED: "mobile_raw",
    DataIssueKind.MAIL_INVALID: "refused_mail",
    DataIssueKind.PHONE_INVALID: "refused_phone",
}
_PLACES = {
    DataIssueKind.GUARDIAN_MISSING: "Fiche de l’élève, responsables légaux",
    DataIssueKind.INE_MISSING: "Fiche de l’élève, identité : INE",
    DataIssueKind.CLASS_MISSING: "Fiche de l’élève, scolarité : classe",
    DataIssueKind.BIRTH_DATE_DOUBTFUL: "Fiche de l’élève, identité : date de naissance",
    DataIssueKind.MOBILE_MISSING: "Fiche du responsable, coordonnées : mobile",
    DataIssueKind.MOBILE_UNUSABLE: "Fiche du responsable, coordonnées : mobile",
    DataIssueKind.MOBILE_SHARED: "Fiches des responsables, coordonnées : mobile",
    DataIssueKind.MAIL_MISSING: "Fiche du responsable, coordonnées : adresse mail",
    DataIssueKind.MAIL_INVALID: "Fiche du responsable, coordonnées : adresse mail",
    DataIssueKind.PHONE_INVALID: "Fiche du responsable, coordonnées : téléphone",
    DataIssueKind.RELATION_CONTESTED: "Fiche de l’élève, responsables légaux",
    DataIssueKind.TO_RENOTIFY: "Compte du responsable, dans la console",
    DataIssueKind.DUPLICATE: "Fiches des responsables, saisies deux fois",
}
# There, being in a school is enough to have an account.
_IN_THE_2ND_DEGREE = {
    DataIssueKind.INE_MISSING: "Les services en ligne peuvent ne pas reconnaître cet élève.",
    DataIssueKind.CLASS_MISSING: "Cet élève n’apparaît dans les listes et les feuilles d’aucune classe.",
}
