"""A code sent by SMS: six digits which serve once, for ten minutes, five tries; nobody is sent many.

Nothing is looked for among the accounts: whoever the number is of, the same SMS leaves. The digits are kept
nowhere, a keyed digest of them is; the counts live in the cache, where many at once are counted as many.
"""

from __future__ import annotations

import secrets
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone
from django.utils.crypto import constant_time_compare, get_random_string, salted_hmac

from accounts.activation.throttle import TooManyTries
from establishments.networks import client_address
from notifications.sms.sending import send

if TYPE_CHECKING:
    from accounts.activation.session import FamilyRequest

_SALT = "accounts.activation.codes"  # not of its room: codes sent under it are good
LIFETIME = timedelta(minutes=10)
TRIES = 5
# Seconds between two codes for one number, and how many an hour.
PAUSE = 60
MOST_AN_HOUR = 5
_HOUR = 3600


class TooManyCodes(TooManyTries):
    """No other SMS for now, whoever asked for the former ones: the page says what else may be done."""


class WrongCode(Exception):
    """Not that one; `left` more tries."""

    def __init__(self, left: int) -> None:
        super().__init__(left)
        self.left = left


class DeadCode(Exception):
    """Too old, used, or tried too often: only another one will do."""


def send_code(request: FamilyRequest, number: str) -> str:
    """Send a code to `number` (E.164); the key by which to check it. Raises TooManyCodes."""
    key, code = draw_code(request, number)
    send(number, words_of(code), expires_at=timezone.now() + LIFETIME)
    return key


def draw_code(request: FamilyRequest, number: str) -> tuple[str, str]:
    """A key, and the code for `number`, which someone else sends. Raises TooManyCodes."""
    _count(request, number)
    code, key = f"{secrets.randbelow(1_000_000):06d}", get_random_string(32)
    lifetime = int(LIFETIME.total_seconds())
    cache.set(_kept(key), _mark(key, number, code), lifetime)
    cache.set(_tries(key), 0, lifetime)
    return key, code


def words_of(code: str) -> str:
    """Letters of every telephone's alphabet, or the SMS would be twice as long."""
    return (
        f"{code} est votre code {settings.OPERATOR_NAME}. Il sert une fois, pendant 10 minutes. "
        "Ne le donnez à personne."
    )


def check(key: str, number: str, given: str) -> None:
    """Use the code up if `given` is it. Raises WrongCode or DeadCode."""
    try:
        tries = cache.incr(_tries(key))
    except ValueError:
        raise DeadCode from None
    mark = cache.get(_kept(key))
    if mark is None or tries > TRIES:
        raise DeadCode
    if not constant_time_compare(mark, _mark(key, number, given)):
        if tries == TRIES:
            raise DeadCode
        raise WrongCode(TRIES - tries)
    if not cache.delete(_kept(key)):
        # Two at once: one of them used it.
        raise DeadCode


def forget(key: str) -> None:
    """Another code replaces it."""
    cache.delete_many([_kept(key), _tries(key)])


def _count(request: FamilyRequest, number: str) -> None:
    """A number's own limits first: what it is refused costs the others nothing."""
    pause = f"sms:pause:{_digest(number)}"
    now = int(time.time())
    if not cache.add(pause, now, PAUSE):
        raise TooManyCodes(max(1, PAUSE - (now - int(cache.get(pause, now)))))
    limits = {
        f"number:{_digest(number)}": MOST_AN_HOUR,
        f"address:{_digest(str(client_address(request)))}": settings.SMS_ADDRESS_RATE,
        "all": settings.SMS_RATE,
    }
    for name, most in limits.items():
        counter = f"sms:{name}:{now // _HOUR}"
        cache.add(counter, 0, _HOUR)
        if cache.incr(counter) > most:
            raise TooManyCodes(_HOUR - now % _HOUR)


def _digest(text: str) -> str:
    return salted_hmac(_SALT, text, algorithm="sha256").hexdigest()


def _mark(key: str, number: str, code: str) -> str:
    return _digest(f"{key} {number} {code}")


def _kept(key: str) -> str:
    return f"sms:code:{key}"


def _tries(key: str) -> str:
    return f"sms:tries:{key}"
