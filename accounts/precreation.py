"""Accounts for the pupils and responsables who give right to one and have none, by one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.models import Account, AccountKind, AccountSource
from accounts.transitions import Origin, State
from establishments.models import Degree, Feed, Responsable, Student

# The base is the first letter of the given name, a dot, the surname (of an institution, its name), « x » when
# no letter of it could be read. Numbers go by jointure, whatever the order of the rows, and the first holder
# of a base has none; each series advances once, by as many as it gives. The run tells of these accounts, not
# one event each.
_PRECREATE = """
WITH person AS (
    SELECT %(responsable)s AS kind, responsable.id AS record, jointure, surname_key, given_name_key
    FROM establishments_responsable responsable
    WHERE responsable.feed_id = %(feed)s AND responsable.left_at IS NULL
          AND responsable.id <> ALL(%(without)s::bigint[])
          AND (%(whole)s OR responsable.id = ANY(%(responsables)s::bigint[]))
          AND NOT EXISTS (SELECT FROM accounts_accountsource source
                          WHERE source.responsable_id = responsable.id AND source.closed_at IS NULL)
          AND EXISTS (SELECT FROM establishments_responsibility link
                      JOIN establishments_student child ON child.id = link.student_id
                      WHERE link.responsable_id = responsable.id AND link.is_legal AND link.ended_at IS NULL
                            AND child.left_at IS NULL AND child.eligible_at IS NOT NULL)
    UNION ALL
    SELECT %(student)s, student.id, jointure, surname_key, given_name_key
    FROM establishments_student student
    WHERE %(students_have_accounts)s AND student.feed_id = %(feed)s AND student.left_at IS NULL
          AND student.eligible_at IS NOT NULL
          AND (%(whole)s OR student.id = ANY(%(students)s::bigint[]))
          AND NOT EXISTS (SELECT FROM accounts_accountsource source
                          WHERE source.student_id = student.id AND source.closed_at IS NULL)
), placed AS (
    SELECT kind, record, base, count(*) OVER (PARTITION BY base) AS size,
           row_number() OVER (PARTITION BY base ORDER BY kind, jointure, record) AS place
    FROM (SELECT person.*, lower(CASE WHEN given_name_key = '' THEN coalesce(nullif(surname_key, ''), 'X')
                                      ELSE left(given_name_key, 1) || '.' || surname_key END) AS base
          FROM person) named
), series AS (
    INSERT INTO accounts_identifierseries AS series (base, issued)
    SELECT base, count(*) FROM placed GROUP BY base ORDER BY base
    ON CONFLICT (base) DO UPDATE SET issued = series.issued + excluded.issued
    RETURNING base, issued
), numbered AS MATERIALIZED (
    SELECT nextval((SELECT pg_get_serial_sequence('accounts_account', 'id')::regclass)) AS account,
           kind, record, base, series.issued - placed.size + placed.place - 1 AS number
    FROM placed JOIN series USING (base)
), created AS (
    INSERT INTO accounts_account (id, identifier, kind, state, origin, version, created_at,
        sealed_secret, password, pending_mail, mail, mobile)
    SELECT account, base || coalesce(nullif(number, 0)::text, ''), kind, %(state)s, %(origin)s, 0, %(now)s,
           '', '', '', '', ''
    FROM numbered
), sourced AS (
    INSERT INTO accounts_accountsource (account_id, responsable_id, student_id, opened_at, reason)
    SELECT account, CASE WHEN kind = %(responsable)s THEN record END,
           CASE WHEN kind = %(student)s THEN record END, %(now)s, %(reason)s
    FROM numbered
)
SELECT kind, count(*) FROM numbered GROUP BY kind
"""


@dataclass(frozen=True, slots=True)
class Touched:
    """The records (pks) which an import changed, and those linked to them: nobody else needs an account."""

    responsables: Sequence[int]
    students: Sequence[int]


def precreate_accounts(
    feed: Feed, *, now: datetime, without: Sequence[int] = (), among: Touched | None = None
) -> dict[AccountKind, int]:
    """Give a « Non notifié » account to each present record of `feed` that needs one; how many, by kind.

    Responsables need a legal link in force to a present pupil who gives right to accounts; pupils have one
    in the 2nd degré only; those `without` are left out, and those not `among`, when it is given. Runs in the
    caller's transaction, and touches no account that exists.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _PRECREATE,
            {
                "feed": feed.pk,
                "now": now,
                "without": list(without),
                "whole": among is None,
                "responsables": list(among.responsables) if among else [],
                "students": list(among.students) if among else [],
                "responsable": AccountKind.RESPONSABLE.value,
                "student": AccountKind.STUDENT.value,
                "students_have_accounts": feed.degree == Degree.SECOND,
                "state": State.NOT_NOTIFIED.value,
                "origin": Origin.NONE.value,
                "reason": AccountSource.Reason.CREATED.value,
            },
        )
        created = dict(cursor.fetchall())
    return {kind: created.get(kind.value, 0) for kind in AccountKind}


_ADVANCE = """
INSERT INTO accounts_identifierseries AS series (base, issued) VALUES (%(base)s, 1)
ON CONFLICT (base) DO UPDATE SET issued = series.issued + 1
RETURNING issued
"""


def create_account(record: Responsable | Student, *, now: datetime) -> Account:
    """A « Non notifié » account for one record, by the same series; its source is the caller's to open."""
    if record.given_name_key:
        base = f"{record.given_name_key[0]}.{record.surname_key}".lower()
    else:
        base = (record.surname_key or "x").lower()
    with connection.cursor() as cursor:
        cursor.execute(_ADVANCE, {"base": base})
        (issued,) = cursor.fetchone()
    return Account.objects.create(
        identifier=base if issued == 1 else f"{base}{issued - 1}",
        kind=AccountKind.STUDENT if isinstance(record, Student) else AccountKind.RESPONSABLE,
        state=State.NOT_NOTIFIED,
        origin=Origin.NONE,
        created_at=now,
    )
