"""The family's own page once signed in: its children, both degrés."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from accounts.activation.access import signed_in
from accounts.activation.left_out import sorted_out
from accounts.models import AccountKind
from accounts.transitions import State

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.session import SignedInRequest


@require_safe
@signed_in
def home(request: SignedInRequest) -> HttpResponse:
    account = request.account
    if account.state == State.ACTIVATING:
        return redirect("activation_waiting")
    shown, hidden = sorted_out(account)
    context = {
        "account": account,
        "children": shown,
        "left_out": len(hidden),
        "is_of_pupil": account.kind == AccountKind.STUDENT,
    }
    return render(request, "accounts/activation/home.html", context)
