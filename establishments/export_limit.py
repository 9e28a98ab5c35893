"""How many exports an agent may make in an hour: one who takes everything is slowed down."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import cache
from django.shortcuts import render

if TYPE_CHECKING:
    from django.http import HttpResponse

    from establishments.requests import ConsoleRequest

_HOUR = 3600


def refuse_export(request: ConsoleRequest) -> HttpResponse | None:
    """Count one export of the agent; the refusal to answer with when it is one too many.

    What was refused is not counted: the hour is that of the clock, and the answer says when it ends.
    """
    now = time.time()
    key = f"exports:{request.user.pk}:{int(now // _HOUR)}"
    cache.add(key, 0, _HOUR)
    if cache.incr(key) <= settings.EXPORT_RATE:
        return None
    wait = int(_HOUR - now % _HOUR) + 1
    context = {"most": settings.EXPORT_RATE, "minutes": -(-wait // 60)}
    response = render(request, "too_many_exports.html", context, status=429)
    response.headers["Retry-After"] = str(wait)
    return response
