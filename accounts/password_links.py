"""One-use links which stand for a provisional password in a mail, and die with it."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import PasswordLink
from accounts.secrets import last_day, open_secret
from establishments.models import Event, EventKind

if TYPE_CHECKING:
    from datetime import date, datetime

    from accounts.models import Account
    from notifications.models import Delivery

_SALT = "accounts.password_links"


class DeadLink(Exception):
    """The link was used, or its password was replaced, chosen or has expired; or it never was one."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the link reveals, once; `valid_until` is the password's last day."""

    identifier: str
    secret: str
    valid_until: date | None


def link_for(account: Account, delivery: Delivery) -> str:
    """The address to write in the mail `delivery`; the same when it is made again for another attempt."""
    seed = f"{delivery.pk} {account.sealed_secret}"
    digest = salted_hmac(_SALT, seed, algorithm="sha256").digest()
    token = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    PasswordLink.objects.bulk_create(
        [
            PasswordLink(
                token_hash=_hash(token),
                account=account,
                delivery=delivery,
                secret_hash=_hash(account.sealed_secret),
            )
        ],
        ignore_conflicts=True,
    )
    return settings.PUBLIC_URL + reverse("password_link", args=[token])


def is_alive(token: str) -> bool:
    try:
        _live(token)
    except DeadLink:
        return False
    return True


@transaction.atomic
def show(token: str) -> Shown:
    """Use the link up and return what it stands for; raises DeadLink, also for the second of two clicks."""
    link = _live(token)
    try:
        secret = open_secret(link.account.sealed_secret)
    except InvalidToken:
        raise DeadLink from None
    used = PasswordLink.objects.filter(pk=link.pk, used_at__isnull=True).update(used_at=timezone.now())
    if not used:
        raise DeadLink
    account = link.account
    Event.objects.create(
        kind=EventKind.ACCOUNT_SECRET_SHOWN,
        actor=Event.Actor.FAMILY,
        target_kind="account",
        target_id=account.pk,
        data={"link": True},
    )
    zone = link.delivery.item.operation.establishment.academy.zone
    deadline = last_day(account.secret_expires_at, zone) if account.secret_expires_at else None
    return Shown(account.identifier, secret, deadline)


def forget(now: datetime) -> int:
    """Delete the old links which show nothing any more: used, or of a password since erased; how many."""
    is_dead = Q(used_at__isnull=False) | Q(account__sealed_secret="")
    old = PasswordLink.objects.filter(is_dead, created_at__lt=now - settings.MAIL_RECORD_LIFETIME)
    return old.delete()[0]


def _live(token: str) -> PasswordLink:
    found = PasswordLink.objects.select_related(
        "account", "delivery__item__operation__establishment__feed__academy"
    )
    link = found.filter(pk=_hash(token), used_at__isnull=True).first()
    if link is None or not link.account.has_live_secret(timezone.now()):
        raise DeadLink
    if not constant_time_compare(link.secret_hash, _hash(link.account.sealed_secret)):
        raise DeadLink
    return link


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
