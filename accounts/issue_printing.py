"""A long list of « À traiter » to print, made by a worker: an operation its author's alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.http import Http404
from django.utils import timezone

from accounts import issue_export, operations
from accounts.exports import alone
from accounts.issue_form import IssueForm
from accounts.models import AccountKind, Operation
from establishments.access import Right, get_access
from notifications.documents import store_document
from notifications.file_names import file_name
from notifications.issue_list import render_pdf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from accounts.issue_lines import Line
    from establishments.access import Access

AT_ONCE = 200
"""So many lines are laid out while the agent waits."""


@transaction.atomic
def ask(
    access: Access, filters: Mapping[str, str], lines: int, *, enqueue: Callable[[int], Any]
) -> Operation:
    """Queue the list of what `filters` find, `lines` of them now; `enqueue` gets its key on commit."""
    now = timezone.now()
    populations = _populations(access)
    operation = Operation.objects.create(
        establishment=access.establishment,
        agent=access.agent,
        kind=Operation.Kind.ISSUE_LIST,
        population=populations[0],
        options={"filters": dict(filters), "populations": populations, "lines": lines},
        status=Operation.Status.QUEUED,
        confirmed_at=now,
        heartbeat_at=now,
    )
    transaction.on_commit(partial(enqueue, operation.pk))
    return operation


def _populations(access: Access) -> list[str]:
    """Those whose lines the list holds: whoever opens it must still be allowed each of them."""
    return [kind for kind in AccountKind.values if access.can(Right.EXPORT, kind)]


def make(pk: int) -> None:
    """Make the document, once, whoever calls this again or at the same time, of the lines as they are now.

    An unexpected error leaves the operation FAILED, to be taken up again.
    """
    with alone(pk) as is_alone:
        if not is_alone or not operations.start(pk):
            return
        operation = Operation.objects.select_related("establishment__feed__academy", "agent").get(pk=pk)
        try:
            access = _access(operation)
            lines = _lines(access, operation) if access else []
            zone = operation.establishment.academy.zone
            with timezone.override(zone):
                content = render_pdf(issue_export.printed(access, lines)) if access and lines else b""
            _finish(operation, access, lines, content)
        except Exception:
            operations.fail(pk)
            raise


def _access(operation: Operation) -> Access | None:
    """The rights of its author are read again; None when nothing is left of them."""
    try:
        access = get_access(operation.agent, operation.establishment.uai)
    except Http404:
        return None
    return access if operation.agent.is_active and access.can_export else None


def _lines(access: Access, operation: Operation) -> list[Line]:
    form = IssueForm(operation.options["filters"], access=access)
    return issue_export.lines_to_export(access, form) if form.is_valid() else []


@transaction.atomic
def _finish(operation: Operation, access: Access | None, lines: list[Line], content: bytes) -> None:
    now, place = timezone.now(), operation.establishment
    if access and content:
        operation.document = store_document(
            content,
            name=file_name("a-corriger", place.uai, now, place.academy.zone, "pdf"),
            content_type="application/pdf",
            lifetime=settings.DOCUMENT_LIFETIME,
        )
        operation.options["populations"] = _populations(access)
        issue_export.record_export(access, lines, "pdf")
    operation.options["lines"] = len(lines)
    operation.status, operation.finished_at = Operation.Status.DONE, now
    operation.save(update_fields=["document", "options", "status", "finished_at"])
