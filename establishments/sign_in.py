"""How agents sign in: local accounts only, invited, never self-registered."""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

logger = logging.getLogger(__name__)


class ConsoleAccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Agents come from extracts, claims or delegations; nobody signs up."""
        return False

    def format_email_subject(self, subject: str) -> str:
        """As the template says it, without the site's name before it."""
        return subject

    def get_reset_password_from_key_url(self, key: str) -> str:
        """At the site's own address, whatever Host was asked for; `key` is allauth's, opaque."""
        uid, _, secret = key.partition("-")
        return settings.PUBLIC_URL + reverse("account_reset_password_from_key", args=[uid, secret])

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail that cannot leave changes no page: an error would say which addresses are known."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            logger.error("a mail could not be sent: %s", error)
