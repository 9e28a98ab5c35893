"""The journal of an establishment, and its export: for its director and deputies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts import journal
from accounts.journal_export import export_rows, record_export
from accounts.journal_form import JournalForm
from accounts.journal_lines import Line, lines_of
from establishments.access import Access, Right
from establishments.export_limit import refuse_export
from establishments.guards import needs
from establishments.requests import ConsoleRequest
from notifications.file_names import file_name
from notifications.spreadsheets import stream_csv

if TYPE_CHECKING:
    from django.http import QueryDict

TEMPLATE = "accounts/journal.html"


@require_safe
@vary_on_headers("HX-Request")
@never_cache
@needs(Right.READ_JOURNAL)
def establishment_journal(request: ConsoleRequest, uai: str) -> HttpResponse:
    """`avant` and `apres` are keys of pages; the rest of the address is filters."""
    access = request.access
    form = JournalForm(request.GET, access=access)
    query = form.query() if form.is_valid() else None
    before, after = (journal.Key.parse(request.GET.get(name, "")) for name in ("avant", "apres"))
    page = journal.read_page(query, before=before, after=after) if query else journal.Page([], None, None)
    context = {
        "access": access,
        "form": form,
        "filters": _filters(request.GET),
        "page": page,
        "days": [list(day) for _, day in groupby(lines_of(page.events, access), _day)],
        "total": journal.count(query) if query else 0,
        "counted": journal.COUNTED,
        "with_details": query.with_details or query.account if query else False,
        "is_narrowed": not form.is_valid() or form.is_narrowed,
    }
    is_fragment = request.htmx and not request.htmx.history_restore_request
    return render(request, TEMPLATE + ("#results" if is_fragment else ""), context)


def _day(line: Line) -> date:
    return timezone.localtime(line.event.at).date()


def _filters(address: QueryDict) -> str:
    """The filters alone, as an address keeps them."""
    return urlencode({name: str(address[name]) for name in JournalForm.base_fields if address.get(name)})


@require_POST
@needs(Right.READ_JOURNAL)
def journal_export(request: ConsoleRequest, uai: str) -> StreamingHttpResponse | HttpResponse:
    """All that the filters find up to now, sent as it is read, and recorded before the first line."""
    access = request.access
    form = JournalForm(request.POST, access=access)
    query = form.query() if form.is_valid() else None
    if query is None:
        return HttpResponse("Ces filtres ne trouvent rien à exporter.", status=422, content_type="text/plain")
    if refusal := refuse_export(request):
        return refusal
    now = timezone.now()
    query = journal.until_now(query, now)
    record_export(access, form, now)
    zone = access.establishment.academy.zone
    response = StreamingHttpResponse(_parts(access, query), content_type="text/csv; charset=utf-8")
    name = file_name("journal", access.establishment.uai, now, zone, "csv")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _parts(access: Access, query: journal.Query) -> Iterator[bytes]:
    """Read while it is sent, when the request's own time zone is gone."""
    with timezone.override(access.establishment.academy.zone):
        yield from stream_csv(export_rows(access, query))
