"""Which accounts a person who proved a mobile may be of: names, number, birth dates of the children."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from accounts.activation.children import children_of
from accounts.models import Account, AccountKind, AccountSource
from establishments.models import Responsable
from establishments.names import name_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import date

    from accounts.activation.children import Child

# A number which more records than that have is nobody's (accounts.joining.matching).
CROWD = 20


@dataclass(frozen=True, slots=True)
class Person:
    """As they told it; `number`, in E.164, was proved by a code."""

    surname: str
    given_name: str
    number: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What the birth dates say of one account: the children who are proven, and those who are left out."""

    account: Account
    proven: list[Child]
    left_out: list[Child]


def proofs(persons: Iterable[Person], birth_dates: Collection[date], *, lock: bool = False) -> list[Proof]:
    """Of each open account which one of `persons` may be of, the oldest first, once.

    `lock` keeps them as they are until the caller's transaction ends.
    """
    keys = {account.pk for person in persons for account in accounts_of(person)}
    accounts = Account.objects.filter(pk__in=keys, closed_at__isnull=True).order_by("pk")
    found = accounts.select_for_update(no_key=True) if lock else accounts
    return [_proof(account, birth_dates) for account in found]


def is_named(account: Account, persons: Iterable[Person]) -> bool:
    """Whether one of `persons` has the surname and the first given name of a record of `account`."""
    sources = account.sources.filter(closed_at__isnull=True, responsable__isnull=False)
    records = Responsable.objects.filter(pk__in=sources.values("responsable"))
    return any(_is_named(record, person) for record, person in product(records, persons))


def accounts_of(person: Person) -> list[Account]:
    """Of whoever has that surname (in use or of birth), first given name and mobile, a validated one too."""
    records = [record for record in _of_number(person) if _is_named(record, person)]
    if len(records) > CROWD:
        return []
    open_ones = Account.objects.filter(kind=AccountKind.RESPONSABLE, closed_at__isnull=True)
    sources = AccountSource.objects.filter(responsable__in=records, closed_at__isnull=True)
    return list(open_ones.filter(pk__in=sources.values("account")).order_by("pk"))


def _of_number(person: Person) -> list[Responsable]:
    """Each lookup by its own index; one more than a crowd is enough to know one."""
    given_name = name_key(_first_of(person.given_name))
    if not given_name:
        return []
    present = Responsable.objects.filter(left_at__isnull=True, given_name_key__startswith=given_name)
    validated = AccountSource.objects.filter(
        closed_at__isnull=True, account__mobile=person.number, responsable__isnull=False
    )
    keys = list(validated.values_list("responsable", flat=True)[: CROWD + 1])
    found = [*present.filter(mobile=person.number)[: CROWD + 1], *present.filter(pk__in=keys)]
    return list({record.pk: record for record in found}.values())


def _is_named(record: Responsable, person: Person) -> bool:
    given = {name_key(person.given_name), name_key(_first_of(person.given_name))}
    same_given_name = not given.isdisjoint({record.given_name_key, name_key(_first_of(record.given_name))})
    surnames = {record.surname_key, name_key(record.birth_surname)} - {""}
    return same_given_name and name_key(person.surname) in surnames


def _first_of(given_names: str) -> str:
    return next(iter(given_names.replace(",", " ").split()), "")


def _proof(account: Account, birth_dates: Collection[date]) -> Proof:
    proven: list[Child] = []
    left_out: list[Child] = []
    for child in children_of(account):
        is_proven = any(child.was_born(each) for each in birth_dates)
        (proven if is_proven else left_out).append(child)
    return Proof(account, proven, left_out)
