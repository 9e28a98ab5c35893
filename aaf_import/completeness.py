"""Whether a delivery has wholly arrived: its sender says so, or nothing of it moves any more."""

from __future__ import annotations

import time
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache

# Longer than from one night's last scan to the next night's first.
_REMEMBERED = 2 * 24 * 3600


class Extent(NamedTuple):
    """What changes while a delivery arrives."""

    files: int
    size: int
    latest: float


def marker_of(delivery: Path) -> Path:
    """The file by which a sender says that a delivery is complete: its name, then « .ok »."""
    return delivery.with_name(f"{delivery.name}.ok")


def is_complete(delivery: Path) -> bool:
    """Marked, or the same at two scans AAF_STABLE_SECONDS apart and as long after its last change.

    The first scan only remembers what it saw (in the cache: lost, one more scan is needed).
    """
    if marker_of(delivery).exists():
        return True
    now, extent = time.time(), _extent(delivery)
    seen = cache.get(_key(delivery))
    if seen is None or seen[0] != extent:
        cache.set(_key(delivery), (extent, now), _REMEMBERED)
        return False
    return bool(min(now - seen[1], now - extent.latest) >= settings.AAF_STABLE_SECONDS)


def _key(delivery: Path) -> str:
    return f"aaf-delivery:{sha256(str(delivery).encode()).hexdigest()}"


def _extent(delivery: Path) -> Extent:
    found = [delivery, *delivery.rglob("*")] if delivery.is_dir() else [delivery]
    stats = [path.lstat() for path in found]
    return Extent(len(stats), sum(each.st_size for each in stats), max(each.st_mtime for each in stats))
