"""The mail which reminds a family of a letter it has: no identifiant and no password, only until when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.template.loader import render_to_string

from notifications.mails import Mail

if TYPE_CHECKING:
    from datetime import date

    from notifications.sheet_data import Sender

SUBJECT = "Rappel : il reste à activer votre compte"


@dataclass(frozen=True, slots=True)
class ReminderMail:
    """What one family reads; `valid_until` is the last day of the letter it was given."""

    recipient: str
    sender: Sender
    addressee: str
    valid_until: date
    activation_url: str
    service_address: str
    for_pupil: bool = False


def reminder_mail(reminder: ReminderMail) -> Mail:
    context = {"mail": reminder, "sender": reminder.sender, "subject": SUBJECT}
    return Mail(
        recipient=reminder.recipient,
        sender_name=reminder.sender.name,
        reply_to=reminder.sender.mail,
        subject=SUBJECT,
        text=render_to_string("notifications/mails/reminder.txt", context),
        html=render_to_string("notifications/mails/reminder.html", context),
    )
