"""Provisional passwords: drawn, sealed, opened, compared; and how long they live."""

import secrets
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from notifications.keyring import keyring

# No i, l, o, 0 nor 1: nothing that a family could take for something else. 31 symbols, 49.5 bits.
LETTERS = "abcdefghjkmnpqrstuvwxyz"
DIGITS = "23456789"
SECRET_LENGTH = 10
# Guide of October 2018, chapter 2.1: three months after the notification.
SECRET_LIFETIME = relativedelta(months=3)


def draw_secret() -> str:
    """A new provisional password: ten letters and digits, both present."""
    while True:
        drawn = "".join(secrets.choice(LETTERS + DIGITS) for _ in range(SECRET_LENGTH))
        if not drawn.isalpha() and not drawn.isdigit():
            return drawn


def seal_secret(secret: str) -> str:
    """`secret` encrypted with the first of settings.SECRETS_KEYS."""
    return keyring().encrypt(secret.encode()).decode()


def open_secret(sealed: str) -> str:
    """The password sealed in `sealed`; raises cryptography.fernet.InvalidToken when no key opens it."""
    return keyring().decrypt(sealed.encode()).decode()


def is_secret(sealed: str, given: str) -> bool:
    """Whether `given` is the sealed password, compared in constant time."""
    return secrets.compare_digest(open_secret(sealed).encode(), given.encode())


def expiry_from(at: datetime, zone: ZoneInfo) -> datetime:
    """The first instant after the last day of a secret handed out `at`: midnight in the académie's `zone`."""
    last_day = at.astimezone(zone).date() + SECRET_LIFETIME
    return datetime.combine(last_day + timedelta(days=1), time.min, tzinfo=zone)


def last_day(expires_at: datetime, zone: ZoneInfo) -> date:
    """The last day on which a secret that `expires_at` works, as a sheet prints it."""
    return (expires_at.astimezone(zone) - timedelta(microseconds=1)).date()
