"""Whether accounts are of one person, by the names of their records, and which are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models.functions import Lower

from accounts.models import Account, AccountSource
from accounts.transitions import State
from establishments.names import name_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models.account import AccountQuerySet
    from establishments.models import Responsable, Student

# An address or a number which more accounts than that have validated is not looked further into.
_CROWD = 20


def first_of(given_names: str) -> str:
    return next(iter(given_names.replace(",", " ").split()), "")


def is_named(record: Responsable | Student, surname: str, given_name: str) -> bool:
    """By the surname in use or of birth, and the first given name."""
    told = {name_key(given_name), name_key(first_of(given_name))} - {""}
    kept = {name_key(record.given_name), name_key(first_of(record.given_name))}
    return not told.isdisjoint(kept) and name_key(surname) in surnames_of(record)


def surnames_of(record: Responsable | Student) -> set[str]:
    return {record.surname_key, name_key(record.birth_surname)} - {""}


def have_same_names(one: Account, other: Account) -> bool:
    """Some record of each: a surname in common, in use or of birth, and the same first given name."""
    return any(
        not surnames_of(mine).isdisjoint(surnames_of(theirs))
        and name_key(first_of(mine.given_name)) == name_key(first_of(theirs.given_name)) != ""
        for mine in records_of(one)
        for theirs in records_of(other)
    )


def records_of(account: Account) -> list[Responsable | Student]:
    sources = AccountSource.objects.filter(account=account, closed_at__isnull=True)
    return [source.record for source in sources.select_related("responsable", "student")]


def active_of_mail(mail: str) -> list[Account]:
    """Active accounts which validated that address."""
    lower = Account.objects.annotate(lower_mail=Lower("mail")).exclude(mail="")
    return _active(lower.filter(lower_mail=mail.lower()))


def active_of_mobile(number: str) -> list[Account]:
    return _active(Account.objects.exclude(mobile="").filter(mobile=number))


def named(accounts: Iterable[Account], surname: str, given_name: str) -> list[Account]:
    return [
        account
        for account in accounts
        if any(is_named(record, surname, given_name) for record in records_of(account))
    ]


def accounts_like(account: Account, mail: str) -> list[Account]:
    """`account`, and those of the same person which validated the same address."""
    same = active_of_mail(mail)
    return [each for each in same if each.pk == account.pk or have_same_names(account, each)]


def _active(accounts: AccountQuerySet) -> list[Account]:
    open_ones = accounts.filter(state=State.ACTIVE, closed_at__isnull=True)
    found = list(open_ones.order_by("pk")[: _CROWD + 1])
    return found if len(found) <= _CROWD else []
