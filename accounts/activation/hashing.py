"""How the passwords which families choose are hashed, and how much of it an unknown identifiant costs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password

if TYPE_CHECKING:
    from collections.abc import Callable


class FamilyHasher(Argon2PasswordHasher):
    """Argon2id as OWASP's Password Storage Cheat Sheet asks at least: 19 MiB, two passes, one thread.

    Families are a thousand times as many as agents, and come on the same evening.
    """

    algorithm = "argon2_family"
    time_cost = 2
    memory_cost = 19_456
    parallelism = 1


def hash_password(password: str) -> str:
    return make_password(password, hasher=FamilyHasher.algorithm)


def is_password(given: str, encoded: str, renew: Callable[[str], None] | None = None) -> bool:
    """Whether `given` is the password hashed as `encoded`; with none, it takes as long to say no.

    `renew` is told a right password whose hash is of other parameters than these.
    """
    if encoded:
        return check_password(given, encoded, renew, preferred=FamilyHasher.algorithm)
    check_password(given, _of_nobody())
    return False


@cache
def _of_nobody() -> str:
    return hash_password("")
