"""The contact mail of an account at an establishment (design §5), read the same way everywhere."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F, Q

from accounts.mail_reasons import NO_ADDRESS
from accounts.models import Account, Holding, Operation
from accounts.transitions import State
from notifications.envelope import is_address
from notifications.mails import Undeliverable
from notifications.models import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet

    from accounts.letters import Recipient
    from establishments.models import Establishment

# Whether an address of a row is known, usable or not: what lists and counts ask.
HAS_MAIL = ~Q(account__mail="") | Q(responsable__mail__gt="")


def has_mail(validated: str, recorded: str | None) -> bool:
    """HAS_MAIL, of values which were read."""
    return bool(validated or recorded)


# Which record of an account speaks first, for its name and its address: that of the eldest child.
RECORD_ORDER = ("student__birth_date", "student_id", "responsable_id")


def contact_mail(validated: str, recorded: Iterable[str]) -> str:
    """What the family validated, else the first usable address of the establishment's own records, which
    come in RECORD_ORDER.
    """
    return next((mail for mail in (validated, *recorded) if mail and is_address(mail)), "")


def contact_mails(
    establishment: Establishment, accounts: Iterable[int] | QuerySet[Account]
) -> dict[int, str]:
    """The contact mail of those of `accounts` which have one, in one query.

    A pupil has no record of a responsable: only an address the pupil validated counts.
    """
    held = Holding.objects.filter(account__in=accounts, establishment=establishment)
    found: dict[int, str] = {}
    rows = held.order_by(*RECORD_ORDER).values_list("account_id", "account__mail", "responsable__mail")
    for account, validated, recorded in rows:
        if account not in found and (mail := contact_mail(validated, [recorded or ""])):
            found[account] = mail
    return found


def names_at(establishment: Establishment, accounts: Iterable[int]) -> dict[int, str]:
    """How the establishment knows each account: its responsable's name there, or the pupil's."""
    held = Holding.objects.filter(account__in=accounts, establishment=establishment)
    return {
        h.account_id: str(h.responsable or h.student) for h in held.select_related("responsable", "student")
    }


def address_of(recipient: Recipient) -> str:
    """The contact mail of whom a mail is made for, from the records of its school; raises Undeliverable."""
    recorded = [holding.responsable.mail for holding in recipient.here if holding.responsable]
    if address := contact_mail(recipient.account.mail, recorded):
        return address
    raise Undeliverable(Delivery.Status.FAILED, NO_ADDRESS)


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a notification by mail cannot reach, and who would read theirs at the same address, by name."""

    unreachable: Sequence[str]
    shared: Sequence[Sequence[str]]


def reach(operation: Operation) -> Reach:
    """Of the accounts a draft notifies, as they are now, in one query; those changed since are left out."""
    held = Holding.objects.filter(
        establishment=operation.establishment,
        account__operation_items__operation=operation,
        account__operation_items__version=F("account__version"),
    )
    if operation.kind == Operation.Kind.RELAUNCH:
        held = held.filter(account__state=State.NOTIFIED)
    names: dict[int, str] = {}
    mails: dict[int, str] = {}
    orders: dict[int, tuple[str, ...]] = {}
    read = held.order_by(*RECORD_ORDER).values_list("account_id", *_READ, *_NAME_ORDER)
    for account, validated, recorded, surname, given_name, of_pupil, given_to_pupil, *keys in read:
        names.setdefault(account, _name(surname, given_name, of_pupil, given_to_pupil))
        orders.setdefault(account, tuple(key or "" for key in keys))
        if account not in mails and (mail := contact_mail(validated, [recorded or ""])):
            mails[account] = mail.casefold()
    readers: dict[str, list[str]] = defaultdict(list)
    in_order = sorted(names, key=lambda account: (orders[account], account))
    for account in in_order:
        if account in mails:
            readers[mails[account]].append(names[account])
    return Reach(
        unreachable=[names[account] for account in in_order if account not in mails],
        shared=[each for each in readers.values() if len(each) > 1],
    )


_NAME_ORDER = ("responsable__surname_key", "responsable__given_name_key", "surname_key", "given_name_key")
_READ = (
    "account__mail",
    "responsable__mail",
    "responsable__surname",
    "responsable__given_name",
    "student__surname",
    "student__given_name",
)


def _name(surname: str | None, given_name: str | None, of_pupil: str, given_to_pupil: str) -> str:
    """The responsable's, else the pupil's own."""
    parts = (of_pupil, given_to_pupil) if surname is None else (surname, given_name)
    return " ".join(part for part in parts if part)
