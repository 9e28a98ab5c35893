"""Helping a family: finding it, saying why it cannot get in, asking the académie for help."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.assistance.answers import LABELS, Situation, answer, situations_of
from accounts.assistance.diagnosis import Weight, diagnose
from accounts.assistance.escalation import message
from accounts.assistance.reading import read_case
from accounts.assistance.search import find_families
from accounts.forms import LONGEST_SEARCH
from accounts.models import Account, AccountKind
from accounts.profile import read_profile
from establishments.access import Right
from establishments.guards import OBJECT, needs
from establishments.requests import ConsoleRequest


@require_safe
@vary_on_headers("HX-Request")
@needs(Right.CONSULT)
def family_search(request: ConsoleRequest, uai: str) -> HttpResponse:
    access = request.access
    query = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    context = {
        "access": access,
        "query": query,
        "found": find_families(access, query) if query else None,
    }
    is_fragment = request.htmx and not request.htmx.history_restore_request
    return render(request, "accounts/assistance/search.html" + ("#results" if is_fragment else ""), context)


@require_safe
@vary_on_headers("HX-Request")
@needs(Right.CONSULT, of=OBJECT)
def account_assistance(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    access = request.access
    account = get_object_or_404(Account.objects.visible_to(access), pk=pk)
    profile = read_profile(account, access)
    case = read_case(profile, access)
    situation = _situation(request)
    possible = situations_of(case)
    findings = diagnose(case)
    context = {
        "access": access,
        "account": account,
        "profile": profile,
        "findings": findings,
        "is_blocked": any(finding.weight == Weight.BLOCKS for finding in findings),
        "situations": [(each, LABELS[each]) for each in possible],
        "situation": situation,
        "label": LABELS[situation] if situation else "",
        "answer": answer(case, situation) if situation in possible else None,
        "can_act": access.can(Right.ASSIST, account.kind),
        "is_responsable": account.kind == AccountKind.RESPONSABLE,
        "section": "assistance",
    }
    is_fragment = request.htmx and not request.htmx.history_restore_request
    return render(
        request, "accounts/assistance/account.html" + ("#situations" if is_fragment else ""), context
    )


@require_safe
@needs(Right.CONSULT, of=OBJECT)
def account_escalation(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    """Nothing leaves the console: the agent sends the message, and it holds no secret and no name."""
    access = request.access
    account = get_object_or_404(Account.objects.visible_to(access), pk=pk)
    profile = read_profile(account, access)
    case = read_case(profile, access)
    context = {
        "access": access,
        "account": account,
        "profile": profile,
        "message": message(profile, case, diagnose(case), access, _situation(request)),
        "section": "assistance",
    }
    return render(request, "accounts/assistance/escalation.html", context)


def _situation(request: ConsoleRequest) -> Situation | None:
    try:
        return Situation(request.GET.get("situation", ""))
    except ValueError:
        return None
