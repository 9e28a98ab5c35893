"""What an import leaves to do about accounts that exist, after its commit: in short batches, each resumable.

Killed at any moment and run again, it does nothing twice: a record is looked at until its batch is done.
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone

from accounts.joining.duplicates import open_doubt, refresh_duplicates
from accounts.joining.matching import KNOWN, Verdict, judge, verdicts
from accounts.joining.merging import forget_former_secrets, merge
from accounts.joining.rules import NotJoinable
from accounts.models import Account, AccountSource, Recheck
from accounts.transitions import State
from establishments.models import Degree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from establishments.models import Feed

BATCH = 500
LOOKED_BACK = timedelta(days=30)
"""A night which was killed before its accounts were brought together is made good by one of the next."""
# A pupil whose record left after the new one had come: both have an account, one of which has nobody present.
# Two pupils present under one INE, or two who left, are for a human.
_PUPILS = """
WITH pair AS (
    SELECT DISTINCT former_source.account_id AS former, own.account_id AS present
    FROM establishments_student former
    JOIN accounts_accountsource former_source
         ON former_source.student_id = former.id AND former_source.closed_at IS NULL
    JOIN establishments_student present ON present.ine = former.ine AND present.birth_date = former.birth_date
    JOIN accounts_accountsource own ON own.student_id = present.id AND own.closed_at IS NULL
    WHERE former.feed_id = %(feed)s AND former.left_at >= %(since)s AND former.ine <> ''
          AND present.feed_id = %(feed)s AND present.left_at IS NULL
          AND own.account_id <> former_source.account_id
          AND NOT EXISTS (SELECT FROM accounts_accountsource other
                          JOIN establishments_student here ON here.id = other.student_id
                          WHERE other.account_id = former_source.account_id AND other.closed_at IS NULL
                                AND here.left_at IS NULL)
), counted AS (
    SELECT former, present, count(*) OVER (PARTITION BY former) AS presents,
           count(*) OVER (PARTITION BY present) AS formers
    FROM pair
)
SELECT former, present FROM counted WHERE presents = 1 AND formers = 1 ORDER BY former
"""
# A row which an import is asking for again is locked by it.
_FORGET = """
DELETE FROM accounts_recheck WHERE responsable_id IN (
    SELECT recheck.responsable_id FROM accounts_recheck recheck
    JOIN unnest(%(records)s::bigint[], %(asked)s::int[]) seen (record, asked)
         ON seen.record = recheck.responsable_id AND seen.asked = recheck.asked
    FOR UPDATE OF recheck SKIP LOCKED)
"""
# The account was notified again since, or is in use: nothing more to tell the school.
_RENOTIFIED = """
UPDATE accounts_dataissue issue SET solved_at = %(now)s
WHERE issue.kind = 'TO_RENOTIFY' AND issue.solved_at IS NULL
      AND NOT EXISTS (SELECT FROM accounts_accountsource source
                      JOIN accounts_account account ON account.id = source.account_id
                      WHERE source.responsable_id = issue.responsable_id AND source.closed_at IS NULL
                            AND source.reason <> 'UNDONE' AND account.closed_at IS NULL
                            AND (account.distributed_at IS NULL OR account.distributed_at <= issue.opened_at)
                            AND (account.last_sign_in_at IS NULL
                                 OR account.last_sign_in_at <= issue.opened_at))
"""


def follow(feed: Feed) -> None:
    """Bring together what the import of `feed` has made clear, and find the duplicates of its schools."""
    now = timezone.now()
    if feed.degree == Degree.SECOND:
        _join_pupils(feed, since=now - LOOKED_BACK)
    recheck(feed)
    refresh_duplicates(feed, now=now)
    solve_renotified(now)
    forget_former_secrets(now)


def recheck(feed: Feed) -> int:
    """Look again at the records that wait, of the feed; how many accounts were brought together."""
    merged = 0
    for asked in _waiting(feed):
        records = set(asked)
        while records:
            with transaction.atomic(), connection.cursor() as cursor:
                judge(cursor, feed, KNOWN, records)
                found = verdicts(cursor)
            joined, records = _settle_all(found)
            merged += joined
        _forget(asked)
    return merged


def _waiting(feed: Feed) -> Iterator[dict[int, int]]:
    """In batches, the records and how many times each was asked for."""
    waiting = Recheck.objects.filter(responsable__feed=feed).order_by("pk").values_list("pk", "asked")
    after = 0
    while batch := dict(waiting.filter(pk__gt=after)[:BATCH]):
        yield batch
        after = max(batch)


def _forget(asked: dict[int, int]) -> None:
    """But not what an import, done or under way, has asked for again since: that is for what follows it."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, {"records": list(asked), "asked": list(asked.values())})


def solve_renotified(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_RENOTIFIED, {"now": now})
        solved: int = cursor.rowcount
    return solved


def _settle_all(found: Iterable[Verdict]) -> tuple[int, set[int]]:
    """Settle each verdict; how many accounts were brought together, and the records to judge again.

    Those of whose accounts one has changed since they were judged: here, or by others meanwhile.
    """
    found = list(found)
    changed: set[int | None] = set()
    merged = 0
    for verdict in found:
        pair = {verdict.own, verdict.account}
        if not pair & changed:
            settled = _settle(verdict)
            merged += settled is _Settled.JOINED
            if settled is not _Settled.LEFT:
                changed |= pair
    return merged, {verdict.record for verdict in found if {verdict.own, verdict.account} & changed}


class _Settled(Enum):
    JOINED = auto()
    LEFT = auto()
    STALE = auto()


@transaction.atomic
def _settle(verdict: Verdict) -> _Settled:
    """« here » is found with the duplicates of the establishment, « apart » has been decided."""
    if verdict.own is None or verdict.doubt in ("here", "apart"):
        return _Settled.LEFT
    judged = {verdict.own: verdict.own_version, verdict.account: verdict.version}
    both = Account.objects.select_for_update(no_key=True).filter(pk__in=judged).order_by("pk")
    found = list(both)
    if {account.pk: account.version for account in found} != judged:
        return _Settled.STALE
    if verdict.doubt:
        open_doubt(verdict.own, verdict.account, verdict.doubt)
        return _Settled.LEFT
    try:
        merge(verdict.own, verdict.account, AccountSource.Reason.RULE, may_return=True)
    except NotJoinable:
        if all(account.state == State.ACTIVE and account.closed_at is None for account in found):
            open_doubt(verdict.own, verdict.account, "active")
        return _Settled.LEFT
    return _Settled.JOINED


def _join_pupils(feed: Feed, *, since: datetime) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # Just after an import the planner has no figures, and would read all pupils for each of them.
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL enable_nestloop = off")
        cursor.execute(_PUPILS, {"feed": feed.pk, "since": since})
        pairs = cursor.fetchall()
    for former, present in pairs:
        try:
            merge(former, present, AccountSource.Reason.RULE)
        except NotJoinable:
            continue
