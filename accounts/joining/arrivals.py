"""Gives each record that an import brings its account: the one of the same person when sure, else a new one.

Inside the import's transaction: it inserts accounts, and opens sources; no account that exists is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection

from accounts.joining.matching import NEW, NEW_AMONG, judge
from accounts.models import AccountKind, AccountSource
from accounts.precreation import Touched, precreate_accounts
from establishments.models import Degree, EventKind

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.backends.utils import CursorWrapper

    from establishments.models import Feed

_JOIN = """
WITH numbered AS MATERIALIZED (
    SELECT nextval((SELECT pg_get_serial_sequence('accounts_joining', 'id')::regclass)) AS joining,
           record, account, place
    FROM ({found}) found
), joined AS (
    INSERT INTO accounts_joining (id, account_id, reason, at)
    SELECT joining, account, %(reason)s, %(now)s FROM numbered
), opened AS (
    INSERT INTO accounts_accountsource (account_id, {column}, opened_at, reason, joining_id)
    SELECT account, record, %(now)s, %(reason)s, joining FROM numbered
)
INSERT INTO establishments_event (kind, at, establishment_id, actor, agent_id, target_kind, target_id, data)
SELECT %(event)s, %(now)s, place, 'PLATFORM', NULL, 'account', account, jsonb_build_object('joining', joining)
FROM numbered
"""
_SURE = """
SELECT verdict.record, verdict.account, min(place.place) AS place
FROM joining_verdict verdict
LEFT JOIN joining_place place ON place.record = verdict.record AND place.account IS NULL
WHERE verdict.doubt = '' GROUP BY verdict.record, verdict.account
"""
# The same INE and birth date, of a pupil whose record has left: one account, none of whose pupils is present.
_PUPILS = """
SELECT record, account, place FROM (
    SELECT newcomer.id AS record, source.account_id AS account, newcomer.establishment_id AS place,
           count(*) OVER (PARTITION BY newcomer.id) AS accounts,
           count(*) OVER (PARTITION BY source.account_id) AS claimants
    FROM establishments_student newcomer
    JOIN (SELECT DISTINCT former.ine, former.birth_date, known.account_id
          FROM establishments_student former
          JOIN accounts_accountsource known ON known.student_id = former.id AND known.closed_at IS NULL
          WHERE former.feed_id = %(feed)s AND former.left_at IS NOT NULL AND former.ine <> '') source
         ON source.ine = newcomer.ine AND source.birth_date = newcomer.birth_date
    JOIN accounts_account account ON account.id = source.account_id
    WHERE newcomer.feed_id = %(feed)s AND newcomer.left_at IS NULL AND newcomer.eligible_at IS NOT NULL
          AND NOT EXISTS (SELECT FROM accounts_accountsource own
                          WHERE own.student_id = newcomer.id AND own.closed_at IS NULL)
          AND NOT EXISTS (SELECT FROM accounts_accountsource other
                          JOIN establishments_student present ON present.id = other.student_id
                          WHERE other.account_id = source.account_id AND other.closed_at IS NULL
                                AND present.left_at IS NULL)
          AND account.anonymised_at IS NULL AND account.merged_into_id IS NULL
) claimed
WHERE accounts = 1 AND claimants = 1
"""
# Of the new records with one key, one is given an account first, so that the others may join it.
_FOLLOWERS = """
SELECT DISTINCT record FROM (
    SELECT subject.record, row_number() OVER (
        PARTITION BY subject.surname, subject.given_name, subject.mobile ORDER BY subject.record) AS place
    FROM joining_subject subject
    WHERE NOT EXISTS (SELECT FROM joining_verdict verdict
                      WHERE verdict.record = subject.record AND verdict.doubt = '')
) ranked WHERE place > 1
"""
_RECHECK = """
INSERT INTO accounts_recheck (responsable_id)
SELECT record FROM joining_verdict WHERE doubt NOT IN ('', 'apart')
UNION SELECT unnest(%(followers)s::bigint[])
ON CONFLICT (responsable_id) DO UPDATE SET asked = accounts_recheck.asked + 1
"""
_DROP_JOINED = """
DELETE FROM accounts_recheck recheck USING joining_verdict verdict
WHERE verdict.record = recheck.responsable_id AND verdict.doubt = ''
"""


def give_accounts(feed: Feed, *, now: datetime, among: Touched | None = None) -> dict[AccountKind, int]:
    """Bring each new record of `feed` to the account of the same person, or make it one; how many were made.

    Only those `among` the records which a Delta touched, when it says them. What was doubtful gets an
    account of its own, and waits for joining.following.
    """
    which, records = (NEW_AMONG, among.responsables) if among else (NEW, ())
    with connection.cursor() as cursor:
        if feed.degree == Degree.SECOND:
            _join(cursor, _PUPILS, "student_id", feed, now)
        judge(cursor, feed, which, records)
        _join(cursor, _SURE, "responsable_id", feed, now)
        cursor.execute(_FOLLOWERS)
        followers = [record for (record,) in cursor.fetchall()]
        cursor.execute(_RECHECK, {"followers": followers})
        created = precreate_accounts(feed, now=now, without=followers, among=among)
        if followers:
            judge(cursor, feed, which, records)
            _join(cursor, _SURE, "responsable_id", feed, now)
            cursor.execute(_DROP_JOINED)
            late = precreate_accounts(feed, now=now, among=among)
            created = {kind: created[kind] + late[kind] for kind in AccountKind}
    return created


def _join(cursor: CursorWrapper, found: str, column: str, feed: Feed, now: datetime) -> None:
    parameters: dict[str, Any] = {
        "feed": feed.pk,
        "now": now,
        "reason": AccountSource.Reason.RULE.value,
        "event": EventKind.ACCOUNT_JOINED.value,
    }
    cursor.execute(_JOIN.format(found=found, column=column), parameters)
