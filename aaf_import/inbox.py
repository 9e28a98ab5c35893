"""The folders where extracts are delivered: one a feed, each delivery a folder or an archive inside it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import takewhile
from pathlib import Path
from zlib import crc32

from django.db import connection

from aaf_import.completeness import is_complete, marker_of
from aaf_import.importing import PLAIN, ExtractRefused, import_extract
from aaf_import.models import ImportRun
from aaf_import.run_report import write_report

DONE, REFUSED = "done", "refused"
FOLDER_LOCK = 0x4141_4602
"""First half of the key of the lock on a folder; the second comes from its name."""
_ARCHIVES = (".zip", ".tgz", ".tar.gz")
_DAY = re.compile(r"(?<!\d)(20\d{2})([01]\d)([0-3]\d)\d?(?!\d)")
# Enough of a folder's names to know its day.
_NAMES_READ = 20


def feed_folders(inbox: Path) -> list[Path]:
    """One a feed, whatever its name; none when nothing was ever delivered."""
    return sorted(path for path in inbox.iterdir() if path.is_dir()) if inbox.is_dir() else []


def deliveries(folder: Path) -> list[Path]:
    """What waits in the folder of a feed, the oldest extract first; a link leads elsewhere and is left."""
    waiting = [
        path
        for path in folder.iterdir()
        if path.name not in (DONE, REFUSED)
        and not path.is_symlink()
        and (path.is_dir() or path.name.lower().endswith(_ARCHIVES))
    ]
    return sorted(waiting, key=lambda path: (_day_of(path), path.stat().st_mtime, path.name))


def import_folder(folder: Path) -> int:
    """Import each complete delivery of a feed in turn, and put it away as done or refused; how many.

    What is older goes first: a delivery which still arrives holds those after it. Does nothing while another
    process is at work in the folder.
    """
    with _alone_in(folder) as alone:
        waiting = deliveries(folder) if alone else []
        # All are looked at, so that the next scan knows their sizes.
        seen = [(delivery, is_complete(delivery)) for delivery in waiting]
        taken = [delivery for delivery, _ in takewhile(lambda each: each[1], seen)]
        for delivery in taken:
            _import_delivery(delivery)
    return len(taken)


def kept_delivery(inbox: Path, run: int) -> Path | None:
    """The delivery which was put away under the number of a run."""
    kept = [
        path
        for folder in feed_folders(inbox)
        for where in (DONE, REFUSED)
        for path in (folder / where).glob(f"{run}-*")
        if path.is_dir() or path.name.lower().endswith(_ARCHIVES)
    ]
    return kept[0] if kept else None


def _import_delivery(delivery: Path) -> None:
    try:
        run = import_extract(delivery, PLAIN)
    except ExtractRefused as refused:
        _put_away(delivery, REFUSED, refused.run)
    else:
        _put_away(delivery, DONE, run)


def _put_away(delivery: Path, where: str, run: ImportRun) -> None:
    """Move a delivery beside its folder's others, under the number of its run: names come back."""
    folder = delivery.parent / where
    folder.mkdir(exist_ok=True)
    # First: left behind, it would say of the next delivery of that name that it is complete.
    marker_of(delivery).unlink(missing_ok=True)
    write_report(run, Path(shutil.move(delivery, folder / f"{run.pk}-{delivery.name}")))


def _day_of(delivery: Path) -> date:
    """The day of an extract as names say it, else the day of its delivery."""
    names = [delivery.name]
    if delivery.is_dir():
        names += [path.name for path, _ in zip(delivery.rglob("*.xml"), range(_NAMES_READ), strict=False)]
    for name in names:
        if found := _DAY.search(name):
            try:
                return date(*map(int, found.groups()))
            except ValueError:
                continue
    return date.fromtimestamp(delivery.stat().st_mtime)


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
