"""Sends the mails promised about delegations: none is lost when the mail server is away."""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPServerDisconnected
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from establishments import invitations
from establishments.delegations.terms import PROFILE_ACTS
from establishments.models import Agent, DelegationNotice

if TYPE_CHECKING:
    from django.core.mail.backends.base import BaseEmailBackend
    from django.db.models import QuerySet

_log = logging.getLogger(__name__)
_Kind = DelegationNotice.Kind
# A mail which could not leave for so long would tell of another time.
_GIVE_UP = timedelta(days=7)
_SUBJECTS: dict[str, str] = {
    _Kind.GRANTED: "Délégation accordée",
    _Kind.CHANGED: "Délégation modifiée",
    _Kind.ENDED: "Délégation terminée",
}


def send_due() -> int:
    """Send what waits, one commit a mail; the number sent. What the server cannot take now waits on."""
    sent, tried = 0, list[int]()
    if not _waiting().exists():
        return 0
    try:
        with get_connection() as connection:
            while pk := _send_next(tried, connection):
                tried.append(abs(pk))
                sent += pk > 0
    except OSError as error:
        _log.warning("notices about delegations wait: %s", type(error).__name__)
    return sent


def forget_old() -> None:
    """As mails to families: who was written to is known for a while, then no more."""
    DelegationNotice.objects.filter(created_at__lt=timezone.now() - settings.MAIL_RECORD_LIFETIME).delete()


def _waiting() -> QuerySet[DelegationNotice]:
    return DelegationNotice.objects.filter(
        sent_at__isnull=True, failed_at__isnull=True, created_at__gt=timezone.now() - _GIVE_UP
    )


@transaction.atomic
def _send_next(tried: list[int], connection: BaseEmailBackend) -> int:
    """The key of the notice sent, negative if it was not, 0 when none is left; its row is locked."""
    waiting = _waiting().exclude(pk__in=tried)
    notice = (
        waiting.select_for_update(skip_locked=True, of=("self",))
        .select_related("recipient", "delegation__agent", "delegation__granted_by", "delegation__ended_by")
        .select_related("delegation__establishment__feed__academy")
        .order_by("created_at", "pk")
        .first()
    )
    if notice is None:
        return 0
    outcome = _deliver(notice, connection)
    if outcome:
        DelegationNotice.objects.filter(pk=notice.pk).update(**{outcome: timezone.now()})
    return notice.pk if outcome == "sent_at" else -notice.pk


def _deliver(notice: DelegationNotice, connection: BaseEmailBackend) -> str | None:
    """The date to write: sent, failed for good, or none for a refusal which may pass."""
    address = notice.recipient.email or notice.recipient.contact_mail
    if not address:
        return "failed_at"
    message = _message(notice, address)
    message.connection = connection
    try:
        message.send()
    except SMTPRecipientsRefused as refusal:
        return "failed_at" if all(code >= 500 for code, _ in refusal.recipients.values()) else None
    except SMTPServerDisconnected:
        # It hung up on this one: the others leave by another connection.
        connection.close()
        connection.open()
        return None
    except SMTPException:
        return None
    if notice.kind == _Kind.INVITED:
        Agent.objects.filter(pk=notice.recipient_id).update(invited_at=timezone.now())
    return "sent_at"


def _message(notice: DelegationNotice, address: str) -> EmailMultiAlternatives:
    if notice.kind == _Kind.INVITED:
        return invitations.message_to(notice.recipient)
    delegation = notice.delegation
    is_delegate = notice.recipient_id == delegation.agent_id
    context = {
        "notice": notice,
        "delegation": delegation,
        "place": delegation.establishment,
        "is_delegate": is_delegate,
        "is_left": delegation.ended_at is not None and delegation.ended_by is None,
        "acts": PROFILE_ACTS[delegation.profile],
        "operator_name": settings.OPERATOR_NAME,
        "link": settings.PUBLIC_URL + reverse("home"),
    }
    message = EmailMultiAlternatives(
        subject=f"{_SUBJECTS[notice.kind]} : {delegation.establishment}",
        body=render_to_string("establishments/mails/delegation.txt", context),
        to=[address],
    )
    message.attach_alternative(render_to_string("establishments/mails/delegation.html", context), "text/html")
    return message
