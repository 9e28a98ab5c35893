"""What each account's sheet says, from the record of the school which prints it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.utils import timezone

from accounts.activation import password_rule
from accounts.contacts import RECORD_ORDER
from accounts.joining.children import each_once
from accounts.models import Account, AccountKind, Holding
from accounts.secrets import last_day, open_secret
from accounts.transitions import State
from establishments.phones import displayed_phone
from notifications.sheet_data import Child, Sender, Sheet, SheetText

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from establishments.models import Establishment


@dataclass(frozen=True, slots=True)
class Recipient:
    """An account with its children; `here` are those of the printing school, the eldest first."""

    account: Account
    here: Sequence[Holding]
    elsewhere: Sequence[Holding]

    @property
    def eldest(self) -> Holding:
        """The pupil who takes the sheet home."""
        return self.here[0]

    @property
    def class_order(self) -> tuple[str, int]:
        """The label of the pupil's class, those without one last; two classes may have the same."""
        school_class = self.eldest.student.school_class
        return (school_class.label_key, school_class.pk) if school_class else ("~", 0)

    @property
    def order(self) -> tuple[tuple[str, int], str, str, int]:
        """Class, then pupil: how sheets come out of the printer."""
        pupil = self.eldest.student
        return self.class_order, pupil.surname_key, pupil.given_name_key, self.account.pk

    @property
    def name_order(self) -> tuple[str, str, int]:
        """The name of whom the sheet is addressed to."""
        person = self.eldest.responsable or self.eldest.student
        return person.surname_key, person.given_name_key, self.account.pk

    @property
    def addressee(self) -> str:
        person = self.eldest.responsable or self.eldest.student
        return " ".join(part for part in (person.title, person.given_name, person.surname) if part)


def recipients(establishment: Establishment, accounts: Iterable[int], at: datetime) -> list[Recipient]:
    """The accounts that a sheet can be made for now, by class and pupil, in two queries.

    Left out: those without a child here any more, and those whose provisional password has expired.
    """
    return [each for each in holders(establishment, accounts) if not each.account.has_dead_secret(at)]


def holders(establishment: Establishment, accounts: Iterable[int]) -> list[Recipient]:
    """Those of the accounts with a child here now, by class and pupil."""
    held = Holding.objects.filter(account__in=list(accounts)).select_related(
        "account", "responsable", "student__school_class", "student__establishment"
    )
    by_account: dict[int, list[Holding]] = defaultdict(list)
    for holding in held.order_by(*RECORD_ORDER):
        by_account[holding.account_id].append(holding)
    found = []
    for holdings in by_account.values():
        here = [h for h in holdings if h.establishment_id == establishment.pk]
        elsewhere = [h for h in holdings if h.establishment_id != establishment.pk]
        if here:
            found.append(Recipient(holdings[0].account, here, elsewhere))
    return sorted(found, key=lambda recipient: recipient.order)


def sheets_for(establishment: Establishment, accounts: Sequence[int]) -> list[Sheet]:
    """The sheets of `accounts`, in their order; the secrets are opened here and kept nowhere else."""
    now = timezone.now()
    sender = sender_of(establishment)
    found = {r.account.pk: r for r in recipients(establishment, accounts, now)}
    return [_sheet(found[pk], establishment, sender, now) for pk in accounts if pk in found]


def sender_of(establishment: Establishment) -> Sender:
    town = f"{establishment.postcode} {establishment.city}".strip()
    return Sender(
        name=establishment.display_name,
        uai=establishment.uai,
        address=tuple(line for line in (establishment.street, town) if line),
        phone=displayed_phone(establishment.phone),
        mail=establishment.mail,
        academy=establishment.academy.name,
        noun="établissement" if establishment.is_second_degree else "école",
    )


def service_address() -> str:
    """The address of activation as a person types it."""
    return settings.ACTIVATION_URL.split("://", 1)[-1].rstrip("/")


def _sheet(recipient: Recipient, establishment: Establishment, sender: Sender, now: datetime) -> Sheet:
    account, pupil = recipient.account, recipient.eldest.student
    text = sheet_text(recipient, now)
    for_pupil = account.kind == AccountKind.STUDENT
    zone = establishment.academy.zone
    return Sheet(
        sender=sender,
        text=text,
        addressee=recipient.addressee,
        address=()
        if recipient.eldest.responsable is None
        else tuple(recipient.eldest.responsable.address_lines),
        identifier=account.identifier,
        secret=open_secret(account.sealed_secret) if text.has_secret else "",
        valid_until=last_day(account.secret_expires_at, zone)
        if text.has_secret and account.secret_expires_at
        else None,
        class_label=str(pupil.school_class or ""),
        handed_to=f"{pupil.surname} {pupil.given_name}",
        children=() if for_pupil else children_of(recipient),
        for_pupil=for_pupil,
        is_awaiting_confirmation=account.state == State.ACTIVATING,
        activation_url=f"{settings.ACTIVATION_URL}?{urlencode({'identifiant': account.identifier})}",
        service_address=service_address(),
        made_on=timezone.localtime(now, zone).date(),
        password_rule=password_rule.rule().words,
    )


def sheet_text(recipient: Recipient, now: datetime) -> SheetText:
    """Which letter the account's state and password ask for."""
    account = recipient.account
    if account.has_live_secret(now):
        return SheetText.PROVISIONAL if account.state == State.NOTIFIED else SheetText.RESET
    if not account.password:
        return SheetText.FRANCECONNECT
    arrived_at = min(holding.student.arrived_at for holding in recipient.here)
    if account.activated_at and account.activated_at < arrived_at:
        return SheetText.CONTINUED
    return SheetText.CHOSEN


def children_of(recipient: Recipient) -> tuple[Child, ...]:
    """Those of the account now, here and elsewhere, the eldest first."""
    here = each_once(holding.student for holding in recipient.here)
    elsewhere = each_once((holding.student for holding in recipient.elsewhere), but=here)
    return tuple(
        Child(
            given_name=pupil.given_name,
            surname=pupil.surname,
            class_label=str(pupil.school_class or ""),
            school_name=str(pupil.establishment or ""),
        )
        for pupil in (*here, *elsewhere)
    )
