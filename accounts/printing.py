"""The paper of an operation: planned as parts, rendered in parallel, joined; never a second notification."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from itertools import groupby
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_STORED, ZipFile

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import bundles, leaflets
from accounts.bundles import bundle_of
from accounts.fronts import front_of
from accounts.letters import recipients, sheets_for
from accounts.models import Operation, OperationItem, OperationPart
from establishments.models import Event, EventKind
from establishments.names import unaccented
from notifications.cards import render_cards
from notifications.documents import delete_documents, read_document, store_document
from notifications.file_names import file_name
from notifications.models import Document
from notifications.sheet_joining import join
from notifications.sheets import render_sheets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from establishments.models import Agent

_UNSAFE = re.compile(r"[^A-Z0-9]+")
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


def reprint(operation: Operation, by: Agent, options: dict[str, Any] | None = None) -> bool:
    """Print a finished operation's paper again: no date, no secret changes; an event for each account.

    `options` replace those it was printed with. False when it is not finished, for instance because another
    tab asked first.
    """
    with transaction.atomic():
        locked = _locked(operation.pk)
        locked.options |= options or {}
        if locked.status != _Status.DONE or not _plan(locked):
            return False
        locked.status, locked.heartbeat_at = _Status.RENDERING, timezone.now()
        locked.save(update_fields=["status", "heartbeat_at", "options"])
        _record_reprint(locked, by)
    return True


def _record_reprint(operation: Operation, by: Agent) -> None:
    """Once for the operation and, when the sheets bear passwords, once for each account on them."""
    printed = [] if operation.kind == Operation.Kind.LEAFLET else _printed(operation)
    about: dict[str, Any] = {"operation": operation.pk}
    count = {"population": operation.population, "accounts": len(printed)} if printed else {}
    Event.objects.bulk_create(
        Event(
            kind=kind,
            establishment_id=operation.establishment_id,
            actor=Event.Actor.AGENT,
            agent=by,
            target_kind=target_kind,
            target_id=target,
            data=data,
        )
        for kind, target_kind, target, data in (
            (EventKind.OPERATION_REPRINTED, "operation", operation.pk, about | count),
            *((EventKind.ACCOUNT_SHEET_REPRINT, "account", account, about) for account in printed),
        )
    )


def _printed(operation: Operation) -> list[int]:
    return [account for part in operation.parts.all() for account in part.accounts]


def _locked(pk: int) -> Operation:
    return (
        Operation.objects.select_for_update(of=("self",))
        .select_related("establishment__feed__academy")
        .get(pk=pk)
    )


def _plan(operation: Operation) -> bool:
    operation.parts.all().delete()
    is_leaflet = operation.kind == Operation.Kind.LEAFLET
    parts = leaflets.cut(operation) if is_leaflet else _sheets_cut(operation)
    return bool(OperationPart.objects.bulk_create(parts))


def _sheets_cut(operation: Operation) -> list[OperationPart]:
    notified = operation.items.filter(status=OperationItem.Status.DONE, channel=OperationItem.Channel.SHEET)
    done = notified.values_list("account_id", flat=True)
    bundle = bundle_of(operation)
    found = bundles.in_order(recipients(operation.establishment, done, timezone.now()), bundle)
    return list(bundles.cut(operation, found, bundle)) if found else []


def missing_parts(pk: int) -> list[int]:
    """The parts still to be rendered, in order."""
    parts = OperationPart.objects.filter(operation=pk, operation__status=_Status.RENDERING, document=None)
    return list(parts.values_list("pk", flat=True))


@transaction.atomic
def render_part(pk: int) -> None:
    """Render one part, unless another worker has done it or is at it."""
    part = (
        OperationPart.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("operation__establishment__feed__academy", "school_class")
        .filter(pk=pk, document=None, operation__status=_Status.RENDERING)
        .first()
    )
    if part is None:
        return
    content = _rendered(part)
    if content is None:
        # All of its pupils left since it was planned.
        part.delete()
        return
    part.document = store_document(
        content,
        name=f"partie-{part.position}.pdf",
        content_type="application/pdf",
        lifetime=PART_LIFETIME,
    )
    part.save(update_fields=["document"])


def _rendered(part: OperationPart) -> bytes | None:
    """The part's pages, or None when nobody is left to give them to."""
    operation = part.operation
    if operation.kind == Operation.Kind.LEAFLET:
        return leaflets.leaflets_of(part)
    if part.is_front:
        return front_of(part)
    sheets = sheets_for(operation.establishment, part.accounts)
    if not sheets:
        return None
    sheets_a_page = bundle_of(operation).sheets_a_page
    return render_sheets(sheets) if sheets_a_page == 1 else render_cards(sheets, sheets_a_page)


def assemble(pk: int) -> bool:
    """Join the parts of an operation into its document; False when one is missing or it is done."""
    with transaction.atomic():
        operation = _locked(pk)
        if operation.status != _Status.RENDERING or missing_parts(pk):
            return False
        parts = [part for part in operation.parts.select_related("document", "school_class") if part.document]
        operation.document = _joined(operation, parts) if parts else None
        operation.status = _Status.DONE
        operation.finished_at = operation.finished_at or timezone.now()
        operation.save(update_fields=["document", "status", "finished_at"])
    delete_documents(Document.objects.filter(pk__in=[part.document_id for part in parts]))
    return True


def _joined(operation: Operation, parts: list[OperationPart]) -> Document:
    if bundle_of(operation).is_archive:
        return _stored(operation, _archive(operation, parts), "zip", "application/zip")
    return _stored(operation, _pdf(operation, parts), "pdf", "application/pdf")


def _pdf(operation: Operation, parts: Iterable[OperationPart]) -> bytes:
    contents = [read_document(part.document) for part in parts if part.document]
    return join(contents, blank_backs=bundle_of(operation).has_blank_backs)


def _archive(operation: Operation, parts: list[OperationPart]) -> bytes:
    """A PDF a class, under a name which any system takes."""
    content = BytesIO()
    with ZipFile(content, "w", ZIP_STORED) as archive:
        for school_class, of_class in groupby(parts, key=lambda part: part.school_class):
            name = f"classe-{_safe(school_class.label)}" if school_class else "sans-classe"
            while f"{name}.pdf" in archive.namelist():
                name += "-bis"
            archive.writestr(f"{name}.pdf", _pdf(operation, of_class))
    return content.getvalue()


def _safe(label: str) -> str:
    """Unaccented capitals and digits, joined by hyphens."""
    return _UNSAFE.sub("-", unaccented(label)).strip("-")[:60] or "x"


def _stored(operation: Operation, content: bytes, extension: str, content_type: str) -> Document:
    place = operation.establishment
    what = "depliants" if operation.kind == Operation.Kind.LEAFLET else "feuilles"
    return store_document(
        content,
        name=file_name(what, place.uai, timezone.now(), place.academy.zone, extension),
        content_type=content_type,
        lifetime=settings.DOCUMENT_LIFETIME,
    )


def give_up(pk: int) -> None:
    """The accounts are notified but their sheets could not be made: the page offers to try again."""
    Operation.objects.filter(pk=pk, status=_Status.RENDERING).update(status=_Status.UNRENDERED)
