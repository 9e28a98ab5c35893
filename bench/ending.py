"""The end of 100,000 accounts of 300,000, and a change of key: pupils leave, and so do their parents."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from cryptography.fernet import Fernet
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts import closing, erasure, rotation
from accounts.models import Absence, Account
from accounts.secrets import draw_secret, seal_secret
from bench.database import fresh_database
from bench.figures import Figure
from bench.population import populate

GONE = 45_000
SEALED = 100_000
_LEAVE = """
UPDATE establishments_student SET left_at = %(now)s
WHERE id IN (SELECT student_id FROM accounts_accountsource
             WHERE account_id IN (SELECT id FROM accounts_account WHERE kind = 'STUDENT'
                                  ORDER BY id LIMIT %(gone)s))
"""
_BACK = "UPDATE establishments_student SET left_at = NULL"
_SEALED = """
UPDATE accounts_account SET state = 'NOTIFIED', origin = 'ESTABLISHMENT', sealed_secret = %(sealed)s,
    secret_drawn_at = %(now)s, secret_expires_at = %(now)s + interval '3 months', distributed_at = %(now)s,
    times_distributed = 1, password = '', pending_mail = '', activating_since = NULL, activated_at = NULL,
    mail = ''
WHERE id IN (SELECT id FROM accounts_account ORDER BY id LIMIT %(sealed_number)s)
"""


def measure() -> Iterator[Figure]:
    with fresh_database():
        populate()
        total = Account.objects.count()
        yield Figure(f"A night without a departure, {total} accounts looked at", _timed(_night, 0), "s")
        _execute(_LEAVE)
        noted = _timed(_night, 0)
        gone = Absence.objects.count()
        yield Figure(f"Noting {gone} accounts without a child among {total}", noted, "s")
        yield Figure(
            f"Closing {gone} accounts, in batches of 500, with their events", _timed(_night, 91), "s"
        )
        yield Figure("The next night, nothing to close", _timed(_night, 92), "s")
        _execute(_BACK)
        yield Figure(f"Opening {gone} accounts again", _timed(closing.reopen_returned), "s")
        _execute(_LEAVE)
        _night(100)
        _night(200)
        anonymised = _timed(erasure.anonymise_closed, _day(600))
        yield Figure(f"Making {gone} accounts anonymous", anonymised, "s")
        erased = _timed(erasure.erase_records, _day(600))
        yield Figure(f"Erasing the records of {GONE} pupils", erased, "s")
    with fresh_database():
        populate()
        _execute(_SEALED, sealed=seal_secret(draw_secret()))
        settings.SECRETS_KEYS = [Fernet.generate_key().decode(), *settings.SECRETS_KEYS]
        yield Figure(f"Sealing {SEALED} passwords under a new key", _timed(_rotate), "s")
        yield Figure("… again, nothing left to do", _timed(_rotate), "s")


def _day(number: int) -> datetime:
    return timezone.now() + timedelta(days=number)


def _night(day: int) -> None:
    now = timezone.now() + timedelta(days=day)
    closing.note_absences(now)
    closing.close_abandoned(now)


def _rotate() -> None:
    rotation.rotate_passwords(check=False, on_done=lambda number: None)


def _execute(statement: str, **parameters: str) -> None:
    with connection.cursor() as cursor:
        always = {"now": timezone.now(), "gone": GONE, "sealed_number": SEALED}
        cursor.execute(statement, always | parameters)
        cursor.execute("ANALYZE")


def _timed(work: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started
