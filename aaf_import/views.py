"""« Dernières mises à jour »: what the imports of the last thirty days changed in an establishment."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from aaf_import import updates
from establishments.access import Right
from establishments.guards import needs
from establishments.requests import ConsoleRequest


@require_safe
@needs(Right.CONSULT)
def updates_page(request: ConsoleRequest, uai: str) -> HttpResponse:
    """`nuit` is the key of the night whose records are named."""
    access = request.access
    nights = updates.nights(access, timezone.now())
    night = updates.chosen_night(nights, request.GET.get("nuit", ""))
    context = {
        "access": access,
        "section": "issues",
        "source": access.establishment.feed.source,
        "nights": nights,
        "night": night,
        "changes": updates.changes(access, night) if night else [],
        "corrections": updates.corrections(access, night) if night else [],
        "reported": updates.reported(access),
    }
    return render(request, "aaf_import/updates.html", context)
