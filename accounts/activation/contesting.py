"""« Je ne suis pas le représentant légal de cet élève »: told to the schools which hold that child.

A line stays until no link that it is about is in force any more, or until the school says it has checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import AccountSource, DataIssue
from establishments.models import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from accounts.activation.children import Child
    from accounts.models import Account
    from establishments.models import Agent, Feed

# What is told already is told once, for whoever contests it.
_OPEN = """
INSERT INTO accounts_dataissue (establishment_id, student_id, kind, opened_at, contested_by)
SELECT establishment, student, 'RELATION_CONTESTED', %(now)s, array_agg(DISTINCT responsable)
FROM unnest(%(establishments)s::bigint[], %(students)s::bigint[], %(responsables)s::bigint[])
     AS link (establishment, student, responsable)
GROUP BY establishment, student
ON CONFLICT (student_id, kind, establishment_id) WHERE solved_at IS NULL AND student_id IS NOT NULL
DO UPDATE SET contested_by = ARRAY(
    SELECT DISTINCT unnest(accounts_dataissue.contested_by || excluded.contested_by) ORDER BY 1)
"""
# Once no link that someone contests is in force any more, there is nothing to check.
_SOLVE = """
UPDATE accounts_dataissue issue SET solved_at = %(now)s
FROM establishments_establishment school
WHERE school.id = issue.establishment_id AND school.feed_id = %(feed)s
  AND issue.kind = 'RELATION_CONTESTED' AND issue.solved_at IS NULL AND issue.contested_by <> '{}'
  AND NOT EXISTS (
    SELECT FROM establishments_responsibility link
    WHERE link.student_id = issue.student_id AND link.responsable_id = ANY(issue.contested_by)
          AND link.is_legal AND link.ended_at IS NULL)
"""


def contest(account: Account, children: Iterable[Child]) -> None:
    """Runs in the caller's transaction, which locks the account. What still waits is not told again."""
    now = timezone.now()
    told = _told_already(account)
    holdings = [
        holding
        for child in children
        for holding in child.holdings
        if holding.responsable_id and (holding.student_id, holding.responsable_id) not in told
    ]
    parameters: dict[str, Any] = {
        "now": now,
        "establishments": [holding.establishment_id for holding in holdings],
        "students": [holding.student_id for holding in holdings],
        "responsables": [holding.responsable_id for holding in holdings],
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, parameters)
    Event.objects.bulk_create(
        Event(
            kind=EventKind.ACCOUNT_RELATION_CONTESTED,
            at=now,
            establishment=holding.establishment,
            actor=Event.Actor.FAMILY,
            target_kind="account",
            target_id=account.pk,
            data={"student": holding.student_id, "responsable": holding.responsable_id},
        )
        for holding in holdings
    )


def contested_by(account: Account, children: Iterable[Child]) -> set[int]:
    """The keys of the children whose link this account said is wrong, and no school has settled yet."""
    told = _told_already(account)
    return {
        child.key
        for child in children
        if any((held.student_id, held.responsable_id) in told for held in child.holdings)
    }


def _told_already(account: Account) -> set[tuple[int | None, int]]:
    """The links (pupil and responsable) which wait for a school to look at them."""
    waiting = DataIssue.objects.unsolved().filter(
        kind=DataIssue.Kind.RELATION_CONTESTED, student__holdings__account=account
    )
    said = waiting.values_list("student", "contested_by")
    return {(student, responsable) for student, responsables in said for responsable in responsables}


def solve_ended(feed: Feed, *, now: datetime) -> int:
    """Solve what was contested and has ended in the data of `feed`; how many."""
    with connection.cursor() as cursor:
        cursor.execute(_SOLVE, {"now": now, "feed": feed.pk})
        return int(cursor.rowcount)


@transaction.atomic
def settle(issue: DataIssue, *, by: Agent, reason: str) -> bool:
    """« Relation vérifiée »: the line is solved, and why is recorded; it opens again if contested again.

    False when it was solved meanwhile.
    """
    now = timezone.now()
    if not DataIssue.objects.unsolved().filter(pk=issue.pk).update(solved_at=now):
        return False
    contesting = AccountSource.objects.filter(responsable__in=issue.contested_by, closed_at__isnull=True)
    accounts = contesting.order_by("account").values_list("account", flat=True).distinct()
    targets = [("account", key) for key in accounts] or [("establishment", issue.establishment_id)]
    Event.objects.bulk_create(
        Event(
            kind=EventKind.ACCOUNT_RELATION_CHECKED,
            at=now,
            establishment=issue.establishment,
            actor=Event.Actor.AGENT,
            agent=by,
            target_kind=target_kind,
            target_id=key,
            data={"student": issue.student_id, "reason": reason},
        )
        for target_kind, key in targets
    )
    return True
