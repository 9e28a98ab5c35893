"""Counts shared by every process and kept in Redis, each under the very name by which Prometheus reads it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from django.conf import settings
from redis import Redis
from redis.exceptions import RedisError

_log = logging.getLogger(__name__)
_HASH = "counters"
# Counting may be missed; nobody waits for it.
_PATIENCE = 0.5


def sample(name: str, **labels: str) -> str:
    """A name and its labels as Prometheus writes them: `requests_total{route="home"}`."""
    escaped = {label: str(value).translate(_ESCAPES) for label, value in labels.items()}
    inside = ",".join(f'{label}="{value}"' for label, value in escaped.items())
    return f"{name}{{{inside}}}" if inside else name


def add(samples: Iterable[tuple[str, float]]) -> None:
    """Add to each sample, in one exchange; without Redis they are lost."""
    try:
        with _redis().pipeline(transaction=False) as pipeline:
            for name, by in samples:
                pipeline.hincrbyfloat(_HASH, name, by)
            pipeline.execute()
    except RedisError as error:
        _log.warning("not counted: %s", error)


def read() -> Mapping[str, float]:
    """Every sample; raises RedisError."""
    return {name: float(value) for name, value in _redis().hgetall(_HASH).items()}


def queue_length(queue: str = "celery") -> int:
    """Tasks which no worker has taken; raises RedisError."""
    return int(_redis().llen(queue))


_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


@cache
def _redis() -> Any:
    return Redis.from_url(
        settings.CACHES["default"]["LOCATION"],
        socket_timeout=_PATIENCE,
        socket_connect_timeout=_PATIENCE,
        decode_responses=True,
    )
