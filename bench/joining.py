"""Bringing together 100,000 responsables, then 200,000: twice the records, twice the time at most."""

import time
from collections.abc import Callable, Iterator

from django.db import connection, transaction
from django.utils import timezone

from accounts.joining import following
from accounts.joining.arrivals import give_accounts
from accounts.joining.duplicates import refresh_duplicates
from accounts.models import Account, Duplicate, Joining
from bench.database import fresh_database
from bench.figures import Figure
from bench.population import Population, populate
from establishments.models import Feed

SIZES = (Population(schools=33, pupils=2_000), Population(schools=66, pupils=2_000))
# One responsable in fifty is that of another school's pupil too, under another key.
_TWICE = """
UPDATE establishments_responsable record
SET surname = model.surname, surname_key = model.surname_key, given_name = model.given_name,
    given_name_key = model.given_name_key, mobile = model.mobile, mail = model.mail
FROM establishments_responsable model
WHERE record.id % 50 = 0 AND model.id = record.id - 10007
"""
_WITHOUT_ACCOUNTS = """
TRUNCATE accounts_account, accounts_accountsource, accounts_identifierseries CASCADE;
UPDATE establishments_responsable
SET mobile = '+336' || lpad((id % 100000000)::text, 8, '0') WHERE mobile = '' OR id % 10 > 0;
"""
_RECHECK = """
INSERT INTO accounts_recheck SELECT id FROM establishments_responsable WHERE id % 100 = 0
ON CONFLICT DO NOTHING
"""


def measure() -> Iterator[Figure]:
    for population in SIZES:
        with fresh_database():
            populate(population)
            feed = Feed.objects.get()
            _execute(_WITHOUT_ACCOUNTS)
            _execute(_TWICE)
            of = f"of {population.all_responsables} responsables"
            yield Figure(f"Giving accounts to all {of}", _timed(_give, feed), "s")
            yield Figure(f"… {Joining.objects.count()} of them joined, accounts", Account.objects.count(), "")
            yield Figure(f"Finding the duplicates {of}", _timed(_find, feed), "s")
            yield Figure(f"… again, {Duplicate.objects.count()} known", _timed(_find, feed), "s")
            _execute(_RECHECK)
            yield Figure(f"Looking again at 1 % {of}", _timed(following.recheck, feed), "s")


def _give(feed: Feed) -> None:
    with transaction.atomic():
        give_accounts(feed, now=timezone.now())


def _find(feed: Feed) -> None:
    refresh_duplicates(feed, now=timezone.now())


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        cursor.execute("ANALYZE")


def _timed(work: Callable[..., object], *arguments: object) -> float:
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started
