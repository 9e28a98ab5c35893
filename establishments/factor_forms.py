"""allauth's forms of second factors, with what they leave out: a code serves once, and the journal knows."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.forms import LoginWebAuthnForm
from allauth.mfa.webauthn.internal.auth import parse_authentication_response
from django.core.cache import cache
from django.core.exceptions import ValidationError

from establishments import sign_in_journal
from establishments.sign_in import ConsoleMFAAdapter

# The window of a code before and after its own (MFA_TOTP_TOLERANCE), with a margin, in seconds.
_CODE_LIFE = 120


class _OnceOnly:
    """allauth forgets a used code sooner than its tolerance lets it live."""

    def clean_code(self: Any) -> str:
        try:
            code: str = super().clean_code()  # type: ignore[misc]
        except ValidationError as error:
            if error.code == "too_many_login_attempts":
                sign_in_journal.refused(self.user)
            sign_in_journal.failed("second factor")
            raise
        if self.authenticator.type == Authenticator.Type.TOTP:
            cache.touch(TOTP(self.authenticator)._get_used_cache_key(code), _CODE_LIFE)
        return code


class FactorForm(_OnceOnly, AuthenticateForm):
    """After the password."""


class FactorAgainForm(_OnceOnly, ReauthenticateForm):
    """In an open session."""


class PasskeyForm(LoginWebAuthnForm):
    def clean_credential(self) -> Authenticator:
        """A passkey stands for password and factor only when its owner was verified (fingerprint, PIN).

        The session's challenge alone does not say so: it may have been drawn for another page.
        """
        try:
            given = parse_authentication_response(self.cleaned_data["credential"])
            if not given.response.authenticator_data.is_user_verified():
                raise ConsoleMFAAdapter().validation_error("incorrect_code")
            authenticator: Authenticator = super().clean_credential()
        except ValidationError:
            sign_in_journal.failed("passkey")
            raise
        return authenticator
