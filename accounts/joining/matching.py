"""Which account a responsable's record agrees with, and what speaks against it: by keys, set by set.

A record agrees with an account when a surname (in use or of birth), the given name and the mobile are those
of a record which the account stands for, in the same académie. Each step joins by equal keys: the whole grows
as the records do.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from accounts.models import AccountKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.db.backends.utils import CursorWrapper

    from establishments.models import Feed

CROWD = 20
"""A number which more records than that bring at once is nobody's: « 06 00 00 00 00 »."""
SET_BASED_FROM = 5_000
"""From so many records, whole tables are hashed; below, each is looked up by its index."""
INSTITUTIONS = ("5", "51")
"""Kinships (AAF) of the aide sociale à l’enfance, old and new."""
# One row a surname. `own` is the account which the record has, if any.
_SUBJECTS = """
CREATE TEMP TABLE joining_subject ON COMMIT DROP AS
SELECT record.id AS record, source.account_id AS own, own.version AS own_version, name.surname,
       record.given_name_key AS given_name, record.mobile
FROM establishments_responsable record
LEFT JOIN accounts_accountsource source ON source.responsable_id = record.id AND source.closed_at IS NULL
LEFT JOIN accounts_account own ON own.id = source.account_id
CROSS JOIN LATERAL unnest(
    CASE WHEN record.birth_surname IN ('', record.surname) THEN ARRAY[record.surname_key]
         ELSE ARRAY[record.surname_key, establishments_name_key(record.birth_surname)] END) name (surname)
WHERE record.left_at IS NULL AND record.given_name_key <> '' AND record.mobile <> '' AND name.surname <> ''
      AND NOT EXISTS (SELECT FROM establishments_responsibility link
                      WHERE link.responsable_id = record.id AND link.ended_at IS NULL
                            AND link.kinship = ANY(%(institutions)s))
      AND {which}
"""
# The rule of accounts/precreation.py: what gives right to an account.
NEW = """
record.feed_id = %(feed)s AND source.id IS NULL
AND EXISTS (SELECT FROM establishments_responsibility link
            JOIN establishments_student child ON child.id = link.student_id
            WHERE link.responsable_id = record.id AND link.is_legal AND link.ended_at IS NULL
                  AND child.left_at IS NULL AND child.eligible_at IS NOT NULL)
"""
NEW_AMONG = NEW + " AND record.id = ANY(%(records)s)"
KNOWN = "record.id = ANY(%(records)s) AND source.id IS NOT NULL"
_UNCROWD = """
DELETE FROM joining_subject subject
USING (SELECT mobile FROM joining_subject GROUP BY mobile HAVING count(DISTINCT record) > %(crowd)s) crowd
WHERE crowd.mobile = subject.mobile
"""
_SAME_NAME = """
other.given_name_key = subject.given_name AND other.feed_id = ANY(%(feeds)s)
AND (other.surname_key = subject.surname
     OR (other.birth_surname NOT IN ('', other.surname)
         AND establishments_name_key(other.birth_surname) = subject.surname))
"""
_AGREEMENTS = """
CREATE TEMP TABLE joining_agreement ON COMMIT DROP AS
WITH agreeing AS (
    SELECT subject.record, subject.own, subject.own_version, source.account_id AS account, other.id AS other
    FROM joining_subject subject
    JOIN establishments_responsable other ON other.mobile = subject.mobile AND other.mobile <> ''
    JOIN accounts_accountsource source ON source.responsable_id = other.id AND source.closed_at IS NULL
    WHERE {same_name}
    UNION
    SELECT subject.record, subject.own, subject.own_version, account.id, other.id
    FROM joining_subject subject
    JOIN accounts_account account ON account.mobile = subject.mobile AND account.mobile <> ''
    JOIN accounts_accountsource source ON source.account_id = account.id AND source.closed_at IS NULL
    JOIN establishments_responsable other ON other.id = source.responsable_id
    WHERE {same_name}
)
SELECT agreeing.*, account.version FROM agreeing
JOIN accounts_account account ON account.id = agreeing.account
WHERE account.kind = %(kind)s AND account.anonymised_at IS NULL AND account.merged_into_id IS NULL
      AND account.id IS DISTINCT FROM agreeing.own
"""
_HITS = """
CREATE TEMP TABLE joining_hit ON COMMIT DROP AS
SELECT DISTINCT record, own, own_version, account, version FROM joining_agreement agreement
WHERE NOT EXISTS (SELECT FROM establishments_responsibility link
                  WHERE link.responsable_id = agreement.other AND link.ended_at IS NULL
                        AND link.kinship = ANY(%(institutions)s))
"""
# Where the children are of the record, of the account which it has, and of each account which it agrees with:
# the rule of accounts_holding on its tables, since a join of few rows with the view reads it whole.
_PLACES = """
CREATE TEMP TABLE joining_place ON COMMIT DROP AS
WITH side AS (
    SELECT hit.record, NULL::bigint AS account, hit.record AS responsable FROM joining_hit hit
    UNION
    SELECT hit.record, NULL, source.responsable_id
    FROM joining_hit hit
    JOIN accounts_accountsource source ON source.account_id = hit.own AND source.closed_at IS NULL
    UNION
    SELECT hit.record, hit.account, source.responsable_id
    FROM joining_hit hit
    JOIN accounts_accountsource source ON source.account_id = hit.account AND source.closed_at IS NULL
)
SELECT DISTINCT side.record, side.account, child.establishment_id AS place
FROM side
JOIN establishments_responsibility link ON link.responsable_id = side.responsable
JOIN establishments_student child ON child.id = link.student_id
WHERE link.is_legal AND link.ended_at IS NULL AND child.left_at IS NULL AND child.eligible_at IS NOT NULL
"""
# The gravest doubt, in this order; « here »: both have children in one establishment, where a human decides.
# What is said by the other records of the account which a record has speaks too.
_VERDICTS = """
CREATE TEMP TABLE joining_verdict ON COMMIT DROP AS
WITH side AS (
    SELECT hit.record, hit.record AS responsable FROM joining_hit hit
    UNION
    SELECT hit.record, source.responsable_id
    FROM joining_hit hit
    JOIN accounts_accountsource source ON source.account_id = hit.own AND source.closed_at IS NULL
), said AS (
    SELECT side.record, lower(beside.mail) AS mail, beside.title
    FROM side JOIN establishments_responsable beside ON beside.id = side.responsable
    UNION ALL
    SELECT hit.record, lower(own.mail), '' FROM joining_hit hit JOIN accounts_account own ON own.id = hit.own
), subject AS (
    SELECT record, coalesce(array_agg(mail) FILTER (WHERE mail <> ''), '{}') AS mails,
           coalesce(bool_or(title = 'M.') FILTER (WHERE title <> ''), false) AS is_man,
           coalesce(bool_or(title <> 'M.') FILTER (WHERE title <> ''), false) AS is_woman
    FROM said GROUP BY record
), known AS (
    SELECT hit.record, hit.account,
           bool_or(other.mail <> '' OR account.mail <> '') AS has_mail,
           bool_or(ARRAY[lower(other.mail), lower(account.mail)] && subject.mails) AS same_mail,
           bool_or(CASE other.title WHEN '' THEN false WHEN 'M.' THEN subject.is_woman
                   ELSE subject.is_man END) AS other_title,
           bool_or(cardinality(subject.mails) > 0) AS brings_mail
    FROM joining_hit hit
    JOIN subject ON subject.record = hit.record
    JOIN accounts_account account ON account.id = hit.account
    JOIN accounts_accountsource source ON source.account_id = account.id AND source.closed_at IS NULL
    JOIN establishments_responsable other ON other.id = source.responsable_id
    GROUP BY hit.record, hit.account
), here AS (
    SELECT DISTINCT theirs.record, theirs.account
    FROM joining_place own JOIN joining_place theirs USING (record, place)
    WHERE own.account IS NULL AND theirs.account IS NOT NULL
), claims AS (
    SELECT hit.record, hit.account, count(*) OVER (PARTITION BY hit.account, place.place) AS claimants
    FROM joining_hit hit JOIN joining_place place ON place.record = hit.record AND place.account IS NULL
), rival AS (
    SELECT DISTINCT record, account FROM claims WHERE claimants > 1
), counted AS (
    SELECT hit.*, count(*) OVER (PARTITION BY hit.record) AS accounts FROM joining_hit hit
)
SELECT counted.record, counted.own, counted.own_version, counted.account, counted.version,
       CASE WHEN apart.first_id IS NOT NULL THEN 'apart'
            WHEN here.record IS NOT NULL OR rival.record IS NOT NULL THEN 'here'
            WHEN counted.accounts > 1 THEN 'several'
            WHEN known.brings_mail AND known.has_mail AND NOT known.same_mail THEN 'mail'
            WHEN known.other_title THEN 'title'
            ELSE '' END AS doubt
FROM counted
JOIN known ON known.record = counted.record AND known.account = counted.account
LEFT JOIN here ON here.record = counted.record AND here.account = counted.account
LEFT JOIN rival ON rival.record = counted.record AND rival.account = counted.account
LEFT JOIN (SELECT DISTINCT first_id, second_id FROM accounts_duplicate WHERE decision = 'DIFFERENT') apart
     ON apart.first_id = least(counted.own, counted.account)
        AND apart.second_id = greatest(counted.own, counted.account) AND counted.own IS NOT NULL
"""
_TABLES = ("joining_subject", "joining_agreement", "joining_hit", "joining_place", "joining_verdict")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`doubt` is empty when nothing speaks against bringing `record`, or its `own` account, to `account`.

    It was said of both accounts as they were in these versions.
    """

    record: int
    own: int | None
    own_version: int | None
    account: int
    version: int
    doubt: str


def judge(cursor: CursorWrapper, feed: Feed, which: str, records: Iterable[int] = ()) -> int:
    """Fill joining_verdict about the records of `which` (NEW, NEW_AMONG, KNOWN); how many keys were sought.

    Runs in the caller's transaction, whose end drops the tables.
    """
    parameters: dict[str, Any] = {
        "feed": feed.pk,
        "feeds": list(feed.academy.feeds.values_list("pk", flat=True)),
        "records": list(records),
        "institutions": list(INSTITUTIONS),
        "crowd": CROWD,
        "kind": AccountKind.RESPONSABLE.value,
    }
    cursor.execute(f"DROP TABLE IF EXISTS {', '.join(_TABLES)}")
    cursor.execute(_SUBJECTS.format(which=which), parameters)
    subjects: int = cursor.rowcount
    cursor.execute(_UNCROWD, parameters)
    cursor.execute("ANALYZE joining_subject")
    with _planning_for(cursor, subjects):
        cursor.execute(_AGREEMENTS.format(same_name=_SAME_NAME), parameters)
        cursor.execute("ANALYZE joining_agreement")
        # From here on there are as many rows as agreements, few beside the records.
        cursor.execute("SELECT count(*) FROM joining_agreement")
        (agreements,) = cursor.fetchone()
    with _planning_for(cursor, agreements):
        cursor.execute(_HITS, parameters)
        cursor.execute("ANALYZE joining_hit")
        cursor.execute(_PLACES, parameters)
        cursor.execute("ANALYZE joining_place")
        cursor.execute(_VERDICTS, parameters)
    return subjects


def verdicts(cursor: CursorWrapper) -> list[Verdict]:
    cursor.execute(
        "SELECT record, own, own_version, account, version, doubt FROM joining_verdict"
        " ORDER BY record, account"
    )
    return [Verdict(*row) for row in cursor.fetchall()]


@contextmanager
def _planning_for(cursor: CursorWrapper, rows: int) -> Iterator[None]:
    """Inside, a planner without figures does not loop over many rows."""
    if rows < SET_BASED_FROM:
        yield
        return
    cursor.execute("SET LOCAL enable_nestloop = off")
    yield
    cursor.execute("SET LOCAL enable_nestloop = on")
