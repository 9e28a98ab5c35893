"""A director who opens the list of a school again and again, in a process apart: `python -m bench.visitor`.

It reads the number of a round on its standard input and looks until the next line, then writes the median.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, Self

from statistics import median

_PAUSE = 0.3  # between two pages, in seconds: nobody reads faster


class Visitor:
    """The process, while it is open; it visits when asked."""

    def __enter__(self) -> Self:
        from django.db import connection

        environment = os.environ | {"VISITED_DATABASE": str(connection.settings_dict["NAME"])}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.visitor"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._in.close()
        self._process.wait()

    def milliseconds(self, until: Callable[[], object]) -> float:
        """The median of a whole page while `until` runs."""
        self._say("look")
        until()
        self._say("stop")
        assert self._process.stdout is not None
        return float(self._process.stdout.readline())

    @property
    def _in(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _say(self, word: str) -> None:
        self._in.write(f"{word}\n")
        self._in.flush()


def _visit() -> None:
    import django

    django.setup()
    from django.db import connection
    from django.db.models import Count
    from django.urls import reverse

    from bench.lists import signed_in
    from establishments.models import Establishment

    connection.settings_dict["NAME"] = os.environ["VISITED_DATABASE"]
    largest = Establishment.objects.annotate(pupils=Count("students")).order_by("-pupils")[0]
    client, address = signed_in(largest), reverse("responsable_list", args=[largest.uai])
    client.get(address)
    while sys.stdin.readline():
        durations = []
        while not select.select([sys.stdin], [], [], _PAUSE)[0]:
            started = time.perf_counter()
            assert client.get(address).status_code == 200
            durations.append((time.perf_counter() - started) * 1000)
        sys.stdin.readline()
        print(median(durations), flush=True)


if __name__ == "__main__":
    _visit()
