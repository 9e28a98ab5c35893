"""Records and accounts brought together, those which may have to be, and what each of these remembers."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q, Value
from django.utils import timezone

from accounts.models.account import Account, AccountSource
from establishments.models import Agent, Establishment, Responsable


class Joining(models.Model):
    """Records which came to `account`: those of `former`, which it closed, or one which had no account.

    Its sources are those it opened; `brought` names what the family had validated on `former` alone, in
    columns of Account. Undone, it stays: nothing joins the two again by itself.
    """

    Reason = AccountSource.Reason

    account = models.ForeignKey(Account, models.PROTECT, related_name="joinings")
    former = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=8, choices=AccountSource.Reason.choices)
    at = models.DateTimeField(default=timezone.now)
    establishment = models.ForeignKey(
        Establishment, models.PROTECT, null=True, db_index=False, related_name="+"
    )
    agent = models.ForeignKey(Agent, models.PROTECT, null=True, db_index=False, related_name="+")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(Agent, models.PROTECT, null=True, db_index=False, related_name="+")
    brought = models.JSONField(default=list, db_default=Value([], models.JSONField()))

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(former__isnull=True) | ~Q(former=F("account")), name="joining_of_two"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} ← {self.former_id}"


class Duplicate(models.Model):
    """Two accounts which may be one person's, in one establishment; in none when no school has both.

    `reasons` are codes (joining.scoring). `closed_at`: the data say so no more. What was decided is never
    forgotten: two persons stay two, whichever establishment said it.
    """

    class Decision(models.TextChoices):
        NONE = "", "À décider"
        DIFFERENT = "DIFFERENT", "Deux personnes"
        SAME = "SAME", "Une même personne"

    establishment = models.ForeignKey(Establishment, models.CASCADE, null=True, related_name="duplicates")
    first = models.ForeignKey(Account, models.CASCADE, related_name="+")
    second = models.ForeignKey(Account, models.CASCADE, related_name="+")
    score = models.PositiveSmallIntegerField()
    reasons = models.JSONField(default=list)
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=9, choices=Decision.choices, blank=True, default="", db_default="")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(Agent, models.PROTECT, null=True, db_index=False, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second", "establishment"], nulls_distinct=False, name="duplicate_once"
            ),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="duplicate_in_order"),
            models.CheckConstraint(
                condition=Q(decision="", decided_at__isnull=True)
                | (~Q(decision="") & Q(decided_at__isnull=False)),
                name="duplicate_decision_is_dated",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} ? {self.second_id}"

    @property
    def outcome(self) -> str:
        """What became of a pair which is no more to decide."""
        if self.decision:
            return self.Decision(self.decision).label
        return "Les données ont changé"


class FormerSecret(models.Model):
    """A hash of the provisional password of an account brought together, until it would have died.

    It opens nothing: it tells who types it to use their other letter.
    """

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="former_secret")
    secret_hash = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"ancien mot de passe du compte {self.account_id}"


class Recheck(models.Model):
    """A responsable corrected by an import, or doubtful when it came: looked at again after the commit.

    `asked` counts how many times it was, so that being asked for again while it is looked at is not lost.
    """

    responsable = models.OneToOneField(Responsable, models.CASCADE, primary_key=True, related_name="recheck")
    asked = models.PositiveIntegerField(default=1, db_default=1)

    def __str__(self) -> str:
        return f"fiche {self.responsable_id}"
