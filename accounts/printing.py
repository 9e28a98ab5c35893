"""The sheets of an operation: planned as parts, rendered in parallel, joined; never a second notification."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.letters import recipients, sheets_for
from accounts.models import Operation, OperationItem, OperationPart
from establishments.models import Event, EventKind
from notifications.documents import delete_documents, read_document, store_document
from notifications.models import Document
from notifications.sheet_joining import join
from notifications.sheets import render_sheets

if TYPE_CHECKING:
    from establishments.models import Agent

# Small enough for a first progress within two seconds, large enough to amortise a rendering's start.
SHEETS_A_PART = 25
PART_LIFETIME = timedelta(days=1)
_Status = Operation.Status


def plan_sheets(pk: int) -> None:
    """Once its accounts are done with, cut an operation's sheets into parts; or end it when there is none."""
    with transaction.atomic():
        operation = _locked(pk)
        if operation.status != _Status.RUNNING or operation.items.filter(status="PENDING").exists():
            return
        planned = _plan(operation)
        operation.status = _Status.RENDERING if planned else _Status.DONE
        operation.finished_at = None if planned else timezone.now()
        operation.save(update_fields=["status", "finished_at"])


def reprint(operation: Operation, by: Agent) -> bool:
    """Print a finished operation's sheets again: no date, no secret changes; an event for each account.

    False when it is not finished, for instance because another tab asked first.
    """
    with transaction.atomic():
        locked = _locked(operation.pk)
        if locked.status != _Status.DONE or not _plan(locked):
            return False
        locked.status, locked.heartbeat_at = _Status.RENDERING, timezone.now()
        locked.save(update_fields=["status", "heartbeat_at"])
        Event.objects.bulk_create(
            Event(
                kind=EventKind.ACCOUNT_SHEET_REPRINT,
                establishment_id=locked.establishment_id,
                actor=Event.Actor.AGENT,
                agent=by,
                target_kind="account",
                target_id=account,
                data={"operation": locked.pk},
            )
            for part in locked.parts.all()
            for account in part.accounts
        )
    return True


def _locked(pk: int) -> Operation:
    return (
        Operation.objects.select_for_update(of=("self",))
        .select_related("establishment__feed__academy")
        .get(pk=pk)
    )


def _plan(operation: Operation) -> bool:
    operation.parts.all().delete()
    notified = operation.items.filter(status=OperationItem.Status.DONE, channel=OperationItem.Channel.SHEET)
    done = notified.values_list("account_id", flat=True)
    found = recipients(operation.establishment, done, timezone.now())
    accounts = [recipient.account.pk for recipient in found]
    starts = range(0, len(accounts), SHEETS_A_PART)
    OperationPart.objects.bulk_create(
        OperationPart(operation=operation, position=n, accounts=accounts[start : start + SHEETS_A_PART])
        for n, start in enumerate(starts)
    )
    return bool(accounts)


def missing_parts(pk: int) -> list[int]:
    """The parts still to be rendered, in order."""
    parts = OperationPart.objects.filter(operation=pk, operation__status=_Status.RENDERING, document=None)
    return list(parts.values_list("pk", flat=True))


@transaction.atomic
def render_part(pk: int) -> None:
    """Render one part, unless another worker has done it or is at it."""
    part = (
        OperationPart.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("operation__establishment__feed__academy")
        .filter(pk=pk, document=None, operation__status=_Status.RENDERING)
        .first()
    )
    if part is None:
        return
    sheets = sheets_for(part.operation.establishment, part.accounts)
    if not sheets:
        # All of its pupils left since it was planned.
        part.delete()
        return
    part.document = store_document(
        render_sheets(sheets),
        name=f"partie-{part.position}.pdf",
        content_type="application/pdf",
        lifetime=PART_LIFETIME,
    )
    part.save(update_fields=["document"])


def assemble(pk: int) -> bool:
    """Join the parts of an operation into its document; False when one is missing or it is done."""
    with transaction.atomic():
        operation = _locked(pk)
        if operation.status != _Status.RENDERING or missing_parts(pk):
            return False
        parts = [part.document for part in operation.parts.select_related("document") if part.document]
        operation.document = _joined(operation, parts) if parts else None
        operation.status = _Status.DONE
        operation.finished_at = operation.finished_at or timezone.now()
        operation.save(update_fields=["document", "status", "finished_at"])
    delete_documents(Document.objects.filter(pk__in=[part.pk for part in parts]))
    return True


def _joined(operation: Operation, parts: list[Document]) -> Document:
    return store_document(
        join([read_document(part) for part in parts]),
        name=_file_name(operation),
        content_type="application/pdf",
        lifetime=settings.DOCUMENT_LIFETIME,
    )


def _file_name(operation: Operation) -> str:
    made_at = timezone.localtime(timezone.now(), operation.establishment.academy.zone)
    return f"feuilles-{operation.establishment.uai}-{made_at:%Y%m%d%H%M%S}.pdf"


def give_up(pk: int) -> None:
    """The accounts are notified but their sheets could not be made: the page offers to try again."""
    Operation.objects.filter(pk=pk, status=_Status.RENDERING).update(status=_Status.UNRENDERED)
