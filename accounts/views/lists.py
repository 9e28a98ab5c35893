"""The lists of accounts, and the keys of all that a search finds."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import push_url

from accounts.forms import AccountFilterForm
from accounts.listing import read_listing
from accounts.models import AccountKind
from accounts.rows import rows_seen_by
from accounts.selection import EmptySelection, SelectionTooLarge, accounts_found
from establishments.access import Right
from establishments.guards import OBJECT, needs
from establishments.requests import ConsoleRequest

TOO_LARGE = "Plus de 5 000 comptes : précisez la recherche pour les sélectionner."
TEMPLATE = "accounts/account_list.html"
WORDS = {
    AccountKind.RESPONSABLE: {
        "title": "Gestion des comptes responsables",
        "current": "Responsables",
        "caption": "Comptes des responsables, une ligne par élève et responsable",
    },
    AccountKind.STUDENT: {
        "title": "Gestion des comptes élèves",
        "current": "Élèves",
        "caption": "Comptes des élèves",
    },
}
NOTHING_FOUND = "Cette recherche ne trouve plus aucun compte : rechargez la page."


@require_safe
@vary_on_headers("HX-Request")
@needs(Right.CONSULT, of=AccountKind.RESPONSABLE)
def responsable_list(request: ConsoleRequest, uai: str) -> HttpResponse:
    return _list(request, AccountKind.RESPONSABLE)


@require_safe
@vary_on_headers("HX-Request")
@needs(Right.CONSULT, of=AccountKind.STUDENT)
def student_list(request: ConsoleRequest, uai: str) -> HttpResponse:
    return _list(request, AccountKind.STUDENT)


def _list(request: ConsoleRequest, population: AccountKind) -> HttpResponse:
    access = request.access
    form = AccountFilterForm(request.GET, establishment=access.establishment, population=population)
    seen = rows_seen_by(access, population)
    listing = read_listing(form, seen, request.GET.get("page"), access.establishment)
    context = {
        "access": access,
        "form": form,
        "listing": listing,
        "page": listing.page,
        "population": population.value,
        "can_act": access.can(Right.ASSIST, population),
        "can_select": access.can(Right.EXPORT, population),
        "of_responsables": population == AccountKind.RESPONSABLE,
        **WORDS[population],
    }
    if not request.htmx or request.htmx.history_restore_request:
        return render(request, TEMPLATE, context)
    return push_url(render(request, f"{TEMPLATE}#results", context), request.path + listing.address)


@require_safe
@needs(Right.EXPORT, of=OBJECT)
def account_selection(request: ConsoleRequest, uai: str, population: str) -> JsonResponse:
    """The keys of the accounts that the filters of the address find, for the selection of a tab."""
    try:
        return JsonResponse(
            {"accounts": sorted(accounts_found(request.access, AccountKind(population), request.GET))}
        )
    except SelectionTooLarge:
        return JsonResponse({"message": TOO_LARGE}, status=422)
    except EmptySelection:
        return JsonResponse({"message": NOTHING_FOUND}, status=422)
