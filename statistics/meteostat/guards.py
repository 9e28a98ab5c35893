"""What the pages of MétéoStat ask of who opens them: a role on the territory, or on what it is a part of."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING

from django.http import Http404
from django.utils import timezone

from establishments.guards import STATISTICS, declare_role
from statistics.meteostat.territories import UnknownTerritory, find

if TYPE_CHECKING:
    from django.http import HttpResponseBase

    from establishments.guards import View
    from establishments.models import StatisticsRole
    from establishments.requests import ConsoleRequest


def for_statistics(view: View) -> View:
    """The view is of a `territory`, which the address names by its level and code, in its time zone.

    A territory which is not open to the agent does not exist.
    """

    @wraps(view)
    def guarded(request: ConsoleRequest, level: StatisticsRole.Level, code: str) -> HttpResponseBase:
        # What PostgreSQL cannot compare is no code.
        if "\0" in code:
            raise Http404
        try:
            territory = find(level, code)
        except UnknownTerritory as error:
            raise Http404 from error
        if not territory.is_open_to(request.user):
            raise Http404
        timezone.activate(territory.zone)
        return view(request, territory)

    return declare_role(guarded, STATISTICS)


def for_readers_of_statistics(view: View) -> View:
    """The view is for those who have a role on any territory; for others it does not exist."""

    @wraps(view)
    def guarded(request: ConsoleRequest) -> HttpResponseBase:
        if not request.user.reads_statistics:
            raise Http404
        return view(request)

    return declare_role(guarded, STATISTICS)
