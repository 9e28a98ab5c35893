"""The queue of SMS: each sealed until it leaves or is of no use, claimed by one worker, then emptied."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.fernet import InvalidToken
from django.db.models import F, Q
from django.utils import timezone

from notifications.keyring import keyring
from notifications.models import SmsMessage
from notifications.sms.gateways import GatewaySilent, Sms, SmsRefused, gateway

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet

log = logging.getLogger(__name__)
# Longer than a gateway may make us wait (settings.SMS_TIMEOUT, to connect and to answer).
LEASE = timedelta(minutes=1)
FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(minutes=2)
# How long it is known that an SMS left, or did not, for who is asked « I received nothing ».
RECORD_LIFETIME = timedelta(days=7)
_Status = SmsMessage.Status


def promise(number: str, text: str, *, expires_at: datetime) -> SmsMessage:
    """Queue `text` for `number` (E.164), in the caller's transaction; not sent once `expires_at` is past."""
    now = timezone.now()
    return SmsMessage.objects.create(
        sealed=keyring().encrypt(json.dumps([number, text]).encode()).decode(),
        created_at=now,
        next_attempt_at=now,
        expires_at=expires_at,
    )


def send_one(pk: UUID) -> timedelta | None:
    """Hand one SMS over if it is due and nobody else has it in hand; how long to wait before another try."""
    sms = _claim(pk)
    if sms is None:
        return None
    try:
        number, text = json.loads(keyring().decrypt(sms.sealed.encode()))
        gateway().send(Sms(str(sms.pk), number, text))
    except InvalidToken:
        _fail(sms, "no key opens it")
    except SmsRefused as refusal:
        _fail(sms, str(refusal))
    except GatewaySilent as silence:
        return _put_off(sms, str(silence))
    except OSError as fault:
        # The spool's disk is full, or its folder somebody else's.
        return _put_off(sms, type(fault).__name__)
    else:
        _held(sms).update(**_ended(_Status.SENT), sent_at=timezone.now(), last_error="")
    return None


def due(limit: int = 500) -> list[UUID]:
    """Those whose task was lost with its worker or its queue, oldest first."""
    now = timezone.now()
    return list(_due(now).order_by("next_attempt_at").values_list("pk", flat=True)[:limit])


def forget(now: datetime) -> int:
    """Empty those which died waiting, delete old ones; how many were too late."""
    late = SmsMessage.objects.filter(status=_Status.PENDING, expires_at__lte=now).exclude(
        leased_until__gt=now
    )
    expired = late.update(**_ended(_Status.EXPIRED))
    SmsMessage.objects.filter(created_at__lt=now - RECORD_LIFETIME).exclude(status=_Status.PENDING).delete()
    if expired:
        log.warning("sms: %d not sent in time", expired)
    return expired


def _due(now: datetime) -> QuerySet[SmsMessage]:
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=now)
    return SmsMessage.objects.filter(
        free, status=_Status.PENDING, next_attempt_at__lte=now, expires_at__gt=now
    )


def _claim(pk: UUID) -> SmsMessage | None:
    now = timezone.now()
    until = now + LEASE
    if not _due(now).filter(pk=pk).update(leased_until=until, attempts=F("attempts") + 1):
        return None
    return SmsMessage.objects.filter(pk=pk, leased_until=until).first()


def _fail(sms: SmsMessage, reason: str) -> None:
    log.error("sms: the gateway refuses one: %s", reason)
    _held(sms).update(**_ended(_Status.FAILED), last_error=reason)


def _put_off(sms: SmsMessage, reason: str) -> timedelta:
    log.warning("sms: the gateway is silent: %s", reason)
    delay = min(FIRST_DELAY * (1 << min(sms.attempts - 1, 8)), LONGEST_DELAY)
    _held(sms).update(next_attempt_at=timezone.now() + delay, leased_until=None, last_error=reason)
    return delay


def _ended(status: SmsMessage.Status) -> dict[str, object]:
    """What is left of an SMS which is no longer to be sent: neither its number nor its words."""
    return {"status": status, "sealed": "", "next_attempt_at": None, "leased_until": None}


def _held(sms: SmsMessage) -> QuerySet[SmsMessage]:
    return SmsMessage.objects.filter(pk=sms.pk, status=_Status.PENDING, leased_until=sms.leased_until)
