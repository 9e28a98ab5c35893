"""Sends what is due: claim, make, hand over, mark; at the pace allowed, over one connection."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection

from notifications import deliveries
from notifications.envelope import return_path
from notifications.mails import Mail, Undeliverable, as_bytes
from notifications.models import Delivery
from notifications.smtp import Deferred, Postman, Rejected, ServerUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)
Compose = Callable[[Delivery], Mail]
# Seconds one worker sends before it lets another task have its turn.
TURN = 60.0
# Lines cut one after the other before the server is taken for dead.
MOST_CUTS = 5
FAULT = "Erreur interne."
# The key of the advisory locks which number the senders, two integers with the sender's number.
_LOCK = 0x6D61696C


@dataclass(slots=True)
class Turn:
    """What one turn did; `is_over` when nothing is due any more."""

    sent: int = 0
    failed: int = 0
    put_off: int = 0
    connections: int = 0
    is_over: bool = False


def send_due(compose: Compose, turn_lasts: float = TURN) -> Turn:
    """Send the mails due, `compose` making each from what is true when it leaves.

    As many senders at once as settings.MAIL_SENDERS; one too many does nothing.
    """
    turn = Turn()
    with _sender_number() as number:
        if number is None or not deliveries.has_due():
            turn.is_over = True
            return turn
        with Postman() as postman:
            try:
                _send(compose, postman, turn, time.monotonic() + turn_lasts)
            except ServerUnreachable as error:
                # Beat comes back in a moment; the mails wait unharmed.
                if error.is_final:
                    log.error("mail server refuses our mails: %s", str(error))
                else:
                    log.warning("mail server unreachable: %s", str(error))
                deliveries.explain_wait(error.reason or deliveries.SILENT)
                turn.is_over = True
            turn.connections = postman.connections
    log.info("mails: %d sent, %d failed, %d put off", turn.sent, turn.failed, turn.put_off)
    return turn


def _send(compose: Compose, postman: Postman, turn: Turn, until: float) -> None:
    postman.connect()
    deliveries.end_silence()
    cuts = 0
    fault: Exception | None = None
    for delivery in _claimed(postman, until, turn):
        try:
            is_cut = _deliver(delivery, compose, postman, turn)
        except ServerUnreachable:
            raise
        except Exception as error:
            # The last resort: recorded, and raised again once the other mails have left.
            log.error("a mail could not be sent: %s", type(error).__name__)
            deliveries.put_off(delivery, FAULT)
            turn.put_off += 1
            fault, is_cut = fault or error, False
        cuts = cuts + 1 if is_cut else 0
        if cuts >= MOST_CUTS:
            raise ServerUnreachable(f"{cuts} lines cut")
    if fault is not None:
        raise fault


def _claimed(postman: Postman, until: float, turn: Turn) -> Iterator[Delivery]:
    """Each mail due, claimed once a connection is there to take it, at the pace of settings.MAIL_RATE."""
    pace = 60 * settings.MAIL_SENDERS / settings.MAIL_RATE if settings.MAIL_RATE else 0.0
    next_at = time.monotonic()
    while time.monotonic() < until:
        postman.connect()
        delivery = deliveries.claim()
        if delivery is None:
            turn.is_over = True
            return
        yield delivery
        next_at = max(next_at + pace, time.monotonic())
        time.sleep(max(next_at - time.monotonic(), 0))


def _deliver(delivery: Delivery, compose: Compose, postman: Postman, turn: Turn) -> bool:
    """True when the line was cut."""
    try:
        mail = compose(delivery)
        if mail.recipient != delivery.recipient and not deliveries.readdress(delivery, mail.recipient):
            return False
        postman.hand_over(return_path(delivery.pk), mail.recipient, as_bytes(mail, delivery.message_id))
    except Undeliverable as end:
        turn.failed += deliveries.mark_failed(delivery, end.status, end.reason)
    except Rejected as refusal:
        status = Delivery.Status.REFUSED if refusal.is_address else Delivery.Status.FAILED
        turn.failed += deliveries.mark_failed(delivery, status, refusal.reason)
    except Deferred as later:
        _put_off(delivery, later)
        turn.put_off += 1
        return not later.is_domain
    except ServerUnreachable as error:
        deliveries.release(delivery, error.reason)
        raise
    else:
        turn.sent += deliveries.mark_sent(delivery, mail.recipient)
        if delivery.was_paused:
            deliveries.resume_domain(delivery.domain)
    return False


def _put_off(delivery: Delivery, later: Deferred) -> None:
    deliveries.put_off(delivery, later.reason)
    if later.is_domain:
        deliveries.pause_domain(delivery.domain)


@contextmanager
def _sender_number() -> Iterator[int | None]:
    """A number no other sender has; None when they are all taken. A killed sender's is free at once."""
    with connection.cursor() as cursor:
        for number in range(settings.MAIL_SENDERS):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK, number])
            if cursor.fetchone()[0]:
                break
        else:
            yield None
            return
    try:
        yield number
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK, number])
