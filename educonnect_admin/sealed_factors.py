"""Agents' second factors at rest: TOTP secrets and seeds of recovery codes are sealed as passwords are."""

from notifications.keyring import keyring


class SealedFactors:
    """The two hooks of allauth's MFA adapter; put before it: `class Adapter(SealedFactors, …): ...`."""

    def encrypt(self, text: str) -> str:
        """Under the first of settings.SECRETS_KEYS; `rotate_secrets` renews it."""
        return keyring().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Raises cryptography.fernet.InvalidToken when no key opens it."""
        return keyring().decrypt(encrypted_text.encode()).decode()
