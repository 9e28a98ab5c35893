"""What is erased of an account long closed, and of the records which no extract names any more.

The rows stay, since history, operations and statistics count them; nothing in them tells of whom they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dateutil.relativedelta import relativedelta
from django.conf import settings

from accounts.activation.keeping import family_mails
from accounts.activation.mails import MOVED
from accounts.closing import in_batches
from establishments.models import EventKind
from notifications.retention import ERASED

if TYPE_CHECKING:
    from datetime import datetime

# The identifiant was readable, and is never given again: its series does not go back. A sign `~` is in none.
_ANONYMISE = """
WITH due AS (
    SELECT account.id FROM accounts_account account
    WHERE account.closed_at <= %(until)s AND account.anonymised_at IS NULL
          AND (SELECT count(*) FROM accounts_returning back WHERE back.account_id = account.id) = 0
    ORDER BY account.closed_at, account.id LIMIT %(limit)s
    FOR UPDATE OF account SKIP LOCKED
), anonymous AS (
    UPDATE accounts_account account
    SET anonymised_at = %(now)s, version = account.version + 1, identifier = '~' || account.id,
        password = '', pending_mail = '', mail = '', mobile = '', franceconnect_sub = NULL,
        last_sign_in_at = NULL
    FROM due WHERE account.id = due.id
    RETURNING account.id
), sources AS (
    UPDATE accounts_accountsource source SET closed_at = %(now)s
    FROM anonymous WHERE source.account_id = anonymous.id AND source.closed_at IS NULL
), links AS (
    DELETE FROM accounts_passwordlink link USING anonymous WHERE link.account_id = anonymous.id
), asked AS (
    DELETE FROM accounts_familylink link USING anonymous WHERE link.account_id = anonymous.id
), sessions AS (
    DELETE FROM accounts_familysession session USING anonymous WHERE session.account_id = anonymous.id
), mails AS (
    UPDATE notifications_delivery delivery
    SET recipient = '', domain = '',
        last_error = CASE WHEN status IN ('failed', 'refused', 'bounced') THEN %(erased)s ELSE last_error END
    FROM (SELECT mail.delivery_id AS id
          FROM accounts_accountmail mail JOIN anonymous ON anonymous.id = mail.account_id
          UNION
          SELECT notice.id FROM notifications_delivery notice JOIN anonymous
               ON notice.reference_kind = ANY(%(notices)s) AND notice.reference_id = anonymous.id::text) known
    WHERE delivery.id = known.id AND delivery.status <> 'pending'
)
INSERT INTO establishments_event (kind, at, establishment_id, actor, agent_id, target_kind, target_id, data)
SELECT %(kind)s, %(now)s, NULL, 'PLATFORM', NULL, 'account', id, '{}'::jsonb FROM anonymous
"""
_ERASE = """
WITH due AS (
    SELECT record.id FROM establishments_{what} record
    WHERE record.left_at <= %(until)s AND record.erased_at IS NULL
          AND (SELECT count(*) FROM accounts_accountsource source
               WHERE source.{what}_id = record.id AND source.closed_at IS NULL) = 0
    ORDER BY record.left_at, record.id LIMIT %(limit)s
    FOR UPDATE OF record SKIP LOCKED
), links AS (
    DELETE FROM establishments_responsibility link USING due WHERE link.{what}_id = due.id
)
UPDATE establishments_{what} record
SET erased_at = %(now)s, jointure = '~' || record.id, digest = gen_random_uuid(), title = '', surname = '',
    birth_surname = '', given_name = '', surname_key = '', given_name_key = '', source_id = '', {more}
FROM due WHERE record.id = due.id
"""
_ERASE_STUDENTS = _ERASE.format(
    what="student",
    more="ine = '', birth_date = date '1900-01-01', school_class_id = NULL, mef_id = NULL, level = ''",
)
_ERASE_RESPONSABLES = _ERASE.format(
    what="responsable",
    more="address = '', postcode = '', city = '', country = '', mobile = '', mobile_raw = '', "
    "home_phone = '', work_phone = '', mail = '', refused_mail = '', refused_phone = ''",
)


def anonymise_closed(now: datetime) -> int:
    """Erase who the accounts closed settings.ACCOUNT_ANONYMISING_MONTHS ago were of; the number of them."""
    return in_batches(
        _ANONYMISE,
        now,
        until=now - relativedelta(months=settings.ACCOUNT_ANONYMISING_MONTHS),
        erased=ERASED,
        notices=[MOVED, *family_mails.SUBJECTS],
        kind=EventKind.ACCOUNT_ANONYMISED.value,
    )


def erase_records(now: datetime) -> tuple[int, int]:
    """Erase the records of persons gone for as long, whom no account stands for: pupils, responsables.

    A person who comes back later is a new record, and gets a new account.
    """
    months = relativedelta(months=settings.ACCOUNT_ANONYMISING_MONTHS)
    until = now - settings.ACCOUNT_CLOSING_DELAY - months
    return (
        in_batches(_ERASE_STUDENTS, now, until=until),
        in_batches(_ERASE_RESPONSABLES, now, until=until),
    )
