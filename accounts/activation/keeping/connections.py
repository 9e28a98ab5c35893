"""« Mes connexions »: where the account is open now, closing it there, and the last sign-ins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.activation import session
from accounts.activation.access import of_active
from accounts.activation.mails import zone_of
from accounts.activation.pages import Step, show_step

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.session import SignedInRequest


@require_safe
@of_active
def connections(request: SignedInRequest) -> HttpResponse:
    timezone.activate(zone_of(request.account))
    context: dict[str, Any] = {
        "sessions": session.open_sessions(request),
        "former": session.former_sessions(request.account),
    }
    return show_step(request, "keeping/connections.html", Step("Mes connexions"), **context)


@require_POST
@of_active
def end(request: SignedInRequest, pk: int) -> HttpResponse:
    """Another account's session is nothing here."""
    if session.end_one(request, pk):
        messages.success(request, "Cet appareil est déconnecté.")
    else:
        messages.info(request, "Cet appareil était déjà déconnecté.")
    return redirect("family_connections")


@require_POST
@of_active
def end_others(request: SignedInRequest) -> HttpResponse:
    session.end_others(request)
    messages.success(request, "Tous les autres appareils sont déconnectés.")
    return redirect("family_connections")
