"""The children an account holds now, both degrés: each once, however many records, and where each one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.crypto import salted_hmac

from accounts.contacts import RECORD_ORDER, contact_mail
from accounts.joining.children import are_one, each_once
from accounts.models import Account, Holding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from establishments.models import Student

_SALT = "accounts.activation.children"


@dataclass(frozen=True, slots=True)
class Child:
    """`pupil` is the record which came last; `holdings` are those of all its records."""

    pupil: Student
    holdings: Sequence[Holding]

    @property
    def key(self) -> int:
        return self.pupil.pk

    @property
    def place(self) -> str:
        parts = (str(self.pupil.school_class or ""), str(self.pupil.establishment or ""))
        return ", ".join(part for part in parts if part)

    def was_born(self, on: date) -> bool:
        return any(holding.student.birth_date == on for holding in self.holdings)


def children_of(account: Account) -> list[Child]:
    """The eldest first; for a pupil's account, the pupil."""
    held = list(holdings_of(account))
    pupils = each_once(holding.student for holding in held)
    return [Child(pupil, [each for each in held if are_one(each.student, pupil)]) for pupil in pupils]


def holdings_of(account: Account) -> list[Holding]:
    return list(
        Holding.objects.filter(account=account)
        .select_related(
            "responsable", "student__school_class", "student__establishment__feed__academy", "establishment"
        )
        .order_by(*RECORD_ORDER)
    )


def asked_about(account: Account, children: Sequence[Child]) -> Child:
    """The child whose birth date is asked: always the same, whoever reloads or comes back."""
    return min(children, key=lambda child: salted_hmac(_SALT, f"{account.pk} {child.key}").hexdigest())


def recorded_mail(children: Sequence[Child]) -> str:
    """The address a school's record holds, to be confirmed or corrected."""
    records = [holding.responsable for child in children for holding in child.holdings]
    return contact_mail("", [record.mail for record in records if record])


def names_of(account: Account, children: Sequence[Child]) -> list[str]:
    """What the account's password may not be made of."""
    records = [holding.responsable or holding.student for child in children for holding in child.holdings]
    return [account.identifier, *(name for each in records for name in (each.surname, each.given_name))]
