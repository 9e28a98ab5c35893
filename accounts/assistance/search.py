"""Finds the families that a call may come from: by a name, a phone, a mail, an identifiant or an INE."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from django.db.models import CharField, F, Func, Q, Value
from django.utils import timezone

from accounts.models import Account, AccountKind, DataIssue, Holding, kinds_of
from accounts.rows import RowQuerySet
from establishments.models import Responsable, Student
from establishments.names import search_terms

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from establishments.access import Access

MOST_FOUND = 20
_PHONE = re.compile(r"[+(]?[0-9][0-9 .\-/()\u00a0\u202f]{5,}")
_DATE = re.compile(r"[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}")
# Fewer digits than that, leading zeros apart, would be the ending of anybody's number.
_LEAST_DIGITS = 6
_INE = re.compile(r"[0-9]{9}[0-9A-Z]{2}|[0-9]{10}[A-Z]", re.IGNORECASE)
# An identifiant is letters with a dot or a number: « m.abbeym », « j.latchoumy1 ».
_IDENTIFIER = re.compile(r"[a-z]\.[a-z]*[0-9]*|[a-z]+[0-9]+", re.IGNORECASE)


# Of a number that could not be read as a mobile, the digits.
_DIGITS_TYPED = Func(
    F("responsable__mobile_raw"),
    Value(r"\D"),
    Value(""),
    Value("g"),
    function="regexp_replace",
    output_field=CharField(),
)


_NAMES_OF_FAMILY = (
    "surname_key",
    "given_name_key",
    "responsibilities__responsable__surname_key",
    "responsibilities__responsable__given_name_key",
)


@dataclass(frozen=True, slots=True)
class Family:
    """One account, and the pupils of this school it holds."""

    account: Account
    holder: Responsable | Student
    children: list[Student]
    is_expired: bool


@dataclass(frozen=True, slots=True)
class Found:
    """At most MOST_FOUND families of `total`; then pupils whose family has no account, with why."""

    families: list[Family]
    total: int
    without_account: list[tuple[Student, list[DataIssue]]]

    @property
    def others(self) -> int:
        return self.total - len(self.families)


def find_families(access: Access, query: str) -> Found:
    rows = RowQuerySet(Holding).filter(establishment=access.establishment, kind__in=kinds_of(access))
    found = _matching(rows, query)
    keys = found.order_by("surname_key", "given_name_key", "student_id", "pk").values_list(
        "account_id", flat=True
    )
    accounts = list(dict.fromkeys(keys))
    families = _families(rows, accounts[:MOST_FOUND])
    return Found(families, len(accounts), _without_account(access, query))


def _matching(rows: RowQuerySet, query: str) -> RowQuerySet:
    """By what the query looks like."""
    if "@" in query:
        return rows.filter(
            Q(account__mail__iexact=query)
            | Q(account__pending_mail__iexact=query)
            | Q(responsable__mail__iexact=query)
        )
    if _INE.fullmatch(query):
        return rows.filter(student__ine=query.upper())
    if _PHONE.fullmatch(query):
        number = "" if _DATE.fullmatch(query) else _national(query)
        if len(number) < _LEAST_DIGITS:
            return rows.none()
        return rows.annotate(as_typed=_DIGITS_TYPED).filter(_called(number))
    if _IDENTIFIER.fullmatch(query):
        return rows.filter(account__identifier__startswith=query.lower())
    return rows.matching(query)


def _called(ending: str) -> Q:
    """Any number of the holder: what the family validated, what the school recorded, mobile or not."""
    numbers = (
        "account__mobile",
        *(f"responsable__{name}" for name in ("mobile", "home_phone", "work_phone")),
    )
    return reduce(or_, (Q(**{f"{number}__endswith": ending}) for number in (*numbers, "as_typed")))


def _national(written: str) -> str:
    """The last digits of a number: « +33 (0)6 39… » and « 06 39… » agree."""
    digits = re.sub(r"\D", "", written)
    if digits.startswith("00"):
        digits = digits[2:]
    return digits[-9:].lstrip("0")


def _families(rows: RowQuerySet, accounts: list[int]) -> list[Family]:
    related = rows.filter(account__in=accounts).select_related(
        "account", "responsable", "student__school_class"
    )
    held: dict[int, list[Holding]] = {pk: [] for pk in accounts}
    for row in related.order_by("student__birth_date", "student__given_name_key", "pk"):
        held[row.account_id].append(row)
    now = timezone.now()
    return [
        Family(
            holdings[0].account,
            holdings[0].responsable or holdings[0].student,
            list(dict.fromkeys(row.student for row in holdings)),
            holdings[0].account.has_dead_secret(now),
        )
        for holdings in held.values()
        if holdings
    ]


def _without_account(access: Access, query: str) -> list[tuple[Student, list[DataIssue]]]:
    """Pupils whom no responsable's account holds, found by their INE, their name or a responsable's."""
    pupils = _pupils_matching(access, query)
    if pupils is None or not access.sees_responsables:
        return []
    held = Holding.objects.filter(kind=AccountKind.RESPONSABLE, establishment=access.establishment)
    alone = list(
        pupils.exclude(pk__in=held.values("student"))
        .select_related("school_class")
        .order_by("surname_key", "given_name_key", "pk")[:MOST_FOUND]
    )
    issues = DataIssue.objects.unsolved().filter(student__in=alone, establishment=access.establishment)
    related = list(issues.select_related("establishment__feed", "student", "responsable").order_by("kind"))
    return [(pupil, [issue for issue in related if issue.student_id == pupil.pk]) for pupil in alone]


def _pupils_matching(access: Access, query: str) -> QuerySet[Student] | None:
    here = Student.objects.filter(establishment=access.establishment, left_at__isnull=True)
    if _INE.fullmatch(query):
        return here.filter(ine=query.upper())
    terms = [] if "@" in query or any(c.isdigit() or c == "." for c in query) else search_terms(query)
    for term in terms:
        here = here.filter(reduce(or_, (Q(**{f"{key}__contains": term}) for key in _NAMES_OF_FAMILY)))
    return here.distinct() if terms else None
