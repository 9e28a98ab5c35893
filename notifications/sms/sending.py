"""An SMS on its way: promised with what it tells, in the queue once that is committed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction

from notifications.sms.queue import promise
from notifications.tasks import send_sms

if TYPE_CHECKING:
    from datetime import datetime


def send(number: str, text: str, *, expires_at: datetime) -> None:
    """Have `text` sent to `number` (E.164) by a worker, at once or soon, never after `expires_at`."""
    with transaction.atomic():
        message = promise(number, text, expires_at=expires_at)
        transaction.on_commit(partial(send_sms.delay, str(message.pk)))
