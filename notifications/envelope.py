"""The addresses of an envelope: whose a mail is, and the signed return path by which a bounce is known."""

from __future__ import annotations

import base64
import re
from email.utils import parseaddr

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

_SALT = "notifications.envelope"
# Lower case only: some servers change the case of what stands before the @. 80 bits.
_SEAL_LENGTH = 16
_TOKEN = re.compile(rf"([0-9]{{1,18}})-([a-z2-7]{{{_SEAL_LENGTH}}})")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}", re.ASCII)
_LONGEST = 254


def is_address(text: str) -> bool:
    """Whether a mail can be addressed so: one plain address, nothing before nor after."""
    return len(text) <= _LONGEST and _ADDRESS.fullmatch(text) is not None


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()


def platform_address() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def platform_domain() -> str:
    return domain_of(platform_address())


def return_path(delivery: int) -> str:
    """Where the server that cannot deliver it sends it back: `retours+<signed key>@…`."""
    local, at, domain = settings.BOUNCE_ADDRESS.rpartition("@")
    return f"{local}+{_token(delivery)}@{domain}" if at else platform_address()


def delivery_of(address: str) -> int | None:
    """The key signed in a return path; None for any other address, and for a forged one."""
    found = _TOKEN.fullmatch(address.rpartition("@")[0].rpartition("+")[2].lower())
    if found is None:
        return None
    seals = [_seal(int(found[1]), key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return int(found[1]) if any(constant_time_compare(found[2], seal) for seal in seals) else None


def _token(delivery: int) -> str:
    return f"{delivery}-{_seal(delivery, settings.SECRET_KEY)}"


def _seal(delivery: int, key: str) -> str:
    digest = salted_hmac(_SALT, str(delivery), secret=key, algorithm="sha256").digest()
    return base64.b32encode(digest)[:_SEAL_LENGTH].decode().lower()
