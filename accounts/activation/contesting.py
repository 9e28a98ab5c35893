"""« Je ne suis pas le représentant légal de cet élève »: told to the schools which hold that child."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.utils import timezone

from accounts.models import DataIssue
from establishments.models import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from accounts.activation.children import Child
    from accounts.models import Account
    from establishments.models import Feed


def contest(account: Account, children: Iterable[Child]) -> None:
    """Runs in the caller's transaction, which locks the account. What still waits is not told again."""
    now = timezone.now()
    told = _told_already(account)
    holdings = [each for child in children for each in child.holdings if each.student_id not in told]
    DataIssue.objects.bulk_create(
        [
            DataIssue(
                establishment=holding.establishment,
                student=holding.student,
                kind=DataIssue.Kind.RELATION_CONTESTED,
                opened_at=now,
            )
            for holding in holdings
        ],
        ignore_conflicts=True,
    )
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
    return {child.key for child in children if any(held.student_id in told for held in child.holdings)}


def _told_already(account: Account) -> set[int]:
    """The pupils whose link to this account is contested, and not yet looked at by a school."""
    waiting = DataIssue.objects.filter(
        kind=DataIssue.Kind.RELATION_CONTESTED,
        solved_at=None,
        student__holdings__account=account,
    )
    since = dict(waiting.values_list("student", "opened_at"))
    events = Event.objects.filter(
        kind=EventKind.ACCOUNT_RELATION_CONTESTED, target_kind="account", target_id=account.pk
    )
    told = [(event.data["student"], event.at) for event in events]
    return {student for student, at in told if student in since and at >= since[student]}


# The event says whose link it was: once no such link is in force any more, there is nothing to check.
_SOLVE = """
UPDATE accounts_dataissue issue SET solved_at = %(now)s
FROM establishments_establishment school
WHERE school.id = issue.establishment_id AND school.feed_id = %(feed)s
  AND issue.kind = 'RELATION_CONTESTED' AND issue.solved_at IS NULL AND issue.student_id IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM establishments_event event
    JOIN establishments_responsibility link
      ON link.student_id = issue.student_id AND link.is_legal AND link.ended_at IS NULL
         AND link.responsable_id = (event.data->>'responsable')::bigint
    WHERE event.establishment_id = issue.establishment_id AND event.kind = %(contested)s
      AND event.at >= issue.opened_at AND (event.data->>'student')::bigint = issue.student_id)
"""


def solve_ended(feed: Feed, *, now: datetime) -> int:
    """Solve what was contested and has ended in the data of `feed`; how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            _SOLVE,
            {"now": now, "feed": feed.pk, "contested": EventKind.ACCOUNT_RELATION_CONTESTED.value},
        )
        return int(cursor.rowcount)
