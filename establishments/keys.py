"""Encryption of what sign-in keeps at rest: secrets of second factors, forms waiting for their author."""

from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def seal_text(text: str) -> str:
    """`text` encrypted with the first of settings.SECRETS_KEYS."""
    return _keyring(tuple(settings.SECRETS_KEYS)).encrypt(text.encode()).decode()


def open_text(sealed: str) -> str:
    """The reverse, by any of the keys; raises cryptography.fernet.InvalidToken."""
    return _keyring(tuple(settings.SECRETS_KEYS)).decrypt(sealed.encode()).decode()


@lru_cache(maxsize=4)
def _keyring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
