"""The accounts an agent acts on, read from a posted form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.http import QueryDict

from accounts.activation.mails import LINK
from accounts.forms import KEY, AccountFilterForm
from accounts.models import Account, Operation, OperationItem
from accounts.rows import rows_seen_by
from establishments.access import Right
from notifications.models import NOT_DELIVERED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models import AccountKind
    from accounts.models.account import AccountQuerySet
    from establishments.access import Access

MOST_ACCOUNTS = 5_000
# The accounts of an operation which each scope means.
_OF_OPERATION = {
    "operation": Q(),
    # No sheet stands for an activation link.
    "failures": Q(delivery__status__in=NOT_DELIVERED) & ~Q(delivery__reference_kind=LINK),
}


class UnusableSelection(Exception):
    """What was posted names no accounts to act on."""


class EmptySelection(UnusableSelection):
    """Nothing was selected, or nothing readable, or nothing the agent may see."""


class SelectionTooLarge(UnusableSelection):
    """More than MOST_ACCOUNTS accounts at once."""


def selected_accounts(access: Access, population: AccountKind, data: QueryDict) -> AccountQuerySet:
    """The accounts that a list's form names, among those of `population` the agent may see.

    `accounts` holds keys joined by commas (the selection of the tab); else `account` is repeated (the
    boxes of the page); `scope=filter` means all that the address in `filter` finds, `scope=operation`
    those that the bulk action `operation` acted on, `scope=failures` those of them whose mail did not
    arrive. Keys of other establishments are dropped: there, they do not exist. Raises UnusableSelection.
    """
    access.require(Right.EXPORT, population)
    if data.get("scope") == "filter":
        return Account.objects.filter(
            pk__in=accounts_found(access, population, QueryDict(data.get("filter", "")))
        )
    which = _OF_OPERATION.get(data.get("scope", ""))
    if which is not None:
        ticked = _of_operation(access, population, data.get("operation", ""), which)
    else:
        ticked = _keys(data)
    return Account.objects.filter(pk__in=_usable(rows_seen_by(access, population).accounts() & ticked))


def accounts_found(access: Access, population: AccountKind, filters: QueryDict) -> frozenset[int]:
    """The keys of the accounts a search finds. Raises UnusableSelection, also for an unknown criterion."""
    form = AccountFilterForm(filters, establishment=access.establishment, population=population)
    if form.has_unknown:
        raise EmptySelection
    return _usable(form.filter(rows_seen_by(access, population)).accounts())


def _of_operation(access: Access, population: AccountKind, pk: str, which: Q) -> frozenset[int]:
    if not KEY.fullmatch(pk):
        raise EmptySelection
    operation = Operation.objects.visible_to(access).filter(pk=pk, population=population)
    items = OperationItem.objects.filter(which, operation__in=operation, status=OperationItem.Status.DONE)
    return frozenset(items.values_list("account_id", flat=True))


def _usable(chosen: frozenset[int]) -> frozenset[int]:
    if not chosen:
        raise EmptySelection
    if len(chosen) > MOST_ACCOUNTS:
        raise SelectionTooLarge
    return chosen


def _keys(data: QueryDict) -> frozenset[int]:
    joined = data.get("accounts", "").strip()
    return _parsed(joined.split(",") if joined else data.getlist("account"))


def _parsed(keys: Iterable[str]) -> frozenset[int]:
    keys = list(keys)
    if not all(KEY.fullmatch(key) for key in keys):
        raise EmptySelection
    return frozenset(map(int, keys))
