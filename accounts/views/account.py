"""The page of one account: what is known of it, its children, its history, and what to do."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.models import Account, AccountKind
from accounts.profile import deed, history_of, read_profile
from establishments.access import Right, enter
from establishments.requests import ConsoleRequest

DEEDS_A_PAGE = 20


@require_safe
@vary_on_headers("HX-Request")
def account_page(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    access = enter(request, uai)
    account = get_object_or_404(Account.objects.visible_to(access), pk=pk)
    page = Paginator(history_of(account), DEEDS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "access": access,
        "profile": read_profile(account, access),
        "page": page,
        "deeds": [deed(event, access.establishment) for event in page],
        "can_act": access.can(Right.ASSIST, account.kind),
        "is_responsable": account.kind == AccountKind.RESPONSABLE,
        "section": "responsables" if account.kind == AccountKind.RESPONSABLE else "students",
    }
    is_fragment = request.htmx and not request.htmx.history_restore_request
    return render(request, "accounts/account.html" + ("#history" if is_fragment else ""), context)
