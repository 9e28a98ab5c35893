"""What is forgotten of old mails: whom they went to and what servers answered; that they were, stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from notifications.models import NOT_DELIVERED, Delivery, DomainPause

if TYPE_CHECKING:
    from datetime import datetime

ERASED = "Détail effacé."


def forget_mails(now: datetime) -> int:
    """Erase the addresses of the mails promised settings.MAIL_RECORD_LIFETIME ago; how many.

    Pauses long over go too: no mail waits any more to lift them.
    """
    DomainPause.objects.filter(until__lt=now - settings.MAIL_GIVE_UP).delete()
    old = Delivery.objects.filter(
        created_at__lt=now - settings.MAIL_RECORD_LIFETIME, recipient__gt=""
    ).exclude(status=Delivery.Status.PENDING)
    erased = old.filter(status__in=NOT_DELIVERED).update(recipient="", domain="", last_error=ERASED)
    return erased + old.update(recipient="", domain="")
