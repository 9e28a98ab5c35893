"""The probable duplicates of establishments: found set by set, decided by humans, never forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.joining.merging import By, merge
from accounts.joining.rules import NotJoinable
from accounts.joining.scoring import REASONS, THRESHOLD, score
from accounts.models import Account, AccountKind, AccountSource, DataIssue, Duplicate, Joining
from establishments.models import Event, EventKind

if TYPE_CHECKING:
    from datetime import datetime

    from establishments.models import Feed

CROWD = 12
"""More accounts than that under one key of an establishment say nothing of any two of them."""
# Two accounts are compared when they share a given name and a surname or a mobile, in one establishment: both
# are keys, so that the work grows as the records do. Holders are a table apart: it is made on several cores,
# as no statement which writes is. Only what changes is written; a pair, or a line, which somebody is deciding
# at that moment is left to him and to the next night: nobody waits for a night which waits for him.
_HOLDERS = """
CREATE TEMP TABLE duplicate_holder ON COMMIT DROP AS
SELECT DISTINCT holding.establishment_id AS place, holding.account_id AS account,
       record.id AS record, record.surname_key AS surname,
       CASE WHEN record.birth_surname IN ('', record.surname) THEN record.surname_key
            ELSE establishments_name_key(record.birth_surname) END AS birth_surname,
       record.given_name_key AS given_name, coalesce(nullif(record.mobile, ''), account.mobile) AS mobile,
       lower(coalesce(nullif(account.mail, ''), record.mail)) AS mail, record.title,
       CASE WHEN record.address = '' THEN ''
            ELSE lower(record.address || ' ' || record.postcode) END AS address
FROM accounts_holding holding
JOIN establishments_establishment school ON school.id = holding.establishment_id
JOIN establishments_responsable record ON record.id = holding.responsable_id
JOIN accounts_account account ON account.id = holding.account_id
WHERE holding.kind = %(responsable)s AND school.feed_id = %(feed)s AND record.given_name_key <> ''
"""
_REFRESH = """
WITH block AS (
    SELECT place, account, record, 'n' || surname AS key, given_name FROM duplicate_holder WHERE surname <> ''
    UNION ALL
    SELECT place, account, record, 'n' || birth_surname, given_name FROM duplicate_holder
    WHERE birth_surname NOT IN ('', surname)
    UNION ALL
    SELECT place, account, record, 'm' || mobile, given_name FROM duplicate_holder WHERE mobile <> ''
), shared AS MATERIALIZED (
    SELECT place, account, record, key, given_name FROM (
        SELECT block.*, count(*) OVER same AS size,
               min(account) OVER same AS low, max(account) OVER same AS high
        FROM block WINDOW same AS (PARTITION BY place, given_name, key)) sized
    WHERE low <> high AND size <= %(crowd)s
), pair AS MATERIALIZED (
    SELECT DISTINCT place, low.account AS first, high.account AS second,
           low.record AS first_record, high.record AS second_record
    FROM shared low JOIN shared high USING (place, given_name, key)
    WHERE low.account < high.account
), compared AS (
    SELECT pair.place, pair.first, pair.second,
           bool_or(ARRAY[low.surname, low.birth_surname]
                   && ARRAY[high.surname, high.birth_surname]) AS surname,
           bool_or(low.given_name = high.given_name) AS given_name,
           bool_or(low.mobile <> '' AND low.mobile = high.mobile) AS mobile,
           bool_or(low.mail <> '' AND low.mail = high.mail) AS mail,
           bool_or(low.address <> '' AND low.address = high.address) AS address,
           bool_or(low.mail <> '' AND high.mail <> '' AND low.mail <> high.mail) AS other_mail,
           bool_or(low.title <> '' AND high.title <> ''
                   AND (low.title = 'M.') <> (high.title = 'M.')) AS other_title
    FROM pair
    JOIN duplicate_holder low ON low.place = pair.place AND low.account = pair.first
                              AND low.record = pair.first_record
    JOIN duplicate_holder high ON high.place = pair.place AND high.account = pair.second
                     AND high.record = pair.second_record
    GROUP BY pair.place, pair.first, pair.second
), related AS (
    SELECT DISTINCT pair.place, pair.first, pair.second
    FROM pair
    JOIN establishments_responsibility mine ON mine.responsable_id = pair.first_record
    JOIN establishments_responsibility yours ON yours.responsable_id = pair.second_record
                                             AND yours.student_id = mine.student_id
    WHERE mine.is_legal AND mine.ended_at IS NULL AND yours.is_legal AND yours.ended_at IS NULL
), scored AS MATERIALIZED (
    SELECT place, first, second, sum(reason.points)::int AS score,
           jsonb_agg(reason.code ORDER BY reason.points DESC, reason.code) AS reasons
    FROM compared LEFT JOIN related USING (place, first, second)
    CROSS JOIN LATERAL (VALUES
        ('surname', compared.surname), ('given_name', compared.given_name), ('mobile', compared.mobile),
        ('mail', compared.mail), ('address', compared.address),
        ('child', related.first IS NOT NULL),
        ('other_mail', compared.other_mail AND NOT compared.mail), ('other_title', compared.other_title)
    ) agrees (code, holds)
    JOIN unnest(%(codes)s::text[], %(points)s::int[]) reason (code, points) ON reason.code = agrees.code
    WHERE agrees.holds
    GROUP BY place, first, second
), probable AS MATERIALIZED (
    SELECT place, first, second, least(score, 100) AS score, reasons FROM scored
    WHERE score >= %(threshold)s
          AND NOT EXISTS (SELECT FROM accounts_duplicate told
                          WHERE told.first_id = scored.first AND told.second_id = scored.second
                                AND told.decision = 'DIFFERENT'
                                AND told.establishment_id IS DISTINCT FROM scored.place)
), known AS MATERIALIZED (
    SELECT duplicate.id, duplicate.establishment_id AS place, duplicate.first_id AS first,
           duplicate.second_id AS second, duplicate.score, duplicate.reasons, duplicate.closed_at
    FROM accounts_duplicate duplicate
    JOIN establishments_establishment school ON school.id = duplicate.establishment_id
    WHERE school.feed_id = %(feed)s
), change AS MATERIALIZED (
    SELECT known.id, probable.place, probable.first, probable.second, probable.score, probable.reasons
    FROM probable FULL JOIN known USING (place, first, second)
    WHERE known.id IS NULL OR (probable.score IS NULL AND known.closed_at IS NULL)
          OR (probable.score IS NOT NULL AND (known.closed_at IS NOT NULL OR known.score <> probable.score
                                              OR known.reasons <> probable.reasons))
), opened AS (
    INSERT INTO accounts_duplicate (establishment_id, first_id, second_id, score, reasons, opened_at)
    SELECT place, first, second, score, reasons, %(now)s FROM change WHERE id IS NULL
    RETURNING 1
), free AS MATERIALIZED (
    SELECT change.id, change.score, change.reasons
    FROM accounts_duplicate duplicate JOIN change ON change.id = duplicate.id
    FOR NO KEY UPDATE OF duplicate SKIP LOCKED
), changed AS (
    UPDATE accounts_duplicate duplicate
    SET score = coalesce(free.score, duplicate.score),
        reasons = coalesce(free.reasons, duplicate.reasons),
        closed_at = CASE WHEN free.score IS NULL THEN %(now)s END
    FROM free WHERE duplicate.id = free.id
    RETURNING duplicate.closed_at
)
SELECT (SELECT count(*) FROM opened), (SELECT count(*) FROM changed WHERE closed_at IS NOT NULL)
"""
# The line of « À traiter » of each pair still to decide, about the record of its first account.
_LINES = """
WITH waiting AS MATERIALIZED (
    SELECT duplicate.id, duplicate.establishment_id AS place, duplicate.first_id AS account
    FROM accounts_duplicate duplicate
    JOIN establishments_establishment school ON school.id = duplicate.establishment_id
    WHERE school.feed_id = %(feed)s AND duplicate.decision = '' AND duplicate.closed_at IS NULL
), told AS MATERIALIZED (
    SELECT issue.id, issue.duplicate_id
    FROM accounts_dataissue issue
    JOIN establishments_establishment school ON school.id = issue.establishment_id
    WHERE school.feed_id = %(feed)s AND issue.solved_at IS NULL AND issue.kind = %(kind)s
), free AS MATERIALIZED (
    SELECT issue.id FROM accounts_dataissue issue JOIN told ON told.id = issue.id
    WHERE NOT EXISTS (SELECT FROM waiting WHERE waiting.id = told.duplicate_id)
    FOR NO KEY UPDATE OF issue SKIP LOCKED
), solved AS (
    UPDATE accounts_dataissue issue SET solved_at = %(now)s FROM free WHERE issue.id = free.id
)
INSERT INTO accounts_dataissue (establishment_id, kind, responsable_id, duplicate_id, opened_at)
SELECT waiting.place, %(kind)s, held.record, waiting.id, %(now)s
FROM waiting CROSS JOIN LATERAL (
    SELECT min(holding.responsable_id) AS record FROM accounts_holding holding
    WHERE holding.account_id = waiting.account AND holding.establishment_id = waiting.place
          AND holding.kind = %(responsable)s) held
WHERE held.record IS NOT NULL AND NOT EXISTS (SELECT FROM told WHERE told.duplicate_id = waiting.id)
"""


@dataclass(frozen=True, slots=True)
class Refreshed:
    opened: int
    closed: int


@transaction.atomic
def refresh_duplicates(feed: Feed, *, now: datetime) -> Refreshed:
    """Find the probable duplicates of the schools of `feed`, and tell them; let go of what are no more."""
    parameters: dict[str, Any] = {
        "feed": feed.pk,
        "now": now,
        "crowd": CROWD,
        "threshold": THRESHOLD,
        "responsable": AccountKind.RESPONSABLE.value,
        "codes": list(REASONS),
        "points": [reason.points for reason in REASONS.values()],
        "kind": DataIssue.Kind.DUPLICATE.value,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL enable_nestloop = off")
        cursor.execute(_HOLDERS, parameters)
        cursor.execute("ANALYZE duplicate_holder")
        cursor.execute(_REFRESH, parameters)
        opened, closed = cursor.fetchone()
        cursor.execute("SET LOCAL enable_nestloop = on; DROP TABLE duplicate_holder")
        cursor.execute(_LINES, parameters)
    return Refreshed(opened, closed)


def open_doubt(one: int, other: int, doubt: str) -> None:
    """Two accounts of different schools which the rule leaves to a human, or to the family."""
    first, second = sorted((one, other))
    Duplicate.objects.update_or_create(
        first_id=first,
        second_id=second,
        establishment=None,
        defaults={"reasons": [doubt], "closed_at": None},
        create_defaults={"reasons": [doubt], "score": THRESHOLD},
    )


_SHARED = """
SELECT DISTINCT one.establishment_id
FROM accounts_holding one
JOIN accounts_holding other ON other.establishment_id = one.establishment_id AND other.account_id = %(other)s
WHERE one.account_id = %(one)s
"""


def open_family_doubt(one: int, other: int) -> None:
    """Somebody proved to be of both: each establishment which has the two shows it; else, as of two schools.

    What was decided stays decided.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SHARED, {"one": one, "other": other})
        shared = [row[0] for row in cursor.fetchall()]
    if not shared:
        open_doubt(one, other, "several")
    first, second = sorted((one, other))
    reasons = ["surname", "given_name", "mobile"]
    for establishment in shared:
        Duplicate.objects.update_or_create(
            first_id=first,
            second_id=second,
            establishment_id=establishment,
            defaults={"closed_at": None},
            create_defaults={"reasons": reasons, "score": score(reasons)},
        )


@transaction.atomic
def tell_apart(duplicate: Duplicate, by: By) -> None:
    """Remember that these are two persons; raises NotJoinable when it was decided before."""
    _decide(duplicate, Duplicate.Decision.DIFFERENT, by)
    _solve_lines(duplicate.first_id, duplicate.second_id)
    Event.objects.bulk_create(
        Event(
            kind=EventKind.ACCOUNT_TOLD_APART,
            establishment=by.establishment,
            actor=by.actor,
            agent=by.agent,
            target_kind="account",
            target_id=account,
            data={"duplicate": duplicate.pk},
        )
        for account in (duplicate.first_id, duplicate.second_id)
    )


@transaction.atomic
def join_same(duplicate: Duplicate, by: By) -> Joining:
    """Bring the two accounts together, reversibly; raises NotJoinable, nothing done.

    Accounts are locked before pairs: of two agents who decide about one account, one waits.
    """
    both = (duplicate.first_id, duplicate.second_id)
    list(Account.objects.select_for_update(no_key=True).filter(pk__in=both).order_by("pk"))
    _decide(duplicate, Duplicate.Decision.SAME, by)
    joining = merge(duplicate.first_id, duplicate.second_id, AccountSource.Reason.AGENT, by)
    gone = joining.former_id
    waiting = Duplicate.objects.filter(decision="", closed_at=None)
    for side in ("first", "second"):
        waiting.filter(**{side: gone}).update(closed_at=timezone.now())
    _solve_lines(duplicate.first_id, duplicate.second_id)
    return joining


def _solve_lines(*accounts: int) -> None:
    """Of the pairs of these accounts, those which are no more to decide."""
    settled = Duplicate.objects.filter(Q(first__in=accounts) | Q(second__in=accounts)).exclude(
        decision="", closed_at=None
    )
    DataIssue.objects.unsolved().filter(duplicate__in=settled).update(solved_at=timezone.now())


def _decide(duplicate: Duplicate, decision: Duplicate.Decision, by: By) -> None:
    undecided = Duplicate.objects.filter(pk=duplicate.pk, decision="", closed_at=None)
    if not undecided.update(decision=decision, decided_at=timezone.now(), decided_by=by.agent):
        raise NotJoinable("Ce doublon a déjà été traité.")
