"""The request of a view behind the sign-in, as the middleware made it."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from establishments.models import Agent


class ConsoleRequest(HttpRequest):
    """For annotations only: signed in, and htmx's headers read."""

    user: Agent
    htmx: HtmxDetails
