"""How often one may try: each failure makes the next try wait longer, and nobody is shut out for good.

A try is counted before it is made, so that many at once count as many; a success takes the count back. Three
counts: what is tried from one address (or one known browser), what is tried from everywhere, whose waits stay
short since a stranger may cause them, and all that one address tries, a whole school maybe.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.crypto import salted_hmac
from redis import Redis

from accounts.activation import devices
from establishments.networks import client_address

if TYPE_CHECKING:
    from accounts.activation.session import FamilyRequest

_SALT = "accounts.activation.throttle"
_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Limit:
    """After `free` tries, each within `window` seconds of the last, waits of 1, 2, 4… `longest` seconds."""

    free: int
    longest: int
    window: int = _HOUR


@dataclass(frozen=True, slots=True)
class Rule:
    """The limits of one kind of try; its name is part of the keys."""

    name: str
    here: Limit
    anywhere: Limit
    address: Limit = Limit(free=300, longest=_MINUTE)


PASSWORD = Rule("password", here=Limit(5, 15 * _MINUTE), anywhere=Limit(50, 30))
BIRTH_DATE = Rule(
    "birth-date", here=Limit(5, 15 * _MINUTE, 24 * _HOUR), anywhere=Limit(10, 15 * _MINUTE, 24 * _HOUR)
)
# A code dies after five tries; these go from one code to the next.
SMS_CODE = Rule("sms-code", here=Limit(10, 15 * _MINUTE), anywhere=Limit(25, 30))


# What is sent to who lost something: a few an hour, more and more slowly, whoever asks.
RECOVERY = Rule(
    "recovery",
    here=Limit(4, _HOUR, 24 * _HOUR),
    anywhere=Limit(8, 15 * _MINUTE, 24 * _HOUR),
    address=Limit(free=60, longest=15 * _MINUTE),
)
OTHER_ACCOUNT = Rule("other-account", here=Limit(5, 15 * _MINUTE), anywhere=Limit(10, 15 * _MINUTE))
NEW_MAIL = Rule("new-mail", here=Limit(4, _HOUR, 24 * _HOUR), anywhere=Limit(6, _HOUR, 24 * _HOUR))


class TooManyTries(Exception):
    """The middleware answers it with a page which says how long to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


# All or nothing: what one count refuses is counted in none. KEYS are counts, ARGV the time then the limits.
_COUNT = """
local now, wait = tonumber(ARGV[1]), 0
for i, key in ipairs(KEYS) do
    local opens = tonumber(redis.call('HGET', key, 'opens') or '0')
    if opens - now > wait then wait = opens - now end
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
    local free, longest, window = tonumber(ARGV[3*i-1]), tonumber(ARGV[3*i]), tonumber(ARGV[3*i+1])
    local tries = redis.call('HINCRBY', key, 'tries', 1)
    if tries >= free then
        local delay = math.min(longest, 2 ^ math.min(tries - free, 20))
        redis.call('HSET', key, 'opens', now + delay * 1000)
    end
    redis.call('EXPIRE', key, window + longest)
end
return 0
"""
_FORGIVE = """
for i, key in ipairs(KEYS) do
    if i < #KEYS then
        redis.call('DEL', key)
    elseif redis.call('HINCRBY', key, 'tries', -1) <= 0 then
        redis.call('DEL', key)
    end
end
"""


def attempt(request: FamilyRequest, rule: Rule, subject: str) -> None:
    """Count one try about `subject` (an identifiant, a number…); raises TooManyTries, uncounted."""
    limits = [rule.here, rule.anywhere, rule.address]
    keys = _keys(request, rule, subject)
    if devices.device_of(request, subject):
        keys, limits = [keys[0], keys[2]], [rule.here, rule.address]
    given = [value for limit in limits for value in (limit.free, limit.longest, limit.window)]
    wait = int(_script(_COUNT)(keys=keys, args=[int(time.time() * 1000), *given]))
    if wait:
        raise TooManyTries(-(-wait // 1000))


def succeeded(request: FamilyRequest, rule: Rule, subject: str) -> None:
    """The last try was good: its count starts again, and that of the address is one less."""
    keys = _keys(request, rule, subject)
    if devices.device_of(request, subject):
        keys = [keys[0], keys[2]]
    _script(_FORGIVE)(keys=keys)


def pause(name: str, subject: str, seconds: int = _MINUTE) -> None:
    """Nothing of that kind is asked for `subject` again before; raises TooManyTries."""
    key = f"pause:{salted_hmac(_SALT, f'{name} {subject}', algorithm='sha256').hexdigest()}"
    if not _redis().set(key, 1, nx=True, ex=seconds):
        raise TooManyTries(max(1, int(_redis().ttl(key))))


def here(request: FamilyRequest, subject: str) -> str:
    """The known browser, or the address."""
    return devices.device_of(request, subject) or str(client_address(request))


def _keys(request: FamilyRequest, rule: Rule, subject: str) -> list[str]:
    """Of here, of anywhere, of the address: digests, which name nobody."""
    address = str(client_address(request))
    parts = (f"here {subject} {here(request, subject)}", f"anywhere {subject}", f"address {address}")
    digests = [salted_hmac(_SALT, f"{rule.name} {part}", algorithm="sha256").hexdigest() for part in parts]
    return [f"tries:{digest}" for digest in digests]


@cache
def _script(text: str) -> Any:
    """Sent once: Redis knows it by its digest, and is told again should it have forgotten."""
    return _redis().register_script(text)


@cache
def _redis() -> Any:
    return Redis.from_url(settings.CACHES["default"]["LOCATION"])
