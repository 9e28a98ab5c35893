"""Opens and solves the data issues of a feed, set by set, when its data have changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection

from accounts.activation import contesting
from accounts.models import AccountKind
from accounts.models.data_issue import APART

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.precreation import Touched
    from establishments.models import Feed

YOUNGEST, OLDEST = timedelta(days=2 * 365), timedelta(days=26 * 365)
"""Ages outside which a pupil's date of birth is doubted: 2 to 25 years, give or take a week."""
# A responsable is told of where their account holds a child; a shared mobile is that of two accounts, and
# what the family validated stands for what the record lacks. A pupil is told of while present, account or
# not: one without INE has none in the 1er degré. What is wrong is a table apart: it is made on several cores,
# as no statement which writes is. Only what changes is written.
_WRONG = """
CREATE TEMP TABLE wrong_datum ON COMMIT DROP AS
WITH holder AS (
    SELECT DISTINCT holding.establishment_id, holding.account_id, holding.responsable_id
    FROM accounts_holding holding
    JOIN establishments_establishment school ON school.id = holding.establishment_id
    WHERE holding.kind = %(responsable)s AND school.feed_id = %(feed)s
), reached AS (
    SELECT holder.establishment_id, record.id, record.mobile_raw,
           record.refused_mail, record.refused_phone <> '' AS has_invalid_phone,
           record.mobile = '' AND account.mobile = '' AS lacks_mobile,
           record.mail = '' AND account.mail = '' AS lacks_mail,
           record.mobile <> '' AND min(holder.account_id) OVER same_mobile
                                   <> max(holder.account_id) OVER same_mobile AS is_shared
    FROM holder
    JOIN establishments_responsable record ON record.id = holder.responsable_id
    JOIN accounts_account account ON account.id = holder.account_id
    WINDOW same_mobile AS (PARTITION BY holder.establishment_id, record.mobile)
), present AS (
    SELECT pupil.id, pupil.establishment_id,
           guarded.id IS NULL AS lacks_guardian, pupil.ine = '' AS lacks_ine,
           pupil.school_class_id IS NULL AS lacks_class,
           pupil.birth_date NOT BETWEEN %(oldest)s AND %(youngest)s AS has_doubtful_age
    FROM establishments_student pupil
    LEFT JOIN (SELECT DISTINCT link.student_id AS id FROM establishments_responsibility link
               JOIN establishments_responsable guardian ON guardian.id = link.responsable_id
               WHERE link.is_legal AND link.ended_at IS NULL AND guardian.left_at IS NULL
                     AND guardian.feed_id = %(feed)s
                     AND (%(whole)s OR link.student_id = ANY(%(students)s::bigint[]))) guarded
         ON guarded.id = pupil.id
    WHERE pupil.left_at IS NULL AND pupil.establishment_id IS NOT NULL AND pupil.feed_id = %(feed)s
          AND (%(whole)s OR pupil.id = ANY(%(students)s::bigint[]))
)
SELECT reached.establishment_id, fault.kind, reached.id AS responsable_id, NULL::bigint AS student_id
FROM reached CROSS JOIN LATERAL (VALUES
    ('MOBILE_MISSING', lacks_mobile AND mobile_raw = ''),
    ('MOBILE_UNUSABLE', lacks_mobile AND mobile_raw <> ''),
    ('MOBILE_SHARED', is_shared),
    ('MAIL_MISSING', lacks_mail AND refused_mail = ''),
    ('MAIL_INVALID', lacks_mail AND refused_mail <> ''),
    ('PHONE_INVALID', has_invalid_phone)
) fault (kind, is_wrong)
WHERE fault.is_wrong AND (lacks_mobile OR is_shared OR lacks_mail OR has_invalid_phone)
UNION ALL
SELECT present.establishment_id, fault.kind, NULL, present.id
FROM present CROSS JOIN LATERAL (VALUES
    ('GUARDIAN_MISSING', lacks_guardian),
    ('INE_MISSING', lacks_ine),
    ('CLASS_MISSING', lacks_class),
    ('BIRTH_DATE_DOUBTFUL', has_doubtful_age)
) fault (kind, is_wrong)
WHERE fault.is_wrong AND (lacks_guardian OR lacks_ine OR lacks_class OR has_doubtful_age)
"""
_REFRESH = """
WITH unsolved AS MATERIALIZED (
    SELECT issue.id, issue.establishment_id, issue.kind,
           coalesce(issue.responsable_id, -issue.student_id) AS record
    FROM accounts_dataissue issue
    JOIN establishments_establishment school ON school.id = issue.establishment_id
    WHERE issue.solved_at IS NULL AND school.feed_id = %(feed)s AND issue.kind <> ALL(%(apart)s)
          AND (%(whole)s OR issue.student_id IS NULL OR issue.student_id = ANY(%(students)s::bigint[]))
), change AS MATERIALIZED (
    SELECT unsolved.id, wrong.establishment_id, wrong.kind, wrong.responsable_id, wrong.student_id
    FROM wrong_datum wrong FULL JOIN unsolved
         ON unsolved.record = coalesce(wrong.responsable_id, -wrong.student_id)
            AND unsolved.kind = wrong.kind AND unsolved.establishment_id = wrong.establishment_id
    WHERE unsolved.id IS NULL OR wrong.kind IS NULL
), opened AS (
    INSERT INTO accounts_dataissue (establishment_id, kind, responsable_id, student_id, opened_at)
    SELECT establishment_id, kind, responsable_id, student_id, %(now)s FROM change WHERE id IS NULL
    RETURNING 1
), solved AS (
    UPDATE accounts_dataissue issue SET solved_at = %(now)s FROM change WHERE issue.id = change.id
    RETURNING 1
)
SELECT (SELECT count(*) FROM opened), (SELECT count(*) FROM solved)
"""


@dataclass(frozen=True, slots=True)
class Refreshed:
    opened: int
    solved: int


def refresh_data_issues(feed: Feed, *, now: datetime, touched: Touched | None = None) -> Refreshed:
    """Open what is newly wrong in the schools of `feed`, solve what no longer is.

    Runs in the caller's transaction, after accounts are made; data that did not change write nothing. Of
    pupils, only those `touched` are looked at, when it is given.
    """
    today = feed.academy.local_date(now)
    parameters: dict[str, Any] = {
        "feed": feed.pk,
        "now": now,
        "apart": sorted(APART),
        "responsable": AccountKind.RESPONSABLE.value,
        "youngest": today - YOUNGEST,
        "oldest": today - OLDEST,
        "whole": touched is None,
        "students": list(touched.students) if touched else [],
    }
    with connection.cursor() as cursor:
        # Whole tables are crossed; inside an import, the planner has no figures of theirs yet.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(_WRONG, parameters)
        cursor.execute("ANALYZE wrong_datum")
        cursor.execute(_REFRESH, parameters)
        opened, solved = cursor.fetchone()
        solved += contesting.solve_ended(feed, now=now)
        cursor.execute("SET LOCAL enable_nestloop = on; DROP TABLE wrong_datum")
    return Refreshed(opened, solved)
