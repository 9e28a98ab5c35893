"""The folders where extracts are delivered: one a feed, each delivery a folder or an archive inside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from django.db import connection

from aaf_import.importing import ExtractRefused, import_extract

DONE, REFUSED = "done", "refused"
FOLDER_LOCK = 0x4141_4602
"""First half of the key of the lock on a folder; the second comes from its name."""
_ARCHIVES = (".zip", ".tgz", ".tar.gz")


def feed_folders(inbox: Path) -> list[Path]:
    """One a feed, whatever its name; none when nothing was ever delivered."""
    return sorted(path for path in inbox.iterdir() if path.is_dir()) if inbox.is_dir() else []


def deliveries(folder: Path) -> list[Path]:
    """What waits in the folder of a feed, the oldest first."""
    waiting = [
        path
        for path in folder.iterdir()
        if path.name not in (DONE, REFUSED) and (path.is_dir() or path.name.lower().endswith(_ARCHIVES))
    ]
    return sorted(waiting, key=lambda path: (path.stat().st_mtime, path.name))


def import_folder(folder: Path) -> int:
    """Import each delivery of a feed in turn, and put it away as done or refused; the number of those.

    Does nothing while another process is at work in the folder.
    """
    with _alone_in(folder) as alone:
        waiting = deliveries(folder) if alone else []
        for delivery in waiting:
            _import_delivery(delivery)
    return len(waiting)


def _import_delivery(delivery: Path) -> None:
    try:
        run = import_extract(delivery)
    except ExtractRefused as refused:
        put_away = _put_away(delivery, REFUSED, refused.run.pk)
        put_away.with_name(f"{put_away.name}.txt").write_text(f"{refused}\n")
    else:
        _put_away(delivery, DONE, run.pk)


def _put_away(delivery: Path, where: str, run: int) -> Path:
    """Move a delivery beside its folder's others, under the number of its run: names come back."""
    folder = delivery.parent / where
    folder.mkdir(exist_ok=True)
    return Path(shutil.move(delivery, folder / f"{run}-{delivery.name}"))


@contextmanager
def _alone_in(folder: Path) -> Iterator[bool]:
    """Whether no other process holds the folder; it is held until the block ends."""
    key = [FOLDER_LOCK, crc32(folder.name.encode()) & 0x7FFF_FFFF]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
        row = cursor.fetchone()
        alone = row is not None and bool(row[0])
        try:
            yield alone
        finally:
            if alone:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", key)
