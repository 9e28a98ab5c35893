"""« À traiter »: what keeps families out, what was corrected lately, and the list for the secretary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts import issue_export, issue_lines
from accounts.issue_form import IssueForm
from accounts.joining.across import accounts_in_doubt
from accounts.models import AccountKind
from establishments.access import Right
from establishments.export_limit import refuse_export
from establishments.guards import needs
from establishments.requests import ConsoleRequest
from notifications.file_names import file_name
from notifications.issue_list import render_pdf
from notifications.spreadsheets import write_csv

if TYPE_CHECKING:
    from django.http import QueryDict

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
        "most_printed": issue_export.MOST_PRINTED,
    }
    return render(request, TEMPLATE + ("#results" if is_fragment else ""), context)


def _filters(address: QueryDict, *left_out: str) -> str:
    """The filters alone, as an address keeps them."""
    names = [name for name in IssueForm.base_fields if name not in left_out]
    return urlencode({name: str(address[name]) for name in names if address.get(name)})


@require_POST
@needs(Right.EXPORT)
def issue_export_view(request: ConsoleRequest, uai: str) -> HttpResponse:
    """All that the filters find, as CSV, or as a PDF of MOST_PRINTED lines at most."""
    access = request.access
    form = IssueForm(request.POST, access=access)
    is_pdf = request.POST.get("format") == "pdf"
    if not form.is_valid():
        return HttpResponse("Ces filtres ne trouvent rien à exporter.", status=422, content_type="text/plain")
    found = form.found(Right.EXPORT).count()
    if not found or (is_pdf and found > issue_export.MOST_PRINTED):
        messages.warning(request, TOO_MANY if found else NOTHING)
        return redirect("issues", uai)
    if refusal := refuse_export(request):
        return refusal
    lines = issue_export.lines_to_export(access, form)
    issue_export.record_export(access, lines, "pdf" if is_pdf else "csv")
    if is_pdf:
        return _file(request, render_pdf(issue_export.printed(access, lines)), "application/pdf", "pdf")
    content = write_csv(issue_export.csv_rows(access, lines))
    return _file(request, content, "text/csv; charset=utf-8", "csv")


TOO_MANY = (
    f"Une liste imprimée a {issue_export.MOST_PRINTED} lignes au plus : "
    "choisissez un constat ou une classe, ou prenez le CSV."
)
NOTHING = "Rien à exporter : aucune ligne ne répond à ces filtres."


def _file(request: ConsoleRequest, content: bytes, content_type: str, extension: str) -> HttpResponse:
    here = request.access.establishment
    name = file_name("a-corriger", here.uai, timezone.now(), here.academy.zone, extension)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(content, content_type=content_type, headers=headers)
