"""First sign-in: a link by mail, good once and for a while, to choose one's password."""

from __future__ import annotations

from dataclasses import dataclass, field
from smtplib import SMTPException
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.core import signing
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from establishments.models import Agent, Establishment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.db.models import QuerySet

_SALT = "establishments.invitations"


class InvitationRefused(Exception):
    """The link does not open; `is_expired` when time alone is to blame."""

    def __init__(self, *, is_expired: bool) -> None:
        super().__init__("expired" if is_expired else "used or forged")
        self.is_expired = is_expired


@dataclass(slots=True)
class Sending:
    """What became of a round of invitations."""

    sent: int = 0
    failed: list[tuple[Agent, str]] = field(default_factory=list)


def token_for(agent: Agent) -> str:
    """Dies when a password is chosen or the address changes, and after settings.INVITATION_LIFETIME."""
    return signing.dumps([agent.pk, _proof(agent)], salt=_SALT)


def _proof(agent: Agent) -> str:
    """Of the unusable password, which is random: once replaced, never the same again.

    Short, since the signature around it is what cannot be forged.
    """
    return salted_hmac(_SALT, f"{agent.password} {agent.email}", algorithm="sha256").hexdigest()[:16]


def read(token: str) -> Agent:
    """The agent invited by `token`; raises InvitationRefused."""
    try:
        pk, proof = signing.loads(token, salt=_SALT, max_age=settings.INVITATION_LIFETIME)
    except signing.SignatureExpired:
        raise InvitationRefused(is_expired=True) from None
    except signing.BadSignature:
        raise InvitationRefused(is_expired=False) from None
    agent = Agent.objects.filter(pk=pk, is_active=True).first()
    if agent is None or not constant_time_compare(proof, _proof(agent)):
        raise InvitationRefused(is_expired=False)
    return agent


def accept(agent: Agent, password: str) -> bool:
    """Give the agent their password; False when the link was used meanwhile (double click)."""
    hashed = make_password(password)
    accepted = Agent.objects.filter(pk=agent.pk, password=agent.password).update(password=hashed)
    agent.password = hashed
    return accepted == 1


def to_invite(establishments: QuerySet[Establishment] | None = None) -> QuerySet[Agent]:
    """Who directs something (there, when said), can sign in, has no password, and holds no live link."""
    places = Establishment.objects.filter(is_offered=True) if establishments is None else establishments
    never = Q(invited_at__isnull=True) | Q(invited_at__lte=timezone.now() - settings.INVITATION_LIFETIME)
    return (
        Agent.objects.filter(never, is_active=True, email__isnull=False)
        .filter(password__startswith=UNUSABLE_PASSWORD_PREFIX)
        .filter(mandates__ended_at__isnull=True, mandates__establishment__in=places)
        .distinct()
        .order_by("pk")
    )


def invite(agents: Iterable[Agent], advance: Callable[[], object] = lambda: None) -> Sending:
    """Mail each their link over one connection; a refused address does not stop the others."""
    sending = Sending()
    with get_connection() as connection:
        for agent in agents:
            message = message_to(agent)
            message.connection = connection
            try:
                message.send()
            except SMTPException as error:
                sending.failed.append((agent, str(error)))
            else:
                Agent.objects.filter(pk=agent.pk).update(invited_at=timezone.now())
                sending.sent += 1
            advance()
    return sending


def message_to(agent: Agent) -> EmailMultiAlternatives:
    """The mail which carries the agent's link."""
    context = {
        "agent": agent,
        "operator_name": settings.OPERATOR_NAME,
        "link": settings.PUBLIC_URL + reverse("invitation", args=[token_for(agent)]),
        "days": settings.INVITATION_LIFETIME.days,
        "places": list(Establishment.objects.visible_to(agent)[:10]),
    }
    message = EmailMultiAlternatives(
        subject="Votre accès à la console « Administration des comptes »",
        body=render_to_string("establishments/mails/invitation.txt", context),
        to=[agent.email or ""],
    )
    message.attach_alternative(render_to_string("establishments/mails/invitation.html", context), "text/html")
    return message
