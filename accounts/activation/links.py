"""The link mailed to activate an account: signed, good once and for a while, voided by the next one."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import lifecycle
from accounts.models import Account
from accounts.transitions import State

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.models.account import AccountQuerySet

_SALT = "accounts.activation.links"


class Refusal(StrEnum):
    UNKNOWN = "UNKNOWN"  # forged, cut short, or of an account which is no more
    USED = "USED"  # the account is active, by this link or another way
    REPLACED = "REPLACED"  # a newer one was sent
    EXPIRED = "EXPIRED"


class LinkRefused(Exception):
    """The link does not open; `refusal` says why."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


def token_for(account: Account) -> str:
    """The token of the account's current link; nothing of it is stored."""
    return signing.Signer(salt=_SALT).sign_object([account.pk, account.activation_link_number])


def link_for(account: Account) -> str:
    return settings.PUBLIC_URL + reverse("activation_confirm", args=[token_for(account)])


def link_sent_at(account: Account) -> datetime:
    """When the current link of an account being activated was drawn."""
    sent_at = account.activation_link_at or account.activating_since
    assert sent_at is not None, "no link before the activation has begun"
    return sent_at


def link_deadline(account: Account) -> datetime:
    return link_sent_at(account) + settings.ACTIVATION_LINK_LIFETIME


def read(token: str) -> Account:
    """The account that the link would activate; raises LinkRefused."""
    return _read(token, Account.objects.all())


@transaction.atomic
def confirm(token: str) -> None:
    """Activate the account: the address where the link was received is its own. Raises LinkRefused."""
    lifecycle.confirm_mail(_read(token, Account.objects.select_for_update()))


def _read(token: str, accounts: AccountQuerySet) -> Account:
    try:
        pk, number = signing.Signer(salt=_SALT).unsign_object(token)
    except signing.BadSignature:
        raise LinkRefused(Refusal.UNKNOWN) from None
    account = accounts.filter(pk=pk, closed_at__isnull=True).first()
    if account is None:
        raise LinkRefused(Refusal.UNKNOWN)
    if refusal := _refusal(account, number):
        raise LinkRefused(refusal)
    return account


def _refusal(account: Account, number: int) -> Refusal | None:
    if account.state == State.ACTIVE:
        return Refusal.USED
    if account.state != State.ACTIVATING:
        return Refusal.UNKNOWN
    if number != account.activation_link_number:
        return Refusal.REPLACED
    return Refusal.EXPIRED if timezone.now() >= link_deadline(account) else None
