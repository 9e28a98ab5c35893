"""A few invented families of the demonstration, as they know themselves: something to type from."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils import timezone

from accounts.models import Account, AccountKind, EntPartner, Holding
from accounts.secrets import open_secret
from accounts.transitions import State
from establishments.models import Degree

if TYPE_CHECKING:
    from accounts.models.account import AccountQuerySet
    from establishments.models import Responsable, Student

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Family:
    """`secret` is empty before the account was told of; `children` are those it holds, or the pupil alone."""

    account: int
    person: Responsable | Student
    academy: str
    identifier: str
    secret: str
    mobile: str
    children: list[Student]

    @property
    def is_pupil(self) -> bool:
        return self.person in self.children


def by_letter() -> list[Family]:
    """Responsables who have their letter, and have not used it."""
    return _families(_told(AccountKind.RESPONSABLE))


def pupils() -> list[Family]:
    """The same of pupils."""
    return _families(_told(AccountKind.STUDENT))


def by_sms() -> list[Family]:
    """Responsables nobody told of their account, whose mobile the school knows; of several children first."""
    reached = Holding.objects.filter(account__state=State.NOT_NOTIFIED, responsable__mobile__gt="")
    several = reached.values("account").annotate(children=Count("student", distinct=True))
    chosen = several.order_by("-children", "account").values_list("account", flat=True)[:SHOWN]
    return _families(Account.objects.filter(pk__in=list(chosen)).order_by("pk"))


def by_franceconnect() -> list[Family]:
    """Those linked already, the last first: they come straight in."""
    linked = Account.objects.filter(franceconnect_sub__startswith="demo-", closed_at=None)
    return _families(linked.order_by("-activated_at", "pk"))


def to_link() -> list[Family]:
    """Active responsables who have a password and no FranceConnect, the last who signed in first."""
    active = Account.objects.in_state(State.ACTIVE).exclude(password="")
    theirs = active.filter(kind=AccountKind.RESPONSABLE, franceconnect_sub=None, closed_at=None)
    return _families(theirs.order_by(F("last_sign_in_at").desc(nulls_last=True), "pk"))


def from_ent() -> list[Family]:
    """Pupils, then responsables, of the 2nd degré where there is an ENT, who have not come in yet."""
    of_ent = Q(
        establishment__feed__degree=Degree.SECOND,
        establishment__feed__academy__in=EntPartner.objects.values("academy"),
    )
    waiting = Account.objects.filter(
        Exists(Holding.objects.filter(of_ent, account=OuterRef("pk"))),
        state__in=[State.NOT_NOTIFIED, State.NOTIFIED],
        closed_at=None,
    ).order_by("-pk")
    return [family for kind in reversed(AccountKind) for family in _families(waiting.filter(kind=kind))]


def _told(kind: AccountKind) -> AccountQuerySet:
    held = Holding.objects.filter(account=OuterRef("pk"))
    alive = Q(secret_expires_at__gt=timezone.now()) & ~Q(sealed_secret="")
    told = Account.objects.in_state(State.NOTIFIED).filter(alive, Exists(held), kind=kind, closed_at=None)
    return told.order_by("pk")


def _families(accounts: AccountQuerySet) -> list[Family]:
    chosen = list(accounts.values_list("pk", flat=True)[:SHOWN])
    held = Holding.objects.filter(account__in=chosen).select_related(
        "account", "student", "responsable", "establishment__feed"
    )
    return [
        _family(list(rows))
        for _, rows in groupby(held.order_by("account_id", "student_id"), lambda row: row.account_id)
    ]


def _family(rows: list[Holding]) -> Family:
    account, record = rows[0].account, rows[0].responsable
    children = {row.student_id: row.student for row in rows}
    return Family(
        account=account.pk,
        person=record or rows[0].student,
        academy=rows[0].establishment.feed.academy_id,
        identifier=account.identifier,
        secret=open_secret(account.sealed_secret) if account.sealed_secret else "",
        mobile=record.mobile if record else "",
        children=list(children.values()),
    )
