"""Accounts without a current child: noted, closed after a while, and opened again when a child comes back.

Each statement is a batch and a commit of its own, conditional on what it reads: killed at any moment and run
again, or run twice at once, the whole does nothing twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.mail_reasons import CLOSED
from accounts.models import Account
from accounts.transitions import State
from establishments.models import EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

BATCH = 500
# Accounts looked at by one statement, which writes few of them.
STRIDE = 200_000
MANY = 10_000

# A link whose legal flag went has no date: the night an account is first seen without a child is written.
_NOTE = """
INSERT INTO accounts_absence (account_id, since)
SELECT account.id, %(now)s FROM accounts_account account
WHERE account.id > %(after)s AND account.id <= %(upto)s AND account.closed_at IS NULL
      AND NOT EXISTS (SELECT FROM accounts_holding holding
                      WHERE holding.account_id = account.id
                            AND holding.account_id > %(after)s AND holding.account_id <= %(upto)s)
ON CONFLICT DO NOTHING
"""
# Of few accounts, children are counted by the key of each in turn: a join would read the whole view.
_FORGET = """
DELETE FROM accounts_absence absence
WHERE absence.account_id > %(after)s AND absence.account_id <= %(upto)s
      AND (SELECT count(*) FROM accounts_holding holding WHERE holding.account_id = absence.account_id) > 0
"""
# The state, the chosen password and the pending address stay for a return; a link once mailed does not. A
# provisional password dies: the next notification draws another.
_CLOSE = """
WITH due AS (
    SELECT account.id, absence.since
    FROM accounts_absence absence JOIN accounts_account account ON account.id = absence.account_id
    WHERE absence.since <= %(until)s AND account.closed_at IS NULL
          AND (SELECT count(*) FROM accounts_holding holding WHERE holding.account_id = account.id) = 0
    ORDER BY absence.since, account.id LIMIT %(limit)s
    FOR UPDATE OF account SKIP LOCKED
), closed AS (
    UPDATE accounts_account account
    SET closed_at = %(now)s, version = account.version + 1, sealed_secret = '',
        secret_expires_at = CASE WHEN account.sealed_secret <> ''
                                 THEN least(account.secret_expires_at, %(now)s)
                                 ELSE account.secret_expires_at END,
        activation_link_number = account.activation_link_number
                                 + CASE WHEN account.state = %(activating)s THEN 1 ELSE 0 END
    FROM due WHERE account.id = due.id
    RETURNING account.id, due.since
), forgotten AS (
    DELETE FROM accounts_absence absence USING closed WHERE absence.account_id = closed.id
), cancelled AS (
    UPDATE notifications_delivery delivery
    SET status = 'cancelled', next_attempt_at = NULL, leased_until = NULL, last_error = %(reason)s
    FROM accounts_accountmail mail JOIN closed ON closed.id = mail.account_id
    WHERE delivery.id = mail.delivery_id AND delivery.status = 'pending'
          AND (delivery.leased_until IS NULL OR delivery.leased_until <= %(now)s)
)
INSERT INTO establishments_event (kind, at, establishment_id, actor, agent_id, target_kind, target_id, data)
SELECT %(kind)s, %(now)s, NULL, 'PLATFORM', NULL, 'account', id,
       jsonb_build_object('without_child_since', since::date) FROM closed
"""
_RETURNED = """
SELECT account_id, min(establishment_id) FROM accounts_returning GROUP BY account_id ORDER BY account_id
"""
_REOPEN = """
WITH locked AS (
    SELECT account.id, back.establishment_id
    FROM unnest(%(accounts)s::bigint[], %(establishments)s::bigint[]) AS back (account_id, establishment_id)
    JOIN accounts_account account ON account.id = back.account_id
    WHERE account.closed_at IS NOT NULL AND account.anonymised_at IS NULL
    ORDER BY account.id
    FOR UPDATE OF account SKIP LOCKED
), reopened AS (
    UPDATE accounts_account account SET closed_at = NULL, version = account.version + 1
    FROM locked WHERE account.id = locked.id
    RETURNING account.id, locked.establishment_id
)
INSERT INTO establishments_event (kind, at, establishment_id, actor, agent_id, target_kind, target_id, data)
SELECT %(kind)s, %(now)s, establishment_id, 'PLATFORM', NULL, 'account', id, '{}'::jsonb FROM reopened
"""


def reopen_returned() -> int:
    """Open again, as they were, the closed accounts which have a child; after each import, every night."""
    reopened = 0
    with connection.cursor() as cursor:
        cursor.execute(_RETURNED)
        for back in _batched(cursor.fetchall()):
            accounts, establishments = (list(column) for column in zip(*back, strict=True))
            parameters: dict[str, Any] = {
                "accounts": accounts,
                "establishments": establishments,
                "now": timezone.now(),
                "kind": EventKind.ACCOUNT_REOPENED.value,
            }
            cursor.execute(_REOPEN, parameters)
            reopened += cursor.rowcount
    return reopened


def note_absences(now: datetime) -> int:
    """Count from `now` for accounts newly without a child, no more for those with one; how many are new."""
    noted = 0
    with connection.cursor() as cursor:
        for after, upto in _strides():
            bounds: dict[str, Any] = {"after": after, "upto": upto, "now": now}
            cursor.execute(_FORGET, bounds)
            cursor.execute(_NOTE, bounds)
            noted += cursor.rowcount
    return noted


def close_abandoned(now: datetime) -> int:
    """Close the accounts without a child for settings.ACCOUNT_CLOSING_DELAY; the number of them."""
    closed = in_batches(
        _CLOSE,
        now,
        until=now - settings.ACCOUNT_CLOSING_DELAY,
        activating=State.ACTIVATING.value,
        reason=CLOSED,
        kind=EventKind.ACCOUNT_CLOSED.value,
    )
    if closed > MANY:
        # All that asks who is held asks first who is closed: a planner which knows of none chooses badly.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE accounts_account; ANALYZE accounts_absence")
    return closed


def in_batches(statement: str, now: datetime, **parameters: Any) -> int:
    """Execute until there is nothing left to do; `limit` rows at once, each time committed."""
    done = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, {"now": now, "limit": BATCH, **parameters})
            count: int = cursor.rowcount
        done += count
        if not count:
            return done


def _batched(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def _strides() -> Iterator[tuple[int, int]]:
    last = Account.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return ((after, after + STRIDE) for after in range(0, last, STRIDE))
