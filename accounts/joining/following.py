"""What an import leaves to do about accounts that exist, after its commit: in short batches, each resumable.

Killed at any moment and run again, it does nothing twice: a record is looked at until its batch is done.
"""

from __future__ import annotations

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
    from datetime import datetime

    from establishments.models import Feed

BATCH = 500
# A pupil whose record left after the new one had come: both have an account, one of which has nobody present.
_PUPILS = """
SELECT DISTINCT former_source.account_id, own.account_id
FROM establishments_student former
JOIN accounts_accountsource former_source
     ON former_source.student_id = former.id AND former_source.closed_at IS NULL
JOIN establishments_student present ON present.ine = former.ine AND present.birth_date = former.birth_date
JOIN accounts_accountsource own ON own.student_id = present.id AND own.closed_at IS NULL
WHERE former.feed_id = %(feed)s AND former.left_at = %(applied_at)s AND former.ine <> ''
      AND present.feed_id = %(feed)s AND present.left_at IS NULL
      AND own.account_id <> former_source.account_id
      AND NOT EXISTS (SELECT FROM accounts_accountsource other
                      JOIN establishments_student here ON here.id = other.student_id
                      WHERE other.account_id = former_source.account_id AND other.closed_at IS NULL
                            AND here.left_at IS NULL)
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
        _join_pupils(feed)
    recheck(feed)
    refresh_duplicates(feed, now=now)
    solve_renotified(now)
    forget_former_secrets(now)


def recheck(feed: Feed) -> int:
    """Look again at the records that wait, of the feed; how many accounts were brought together."""
    merged = 0
    waiting = Recheck.objects.filter(responsable__feed=feed).order_by("pk")
    while records := list(waiting.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic(), connection.cursor() as cursor:
            judge(cursor, feed, KNOWN, records)
            found = verdicts(cursor)
        merged += sum(_settle(verdict) for verdict in found)
        Recheck.objects.filter(pk__in=records).delete()
    return merged


def solve_renotified(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_RENOTIFIED, {"now": now})
        solved: int = cursor.rowcount
    return solved


def _settle(verdict: Verdict) -> bool:
    """« here » is found with the duplicates of the establishment, « apart » has been decided."""
    if verdict.own is None or verdict.doubt in ("here", "apart"):
        return False
    if verdict.doubt:
        open_doubt(verdict.own, verdict.account, verdict.doubt)
        return False
    try:
        merge(verdict.own, verdict.account, AccountSource.Reason.RULE, may_return=True)
    except NotJoinable:
        both = Account.objects.filter(pk__in=[verdict.own, verdict.account], closed_at=None)
        if both.filter(state=State.ACTIVE).count() == 2:
            open_doubt(verdict.own, verdict.account, "active")
        return False
    return True


def _join_pupils(feed: Feed) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # Just after an import the planner has no figures, and would read all pupils for each of them.
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL enable_nestloop = off")
        cursor.execute(_PUPILS, {"feed": feed.pk, "applied_at": feed.applied_at})
        pairs = cursor.fetchall()
    for former, present in pairs:
        try:
            merge(former, present, AccountSource.Reason.RULE)
        except NotJoinable:
            continue
