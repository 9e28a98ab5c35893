"""What the page of an operation shows: how far it is, what came of it, what was left aside and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zlib import crc32

from django.db.models import Count, Q
from django.utils import timezone

from accounts.activation.mails import LINK
from accounts.campaigns import MAILED
from accounts.contacts import names_at
from accounts.mail_reports import MailReport, mail_report
from accounts.models import Account, Operation, OperationItem
from accounts.transitions import SecretEffect
from establishments.models import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from accounts.models.operation import OperationQuerySet

LISTED_LEFT_ASIDE = 200
_DONE = Q(items__status=OperationItem.Status.DONE)
_DONE_ITEM = Q(status=OperationItem.Status.DONE)


@dataclass(frozen=True, slots=True)
class LeftAside:
    """`name` is empty when the account is no more the establishment's to see."""

    account: Account
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class OnlyAccount:
    account: Account
    name: str


@dataclass(frozen=True, slots=True)
class Report:
    total: int
    done: int
    left_aside: int
    forbidden: int
    drawn: int
    reset: int
    redrawn: int
    kept: int
    links: int
    printed: int
    sheets: int
    sheets_made: int
    left: Sequence[LeftAside]
    has_document: bool
    mails: MailReport | None

    @property
    def settled(self) -> int:
        return self.done + self.left_aside

    @property
    def progress(self) -> str:
        """What a page that polls has seen already: while it is the same, there is nothing to show anew."""
        mails = (self.mails.settled, self.mails.total, self.mails.waits_for) if self.mails else ()
        figures = (self.settled, self.sheets_made, self.has_document, *mails)
        return f"{crc32(repr(figures).encode()):x}"

    @property
    def letters_by_mail(self) -> int:
        return self.mails.total - self.links if self.mails else 0

    @property
    def not_printable(self) -> int:
        """Accounts notified on paper whose sheet cannot be printed any more."""
        return max(self.printed - self.sheets, 0)


def report(operation: Operation) -> Report:
    """In a constant number of queries; polled while the operation is under way."""
    counts = operation.items.aggregate(
        total=Count("pk"),
        done=Count("pk", filter=Q(status=OperationItem.Status.DONE)),
        left_aside=Count("pk", filter=Q(status=OperationItem.Status.LEFT_ASIDE)),
        forbidden=Count("pk", filter=Q(reason=OperationItem.Reason.FORBIDDEN)),
        printed=Count("pk", filter=Q(status=OperationItem.Status.DONE, channel=OperationItem.Channel.SHEET)),
        links=Count("pk", filter=_DONE_ITEM & Q(delivery__reference_kind=LINK)),
        **{effect.lower(): Count("pk", filter=Q(effect=effect)) for effect in SecretEffect},
    )
    counts["kept"] -= counts["links"]
    parts = list(operation.parts.all())
    is_done = operation.status == Operation.Status.DONE
    sheets = sum(len(part.accounts) for part in parts)
    made = sum(len(part.accounts) for part in parts if is_done or part.document_id is not None)
    return Report(
        **counts,
        sheets=sheets,
        sheets_made=made,
        left=() if operation.is_underway else _left_aside(operation),
        has_document=operation.document is not None and operation.document.expires_at > timezone.now(),
        mails=mail_report(operation) if operation.kind in MAILED else None,
    )


def _left_aside(operation: Operation) -> list[LeftAside]:
    items = list(
        operation.items.filter(status=OperationItem.Status.LEFT_ASIDE)
        .select_related("account")
        .order_by("account__identifier")[:LISTED_LEFT_ASIDE]
    )
    names = _names(operation, items)
    return [
        LeftAside(item.account, names.get(item.account_id, ""), item.get_reason_display()) for item in items
    ]


def _names(operation: Operation, items: Sequence[OperationItem]) -> dict[int, str]:
    """By account, of those whom the establishment still sees."""
    return names_at(operation.establishment, [item.account_id for item in items])


def only_account(operation: Operation) -> OnlyAccount | None:
    """Of an operation on a single account, while the establishment still sees it."""
    items = list(operation.items.select_related("account")[:2])
    if len(items) != 1:
        return None
    name = _names(operation, items).get(items[0].account_id)
    return OnlyAccount(items[0].account, name) if name else None


def acts(operation: Operation) -> list[Event]:
    """What was done to a scheduled sending during its hold, and by whom."""
    events = Event.objects.filter(
        target_kind="operation",
        target_id=operation.pk,
        kind__in=[EventKind.OPERATION_CANCELLED, EventKind.OPERATION_HASTENED],
    )
    return list(events.select_related("agent").order_by("at", "pk"))


def listed(operations: OperationQuerySet) -> OperationQuerySet:
    """With what the list of operations shows of each, the latest first."""
    confirmed = operations.exclude(status=Operation.Status.CANCELLED, confirmed_at__isnull=True)
    return (
        confirmed.select_related("agent", "document")
        .annotate(total=Count("items"), notified=Count("items", filter=_DONE))
        .order_by("-created_at", "-pk")
    )
