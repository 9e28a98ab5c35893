"""The pages of the assistance of an académie, and the one where a school reads who came and why."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from establishments import visits
from establishments.access import Right
from establishments.forms import VisitForm
from establishments.guards import for_assistance, needs
from establishments.models import Establishment
from establishments.requests import ConsoleRequest

PAGE_SIZE = 20
LONGEST_SEARCH = 100


@require_safe
@vary_on_headers("HX-Request")
@for_assistance
def assistance_home(request: ConsoleRequest) -> HttpResponse:
    """Searching an establishment of one's académies; going back to the last ones visited."""
    query = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    assisted = Establishment.objects.assisted_by(request.user)
    found = assisted.matching(query).order_by("search_key", "uai") if query else assisted.none()
    context: dict[str, object] = {
        "query": query,
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "establishments/assistance/home.html#results", context)
    academies = request.user.academy_roles.assisting().order_by("academy__name")
    context |= {
        "academies": ", ".join(academies.values_list("academy__name", flat=True)),
        "trips": visits.trips_of(request.user),
        "ended": visits.just_over(request.user),
    }
    return render(request, "establishments/assistance/home.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_assistance
def visit_begin(request: ConsoleRequest, uai: str) -> HttpResponse:
    """Why the establishment is to be read; said, it opens. One which opens already asks nothing."""
    establishment = _assisted(request, uai)
    timezone.activate(establishment.academy.zone)
    if Establishment.objects.visible_to(request.user).filter(pk=establishment.pk, is_offered=True).exists():
        return redirect("establishment", establishment.uai)
    form = VisitForm(request.POST or None)
    if form.is_valid():
        visits.begin(request.user, establishment, form.reason)
        return redirect("establishment", establishment.uai)
    context = {"form": form, "establishment": establishment, "hours": visits.hours()}
    template = "establishments/assistance/begin.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


@require_POST
@for_assistance
def visit_leave(request: ConsoleRequest, uai: str) -> HttpResponse:
    """Home says that the visit is over."""
    visits.leave(request.user, _assisted(request, uai))
    return redirect("assistance_home")


def _assisted(request: ConsoleRequest, uai: str) -> Establishment:
    if not (uai.isascii() and uai.isalnum()):
        raise Http404
    found = Establishment.objects.assisted_by(request.user).select_related("feed__academy")
    return get_object_or_404(found, uai=uai.upper())


@require_safe
@vary_on_headers("HX-Request")
@needs(Right.CONFIGURE)
def visit_list(request: ConsoleRequest, uai: str) -> HttpResponse:
    """The visits of the last twelve months, for who directs the establishment."""
    found = visits.visits_to(request.access.establishment)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    template = "establishments/visit_list.html" + ("#visits" if request.htmx else "")
    context = {
        "access": request.access,
        "page": page,
        "hours": visits.hours(),
        "now": timezone.now(),
        "section": "settings",
    }
    return render(request, template, context)
