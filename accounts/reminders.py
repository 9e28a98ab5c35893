"""Reminders by mail that a letter soon expires: no notifications, they hold no secret and move no date."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from accounts.contacts import address_of, contact_mails
from accounts.letters import holders, sender_of, service_address
from accounts.mail_reasons import CHANGED, GONE
from accounts.models import Account, AccountKind, AccountMail, EstablishmentSettings
from accounts.secrets import last_day
from accounts.transitions import State
from establishments.models import Event, EventKind
from notifications import deliveries
from notifications.deliveries import Promise
from notifications.mails import Mail, Undeliverable
from notifications.models import Delivery
from notifications.reminder_mail import SUBJECT, ReminderMail, reminder_mail

if TYPE_CHECKING:
    from accounts.models.account import AccountQuerySet
    from establishments.models import Establishment

REMINDER = "reminder"
DAYS_AHEAD = (30, 7)
# A night missed is made up for; a later one is not worth a mail that says « thirty days ».
CATCH_UP = 3


def promise_due(now: datetime) -> int:
    """Queue the reminders due today where the establishment chose to send them, and return how many."""
    chosen = EstablishmentSettings.objects.filter(sends_reminders=True).order_by("pk")
    return sum(_promise_at(pk, now) for pk in chosen.values_list("pk", flat=True))


@transaction.atomic
def _promise_at(establishment: int, now: datetime) -> int:
    # The lock makes the second of two workers see what the first has promised.
    chosen = EstablishmentSettings.objects.select_for_update(of=("self",)).filter(
        pk=establishment, sends_reminders=True
    )
    found = chosen.select_related("establishment__feed__academy").first()
    if found is None:
        return 0
    return sum(_promise(found.establishment, days, now) for days in DAYS_AHEAD)


def _promise(school: Establishment, days: int, now: datetime) -> int:
    waiting = dict(_waiting(school, days, now).order_by("pk").values_list("pk", "distributed_at"))
    mails = contact_mails(school, list(waiting))
    queued = deliveries.promise(
        [Promise(mail, SUBJECT, (REMINDER, str(account))) for account, mail in mails.items()], now
    )
    AccountMail.objects.bulk_create(
        AccountMail(
            account_id=account,
            establishment=school,
            delivery=delivery,
            distributed_at=waiting[account],
            days_ahead=days,
        )
        for account, delivery in zip(mails, queued, strict=True)
    )
    Event.objects.bulk_create(_event(account, school, days, now) for account in mails)
    return len(queued)


def _waiting(school: Establishment, days: int, now: datetime) -> AccountQuerySet:
    """Those whose letter is from the school and expires in `days` by its calendar, not reminded of it yet."""
    today = school.academy.local_date(now)

    def end_of(ahead: int) -> datetime:
        return datetime.combine(today + timedelta(days=ahead + 1), time.min, tzinfo=school.academy.zone)

    reminded = AccountMail.objects.filter(
        account=OuterRef("pk"), distributed_at=OuterRef("distributed_at"), days_ahead=days
    )
    return _holding_its_letter(now).filter(
        ~Exists(reminded),
        distributed_by=school,
        secret_expires_at__gt=end_of(days - CATCH_UP),
        secret_expires_at__lte=end_of(days),
    )


def _holding_its_letter(now: datetime) -> AccountQuerySet:
    """Notified, not activated, and the letter still says the password that works."""
    notified = Account.objects.in_state(State.NOTIFIED).exclude(sealed_secret="")
    return notified.filter(
        closed_at__isnull=True, secret_expires_at__gt=now, secret_drawn_at__lte=F("distributed_at")
    )


def _event(account: int, school: Establishment, days: int, now: datetime) -> Event:
    return Event(
        kind=EventKind.ACCOUNT_REMINDED,
        at=now,
        establishment=school,
        actor=Event.Actor.PLATFORM,
        target_kind="account",
        target_id=account,
        data={"days_ahead": days},
    )


def compose(delivery: Delivery) -> Mail:
    """The reminder as things are now; raises Undeliverable when it has no object any more."""
    reminder = AccountMail.objects.select_related("establishment__feed__academy").get(delivery=delivery)
    school = reminder.establishment
    assert school is not None, "a reminder is an establishment's"
    still = _holding_its_letter(timezone.now()).filter(distributed_at=reminder.distributed_at)
    account = still.filter(pk=reminder.account_id).first()
    if account is None or account.secret_expires_at is None:
        raise Undeliverable(Delivery.Status.CANCELLED, CHANGED)
    found = holders(school, [account.pk])
    if not found:
        raise Undeliverable(Delivery.Status.CANCELLED, GONE)
    return reminder_mail(
        ReminderMail(
            recipient=address_of(found[0]),
            sender=sender_of(school),
            addressee=found[0].addressee,
            valid_until=last_day(account.secret_expires_at, school.academy.zone),
            activation_url=settings.ACTIVATION_URL,
            service_address=service_address(),
            for_pupil=account.kind == AccountKind.STUDENT,
        )
    )
