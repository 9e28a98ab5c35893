"""What comes before the sheets of a class: its cover, and the list of who signs for which sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.bundles import bundle_of
from accounts.letters import recipients, sender_of
from accounts.models import AccountKind, Holding
from notifications.fronts import render_front
from notifications.sheet_data import Cover, SigningLine, SigningList

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from accounts.bundles import Bundle
    from accounts.letters import Recipient
    from accounts.models import OperationPart


def front_of(part: OperationPart) -> bytes | None:
    """The pages before the part's class, or None when no sheet of it can be made any more."""
    operation = part.operation
    bundle = bundle_of(operation)
    found = recipients(operation.establishment, _concerned(part, bundle), timezone.now())
    here = [
        each for each in found if not bundle.is_by_class or _class_of(each.eldest) == part.school_class_id
    ]
    if not here:
        return None
    sender = sender_of(operation.establishment)
    label = "" if not bundle.is_by_class else str(part.school_class or "Sans classe")
    made_on = operation.establishment.academy.local_date()
    for_pupils = operation.population == AccountKind.STUDENT
    cover = Cover(
        sender, label, len(here), made_on, bundle.sheets_a_page, bundle.has_signing, for_pupils=for_pupils
    )
    lines = tuple(_lines(found, part.school_class_id, everywhere=not bundle.is_by_class))
    signing = SigningList(sender, label, made_on, lines, for_pupils=for_pupils)
    return render_front(cover if bundle.has_cover else None, signing if bundle.has_signing else None)


def _concerned(part: OperationPart, bundle: Bundle) -> Iterable[int]:
    """The operation's accounts with a child in the part's class, wherever their sheet is."""
    every = [pk for accounts in part.operation.parts.values_list("accounts", flat=True) for pk in accounts]
    if not bundle.is_by_class:
        return every
    in_class = Holding.objects.filter(
        establishment=part.operation.establishment, student__school_class=part.school_class_id
    )
    return in_class.filter(account__in=every).values_list("account_id", flat=True)


def _class_of(holding: Holding) -> int | None:
    return holding.student.school_class_id


def _lines(found: list[Recipient], school_class: int | None, *, everywhere: bool) -> Iterator[SigningLine]:
    """One a sheet of the class, and one a sheet that a brother or a sister takes home from another class."""
    rows = [
        (recipient, holding)
        for recipient in found
        for holding in _once_a_pupil(recipient)
        if (holding is recipient.eldest if everywhere else _class_of(holding) == school_class)
    ]
    if everywhere:
        rows.sort(key=lambda row: row[0].name_order)
    else:
        rows.sort(key=lambda row: (row[1].surname_key, row[1].given_name_key, row[0].account.pk))
    for recipient, holding in rows:
        pupil = holding.student
        yield SigningLine(
            pupil=pupil.full_name,
            responsable="" if holding.responsable is None else recipient.addressee,
            class_label=str(pupil.school_class or ""),
            elsewhere="" if holding is recipient.eldest else _handed_with(recipient),
        )


def _once_a_pupil(recipient: Recipient) -> Iterable[Holding]:
    """An account which stands for two records holds a child by each of them."""
    return {holding.student_id: holding for holding in reversed(recipient.here)}.values()


def _handed_with(recipient: Recipient) -> str:
    eldest = recipient.eldest.student
    where = f", en {eldest.school_class}" if eldest.school_class else ""
    return f"feuille remise à {eldest.full_name}{where}"
