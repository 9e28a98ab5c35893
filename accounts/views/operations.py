"""Bulk actions: their preview, progress, result and sheets."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts import exports, operations, printing, reports
from accounts.forms import ActionForm
from accounts.models import Operation
from accounts.paper_forms import reprint_form
from accounts.selection import MOST_ACCOUNTS, SelectionTooLarge, UnusableSelection, selected_accounts
from accounts.tasks import enqueue_sheets, run_operation
from accounts.views.previews import options_form, preview_page
from establishments.access import Access, Right
from establishments.export_limit import refuse_export
from establishments.guards import OBJECT, admit, needs
from establishments.requests import ConsoleRequest
from notifications.documents import DocumentGone, DocumentUnreadable, read_document

OPERATIONS_A_PAGE = 20
ALREADY_CONFIRMED = "Cette opération avait déjà été confirmée ou annulée : rien n’a été refait."
ALREADY_STARTED = "L’envoi avait déjà commencé, ou avait été annulé : rien n’a été refait."
GONE = "Ce document n’est plus disponible : il a été effacé à son échéance."


@require_POST
@needs(operations.RIGHTS, of=OBJECT)
def operation_create(request: ConsoleRequest, uai: str) -> HttpResponse:
    access = request.access
    form = ActionForm(request.POST)
    if not form.is_valid():
        raise Http404
    population = form.cleaned_data["population"]
    admit(request, population, form.kind)
    try:
        accounts = selected_accounts(access, population, request.POST)
    except SelectionTooLarge:
        messages.warning(request, f"Pas plus de {MOST_ACCOUNTS} comptes à la fois : affinez la recherche.")
        return redirect("student_list" if population == "STUDENT" else "responsable_list", uai)
    except UnusableSelection:
        messages.warning(request, "Aucun compte sélectionné : cochez au moins une ligne de la liste.")
        return redirect("student_list" if population == "STUDENT" else "responsable_list", uai)
    operation = operations.draft(
        access,
        form.kind,
        population,
        accounts,
        with_reset=form.cleaned_data["with_reset"],
        options=form.options,
    )
    return redirect("operation", uai, operation.pk)


@require_safe
@vary_on_headers("HX-Request")
@needs(Right.CONSULT, of=OBJECT)
def operation_page(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    access = request.access
    operation = _visible(access, pk)
    context = {
        "access": access,
        "operation": operation,
        "section": "operations",
        "can_act": access.can(operations.right_for(operation.kind), operation.population),
        "only": reports.only_account(operation),
    }
    if operation.status == Operation.Status.DRAFT:
        return preview_page(request, access, operation, options_form(request, access, operation))
    if operation.kind == Operation.Kind.LIST:
        return _list_page(request, context | {"options": exports.ListOptions.of(operation)})
    if operation.kind == Operation.Kind.ISSUE_LIST:
        return _list_page(request, context | {"source": access.establishment.feed.source})
    report = reports.report(operation)
    seen = f"{operation.status}.{report.progress}"
    if request.htmx and request.GET.get("vu") == seen:
        # Nothing moved: what has the focus, or was opened, stays as it is.
        return HttpResponse(status=204)
    context |= {"report": report, "seen": seen, "paper_form": reprint_form(operation)}
    if request.htmx:
        return render(request, "accounts/operation.html#progress", context)
    context |= {"acts": reports.acts(operation), "downloads": exports.downloads(operation)}
    return render(request, "accounts/operation_told.html", context)


def _list_page(request: ConsoleRequest, context: dict[str, Any]) -> HttpResponse:
    """The making of a list, then its document."""
    operation, access = context["operation"], context["access"]
    context |= {
        "report": reports.report(operation),
        "may_open": exports.may_open(operation, access),
        "downloads": exports.downloads(operation),
    }
    template = f"accounts/{operation.kind.lower()}_operation.html"
    return render(request, template + ("#progress" if request.htmx else ""), context)


@require_POST
@needs(operations.RIGHTS, of=OBJECT)
def operation_confirm(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    access, operation = _to_act_on(request, pk)
    form = options_form(request, access, operation, request.POST)
    if form and not form.is_valid() and operation.status == Operation.Status.DRAFT:
        return preview_page(request, access, operation, form, status=422)
    if operation.kind == Operation.Kind.LIST and (refusal := refuse_export(request)):
        return refusal
    with transaction.atomic():
        if operations.confirm(operation, form.options if form and form.is_valid() else None):
            transaction.on_commit(partial(_run_unless_held, operation.pk))
        else:
            messages.info(request, ALREADY_CONFIRMED)
    return redirect("operation", access.establishment.uai, operation.pk)


def _run_unless_held(pk: int) -> None:
    if Operation.objects.filter(pk=pk, status=Operation.Status.QUEUED).exists():
        run_operation.delay(pk)


@require_POST
@needs(operations.RIGHTS, of=OBJECT)
def operation_start(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    """« Envoyer maintenant » : the hold ends, by whoever may act; the rights of its author are read again."""
    access, operation = _to_act_on(request, pk)
    with transaction.atomic():
        if operations.end_hold(operation, by=access.agent):
            transaction.on_commit(partial(run_operation.delay, operation.pk))
        else:
            messages.info(request, ALREADY_STARTED)
    return redirect("operation", access.establishment.uai, operation.pk)


@require_POST
@needs(operations.RIGHTS, of=OBJECT)
def operation_cancel(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    access, operation = _to_act_on(request, pk)
    if not operations.cancel(operation, by=access.agent):
        messages.info(request, ALREADY_CONFIRMED)
        return redirect("operation", access.establishment.uai, operation.pk)
    if operation.is_scheduled:
        messages.success(request, "Envoi annulé : aucun compte n’a été modifié, aucun courriel ne partira.")
        return redirect("operation", access.establishment.uai, operation.pk)
    messages.success(request, "Opération abandonnée : aucun compte n’a été modifié.")
    return redirect(
        "student_list" if operation.population == "STUDENT" else "responsable_list",
        access.establishment.uai,
    )


@require_POST
@needs(operations.RIGHTS, of=OBJECT)
def operation_retry(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    access, operation = _to_act_on(request, pk)
    with transaction.atomic():
        if operations.retry(operation):
            transaction.on_commit(partial(_resume, operation.pk))
    return redirect("operation", access.establishment.uai, operation.pk)


def _resume(pk: int) -> None:
    if Operation.objects.get(pk=pk).status == Operation.Status.RENDERING:
        enqueue_sheets(pk)
    else:
        run_operation.delay(pk)


@require_POST
@needs(operations.RIGHTS, of=OBJECT)
def operation_reprint(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    access, operation = _to_act_on(request, pk)
    form = reprint_form(operation, request.POST) if request.POST.get("with_options") else None
    options = form.options if form and form.is_valid() else None
    with transaction.atomic():
        if printing.reprint(operation, access.agent, options):
            transaction.on_commit(partial(enqueue_sheets, operation.pk))
        else:
            messages.warning(request, "Aucune feuille à rééditer : mots de passe expirés ou élèves partis.")
    return redirect("operation", access.establishment.uai, operation.pk)


@require_safe
@needs(exports.RIGHTS_TO_OPEN, of=OBJECT)
def operation_document(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    """The document, shown in the browser, or saved with `?telecharger`."""
    access = request.access
    operation = _visible(access, pk)
    for population in exports.populations_of(operation):
        admit(request, population, exports.document_kind(operation))
    if operation.document is None:
        raise Http404
    try:
        content = read_document(operation.document)
    except (DocumentGone, DocumentUnreadable):
        messages.error(request, GONE)
        return redirect("operation", access.establishment.uai, operation.pk)
    if request.method == "GET":
        exports.record_download(operation, access.agent)
    disposition = "attachment" if "telecharger" in request.GET else "inline"
    headers = {
        "Content-Disposition": f'{disposition}; filename="{operation.document.name}"',
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(content, content_type=operation.document.content_type, headers=headers)


@require_safe
@vary_on_headers("HX-Request")
@needs(Right.CONSULT)
def operation_list(request: ConsoleRequest, uai: str) -> HttpResponse:
    access = request.access
    found = reports.listed(Operation.objects.visible_to(access))
    page = Paginator(found, OPERATIONS_A_PAGE).get_page(request.GET.get("page"))
    template = "accounts/operation_list.html" + ("#operations" if request.htmx else "")
    return render(request, template, {"access": access, "page": page})


def _visible(access: Access, pk: int) -> Operation:
    found = Operation.objects.visible_to(access).select_related(
        "establishment__feed__academy", "agent", "document"
    )
    return get_object_or_404(found, pk=pk)


def _to_act_on(request: ConsoleRequest, pk: int) -> tuple[Access, Operation]:
    """The operation, for an agent who may act on its population."""
    operation = _visible(request.access, pk)
    admit(request, operation.population, operation.kind)
    return request.access, operation
