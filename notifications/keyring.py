"""The keys which encrypt what must not be read at rest: provisional passwords and documents."""

from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def keyring() -> MultiFernet:
    """Of settings.SECRETS_KEYS, the first encrypts, all decrypt."""
    return _keyring(tuple(settings.SECRETS_KEYS))


@lru_cache(maxsize=4)
def _keyring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
