"""Lists of accounts: what one would hold, its making by a worker, and who may open it. No account changes."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from accounts import operations
from accounts.models import STATE_LABELS, Account, AccountKind, Holding, Operation, OperationItem
from accounts.passwords import OF_PASSWORD, Standing, account_of, password_deadline, password_standing
from accounts.rows import RowQuerySet
from accounts.secrets import open_secret
from accounts.transitions import SecretEffect
from establishments.access import Right
from establishments.models import Event, EventKind
from notifications.documents import store_document
from notifications.file_names import file_name
from notifications.listing import AccountList, ListedRow
from notifications.listing_csv import render_csv
from notifications.listing_pdf import render_pdf
from notifications.listing_xlsx import render_xlsx

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from establishments.access import Access
    from establishments.models import Agent


class ListFormat(models.TextChoices):
    PDF = "pdf", "PDF"
    CSV = "csv", "CSV"
    XLSX = "xlsx", "Tableur (xlsx)"


LIST_LOCK = 0x4141_4610
CONTENT_TYPES = {
    ListFormat.PDF: "application/pdf",
    ListFormat.CSV: "text/csv; charset=utf-8",
    ListFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# What stands for a password which is not printed in clear (guide of October 2018, chapter 5.4).
_PRINTED = {
    Standing.UNDRAWN: "",
    Standing.PROVISIONAL: "provisoire",
    Standing.EXPIRED: "expiré",
    Standing.CHOSEN: "******",
    Standing.NONE: "–",
}
_READ = (
    "account_id",
    "account__identifier",
    *(f"account__{name}" for name in OF_PASSWORD),
    "student_id",
    "student__surname",
    "student__given_name",
    "student__level",
    "student__school_class__label",
    "student__mef__label",
    "responsable__surname",
    "responsable__given_name",
)
_ORDER = (
    F("student__school_class__label_key").asc(nulls_last=True),
    F("student__school_class__label").asc(nulls_last=True),
    "surname_key",
    "given_name_key",
    "student_id",
    "responsable__surname_key",
    "responsable__given_name_key",
    "pk",
)


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What the agent chose; kept in the operation's `options`."""

    format: ListFormat
    with_secrets: bool = False
    class_per_page: bool = False

    @classmethod
    def of(cls, operation: Operation) -> ListOptions:
        return cls(**(operation.options | {"format": ListFormat(operation.options["format"])}))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ListPreview:
    """What a draft would list now, in numbers; `acted_on` is that of the accounts still here."""

    total: int
    acted_on: int
    rows: int
    classes: int
    # Accounts whose provisional password is alive.
    secrets: int
    left_aside: int = 0

    @property
    def gone(self) -> int:
        return self.total - self.acted_on

    @property
    def kept_days(self) -> int:
        lifetime: int = settings.DOCUMENT_LIFETIME.days
        return lifetime


def preview(operation: Operation) -> ListPreview:
    alive = Q(account__sealed_secret__gt="", account__secret_expires_at__gt=timezone.now())
    found = _rows_of(operation).aggregate(
        rows=Count("pk"),
        acted_on=Count("account", distinct=True),
        classes=Count("student__school_class", distinct=True),
        secrets=Count("account", distinct=True, filter=alive),
    )
    return ListPreview(total=operation.items.count(), **found)


class Bearing(models.TextChoices):
    """A kind of document beside those of each kind of operation."""

    LIST_WITH_SECRETS = "LIST_WITH_SECRETS", "Liste de comptes avec mots de passe"


# What opening a document takes: passwords of a whole list in clear are for few.
RIGHTS_TO_OPEN: dict[str, Right] = {**operations.RIGHTS, Bearing.LIST_WITH_SECRETS: Right.EXPORT_SECRETS}


def document_kind(operation: Operation) -> str:
    """What RIGHTS_TO_OPEN reads."""
    if operation.kind == Operation.Kind.LIST and operation.options["with_secrets"]:
        return Bearing.LIST_WITH_SECRETS
    return operation.kind


def populations_of(operation: Operation) -> list[str]:
    """Those which its document is about."""
    told: list[str] = operation.options.get("populations", [operation.population])
    return told


def may_open(operation: Operation, access: Access) -> bool:
    right = RIGHTS_TO_OPEN[document_kind(operation)]
    return all(access.can(right, population) for population in populations_of(operation))


def make_list(pk: int) -> None:
    """Make the document of a confirmed list, once, whoever calls this again or at the same time.

    The accounts are read as they are now. An unexpected error leaves the list FAILED, to be taken up again.
    """
    with alone(pk) as is_alone:
        if not is_alone or not operations.start(pk):
            return
        operation = Operation.objects.select_related("establishment__feed__academy", "agent").get(pk=pk)
        try:
            made = _Making(operation, timezone.now())
            content = made.render() if made.rows else b""
            _finish(made, content)
        except Exception:
            operations.fail(pk)
            raise


@contextmanager
def alone(pk: int) -> Iterator[bool]:
    """Whether nobody else is at this list; a killed worker lets it go with its connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LIST_LOCK, pk])
        [is_alone] = cursor.fetchone()
    try:
        yield is_alone
    finally:
        if is_alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LIST_LOCK, pk])


class _Making:
    """One reading of a list's accounts at a given moment, and what is made of it."""

    def __init__(self, operation: Operation, now: datetime) -> None:
        self.operation, self.now = operation, now
        self.options = ListOptions.of(operation)
        self.rows: list[dict[str, Any]] = list(_rows_of(operation).order_by(*_ORDER).values(*_READ))
        self.accounts = {row["account_id"]: account_of(row) for row in self.rows}

    @property
    def zone(self) -> ZoneInfo:
        return self.operation.establishment.academy.zone

    def with_live_secret(self) -> Iterable[Account]:
        return (account for account in self.accounts.values() if account.has_live_secret(self.now))

    def render(self) -> bytes:
        listing = self._listing()
        match self.options.format:
            case ListFormat.PDF:
                return render_pdf(listing, class_per_page=self.options.class_per_page)
            case ListFormat.CSV:
                return render_csv(listing)
            case ListFormat.XLSX:
                return render_xlsx(listing)

    def _listing(self) -> AccountList:
        """The finished data; secrets are opened here and kept nowhere else."""
        school = self.operation.establishment
        opened = (
            {account.pk: open_secret(account.sealed_secret) for account in self.with_live_secret()}
            if self.options.with_secrets
            else {}
        )
        return AccountList(
            uai=school.uai,
            school=school.display_name,
            made_at=timezone.localtime(self.now, self.zone),
            made_by=self.operation.agent.full_name,
            rows=[self._row(row, opened) for row in self.rows],
            of_responsables=self.operation.population == AccountKind.RESPONSABLE,
            is_second_degree=school.is_second_degree,
            has_secrets=self.options.with_secrets,
        )

    def _row(self, row: dict[str, Any], opened: dict[int, str]) -> ListedRow:
        account = self.accounts[row["account_id"]]
        standing = password_standing(account, self.now)
        return ListedRow(
            pupil=row["student_id"],
            surname=row["student__surname"],
            given_name=row["student__given_name"],
            level=row["student__level"],
            class_label=row["student__school_class__label"] or "",
            mef=row["student__mef__label"] or "",
            holder_surname=row["responsable__surname"] or "",
            holder_given_name=row["responsable__given_name"] or "",
            identifier=row["account__identifier"],
            password=opened.get(account.pk, _PRINTED[standing]),
            valid_until=password_deadline(account, standing, self.zone),
            state=STATE_LABELS[account.state_now],
        )

    def file_name(self) -> str:
        what = "responsables" if self.operation.population == AccountKind.RESPONSABLE else "eleves"
        uai = self.operation.establishment.uai
        return file_name(what, uai, self.now, self.zone, self.options.format.value)


def _rows_of(operation: Operation) -> RowQuerySet:
    """The rows, in the establishment, of the operation's accounts which are still there."""
    return RowQuerySet(Holding).filter(
        establishment=operation.establishment_id,
        kind=operation.population,
        account__operation_items__operation=operation,
    )


@transaction.atomic
def _finish(made: _Making, content: bytes) -> None:
    """Keep the document, settle the items and record it all."""
    operation = made.operation
    if content:
        operation.document = store_document(
            content,
            name=made.file_name(),
            content_type=CONTENT_TYPES[made.options.format],
            lifetime=settings.DOCUMENT_LIFETIME,
        )
    operation.status, operation.finished_at = Operation.Status.DONE, timezone.now()
    operation.save(update_fields=["document", "status", "finished_at"])
    _settle(made)
    if content:
        Event.objects.bulk_create(_events(made))


def _settle(made: _Making) -> None:
    pending = made.operation.items.filter(status=OperationItem.Status.PENDING)
    pending.filter(account__in=made.accounts).update(
        status=OperationItem.Status.DONE, effect=SecretEffect.KEPT
    )
    pending.update(status=OperationItem.Status.LEFT_ASIDE, reason=OperationItem.Reason.GONE)


def _events(made: _Making) -> list[Event]:
    """That the list was made and, in each account's history, that its password is on it."""
    operation, by = made.operation, made.operation.agent
    of_list = ("operation", operation.pk)
    content = {"format": made.options.format.value, "accounts": len(made.accounts)}
    if not made.options.with_secrets:
        return [_event(EventKind.LIST_MADE, operation, by, made.now, of_list, content)]
    listed = [account.pk for account in made.with_live_secret()]
    own = {"operation": operation.pk}
    return [
        _event(
            EventKind.LIST_SECRETS_MADE, operation, by, made.now, of_list, content | {"secrets": len(listed)}
        ),
        *(
            _event(EventKind.ACCOUNT_SECRET_LISTED, operation, by, made.now, ("account", pk), own)
            for pk in listed
        ),
    ]


def _event(
    kind: EventKind,
    operation: Operation,
    by: Agent,
    at: datetime,
    target: tuple[str, int],
    data: Mapping[str, object],
) -> Event:
    target_kind, target_id = target
    return Event(
        kind=kind,
        at=at,
        establishment_id=operation.establishment_id,
        actor=Event.Actor.AGENT,
        agent=by,
        target_kind=target_kind,
        target_id=target_id,
        data=data,
    )


def record_download(operation: Operation, by: Agent) -> None:
    """Who took a document about families, and when; nothing for leaflets, which name nobody."""
    if operation.kind == Operation.Kind.LEAFLET:
        return
    kind = EventKind.DOCUMENT_DOWNLOADED
    if operation.kind == Operation.Kind.LIST:
        secret = operation.options["with_secrets"]
        kind = EventKind.LIST_SECRETS_DOWNLOADED if secret else EventKind.LIST_DOWNLOADED
    if operation.kind == Operation.Kind.ISSUE_LIST:
        kind = EventKind.LIST_DOWNLOADED
    _event(kind, operation, by, timezone.now(), ("operation", operation.pk), {}).save()


def downloads(operation: Operation) -> list[Event]:
    """Of a document which bears passwords in clear, the latest first."""
    kinds = [EventKind.DOCUMENT_DOWNLOADED, EventKind.LIST_SECRETS_DOWNLOADED]
    events = Event.objects.filter(kind__in=kinds, target_kind="operation", target_id=operation.pk)
    return list(events.select_related("agent").order_by("-at", "-pk")[:20])
