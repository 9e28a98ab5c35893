"""Two accounts of different schools which the rule left to a human: what the académie compares and decides.

A school is told of its own side only: that its responsable may have another account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q

from accounts.joining.children import each_once
from accounts.joining.rules import NotJoinable, Pair, choose
from accounts.joining.scoring import DOUBTS, REASONS, Reason, score
from accounts.models import AccountKind, Duplicate, Holding
from establishments.names import name_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from accounts.models import Account
    from establishments.access import Access
    from establishments.models import Agent, Responsable, Student


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two accounts, as the académie may see it: its records and children there, and no other's."""

    account: Account
    records: list[Responsable]
    children: list[Student]

    @property
    def name(self) -> str:
        return self.records[0].full_name

    @property
    def mobiles(self) -> list[str]:
        return _known(self.account.mobile, *(record.mobile for record in self.records))

    @property
    def mails(self) -> list[str]:
        return _known(self.account.mail.casefold(), *(record.mail.casefold() for record in self.records))

    @property
    def addresses(self) -> list[str]:
        return _known(*(", ".join(record.address_lines) for record in self.records if record.address))

    @property
    def surname_keys(self) -> list[str]:
        names = [name for record in self.records for name in (record.surname, record.birth_surname)]
        return _known(*map(name_key, names))

    @property
    def is_of_men(self) -> set[bool]:
        return {record.title == "M." for record in self.records if record.title}


@dataclass(frozen=True, slots=True)
class Doubt:
    """`refusal` says why the two cannot be brought together; `pair` is what it would do otherwise."""

    duplicate: Duplicate
    sides: tuple[Side, Side]

    @property
    def agreeing(self) -> list[str]:
        return _agreement(*self.sides)

    @property
    def reasons(self) -> list[Reason]:
        return [REASONS[code] for code in self.agreeing]

    @property
    def score(self) -> int:
        return score(self.agreeing)

    @property
    def why(self) -> str:
        return ", ".join(DOUBTS[code] for code in self.duplicate.reasons if code in DOUBTS)

    @property
    def pair(self) -> Pair | None:
        try:
            return choose(self.duplicate.first, self.duplicate.second)
        except NotJoinable:
            return None

    @property
    def refusal(self) -> str:
        try:
            choose(self.duplicate.first, self.duplicate.second)
        except NotJoinable as refused:
            return str(refused)
        return ""


def _known(*values: str) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))


def _agreement(one: Side, other: Side) -> list[str]:
    """The codes of scoring.REASONS, as the duplicates of one establishment are given them."""
    given_names = [{record.given_name_key for record in side.records} for side in (one, other)]
    both_have_mail = one.mails and other.mails
    holds = {
        "surname": _share(one.surname_keys, other.surname_keys),
        "given_name": bool(given_names[0] & given_names[1]),
        "mobile": _share(one.mobiles, other.mobiles),
        "mail": _share(one.mails, other.mails),
        "address": _share(
            [each.casefold() for each in one.addresses], [each.casefold() for each in other.addresses]
        ),
        "child": len(each_once([*one.children, *other.children])) < len(one.children) + len(other.children),
        "other_mail": bool(both_have_mail) and not _share(one.mails, other.mails),
        "other_title": len(one.is_of_men | other.is_of_men) > 1,
    }
    return [code for code in REASONS if holds[code]]


def _share(one: Iterable[str], other: Iterable[str]) -> bool:
    return not set(one).isdisjoint(other)


def doubts_seen_by(agent: Agent) -> QuerySet[Duplicate]:
    """Undecided, of two accounts which both hold a child in one académie that the agent assists."""
    academies = agent.academy_roles.assisting().values("academy")
    there = Holding.objects.filter(
        kind=AccountKind.RESPONSABLE, establishment__feed__academy__in=academies
    ).values("establishment__feed__academy")
    of_second = there.filter(
        account=OuterRef(OuterRef("second")),
        establishment__feed__academy=OuterRef("establishment__feed__academy"),
    )
    both = there.filter(Exists(of_second), account=OuterRef("first"))
    return _undecided().filter(Exists(both)).order_by("opened_at", "pk")


def _undecided() -> QuerySet[Duplicate]:
    waiting = Duplicate.objects.filter(establishment=None, decision="", closed_at=None)
    return waiting.select_related("first", "second")


def doubts_in(duplicates: Iterable[Duplicate], agent: Agent) -> list[Doubt]:
    """Each with what the académies of the agent know of both, in two queries."""
    duplicates = list(duplicates)
    keys = {key for each in duplicates for key in (each.first_id, each.second_id)}
    academies = list(agent.academy_roles.assisting().values_list("academy", flat=True))
    held = Holding.objects.filter(
        account__in=keys, kind=AccountKind.RESPONSABLE, establishment__feed__academy__in=academies
    ).select_related("responsable", "student__school_class", "student__establishment")
    rows: dict[int, list[Holding]] = {key: [] for key in keys}
    for row in held.order_by("student__birth_date", "student__given_name_key", "pk"):
        rows[row.account_id].append(row)
    return [
        Doubt(each, (_side(each.first, rows[each.first_id]), _side(each.second, rows[each.second_id])))
        for each in duplicates
    ]


def _side(account: Account, rows: list[Holding]) -> Side:
    records = {row.responsable.pk: row.responsable for row in rows if row.responsable}
    return Side(account, list(records.values()), each_once(row.student for row in rows))


@dataclass(frozen=True, slots=True)
class Told:
    """A responsable of an establishment who may have another account elsewhere, and nothing of that one."""

    account: int
    name: str


def accounts_in_doubt(access: Access, account: Account | None = None) -> list[Told]:
    """Those who hold a child there, or this one alone; none for who sees no responsables."""
    if not access.sees_responsables:
        return []
    doubts = _undecided().filter(Q(first=OuterRef("account")) | Q(second=OuterRef("account")))
    held = Holding.objects.filter(
        Exists(doubts), establishment=access.establishment, kind=AccountKind.RESPONSABLE
    )
    if account:
        held = held.filter(account=account)
    rows = held.select_related("responsable").order_by(
        "responsable__surname_key", "responsable__given_name_key", "account_id"
    )
    names = {row.account_id: row.responsable.full_name for row in rows if row.responsable}
    return [Told(key, name) for key, name in names.items()]
