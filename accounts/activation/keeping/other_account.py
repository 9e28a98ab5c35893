"""« Ajouter un enfant depuis un autre compte »: two accounts of one person become one, the signed-in one."""

from __future__ import annotations

from enum import StrEnum

from django.db import transaction
from django.utils.crypto import constant_time_compare

from accounts.activation.keeping import family_mails
from accounts.activation.keeping.credentials import Standing, Verified
from accounts.activation.keeping.same_person import have_same_names
from accounts.activation.session import stamp_of
from accounts.joining import merging
from accounts.joining.rules import NotJoinable
from accounts.models import Account, AccountKind, AccountSource, Duplicate
from accounts.tasks import send_mails
from accounts.transitions import State


class Reason(StrEnum):
    """Why not; told only to who holds the password of the other account, but for the first."""

    REFUSED = "REFUSED"
    SAME = "SAME"
    DONE = "DONE"
    EXPIRED = "EXPIRED"
    CLOSED = "CLOSED"
    JOINED = "JOINED"
    PUPIL = "PUPIL"
    ACTIVE = "ACTIVE"
    OTHER_NAMES = "OTHER_NAMES"
    APART = "APART"
    CHANGED = "CHANGED"


class NotAddable(Exception):
    """Nothing was done."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


_STANDINGS = {
    Standing.REFUSED: Reason.REFUSED,
    Standing.EXPIRED: Reason.EXPIRED,
    Standing.CLOSED: Reason.CLOSED,
}


def check(account: Account, given: Verified) -> Account:
    """The other account, which may be brought to `account`; raises NotAddable."""
    other = given.account
    if given.standing == Standing.JOINED and other is not None:
        is_here = other.merged_into_id == account.pk
        raise NotAddable(Reason.DONE if is_here else Reason.JOINED)
    if given.standing in _STANDINGS or other is None:
        raise NotAddable(_STANDINGS.get(given.standing, Reason.REFUSED))
    if reason := _reason_against(account, other):
        raise NotAddable(reason)
    return other


@transaction.atomic
def add(account: Account, other: int, stamp: str) -> None:
    """Close the other account into `account`, if it is still as `stamp` says; raises NotAddable."""
    accounts = Account.objects.select_for_update(no_key=True).filter(pk__in=[account.pk, other])
    locked = {each.pk: each for each in accounts.order_by("pk")}
    if len(locked) != 2:
        raise NotAddable(Reason.CHANGED)
    kept, closed = locked[account.pk], locked[other]
    if closed.merged_into_id == kept.pk:
        raise NotAddable(Reason.DONE)
    if kept.closed_at or closed.closed_at or not constant_time_compare(stamp_of(closed), stamp):
        raise NotAddable(Reason.CHANGED)
    if reason := _reason_against(kept, closed):
        raise NotAddable(reason)
    try:
        merging.merge(kept.pk, closed.pk, AccountSource.Reason.FAMILY, merging.FAMILY)
    except NotJoinable:
        raise NotAddable(Reason.CHANGED) from None
    if kept.mail:
        family_mails.promise(kept, family_mails.CHILD_TOLD, kept.mail)
        transaction.on_commit(send_mails.delay)


def _reason_against(account: Account, other: Account) -> Reason | None:
    if other.pk == account.pk:
        return Reason.SAME
    if other.kind != AccountKind.RESPONSABLE:
        return Reason.PUPIL
    if not have_same_names(account, other):
        return Reason.OTHER_NAMES
    if other.state == State.ACTIVE:
        return Reason.ACTIVE
    first, second = sorted((account.pk, other.pk))
    apart = Duplicate.objects.filter(first=first, second=second, decision=Duplicate.Decision.DIFFERENT)
    return Reason.APART if apart.exists() else None
