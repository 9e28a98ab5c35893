"""The links mailed to an active account, to choose a password or confirm an address: signed, used once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.activation.links import LinkRefused, Refusal
from accounts.activation.session import stamp_of
from accounts.models import Account, FamilyLink
from accounts.transitions import State

if TYPE_CHECKING:
    from datetime import datetime, timedelta

_SALT = "accounts.activation.family_links"  # not of its room: links mailed under it open
Purpose = FamilyLink.Purpose
_PAGES = {Purpose.PASSWORD: "family_recover", Purpose.MAIL: "family_confirm_mail"}


def draw(account: Account, purpose: FamilyLink.Purpose, mail: str) -> FamilyLink:
    """Voids the one drawn before. Runs in the caller's transaction, the account locked."""
    link, _ = FamilyLink.objects.get_or_create(
        account=account, purpose=purpose, defaults={"asked_at": timezone.now()}
    )
    link.number += 1
    link.mail, link.stamp, link.asked_at, link.used_at = mail, stamp_of(account), timezone.now(), None
    link.save()
    return link


def address_of(link: FamilyLink) -> str:
    token = signing.Signer(salt=_SALT).sign_object([link.account_id, link.purpose, link.number])
    return settings.PUBLIC_URL + reverse(_PAGES[Purpose(link.purpose)], args=[token])


def deadline_of(link: FamilyLink) -> datetime:
    return link.asked_at + _lifetime_of(Purpose(link.purpose))


def awaited(account: Account, purpose: FamilyLink.Purpose) -> FamilyLink | None:
    """The link which would still open, if one was asked for."""
    link = FamilyLink.objects.filter(account=account, purpose=purpose, used_at__isnull=True).first()
    if link is None or not link.number or _is_void(link, account):
        return None
    return link


def read(token: str, purpose: FamilyLink.Purpose) -> FamilyLink:
    """What the token opens now; raises LinkRefused."""
    return _opened(token, purpose, lock=False)


def use(token: str, purpose: FamilyLink.Purpose) -> FamilyLink:
    """The same, once: account and link are locked in the caller's transaction. Raises LinkRefused."""
    link = _opened(token, purpose, lock=True)
    link.used_at = timezone.now()
    link.save(update_fields=["used_at"])
    return link


def give_up(account: Account, purpose: FamilyLink.Purpose) -> None:
    """The family no longer wants what waits."""
    FamilyLink.objects.filter(account=account, purpose=purpose, used_at__isnull=True).update(
        used_at=timezone.now()
    )


def forget(now: datetime) -> int:
    """Where old links were sent; their numbers stay, which no other link may have."""
    old = FamilyLink.objects.filter(asked_at__lt=now - settings.FAMILY_SIGN_INS_KEPT).exclude(mail="")
    return old.update(mail="", stamp="")


def _opened(token: str, purpose: FamilyLink.Purpose, *, lock: bool) -> FamilyLink:
    pk, number = _told_by(token, purpose)
    accounts = Account.objects.select_for_update(no_key=True) if lock else Account.objects.all()
    account = accounts.filter(pk=pk, closed_at__isnull=True, state=State.ACTIVE).first()
    link = FamilyLink.objects.filter(account=pk, purpose=purpose).first()
    if account is None or link is None:
        raise LinkRefused(Refusal.UNKNOWN)
    if number != link.number:
        raise LinkRefused(Refusal.REPLACED)
    if link.used_at is not None:
        raise LinkRefused(Refusal.USED)
    if _is_void(link, account):
        raise LinkRefused(Refusal.EXPIRED)
    link.account = account
    return link


def _told_by(token: str, purpose: FamilyLink.Purpose) -> tuple[int, int]:
    try:
        pk, of, number = signing.Signer(salt=_SALT).unsign_object(token)
    except signing.BadSignature:
        raise LinkRefused(Refusal.UNKNOWN) from None
    if of != purpose:
        raise LinkRefused(Refusal.UNKNOWN)
    return pk, number


def _is_void(link: FamilyLink, account: Account) -> bool:
    """Too old, or the password changed since: who asked may no longer be who holds the account."""
    is_same = constant_time_compare(link.stamp, stamp_of(account))
    return not is_same or timezone.now() >= deadline_of(link)


def _lifetime_of(purpose: FamilyLink.Purpose) -> timedelta:
    of_password = purpose == Purpose.PASSWORD
    return settings.RECOVERY_LINK_LIFETIME if of_password else settings.NEW_MAIL_LINK_LIFETIME
