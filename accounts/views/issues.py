"""« À traiter »: what keeps families out, what was corrected lately, and the list for the secretary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts import issue_export, issue_lines, issue_printing
from accounts.activation import contesting
from accounts.issue_form import IssueForm, RelationForm
from accounts.joining.across import accounts_in_doubt
from accounts.models import AccountKind, DataIssue
from accounts.tasks import run_operation
from establishments.access import Right
from establishments.export_limit import refuse_export
from establishments.guards import OBJECT, admit, needs
from establishments.requests import ConsoleRequest
from notifications.file_names import file_name
from notifications.issue_list import render_pdf
from notifications.spreadsheets import write_csv

if TYPE_CHECKING:
    from django.http import QueryDict

    from establishments.access import Access

TEMPLATE = "accounts/issues.html"


@require_safe
@vary_on_headers("HX-Request")
@needs(Right.CONSULT)
def issue_list(request: ConsoleRequest, uai: str) -> HttpResponse:
    access = request.access
    form = IssueForm(request.GET, access=access)
    kinds = issue_lines.counts(form) if form.is_valid() else []
    page = issue_lines.read_page(form, kinds, request.GET.get("page")) if form.is_valid() else None
    wants_solved = form.is_valid() and form.wants_solved
    is_fragment = request.htmx and not request.htmx.history_restore_request
    context = {
        "access": access,
        "source": access.establishment.feed.source,
        "form": form,
        "kinds": kinds,
        "total": sum(each.lines for each in kinds),
        "page": page,
        "lines": issue_lines.lines_of_page(access, page) if page else [],
        "filters": _filters(request.GET, "constat"),
        "is_narrowed": not form.is_valid() or form.is_narrowed,
        "wants_solved": wants_solved,
        "to_do_here": [] if wants_solved or is_fragment else issue_lines.expired_letters(access),
        "in_doubt": 0 if wants_solved or is_fragment else len(accounts_in_doubt(access)),
        "families": issue_lines.families_of_the_week(access) if wants_solved and not is_fragment else None,
        "can_notify": access.can(Right.ASSIST, AccountKind.RESPONSABLE),
        "can_check": access.can(Right.ASSIST, _population_of_pupils(access)),
    }
    return render(request, TEMPLATE + ("#results" if is_fragment else ""), context)


def _filters(address: QueryDict, *left_out: str) -> str:
    """The filters alone, as an address keeps them."""
    return urlencode({name: value for name, value in _chosen(address).items() if name not in left_out})


def _chosen(sent: QueryDict) -> dict[str, str]:
    return {name: str(sent[name]) for name in IssueForm.base_fields if sent.get(name)}


def _population_of_pupils(access: Access) -> str:
    return AccountKind.STUDENT if access.establishment.is_second_degree else AccountKind.RESPONSABLE


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Right.ASSIST, of=OBJECT)
def relation_check(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    """« Relation vérifiée » : what the family contests is right, and why."""
    issue = _contested(request.access, pk)
    admit(request, issue.population)
    if issue.solved_at:
        messages.info(request, SETTLED)
        return redirect("issues", uai)
    form = RelationForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {"access": request.access, "issue": issue, "form": form}
        context["by"] = issue_lines.contesting_names(issue) if request.access.sees_responsables else []
        return render(request, "accounts/relation_check.html", context, status=422 if form.is_bound else 200)
    if contesting.settle(issue, by=request.access.agent, reason=form.cleaned_data["reason"]):
        messages.success(request, "C’est noté : le lien est vérifié. La ligne est fermée.")
    else:
        messages.info(request, SETTLED)
    return redirect("issues", uai)


def _contested(access: Access, pk: int) -> DataIssue:
    found = DataIssue.objects.visible_to(access).select_related(
        "student__school_class", "establishment__feed__academy"
    )
    return get_object_or_404(found, pk=pk, kind=DataIssue.Kind.RELATION_CONTESTED, student__isnull=False)


@require_POST
@needs(Right.EXPORT)
def issue_export_view(request: ConsoleRequest, uai: str) -> HttpResponse:
    """All that the filters find, as CSV or as a PDF; a long PDF is made by a worker, on a page of its own."""
    access = request.access
    form = IssueForm(request.POST, access=access)
    is_pdf = request.POST.get("format") == "pdf"
    if not form.is_valid():
        return HttpResponse("Ces filtres ne trouvent rien à exporter.", status=422, content_type="text/plain")
    found = form.found(Right.EXPORT).count()
    if not found:
        messages.warning(request, NOTHING)
        return redirect("issues", uai)
    if refusal := refuse_export(request):
        return refusal
    if is_pdf and found > issue_printing.AT_ONCE:
        operation = issue_printing.ask(access, _chosen(request.POST), found, enqueue=run_operation.delay)
        return redirect("operation", uai, operation.pk)
    lines = issue_export.lines_to_export(access, form)
    issue_export.record_export(access, lines, "pdf" if is_pdf else "csv")
    if is_pdf:
        return _file(request, render_pdf(issue_export.printed(access, lines)), "application/pdf", "pdf")
    content = write_csv(issue_export.csv_rows(access, lines))
    return _file(request, content, "text/csv; charset=utf-8", "csv")


SETTLED = "Cette ligne a été fermée entre-temps : rien n’a été refait."
NOTHING = "Rien à exporter : aucune ligne ne répond à ces filtres."


def _file(request: ConsoleRequest, content: bytes, content_type: str, extension: str) -> HttpResponse:
    here = request.access.establishment
    name = file_name("a-corriger", here.uai, timezone.now(), here.academy.zone, extension)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(content, content_type=content_type, headers=headers)
