"""What became of the mails of an operation, and of the last ones of an account, as a director reads it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from accounts.activation.mails import LINK
from accounts.contacts import names_at
from accounts.models import Account, AccountMail, Operation, OperationItem
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
    # Of the failures and refusals, those of an activation link: no sheet stands for it.
    lost_links: int
    # The failures and refusals first named, and the mails which had no object any more.
    failures: Sequence[MailOutcome]
    void: Sequence[MailOutcome]
    # Why the next mail waits, when a server said « later ».
    waits_for: str

    @property
    def not_delivered(self) -> int:
        return self.failed + self.refused

    @property
    def lost_letters(self) -> int:
        return self.not_delivered - self.lost_links

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
        lost_links=_lost_links(mailed) if any(counts[s] for s in NOT_DELIVERED) else 0,
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


def _lost_links(mailed: QuerySet[OperationItem]) -> int:
    return mailed.filter(delivery__status__in=NOT_DELIVERED, delivery__reference_kind=LINK).count()


def _waits_for(mailed: QuerySet[OperationItem]) -> str:
    waiting = mailed.filter(delivery__status=_Status.PENDING).exclude(delivery__last_error="")
    return waiting.values_list("delivery__last_error", flat=True).first() or ""


def last_mail(account: Account, establishment: Establishment) -> Delivery | None:
    """The last mail sent, or to be sent, to the account: by this establishment, or to activate it."""
    seen = Q(establishment=establishment) | Q(establishment__isnull=True)
    last = (
        AccountMail.objects.filter(seen, account=account).select_related("delivery").order_by("-pk").first()
    )
    return last.delivery if last else None
