"""The request of a view behind the sign-in, as the middleware made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from establishments.models import Agent

if TYPE_CHECKING:
    from establishments.access import Access
    from establishments.guards import Need


class ConsoleRequest(HttpRequest):
    """For annotations only: signed in, htmx's headers read, and let in by what the view needs (guards)."""

    user: Agent
    htmx: HtmxDetails
    access: Access
    need: Need
