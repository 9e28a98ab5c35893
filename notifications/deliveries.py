"""The queue of mails: promised by the thousand, claimed one at a time, marked in a commit of their own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from notifications.envelope import domain_of, platform_domain
from notifications.models import Delivery, DomainPause

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

# Longer than a server may make us wait for one mail (settings.EMAIL_TIMEOUT, several commands).
LEASE = timedelta(minutes=5)
FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(minutes=60)
LONGEST_PAUSE = timedelta(minutes=30)
SILENT = "Le serveur d’envoi ne répond pas."
WAS_SILENT = "Le serveur d’envoi n’a pas répondu."
_Status = Delivery.Status


@dataclass(frozen=True, slots=True)
class Promise:
    """One mail to make and send later; `reference` is the owner's kind and key of what it is about."""

    recipient: str
    subject: str
    reference: tuple[str, str]


def promise(promises: Iterable[Promise], now: datetime) -> list[Delivery]:
    """Queue mails, in the caller's transaction; in the order given. The Message-ID is fixed here."""
    domain = platform_domain()
    return Delivery.objects.bulk_create(
        Delivery(
            recipient=each.recipient,
            domain=domain_of(each.recipient),
            subject=each.subject,
            next_attempt_at=now,
            message_id=f"<{uuid.uuid4().hex}@{domain}>",
            reference_kind=each.reference[0],
            reference_id=each.reference[1],
            created_at=now,
        )
        for each in promises
    )


_DUE = """
    SELECT due.id FROM notifications_delivery due
    WHERE due.status = 'pending' AND due.next_attempt_at <= %(now)s
      AND (due.leased_until IS NULL OR due.leased_until <= %(now)s)
      AND NOT EXISTS (
          SELECT FROM notifications_domainpause pause
          WHERE pause.domain = due.domain AND pause.until > %(now)s)
    ORDER BY due.next_attempt_at, due.id
"""
_CLAIM = f"""
UPDATE notifications_delivery d SET leased_until = %(until)s, attempts = d.attempts + 1
WHERE d.id = ({_DUE} LIMIT 1 FOR UPDATE OF due SKIP LOCKED)
RETURNING d.*, EXISTS (
    SELECT FROM notifications_domainpause pause WHERE pause.domain = d.domain) AS was_paused
"""  # noqa: S608 - a constant of this module


def claim() -> Delivery | None:
    """Take one mail in hand, for LEASE: nobody else has it, whatever the number of workers."""
    now = timezone.now()
    claimed = list(Delivery.objects.raw(_CLAIM, {"now": now, "until": now + LEASE}))
    return claimed[0] if claimed else None


def next_due(limit: int) -> list[int]:
    """The keys of the mails that would be claimed next, unclaimed."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_DUE} LIMIT %(limit)s", {"now": timezone.now(), "limit": limit})
        return [row[0] for row in cursor.fetchall()]


def has_due() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS ({_DUE})", {"now": timezone.now()})
        return bool(cursor.fetchone()[0])


def readdress(delivery: Delivery, recipient: str) -> bool:
    """Write whom a mail in hand goes to, when that is no more whom it was promised to, before it goes.

    False when the lease was over and somebody else has taken the mail up.
    """
    domain = domain_of(recipient)
    if not _held(delivery).update(recipient=recipient, domain=domain):
        return False
    delivery.recipient, delivery.domain = recipient, domain
    return True


def mark_sent(delivery: Delivery, recipient: str) -> bool:
    """False when the lease was over and somebody else has taken the mail up."""
    return _mark(delivery, _Status.SENT, sent_at=timezone.now(), recipient=recipient, last_error="")


def mark_failed(delivery: Delivery, status: Delivery.Status, reason: str) -> bool:
    """End of this mail: failed, refused or without object, and why, in words for the school."""
    return _mark(delivery, status, last_error=reason)


def put_off(delivery: Delivery, reason: str) -> None:
    """Try again later, twice as late each time; given up after too many attempts or too long."""
    now = timezone.now()
    if delivery.attempts >= settings.MAIL_ATTEMPTS or now - delivery.created_at >= settings.MAIL_GIVE_UP:
        mark_failed(delivery, _Status.FAILED, reason)
        return
    _held(delivery).update(
        next_attempt_at=now + backoff(delivery.attempts, LONGEST_DELAY), leased_until=None, last_error=reason
    )


def release(delivery: Delivery, reason: str = "") -> None:
    """Give a claim back as if it had not been, but for the `reason`: the mail is not to blame."""
    _held(delivery).update(
        leased_until=None, attempts=delivery.attempts - 1, last_error=reason or delivery.last_error
    )


_EXPLAIN = f"""
UPDATE notifications_delivery SET last_error = %(reason)s
WHERE status = 'pending' AND last_error = '' AND id IN ({_DUE})
"""  # noqa: S608 - a constant of this module


def explain_wait(reason: str) -> None:
    """Say of the mails which could leave, and have no reason of their own to wait, why they do not."""
    with connection.cursor() as cursor:
        cursor.execute(_EXPLAIN, {"reason": reason, "now": timezone.now()})


def end_silence() -> None:
    """The server answers again."""
    Delivery.objects.filter(status=_Status.PENDING, last_error=SILENT).update(last_error="")


def backoff(failures: int, longest: timedelta) -> timedelta:
    doublings = min(max(failures - 1, 0), 12)
    return min(FIRST_DELAY * (1 << doublings), longest)


_PAUSE = """
INSERT INTO notifications_domainpause AS pause (domain, failures, until)
VALUES (%(domain)s, 1, %(now)s)
ON CONFLICT (domain) DO UPDATE SET failures = least(pause.failures + 1, 1000)
RETURNING failures
"""


def pause_domain(domain: str) -> None:
    """The mails of a domain which answers « later » wait, longer each time."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_PAUSE, {"domain": domain, "now": now})
        failures = cursor.fetchone()[0]
    DomainPause.objects.filter(domain=domain).update(until=now + backoff(failures, LONGEST_PAUSE))


def resume_domain(domain: str) -> None:
    """It takes mails again."""
    DomainPause.objects.filter(domain=domain).delete()


def give_up_on_old(now: datetime) -> int:
    """Fail the mails nobody could send in time, those of paused domains included; the number of them."""
    late = Q(created_at__lte=now - settings.MAIL_GIVE_UP) | Q(attempts__gte=settings.MAIL_ATTEMPTS)
    waiting = Delivery.objects.filter(late, status=_Status.PENDING).exclude(leased_until__gt=now)
    ended = {"status": _Status.FAILED, "next_attempt_at": None, "leased_until": None}
    silent = waiting.filter(last_error__in=["", SILENT]).update(**ended, last_error=WAS_SILENT)
    return silent + waiting.update(**ended)


def _held(delivery: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk, status=_Status.PENDING, leased_until=delivery.leased_until)


def _mark(delivery: Delivery, status: Delivery.Status, **fields: object) -> bool:
    ended = _held(delivery).update(status=status, next_attempt_at=None, leased_until=None, **fields)
    return ended == 1
