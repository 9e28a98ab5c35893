"""What the assistance of an académie decides: two accounts of different schools, one person or two."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.joining.across import Doubt, doubts_in, doubts_seen_by
from accounts.joining.duplicates import join_same, tell_apart
from accounts.joining.merging import By
from accounts.joining.rules import NotJoinable
from establishments.guards import for_assistance
from establishments.requests import ConsoleRequest

A_PAGE = 50


@never_cache
@require_safe
@for_assistance
def doubt_list(request: ConsoleRequest) -> HttpResponse:
    page = Paginator(doubts_seen_by(request.user), A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "doubts": doubts_in(page, request.user)}
    return render(request, "accounts/doubts/list.html", context)


@never_cache
@require_safe
@for_assistance
def doubt_page(request: ConsoleRequest, pk: int) -> HttpResponse:
    return render(request, "accounts/doubts/page.html", {"doubt": _seen(request, pk)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_assistance
def doubt_join(request: ConsoleRequest, pk: int) -> HttpResponse:
    """« Même personne » : what it does is said first."""
    doubt = _seen(request, pk)
    if doubt.refusal:
        messages.warning(request, doubt.refusal)
        return redirect("doubt", pk)
    if request.method != "POST":
        return render(request, "accounts/doubts/join.html", {"doubt": doubt})
    try:
        joining = join_same(doubt.duplicate, By(request.user))
    except NotJoinable as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(
            request,
            f"Les deux comptes sont réunis sous l’identifiant {joining.account.identifier}. "
            "Chaque établissement concerné peut défaire ce rapprochement depuis la page du compte.",
        )
    return redirect("doubt_list")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_assistance
def doubt_apart(request: ConsoleRequest, pk: int) -> HttpResponse:
    """« Ce sont deux personnes » : remembered for ever."""
    doubt = _seen(request, pk)
    if request.method != "POST":
        return render(request, "accounts/doubts/apart.html", {"doubt": doubt})
    try:
        tell_apart(doubt.duplicate, By(request.user))
    except NotJoinable as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, "C’est noté : ce sont deux personnes. Cette paire ne sera plus proposée.")
    return redirect("doubt_list")


def _seen(request: ConsoleRequest, pk: int) -> Doubt:
    """One still to decide in an académie of the agent, or a 404."""
    duplicate = get_object_or_404(doubts_seen_by(request.user), pk=pk)
    return doubts_in([duplicate], request.user)[0]
