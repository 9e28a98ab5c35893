"""The probable duplicates of an establishment: which, side by side, what is decided, what is undone."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.joining.across import accounts_in_doubt
from accounts.joining.comparing import compare, doubts_of, joinings_of, names_here, open_duplicates
from accounts.joining.duplicates import join_same, tell_apart
from accounts.joining.merging import By, undo_merge
from accounts.joining.rules import NotJoinable
from accounts.joining.scoring import THRESHOLD
from accounts.models import Account, AccountKind, Duplicate, Joining
from establishments.access import Right
from establishments.guards import OBJECT, admit, needs
from establishments.requests import ConsoleRequest

A_PAGE = 50
OF = AccountKind.RESPONSABLE.value
DEALT_WITH = "Ce doublon a été traité, ou les données ont changé depuis."


@never_cache
@require_safe
@needs(Right.CONSULT, of=OF)
def duplicate_list(request: ConsoleRequest, uai: str) -> HttpResponse:
    here = request.access.establishment
    page = Paginator(open_duplicates(here), A_PAGE).get_page(request.GET.get("page"))
    names = names_here(page, here)
    rows = [
        (each, names.get(each.first_id, []), names.get(each.second_id, []), doubts_of(each)) for each in page
    ]
    context = {
        "access": request.access,
        "page": page,
        "rows": rows,
        "elsewhere": accounts_in_doubt(request.access),
        "section": "responsables",
    }
    return render(request, "accounts/duplicate_list.html", context)


@never_cache
@require_safe
@needs(Right.CONSULT, of=OF)
def duplicate_page(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    duplicate = _open(request, pk)
    if duplicate is None:
        return _dealt_with(request, uai)
    context = {
        "access": request.access,
        "comparison": compare(duplicate, request.access),
        "threshold": THRESHOLD,
        "can_act": request.access.can(Right.ASSIST, OF),
        "section": "responsables",
    }
    return render(request, "accounts/duplicate.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Right.ASSIST, of=OF)
def duplicate_join(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    """« Même personne » : what it does is said first."""
    duplicate = _open(request, pk)
    if duplicate is None:
        return _dealt_with(request, uai)
    comparison = compare(duplicate, request.access)
    if comparison.pair is None:
        messages.warning(request, comparison.refusal)
        return redirect("duplicate", uai, pk)
    if request.method != "POST":
        context = {"access": request.access, "comparison": comparison, "section": "responsables"}
        return render(request, "accounts/duplicate_join.html", context)
    try:
        joining = join_same(duplicate, _by(request))
    except NotJoinable as refused:
        messages.warning(request, str(refused))
        return redirect("duplicate_list", uai)
    messages.success(request, "Les deux comptes sont réunis. Vous pouvez défaire ce rapprochement ici.")
    return redirect("account", uai, joining.account_id)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Right.ASSIST, of=OF)
def duplicate_apart(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    """« Ce sont deux personnes » : remembered for ever."""
    duplicate = _open(request, pk)
    if duplicate is None:
        return _dealt_with(request, uai)
    if request.method != "POST":
        comparison = compare(duplicate, request.access)
        context = {"access": request.access, "comparison": comparison, "section": "responsables"}
        return render(request, "accounts/duplicate_apart.html", context)
    try:
        tell_apart(duplicate, _by(request))
    except NotJoinable as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, "C’est noté : ce sont deux personnes. Ce doublon ne sera plus proposé.")
    return redirect("duplicate_list", uai)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Right.ASSIST, of=OBJECT)
def joining_undo(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    """Give its records back to the account they came from, or to a new one."""
    seen = Account.objects.visible_to(request.access)
    joining = get_object_or_404(Joining.objects.select_related("account", "former"), pk=pk, account__in=seen)
    admit(request, joining.account.kind)
    if not joinings_of(joining.account).filter(pk=pk).exists():
        messages.warning(request, "Ce rapprochement a déjà été défait, ou les fiches ont changé depuis.")
        return redirect("account", uai, joining.account_id)
    if request.method != "POST":
        is_of_pupil = joining.account.kind == AccountKind.STUDENT
        context = {
            "access": request.access,
            "joining": joining,
            "is_of_pupil": is_of_pupil,
            "section": "students" if is_of_pupil else "responsables",
        }
        return render(request, "accounts/joining_undo.html", context)
    try:
        former = undo_merge(joining, _by(request))
    except NotJoinable as refused:
        messages.warning(request, str(refused))
        return redirect("account", uai, joining.account_id)
    messages.success(
        request,
        f"Le rapprochement est défait : le compte {former.identifier} a retrouvé ses fiches. "
        "Il ne sera plus réuni automatiquement.",
    )
    return redirect("account", uai, joining.account_id)


def _open(request: ConsoleRequest, pk: int) -> Duplicate | None:
    """One of this establishment or a 404; None when there is nothing left to decide."""
    here = request.access.establishment
    get_object_or_404(Duplicate, pk=pk, establishment=here)
    return open_duplicates(here).select_related("first", "second").filter(pk=pk).first()


def _dealt_with(request: ConsoleRequest, uai: str) -> HttpResponse:
    messages.info(request, DEALT_WITH)
    return redirect("duplicate_list", uai)


def _by(request: ConsoleRequest) -> By:
    return By(request.access.agent, request.access.establishment)
