"""The identity a family holds, the records it stands for, and where its children are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.transitions import Origin, State
from establishments.models import Establishment, Responsable, Student

if TYPE_CHECKING:
    from datetime import datetime

    from establishments.access import Access

STATE_LABELS = {
    State.NOT_NOTIFIED: "Non notifié",
    State.NOTIFIED: "Notifié et non activé",
    State.ACTIVATING: "En cours d’activation",
    State.ACTIVE: "Activé",
}
ORIGIN_LABELS = {
    Origin.NONE: "Non renseigné",
    Origin.ESTABLISHMENT: "Établissement",
    Origin.RESPONSABLE: "Responsable",
    Origin.FRANCECONNECT: "FranceConnect",
    Origin.ENT: "ENT",
    Origin.ATEN: "ATEN",
}


class AccountKind(models.TextChoices):
    RESPONSABLE = "RESPONSABLE", "Responsable"
    STUDENT = "STUDENT", "Élève"


class AccountQuerySet(models.QuerySet["Account"]):
    def visible_to(self, access: Access) -> AccountQuerySet:
        """Accounts which hold a child in the establishment, of the populations the agent may see."""
        here = Holding.objects.filter(account=models.OuterRef("pk"), establishment=access.establishment)
        return self.filter(models.Exists(here), kind__in=kinds_of(access), closed_at__isnull=True)

    def in_state(self, state: State) -> AccountQuerySet:
        return self.filter(state=state)


def kinds_of(access: Access) -> list[AccountKind]:
    """The kinds of accounts an agent may see where they are acting."""
    kinds = {AccountKind.STUDENT: access.sees_students, AccountKind.RESPONSABLE: access.sees_responsables}
    return [kind for kind, seen in kinds.items() if seen]


class Account(models.Model):
    """One human, one account. What each state holds is checked by the database (design §5).

    `sealed_secret` is the encrypted provisional password, `password` the hash of a chosen one:
    never both. `secret_expires_at` is the end of the secret's last day where it was handed out,
    kept when the dead secret is erased. `times_distributed` counts the notifications since the first one,
    or since the one that replaced a dead secret. `version` counts the changes: all are conditional on it.
    `mail` and `mobile` are what the family validated; an import never writes this table's rows.
    Of the links mailed to activate it, only the one numbered `activation_link_number`, drawn
    `activation_link_at`, opens. Brought together with another, it is closed, `merged_into` that one, and
    stands for no record. Once anonymised, its identifiant is `~` and its key, and nobody's.
    """

    identifier = models.CharField("identifiant", max_length=140, unique=True, db_collation="C")
    kind = models.CharField(max_length=12, choices=AccountKind.choices)
    state = models.CharField(
        "état", max_length=12, choices=[(s.value, label) for s, label in STATE_LABELS.items()]
    )
    origin = models.CharField(
        "origine", max_length=14, choices=[(o.value, label) for o, label in ORIGIN_LABELS.items()]
    )
    version = models.PositiveIntegerField(default=0)
    sealed_secret = models.TextField(blank=True, default="")
    secret_drawn_at = models.DateTimeField(null=True)
    secret_expires_at = models.DateTimeField("mot de passe provisoire valable jusqu’au", null=True)
    distributed_at = models.DateTimeField("date de distribution", null=True)
    distributed_by = models.ForeignKey(
        Establishment, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    times_distributed = models.PositiveSmallIntegerField(default=0, db_default=0)
    password = models.CharField(max_length=255, blank=True, default="")
    reset_requested_at = models.DateTimeField("date de demande de réinitialisation", null=True)
    pending_mail = models.CharField("adresse à confirmer", max_length=254, blank=True, default="")
    activating_since = models.DateTimeField(null=True)
    activation_link_number = models.PositiveIntegerField(default=0, db_default=0)
    activation_link_at = models.DateTimeField(null=True)
    activated_at = models.DateTimeField("activé le", null=True)
    mail = models.CharField("adresse mail", max_length=254, blank=True, default="")
    mobile = models.CharField("mobile", max_length=20, blank=True, default="")
    franceconnect_sub = models.CharField(max_length=255, null=True, unique=True)  # noqa: DJ001 - unique when present
    last_sign_in_at = models.DateTimeField("date de dernière connexion", null=True)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, db_index=False, related_name="+")
    anonymised_at = models.DateTimeField(null=True)

    objects = AccountQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["secret_expires_at"], condition=~Q(sealed_secret=""), name="account_live_secrets"
            ),
            models.Index(
                fields=["closed_at", "id"],
                condition=Q(closed_at__isnull=False, anonymised_at__isnull=True),
                name="account_to_anonymise",
            ),
            models.Index(fields=["mobile"], condition=~Q(mobile=""), name="account_validated_mobile"),
            models.Index(Lower("mail"), condition=~Q(mail=""), name="account_validated_mail"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=list(State)), name="account_state"),
            models.CheckConstraint(condition=Q(kind__in=AccountKind.values), name="account_kind"),
            models.CheckConstraint(
                condition=Q(state=State.NOT_NOTIFIED, origin=Origin.NONE)
                | (~Q(state=State.NOT_NOTIFIED) & Q(origin__in=[o for o in Origin if o != Origin.NONE])),
                name="account_origin_unknown_only_before",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.NOT_NOTIFIED)
                | Q(
                    sealed_secret="",
                    password="",
                    pending_mail="",
                    mail="",
                    secret_drawn_at__isnull=True,
                    secret_expires_at__isnull=True,
                    distributed_at__isnull=True,
                    times_distributed=0,
                    reset_requested_at__isnull=True,
                    activating_since__isnull=True,
                    activated_at__isnull=True,
                ),
                name="account_not_notified_holds_nothing",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.NOTIFIED)
                | Q(
                    origin=Origin.ESTABLISHMENT,
                    password="",
                    pending_mail="",
                    mail="",
                    distributed_at__isnull=False,
                    times_distributed__gte=1,
                    secret_drawn_at__isnull=False,
                    secret_expires_at__isnull=False,
                    activating_since__isnull=True,
                    activated_at__isnull=True,
                ),
                name="account_notified_holds_a_secret",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.ACTIVATING)
                | Q(
                    ~Q(pending_mail="") | Q(anonymised_at__isnull=False),
                    ~Q(password="") | Q(reset_requested_at__isnull=False) | Q(closed_at__isnull=False),
                    origin=Origin.ESTABLISHMENT,
                    activating_since__isnull=False,
                    activated_at__isnull=True,
                ),
                name="account_activating_waits_for_a_mail",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.ACTIVE)
                | Q(
                    ~Q(password="")
                    | Q(reset_requested_at__isnull=False)
                    | Q(franceconnect_sub__isnull=False)
                    | Q(closed_at__isnull=False),
                    activated_at__isnull=False,
                ),
                name="account_active_can_sign_in",
            ),
            models.CheckConstraint(
                condition=Q(sealed_secret="") | Q(password=""), name="account_one_password_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(sealed_secret="")
                | Q(secret_drawn_at__isnull=False, secret_expires_at__isnull=False),
                name="account_secret_is_dated",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(sealed_secret=""),
                name="account_closed_holds_no_secret",
            ),
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True)
                | (Q(closed_at__isnull=False) & ~Q(merged_into=models.F("id"))),
                name="account_merged_is_closed",
            ),
            models.CheckConstraint(
                condition=Q(anonymised_at__isnull=True)
                | Q(
                    closed_at__isnull=False,
                    identifier__startswith="~",
                    password="",
                    pending_mail="",
                    mail="",
                    mobile="",
                    franceconnect_sub__isnull=True,
                    last_sign_in_at__isnull=True,
                ),
                name="account_anonymised_names_nobody",
            ),
        ]

    def __str__(self) -> str:
        return self.identifier

    @property
    def state_now(self) -> State:
        return State(self.state)

    @property
    def origin_now(self) -> Origin:
        return Origin(self.origin)

    def has_live_secret(self, now: datetime) -> bool:
        return (
            bool(self.sealed_secret) and self.secret_expires_at is not None and now < self.secret_expires_at
        )

    def has_dead_secret(self, now: datetime) -> bool:
        """Whether a provisional secret was drawn, never replaced by a chosen password, and expired."""
        return self.secret_expires_at is not None and not self.password and now >= self.secret_expires_at


class AccountSource(models.Model):
    """For how long an account stood for one AAF record; at most one open row per record."""

    class Reason(models.TextChoices):
        CREATED = "CREATED", "Compte créé pour cette fiche"
        RULE = "RULE", "Rapprochement automatique"
        AGENT = "AGENT", "Rapprochement par un agent"
        FAMILY = "FAMILY", "Rattachement par la famille"
        UNDONE = "UNDONE", "Rapprochement défait"

    account = models.ForeignKey(Account, models.PROTECT, related_name="sources")
    responsable = models.ForeignKey(
        Responsable, models.PROTECT, null=True, db_index=False, related_name="sources"
    )
    student = models.ForeignKey(Student, models.PROTECT, null=True, db_index=False, related_name="sources")
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=8, choices=Reason.choices)
    joining = models.ForeignKey(
        "accounts.Joining", models.PROTECT, null=True, db_index=False, related_name="sources"
    )

    class Meta:
        indexes = [
            models.Index(fields=["joining"], condition=Q(joining__isnull=False), name="source_of_a_joining"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(responsable__isnull=False, student__isnull=True)
                | Q(responsable__isnull=True, student__isnull=False),
                name="source_of_one_record",
            ),
            models.UniqueConstraint(
                fields=["responsable"],
                condition=Q(closed_at__isnull=True),
                name="source_responsable_open_once",
            ),
            models.UniqueConstraint(
                fields=["student"], condition=Q(closed_at__isnull=True), name="source_student_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} ← {self.responsable_id or self.student_id}"

    @property
    def record(self) -> Responsable | Student:
        record = self.responsable or self.student
        assert record is not None
        return record


class Holding(models.Model):
    """That an account holds a child now, or is the pupil: a database view, one row per list row.

    Responsables: open source, legal link in force (a responsable who left has none), pupil present who
    has once been eligible.
    Pupils: open source, pupil present. A closed account holds nobody. Visibility, lists, counts and
    children all read this view. The keys are the pupil's: a list sorts by them without another join.
    """

    account = models.ForeignKey(Account, models.DO_NOTHING, related_name="holdings")
    kind = models.CharField(max_length=12, choices=AccountKind.choices)
    student = models.ForeignKey(Student, models.DO_NOTHING, related_name="holdings")
    responsable = models.ForeignKey(Responsable, models.DO_NOTHING, null=True, related_name="holdings")
    establishment = models.ForeignKey(Establishment, models.DO_NOTHING, related_name="holdings")
    surname_key = models.CharField(max_length=120, db_collation="C")
    given_name_key = models.CharField(max_length=120, db_collation="C", blank=True)

    class Meta:
        managed = False
        db_table = "accounts_holding"

    def __str__(self) -> str:
        return f"{self.account_id} ↔ {self.student_id}"


class Absence(models.Model):
    """Since which night an open account has no current child: counted until it is closed (closing.py)."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="absence")
    since = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["since", "account"], name="absence_oldest")]

    def __str__(self) -> str:
        return f"{self.account_id} depuis {self.since:%Y-%m-%d}"


class IdentifierSeries(models.Model):
    """How many identifiants one base (`m.abbeym`) has given: advanced by one statement, never back."""

    base = models.CharField(max_length=130, primary_key=True, db_collation="C")
    issued = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.base
