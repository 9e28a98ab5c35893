"""How agents sign in: local accounts, invited, never self-registered; what allauth asks of us on the way."""

from __future__ import annotations

import logging
from smtplib import SMTPException
from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse

from establishments import kept_forms, second_factor, sign_in_journal
from establishments.keys import open_text, seal_text
from establishments.models import Agent
from establishments.networks import client_address, is_administrative

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.http import HttpRequest

logger = logging.getLogger(__name__)


class FactorStage(AuthenticateStage):
    """Between the password and the console: asked where the factor is due, and of who has one."""

    def _should_handle(self, request: HttpRequest) -> bool:
        agent = self.login.user
        asked: bool = super()._should_handle(request)
        return asked and isinstance(agent, Agent) and second_factor.is_due(request, agent)


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

    def get_client_ip(self, request: HttpRequest) -> str:
        """What throttles count: addresses that cannot be known share one count."""
        return str(client_address(request) or "unknown")

    def get_login_stages(self) -> list[str]:
        """With FactorStage in place of allauth's, which knows no networks."""
        ours, theirs = (f"{stage.__module__}.{stage.__name__}" for stage in (FactorStage, AuthenticateStage))
        return [ours if stage == theirs else stage for stage in super().get_login_stages()]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not of who has just signed in: enrolling at the first sign-in asks the password once."""
        required: bool = super().is_reauthentication_required(app=app, **kwargs)
        request = context.request
        return required and not second_factor.signed_in_lately(request, request.user)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """A form kept from the session before comes first."""
        if isinstance(request.user, Agent) and kept_forms.kept_for(request.session, request.user):
            return reverse("kept_form")
        url: str = super().get_login_redirect_url(request)
        return url

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("mfa_index")

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raises ValidationError when the throttle is closed, which the journal tells once a while."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            mail = str(credentials.get("email", "")).strip().lower()
            sign_in_journal.refused(Agent.objects.filter(email=mail).first())
            raise

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, Agent):
            sign_in_journal.signed_out(request, request.user)
        super().logout(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that does not answer is told to operators; the agent's act is done all the same."""
        try:
            super().send_mail(template_prefix, email, {**context, "public_url": settings.PUBLIC_URL})
        except (OSError, SMTPException) as error:
            logger.error("mail %s not sent: %s", template_prefix, type(error).__name__)


class ConsoleMFAAdapter(DefaultMFAAdapter):
    def get_totp_issuer(self) -> str:
        return f"{settings.OPERATOR_NAME} – Administration des comptes"

    def encrypt(self, text: str) -> str:
        return seal_text(text)

    def decrypt(self, encrypted_text: str) -> str:
        return open_text(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """The only factor stays where one is required: another comes first."""
        if is_administrative(context.request):
            return True
        others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=second_factor.FACTORS)
        return others.exclude(pk=authenticator.pk).exists()

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        held = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Ma clé d’accès {held + 1}" if held else "Ma clé d’accès"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": "Administration des comptes"}
