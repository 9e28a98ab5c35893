"""The keys which encrypt what must not be read at rest: provisional passwords, documents, second factors."""

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def keyring() -> MultiFernet:
    """Of settings.SECRETS_KEYS, the first encrypts, all decrypt."""
    return _keyring(tuple(settings.SECRETS_KEYS))


def is_current(token: bytes | str) -> bool:
    """Whether the first key, with which all is encrypted now, opens `token` by itself."""
    try:
        _keyring((settings.SECRETS_KEYS[0],)).decrypt(token)
    except InvalidToken:
        return False
    return True


@lru_cache(maxsize=4)
def _keyring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
