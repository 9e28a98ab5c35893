"""The mails of an activation: promised with the change they tell, made and sent by a worker."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import formataddr, parseaddr
from smtplib import SMTPRecipientsRefused
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.activation.links import link_deadline, link_for
from accounts.models import Account
from accounts.transitions import State
from establishments.models import Event, EventKind
from establishments.phones import displayed_phone
from notifications.models import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterable

LINK, MOVED = "activation:link", "activation:moved"
SUBJECTS = {
    LINK: "Activez votre compte : confirmez votre adresse mail",
    MOVED: "Une autre adresse mail a été donnée pour votre compte",
}
FIRST_DELAY, MOST_ATTEMPTS = 60, 8
_Status = Delivery.Status


@dataclass(frozen=True, slots=True)
class Letter:
    """A finished mail: made when it is sent, kept nowhere."""

    recipient: str
    sender_name: str
    reply_to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


class NothingToSend(Exception):
    """What the mail would have said is no longer true."""


def promise_links(accounts: Iterable[Account]) -> list[Delivery]:
    """Queue the current link of accounts being activated, to the address which each waits to confirm."""
    return _promise(LINK, [(account, account.pending_mail) for account in accounts])


def promise_notice(account: Account, former_mail: str) -> list[Delivery]:
    """Queue the mail which tells the former address that another one replaces it."""
    return _promise(MOVED, [(account, former_mail)])


def _promise(kind: str, recipients: list[tuple[Account, str]]) -> list[Delivery]:
    now = timezone.now()
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return Delivery.objects.bulk_create(
        Delivery(
            recipient=mail,
            subject=SUBJECTS[kind],
            next_attempt_at=now,
            message_id=f"<{uuid.uuid4().hex}@{domain}>",
            reference_kind=kind,
            reference_id=str(account.pk),
            created_at=now,
        )
        for account, mail in recipients
    )


def compose(delivery: Delivery) -> Letter:
    """The mail as it is true now; raises NothingToSend."""
    account = Account.objects.get(pk=int(delivery.reference_id))
    context = (
        _link_context(account, delivery) if delivery.reference_kind == LINK else _notice_context(account)
    )
    name = "activation_link" if delivery.reference_kind == LINK else "activation_moved"
    with timezone.override(_zone_of(account)):
        return Letter(
            recipient=delivery.recipient,
            sender_name=settings.OPERATOR_NAME,
            reply_to="",
            subject=delivery.subject,
            text=render_to_string(f"accounts/mails/{name}.txt", context),
            html=render_to_string(f"accounts/mails/{name}.html", context),
        )


def _link_context(account: Account, delivery: Delivery) -> dict[str, object]:
    if account.state != State.ACTIVATING or account.pending_mail != delivery.recipient or account.closed_at:
        raise NothingToSend
    return {
        "operator_name": settings.OPERATOR_NAME,
        "link": link_for(account),
        "deadline": link_deadline(account),
    }


def _notice_context(account: Account) -> dict[str, object]:
    """Names the school which acted, whom to call, and nobody else."""
    resent = Event.objects.filter(
        target_kind="account", target_id=account.pk, kind=EventKind.ACCOUNT_ACTIVATION_RESENT
    )
    school = resent.select_related("establishment").latest("at", "pk").establishment
    assert school is not None, "an agent acts in an establishment"
    return {
        "operator_name": settings.OPERATOR_NAME,
        "school": school,
        "phone": displayed_phone(school.phone) if school.phone else "",
    }


def _zone_of(account: Account) -> str:
    """The clock the family reads: that of a school where it has a child."""
    held = account.holdings.select_related("establishment__feed__academy").order_by("student_id").first()
    return held.establishment.academy.time_zone if held else settings.TIME_ZONE


@transaction.atomic
def deliver(pk: int) -> int | None:
    """Send one promised mail; the seconds to wait before another attempt, None when it is done with."""
    waiting = Delivery.objects.select_for_update(skip_locked=True).filter(status=_Status.PENDING)
    delivery = waiting.filter(pk=pk).first()
    if delivery is None:
        return None
    delivery.attempts += 1
    delay = _attempt(delivery)
    delivery.save()
    return delay


def _attempt(delivery: Delivery) -> int | None:
    """Nothing of what is written of a failure names an address."""
    try:
        _message(compose(delivery), delivery.message_id).send()
    except NothingToSend:
        _end(delivery, _Status.FAILED, "Sans objet : le compte a changé depuis.")
    except SMTPRecipientsRefused as refusal:
        code = min(code for code, _ in refusal.recipients.values())
        if code < 500:
            return _put_off(delivery, "Serveur du destinataire occupé")
        _end(delivery, _Status.FAILED, f"Adresse refusée ({code})")
    except OSError as error:
        return _put_off(delivery, type(error).__name__)
    else:
        delivery.sent_at = timezone.now()
        _end(delivery, _Status.SENT)
    return None


def _end(delivery: Delivery, status: Delivery.Status, reason: str = "") -> None:
    delivery.status, delivery.last_error, delivery.next_attempt_at = status, reason, None


def _put_off(delivery: Delivery, reason: str) -> int | None:
    """Later and later, then given up."""
    if delivery.attempts >= MOST_ATTEMPTS:
        _end(delivery, _Status.FAILED, reason)
        return None
    delay: int = FIRST_DELAY * 2 ** (delivery.attempts - 1)
    delivery.last_error = reason
    delivery.next_attempt_at = timezone.now() + timedelta(seconds=delay)
    return delay


def _message(letter: Letter, message_id: str) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        from_email=formataddr((letter.sender_name, parseaddr(settings.DEFAULT_FROM_EMAIL)[1])),
        to=[letter.recipient],
        headers={"Message-ID": message_id, "Auto-Submitted": "auto-generated"},
    )
    message.attach_alternative(letter.html, "text/html")
    return message
