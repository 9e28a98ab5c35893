"""What an orchestrator asks: is the process alive, can it serve; and a monitor: did the imports come."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from establishments.models import Feed

logger = logging.getLogger(__name__)


@login_not_required
@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database, Redis and the schema are there; 503 with what is missing."""
    checks = {name: _passes(name, check) for name, check in _CHECKS.items()}
    is_ready = all(checks.values())
    report = {name: "ok" if passed else "échec" for name, passed in checks.items()}
    return JsonResponse(
        {"status": "ok" if is_ready else "indisponible", **report}, status=200 if is_ready else 503
    )


@login_not_required
@require_safe
@never_cache
def imports(request: HttpRequest) -> JsonResponse:
    """503 when the last good import of a feed is older than settings.AAF_LATE_HOURS; which one."""
    feeds = [
        {"feed": str(feed), "applied_at": feed.applied_at, "late": feed.is_late}
        for feed in Feed.objects.order_by("academy", "degree")
    ]
    has_late = any(feed["late"] for feed in feeds)
    return JsonResponse(
        {"status": "import en retard" if has_late else "ok", "feeds": feeds}, status=503 if has_late else 200
    )


def _passes(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (DatabaseError, RedisError) as error:
        logger.warning("not ready: %s: %s", name, error)
        return False


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def _redis_answers() -> bool:
    cache.set("health", "ok", timeout=5)
    return bool(cache.get("health") == "ok")


def _schema_is_current() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


_CHECKS = {"database": _database_answers, "redis": _redis_answers, "migrations": _schema_is_current}
