"""What is known of the request being answered: its number, its route; and how long it took, counted."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

from django.conf import settings

from establishments import counters
from establishments.counters import sample

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

# Of a proxy in front; a word could be a name.
_SAFE_NUMBER = re.compile(r"[0-9a-fA-F][0-9a-fA-F-]{14,62}[0-9a-fA-F]")
_METHODS = {"GET", "HEAD", "POST", "OPTIONS"}
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Seconds."""
COUNT, DURATION = "educonnect_requests_total", "educonnect_request_duration_seconds"

request_number: ContextVar[str] = ContextVar("request_number", default="")
current_request: ContextVar[HttpRequest | None] = ContextVar("current_request", default=None)


class RequestContextMiddleware:
    """The number of a request goes to its log lines and back in X-Request-ID."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        asked = request.headers.get("X-Request-ID", "")
        number = asked if _SAFE_NUMBER.fullmatch(asked) else uuid.uuid4().hex
        # Until the next request of this thread: what refuses and the access log speak after us.
        request_number.set(number)
        current_request.set(request)
        began = time.monotonic()
        response = self.get_response(request)
        response.headers["X-Request-ID"] = number
        _count(request, response.status_code, time.monotonic() - began)
        return response


def route_name(request: HttpRequest) -> str:
    """The name of a request's route; never its address."""
    match = request.resolver_match
    if match is not None:
        return match.url_name or "unnamed"
    return "static" if request.path.startswith(f"/{settings.STATIC_URL.strip('/')}/") else "unknown"


def _count(request: HttpRequest, status: int, seconds: float) -> None:
    route = route_name(request)
    if route == "static":
        return
    method = request.method if request.method in _METHODS else "other"
    added: list[tuple[str, float]] = [
        (sample(COUNT, route=route, method=str(method), status=f"{status // 100}xx"), 1),
        (sample(f"{DURATION}_sum", route=route), seconds),
        (sample(f"{DURATION}_count", route=route), 1),
        (sample(f"{DURATION}_bucket", route=route, le="+Inf"), 1),
    ]
    added += [
        (sample(f"{DURATION}_bucket", route=route, le=str(most)), 1) for most in BUCKETS if seconds <= most
    ]
    counters.add(added)
