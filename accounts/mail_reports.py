"""What became of the mails of an operation, and of the last ones of an account, as a director reads it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from accounts.contacts import names_at
from accounts.models import Account, Operation, OperationItem
from notifications.models import NOT_DELIVERED, Delivery

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from establishments.models import Establishment

LISTED = 200
_Status = Delivery.Status


@dataclass(frozen=True, slots=True)
class MailOutcome:
    """One mail which did not reach its reader; `name` is empty when the account left the establishment."""

    account: Account
    name: str
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class MailReport:
    total: int
    pending: int
    sent: int
    failed: int
    refused: int
    cancelled: int
    # The failures and refusals first named, and the mails which had no object any more.
    failures: Sequence[MailOutcome]
    void: Sequence[MailOutcome]
    # Why the next mail waits, when a server said « later ».
    waits_for: str

    @property
    def not_delivered(self) -> int:
        return self.failed + self.refused

    @property
    def settled(self) -> int:
        return self.total - self.pending


def mail_report(operation: Operation) -> MailReport:
    """In a constant number of queries."""
    mailed = operation.items.filter(delivery__isnull=False)
    counted = mailed.values_list("delivery__status").annotate(mails=Count("pk")).order_by()
    counts: Counter[str] = Counter(dict(counted))
    return MailReport(
        total=counts.total(),
        pending=counts[_Status.PENDING],
        sent=counts[_Status.SENT],
        failed=counts[_Status.FAILED],
        refused=counts[_Status.REFUSED] + counts[_Status.BOUNCED],
        cancelled=counts[_Status.CANCELLED],
        failures=_outcomes(operation, NOT_DELIVERED) if any(counts[s] for s in NOT_DELIVERED) else (),
        void=_outcomes(operation, (_Status.CANCELLED,)) if counts[_Status.CANCELLED] else (),
        waits_for=_waits_for(mailed) if counts[_Status.PENDING] else "",
    )


def _outcomes(operation: Operation, statuses: Sequence[Delivery.Status]) -> list[MailOutcome]:
    items = list(
        operation.items.filter(delivery__status__in=statuses)
        .select_related("account", "delivery")
        .order_by("account__identifier")[:LISTED]
    )
    names = names_at(operation.establishment, [item.account_id for item in items])
    return [
        MailOutcome(item.account, names.get(item.account_id, ""), item.delivery)
        for item in items
        if item.delivery
    ]


def _waits_for(mailed: QuerySet[OperationItem]) -> str:
    waiting = mailed.filter(delivery__status=_Status.PENDING).exclude(delivery__last_error="")
    return waiting.values_list("delivery__last_error", flat=True).first() or ""


def last_mail(account: Account, establishment: Establishment) -> Delivery | None:
    """The last mail this establishment sent, or is to send, to the account."""
    mailed = OperationItem.objects.filter(
        account=account, operation__establishment=establishment, delivery__isnull=False
    )
    item = mailed.select_related("delivery").order_by("-pk").first()
    return item.delivery if item else None
