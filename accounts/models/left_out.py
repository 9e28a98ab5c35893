"""The children whom a family did not prove to be theirs."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models.account import Account
from establishments.models import Student


class LeftOutChild(models.Model):
    """One record of a child whose birth date was not given, or was wrong, when the account was activated.

    The link stays what the extracts say, and schools see it; the family's pages leave the child out until
    the date is given. The record corrected, the date given then is compared with it.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="left_out")
    student = models.ForeignKey(Student, models.CASCADE, db_index=False, related_name="+")
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "student"], name="child_left_out_once"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} sans {self.student_id}"
