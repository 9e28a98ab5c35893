"""Children left out of the family's pages until their birth date is given: which, and how they come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.activation.children import children_of
from accounts.models import Account, LeftOutChild
from establishments.models import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from accounts.activation.children import Child


def leave_out(account: Account, children: Iterable[Child]) -> None:
    """In the caller's transaction; each school is told of its own."""
    holdings = [holding for child in children for holding in child.holdings]
    LeftOutChild.objects.bulk_create(
        [LeftOutChild(account=account, student=holding.student) for holding in holdings],
        ignore_conflicts=True,
    )
    tell_schools(account, children, EventKind.ACCOUNT_BIRTH_DATE_REFUSED)


def sorted_out(account: Account) -> tuple[list[Child], list[Child]]:
    """The children of the family's pages, and those who are left out: of no record they were proven by."""
    left_out = set(account.left_out.values_list("student", flat=True))
    shown: list[Child] = []
    hidden: list[Child] = []
    for child in children_of(account):
        is_hidden = bool(left_out) and all(each.student_id in left_out for each in child.holdings)
        (hidden if is_hidden else shown).append(child)
    return shown, hidden


@transaction.atomic
def prove(account: Account, birth_date: date) -> list[Child]:
    """Bring back those born that day; with none, the schools of those still left out are told."""
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    _, hidden = sorted_out(account)
    proven = [child for child in hidden if child.was_born(birth_date)]
    students = [holding.student_id for child in proven for holding in child.holdings]
    account.left_out.filter(student__in=students).delete()
    kind = EventKind.ACCOUNT_CHILD_ATTACHED if proven else EventKind.ACCOUNT_BIRTH_DATE_REFUSED
    tell_schools(account, proven or hidden, kind)
    return proven


def tell_schools(account: Account, children: Iterable[Child], kind: EventKind) -> None:
    now = timezone.now()
    Event.objects.bulk_create(
        Event(
            kind=kind,
            at=now,
            establishment=holding.establishment,
            actor=Event.Actor.FAMILY,
            target_kind="account",
            target_id=account.pk,
            data={"student": holding.student_id},
        )
        for child in children
        for holding in child.holdings
    )
