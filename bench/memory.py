"""The memory of the processes of an import, watched while it runs."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

_SAMPLE_SECONDS = 0.05


class LargestProcess:
    """Looks again and again at the memory of this process, its readers and the servers of its connections."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self.megabytes = max(self.megabytes, *map(_own_megabytes, _ours()))


def _ours() -> list[int]:
    """This process, its children, and every PostgreSQL backend that works."""
    parents = dict(_parents())
    return [
        pid
        for pid, (parent, name) in parents.items()
        if pid == os.getpid() or parent == os.getpid() or name.startswith("postgres")
    ]


def _parents() -> Iterator[tuple[int, tuple[int, str]]]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, _, tail = stat.read_text().rpartition(")")
        except OSError:
            continue
        yield int(stat.parent.name), (int(tail.split()[1]), head.partition("(")[2])


def _own_megabytes(pid: int) -> float:
    """What a process holds of its own; the buffers which PostgreSQL shares are set once for the server."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    own = [line for line in status.splitlines() if line.startswith(("RssAnon:", "RssFile:"))]
    return sum(int(line.split()[1]) for line in own) / 1024
