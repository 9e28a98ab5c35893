"""The mail which tells a family its access: the sheet's content, in a letterbox instead of a schoolbag."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.template.loader import render_to_string

from notifications.mails import Mail
from notifications.sheet_data import Child, Sender, SheetText

if TYPE_CHECKING:
    from datetime import date

SUBJECTS = {
    SheetText.PROVISIONAL: "Votre accès aux services en ligne",
    SheetText.RESET: "Votre nouveau mot de passe provisoire",
    SheetText.CHOSEN: "Rappel de votre accès aux services en ligne",
    SheetText.CONTINUED: "Votre accès aux services en ligne reste le même",
    SheetText.FRANCECONNECT: "Rappel de votre accès aux services en ligne",
}


@dataclass(frozen=True, slots=True)
class AccessMail:
    """What one family reads. A text with a secret carries it, or the one-use `link` which shows it, not both.

    Nothing here comes from another responsable's record.
    """

    recipient: str
    sender: Sender
    text: SheetText
    addressee: str
    identifier: str
    activation_url: str
    service_address: str
    secret: str = field(default="", repr=False)
    link: str = field(default="", repr=False)
    valid_until: date | None = None
    children: tuple[Child, ...] = ()
    for_pupil: bool = False
    is_awaiting_confirmation: bool = False
    password_rule: str = ""

    def __post_init__(self) -> None:
        if self.text.has_secret != (bool(self.secret) != bool(self.link)):
            raise ValueError(f"a {self.text} mail and its secret or link do not go together")


def access_mail(access: AccessMail) -> Mail:
    """The mail, its words made of `access` here and now."""
    context = {"mail": access, "sender": access.sender, "subject": SUBJECTS[access.text]}
    return Mail(
        recipient=access.recipient,
        sender_name=access.sender.name,
        reply_to=access.sender.mail,
        subject=SUBJECTS[access.text],
        text=render_to_string("notifications/mails/access.txt", context),
        html=render_to_string("notifications/mails/access.html", context),
    )
