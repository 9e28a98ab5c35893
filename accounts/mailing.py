"""The mails to families: a campaign's are promised in its chunk's transaction, all made when they leave."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts import reminders
from accounts.activation import password_rule
from accounts.activation.keeping import family_mails
from accounts.activation.mails import LINK, MOVED, compose_link, compose_notice, promise_links
from accounts.campaigns import MAILED, sends_link
from accounts.contacts import address_of, contact_mails
from accounts.letters import Recipient, children_of, recipients, sender_of, sheet_text
from accounts.mail_reasons import CHANGED, DEAD, GONE, UNREADABLE
from accounts.models import Account, AccountKind, AccountMail, Operation, OperationItem
from accounts.password_links import link_for
from accounts.secrets import last_day, open_secret
from accounts.transitions import State
from notifications import deliveries
from notifications.access_mail import AccessMail, access_mail
from notifications.deliveries import Promise
from notifications.mails import Mail, Undeliverable
from notifications.models import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from establishments.models import Establishment

REFERENCE = "operation_item"
# How many mails ahead the accounts are read, and for how many seconds that holds.
AHEAD = 50
FRESH = 1.0
SUBJECT = "Accès aux services en ligne"
_Channel = OperationItem.Channel


def choose_channels(operation: Operation, items: Sequence[OperationItem]) -> Mapping[int, str]:
    """Set the channel of each item as things are now, and return the address of each account to mail.

    Whom no address reaches any more is told on paper when the agent asked for it; else its channel is
    empty, and it is left aside. A link goes to the address it is to confirm, whatever the contact mail.
    Nothing to do for another kind of operation.
    """
    if operation.kind not in MAILED:
        return {}
    letters = [item for item in items if not sends_link(operation, item.account)]
    chosen = [item.account_id for item in letters if item.channel == _Channel.MAIL]
    mails = contact_mails(operation.establishment, chosen)
    otherwise = _Channel.SHEET if operation.options.get("sheets") else ""
    for item in letters:
        item.channel = _Channel.MAIL if item.account_id in mails else otherwise
    return mails


_HOLD = """
UPDATE accounts_operationitem item SET delivery_id = new.delivery
FROM unnest(%s::bigint[], %s::bigint[]) AS new (id, delivery) WHERE item.id = new.id
"""


def promise(operation: Operation, done: Sequence[OperationItem], mails: Mapping[int, str]) -> None:
    """Queue a mail for each of the items `done`, in the transaction which notified their accounts."""
    mailed = [item for item in done if item.channel == _Channel.MAIL]
    if not mailed:
        return
    links = [item for item in mailed if sends_link(operation, item.account)]
    letters = [item for item in mailed if not sends_link(operation, item.account)]
    queued = [*_promise_letters(operation, letters, mails), *_promise_links(links)]
    with connection.cursor() as cursor:
        keys = [item.pk for item in (*letters, *links)]
        cursor.execute(_HOLD, [keys, [delivery.pk for delivery in queued]])


def _promise_letters(
    operation: Operation, items: Sequence[OperationItem], mails: Mapping[int, str]
) -> list[Delivery]:
    queued = deliveries.promise(
        [Promise(mails[item.account_id], SUBJECT, (REFERENCE, str(item.pk))) for item in items],
        timezone.now(),
    )
    AccountMail.objects.bulk_create(
        AccountMail(
            account_id=item.account_id, establishment_id=operation.establishment_id, delivery=delivery
        )
        for item, delivery in zip(items, queued, strict=True)
    )
    return queued


def _promise_links(items: Sequence[OperationItem]) -> list[Delivery]:
    """Of the accounts as they are now: their links have just been drawn."""
    accounts = Account.objects.in_bulk([item.account_id for item in items])
    return promise_links(accounts[item.account_id] for item in items)


@dataclass(frozen=True, slots=True)
class Read:
    """What a mail will be made of, as it was read; `recipient` is None when nobody is to be told here."""

    item: OperationItem
    establishment: Establishment
    recipient: Recipient | None


class Composer:
    """Makes the words of mails about to leave, each kind by its own rule.

    The accounts of a campaign are read for the next mails together, and again after FRESH seconds;
    whether the password is still the one announced is asked for each mail.
    """

    def __init__(self) -> None:
        self._read: dict[int, Read] = {}
        self._read_at = 0.0

    def __call__(self, delivery: Delivery) -> Mail:
        """Raises Undeliverable when there is nothing to say any more."""
        compose = _COMPOSERS.get(delivery.reference_kind, self._letter)
        return compose(delivery)

    def _letter(self, delivery: Delivery) -> Mail:
        """A mail leaves only if the account is as the notification left it: whatever changed since
        (activated, reset, notified again) would make it say a wrong password, or tell it to an address
        no longer trusted.
        """
        read = self._fresh(delivery)
        account, notified = read.item.account_id, read.item.version + 1
        if not Account.objects.filter(pk=account, version=notified, closed_at__isnull=True).exists():
            raise Undeliverable(Delivery.Status.CANCELLED, CHANGED)
        if read.item.account.has_dead_secret(timezone.now()):
            raise Undeliverable(Delivery.Status.CANCELLED, DEAD)
        if read.recipient is None:
            raise Undeliverable(Delivery.Status.CANCELLED, GONE)
        return access_mail(_access(read.recipient, read.establishment, delivery))

    def _fresh(self, delivery: Delivery) -> Read:
        if delivery.pk not in self._read or time.monotonic() - self._read_at > FRESH:
            self._read_at = time.monotonic()
            self._read = _read([delivery.pk, *deliveries.next_due(AHEAD)])
        return self._read.pop(delivery.pk)


_COMPOSERS: dict[str, Callable[[Delivery], Mail]] = {
    LINK: compose_link,
    MOVED: compose_notice,
    reminders.REMINDER: reminders.compose,
    **family_mails.COMPOSERS,
}


def _read(keys: Sequence[int]) -> dict[int, Read]:
    """By delivery, in a number of queries which grows only with the establishments."""
    items = list(
        OperationItem.objects.filter(delivery__in=keys, delivery__reference_kind=REFERENCE).select_related(
            "account", "operation__establishment__feed__academy", "operation__establishment__settings"
        )
    )
    by_school: dict[int, list[OperationItem]] = defaultdict(list)
    for item in items:
        by_school[item.operation.establishment_id].append(item)
    found: dict[int, Read] = {}
    for here in by_school.values():
        establishment = here[0].operation.establishment
        told = recipients(establishment, [item.account_id for item in here], timezone.now())
        by_account = {recipient.account.pk: recipient for recipient in told}
        for item in here:
            if item.delivery_id is not None:
                found[item.delivery_id] = Read(item, establishment, by_account.get(item.account_id))
    return found


def _access(recipient: Recipient, establishment: Establishment, delivery: Delivery) -> AccessMail:
    account = recipient.account
    text = sheet_text(recipient, timezone.now())
    is_link = text.has_secret and _mails_a_link(establishment)
    zone = establishment.academy.zone
    return AccessMail(
        recipient=address_of(recipient),
        sender=sender_of(establishment),
        text=text,
        addressee=recipient.addressee,
        identifier=account.identifier,
        activation_url=f"{settings.ACTIVATION_URL}?{urlencode({'identifiant': account.identifier})}",
        service_address=settings.ACTIVATION_URL.split("://", 1)[-1].rstrip("/"),
        secret=_opened(account.sealed_secret) if text.has_secret and not is_link else "",
        link=link_for(account, delivery) if is_link else "",
        valid_until=last_day(account.secret_expires_at, zone)
        if text.has_secret and account.secret_expires_at
        else None,
        children=() if account.kind == AccountKind.STUDENT else children_of(recipient),
        for_pupil=account.kind == AccountKind.STUDENT,
        is_awaiting_confirmation=account.state == State.ACTIVATING,
        password_rule=password_rule.rule().words,
    )


def _mails_a_link(establishment: Establishment) -> bool:
    chosen = getattr(establishment, "settings", None)
    return chosen is not None and chosen.mails_a_link


def _opened(sealed: str) -> str:
    try:
        return open_secret(sealed)
    except InvalidToken:
        raise Undeliverable(Delivery.Status.FAILED, UNREADABLE) from None
