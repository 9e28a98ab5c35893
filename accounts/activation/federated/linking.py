"""FranceConnect linked to the account which is signed in, and to no other; and taken back from it."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction

from accounts import lifecycle
from accounts.activation.federated import franceconnect
from accounts.activation.federated.franceconnect import Taken
from accounts.activation.federated.openid import JOURNEY_LIFETIME, Failure, IdentificationFailed
from accounts.activation.sms.proving import is_named
from accounts.models import Account, AccountKind
from accounts.transitions import State
from establishments.models import Event, EventKind

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.activation.federated.openid import Identity
    from accounts.activation.session import FamilyRequest, SignedInRequest

_WAITING = "franceconnect_to_link"
_TOLD = (
    EventKind.ACCOUNT_FRANCECONNECT_LINKED,
    EventKind.ACCOUNT_ACTIVATION_FRANCECONNECT,
    EventKind.ACCOUNT_FRANCECONNECT_UNLINKED,
)


class OtherPerson(Exception):
    """FranceConnect names somebody who is not the account's."""


class NoPassword(Exception):
    """The account would not open any more."""


@dataclass(frozen=True, slots=True)
class ToLink:
    """Whom FranceConnect vouched for, `at` that time, to the account of key `account`."""

    account: int
    sub: str
    names: dict[str, list[str]]
    at: float

    @property
    def name(self) -> str:
        return " ".join([*self.names["given_names"][-1:], *self.names["surnames"][:1]])


def may_link(account: Account) -> bool:
    """Responsables alone, who are active: it is them whom FranceConnect knows."""
    is_theirs = account.kind == AccountKind.RESPONSABLE and account.state == State.ACTIVE
    return franceconnect.is_offered() and is_theirs


def keep(request: FamilyRequest, identity: Identity) -> None:
    """Until its button; raises IdentificationFailed when another account asked, or none any more."""
    if request.account is None or request.account.pk != identity.account:
        raise IdentificationFailed(Failure.LOST, "asked by another account")
    names = franceconnect.names_of(identity)
    kept = ToLink(request.account.pk, identity.subject, names, time.time())
    request.family[_WAITING] = asdict(kept)


def kept(request: SignedInRequest) -> ToLink | None:
    """Who waits to be linked to the account which is signed in."""
    waiting: dict[str, Any] | None = request.family.get(_WAITING)
    if waiting is None or waiting["account"] != request.account.pk:
        return None
    return ToLink(**waiting) if time.time() - waiting["at"] < JOURNEY_LIFETIME else None


def forget(request: SignedInRequest) -> None:
    request.family.pop(_WAITING, None)


def check(account: Account, to_link: ToLink) -> None:
    """Raises Taken, OtherPerson."""
    if account.franceconnect_sub not in (None, to_link.sub):
        raise Taken
    if Account.objects.filter(franceconnect_sub=to_link.sub).exclude(pk=account.pk).exists():
        raise Taken
    if not is_named(account, franceconnect.persons_of(to_link.names, "")):
        raise OtherPerson


@transaction.atomic
def link(to_link: ToLink) -> bool:
    """Whether anything changed. Raises Taken, OtherPerson, ForbiddenTransition."""
    account = Account.objects.select_for_update(no_key=True).get(pk=to_link.account)
    check(account, to_link)
    if account.franceconnect_sub is not None:
        return False
    with franceconnect.used_once():
        lifecycle.link_franceconnect(account, sub=to_link.sub)
    return True


@transaction.atomic
def unlink(account: Account) -> bool:
    """Whether anything changed. Raises NoPassword, ForbiddenTransition."""
    account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    if account.franceconnect_sub is None:
        return False
    if not account.password:
        raise NoPassword
    lifecycle.unlink_franceconnect(account)
    return True


def linked_since(account: Account) -> datetime | None:
    """As the journal tells it; None when it does not: the link came with an account which was joined, say."""
    told = Event.objects.filter(target_kind="account", target_id=account.pk, kind__in=_TOLD)
    last = told.order_by("-at", "-id").first()
    if last is None or last.kind == EventKind.ACCOUNT_FRANCECONNECT_UNLINKED:
        return None
    return last.at
