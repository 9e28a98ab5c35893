"""The way in: choosing an establishment, and the pages about the site itself."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from establishments.models import Establishment
from establishments.requests import ConsoleRequest

PAGE_SIZE = 20


@require_safe
def home(request: ConsoleRequest) -> HttpResponse:
    """Straight to the only establishment, else the choice of one; a clear page for who has none."""
    offered = list(Establishment.objects.visible_to(request.user)[:2])
    if not offered:
        return render(request, "establishments/none.html")
    if len(offered) == 1:
        return redirect("establishment", offered[0].uai)
    return redirect("establishments")


@require_safe
@vary_on_headers("HX-Request")
def establishments(request: ConsoleRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()
    offered = Establishment.objects.visible_to(request.user)
    found = offered.matching(query).select_related("feed").order_by("search_key", "uai")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    template = "establishments/choose.html" + ("#results" if request.htmx else "")
    return render(request, template, {"page": page, "query": query})


@login_not_required
@require_safe
def page(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, f"pages/{name}.html")
