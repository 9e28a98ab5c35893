"""The home page of an establishment: where its accounts stand and what calls for attention."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import overview
from accounts.models import DataIssue
from establishments import visits
from establishments.access import Right
from establishments.guards import needs
from establishments.requests import ConsoleRequest


@require_safe
@needs(Right.CONSULT)
def establishment_home(request: ConsoleRequest, uai: str) -> HttpResponse:
    access = request.access
    now = timezone.now()
    here = access.establishment
    feed = here.feed
    standings = [
        (standing, overview.attention(standing, feed), access.can(Right.ASSIST, standing.kind))
        for standing in overview.standings(access, now)
    ]
    counts = DataIssue.objects.visible_to(access).unsolved().count_by_kind()
    duplicates = counts.pop(DataIssue.Kind.DUPLICATE, 0)
    issues = sum(counts.values())
    context = {
        "access": access,
        "feed": feed,
        "standings": standings,
        "first_steps": overview.first_steps(access, [standing for standing, _, _ in standings]),
        "has_accounts": any(standing.total for standing, _, _ in standings),
        "duplicates": duplicates,
        "issues": issues,
        "needs_attention": bool(duplicates or issues) or any(lines for _, lines, _ in standings),
        "recent": overview.recent(access, now),
        "last_visit": None if access.visit else visits.visits_to(here, visits.SHOWN_ON_HOME).first(),
    }
    return render(request, "accounts/home.html", context)
