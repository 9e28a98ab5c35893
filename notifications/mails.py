"""One mail as it goes on the wire: headers nobody can inject into, text and HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.utils import formataddr
from typing import TYPE_CHECKING, cast

from django.core.mail import EmailMultiAlternatives

from notifications.envelope import is_address, platform_address

if TYPE_CHECKING:
    from django.core.mail.message import SafeMIMEMultipart

    from notifications.models import Delivery


@dataclass(frozen=True, slots=True)
class Mail:
    """A finished mail: made when it is sent, kept nowhere. `reply_to` is the school, if it has an address."""

    recipient: str
    sender_name: str
    reply_to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


class Undeliverable(Exception):
    """There is nothing to send any more; `status` and `reason` are what the school reads."""

    def __init__(self, status: Delivery.Status, reason: str) -> None:
        super().__init__(status)
        self.status = status
        self.reason = reason


def as_bytes(mail: Mail, message_id: str) -> bytes:
    """The whole message. A line break in a name is a space; in an address, the address is left out."""
    message = EmailMultiAlternatives(
        subject=one_line(mail.subject),
        body=mail.text,
        from_email=formataddr((one_line(mail.sender_name), platform_address())),
        to=[mail.recipient],
        reply_to=[mail.reply_to] if is_address(mail.reply_to) else None,
        headers={
            "Message-ID": message_id,
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "OOF, AutoReply",
        },
    )
    message.attach_alternative(mail.html, "text/html")
    return cast("SafeMIMEMultipart", message.message()).as_bytes(linesep="\r\n")


def one_line(text: str) -> str:
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
