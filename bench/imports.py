"""An AAF import of 100,000 persons, beside the least that anyone can do with the same files."""

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from django.db import connection
from lxml import etree
from psycopg import sql

from aaf_import.attributes import READ
from aaf_import.extract import ExtractFile, opened
from aaf_import.importing import import_extract
from aaf_import.synthetic.generation import folder_of, generate
from aaf_import.synthetic.layouts import LAYOUTS
from aaf_import.synthetic.nights import Night, write_night
from aaf_import.synthetic.order import DEFAULT_DAY, Order
from bench.database import fresh_database
from bench.figures import Figure

DEGREE = 2
PUPILS = 42_500  # with their responsables, 100,000 persons
ESTABLISHMENTS = 70
CHANGED = 5_000
NO_LIMIT = 1 << 40
_SAMPLE_SECONDS = 0.05


def measure(pupils: int = PUPILS, establishments: int = ESTABLISHMENTS) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, fresh_database():
        order = Order("24", (DEGREE,), establishments=establishments, students=pupils, seed=1)
        counts = generate(order, Path(folder), lambda done: None)[DEGREE]
        persons = counts["Eleve"] + counts["PersRelEleve"]
        baseline = _seconds_to_parse_and_copy(Path(folder))
        night = Path(folder) / "night"
        feed = folder_of(Path(folder), "24", DEGREE)
        with _LargestProcess() as largest:
            first, again = _seconds_to_import(feed), _seconds_to_import(feed)
        changed = write_night(feed, night, Night(DEFAULT_DAY + timedelta(days=1), 1, CHANGED / persons))
        delta = _seconds_to_import(night / "delta")
        yield Figure(f"Parsing and COPY alone, one process, {persons:,} persons", baseline, "s")
        yield Figure(
            "Import into an empty database, over parsing and COPY alone", first / baseline, "×", limit=3
        )
        yield Figure("The same import again, over parsing and COPY alone", again / baseline, "×", limit=2)
        yield Figure(f"A Delta which changes {changed.total():,} of them", delta, "s", limit=10)
        yield Figure(
            "Memory of the largest process, PostgreSQL's included", largest.megabytes, "MB", limit=500
        )


def _seconds_to_import(folder: Path) -> float:
    started = time.perf_counter()
    import_extract(folder)
    return time.perf_counter() - started


def _seconds_to_parse_and_copy(folder: Path) -> float:
    """One file after the other, one entry after the other; of their values, only those an import reads."""
    columns = {
        layout.file_type: [name for name in layout.names if name in READ[DEGREE]]
        for layout in LAYOUTS[DEGREE]
    }
    with opened(folder, NO_LIMIT) as files, connection.cursor() as cursor:
        for file_type, names in columns.items():
            typed = sql.SQL(", ").join(
                sql.SQL("{} text").format(sql.Identifier(name)) for name in ["id", *names]
            )
            cursor.execute(
                sql.SQL("CREATE TABLE {} ({})").format(sql.Identifier(f"bench_{file_type}"), typed)
            )
        started = time.perf_counter()
        for file in files:
            _parse_and_copy(file, columns[file.type])
        seconds = time.perf_counter() - started
        for file_type in columns:
            cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(f"bench_{file_type}")))
    return seconds


def _parse_and_copy(file: ExtractFile, names: list[str]) -> None:
    statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(f"bench_{file.type}"))
    with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:
        for _, entry in etree.iterparse(file.path, tag="addRequest", load_dtd=False, no_network=True):
            _, identifier, attributes = entry
            values = {attribute.get("name"): _joined(attribute) for attribute in attributes}
            copy.write_row([identifier[0].text, *[values.get(name) for name in names]])
            entry.clear()
            root = entry.getparent()
            while entry.getprevious() is not None:
                del root[0]


def _joined(attribute: etree._Element) -> str | None:
    if len(attribute) == 1:
        return attribute[0].text
    return "\n".join([value.text or "" for value in attribute])


class _LargestProcess:
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
            self.megabytes = max(self.megabytes, *map(_resident_megabytes, _ours()))


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


def _resident_megabytes(pid: int) -> float:
    """What a process holds; PostgreSQL's shared buffers count in each backend that has touched them."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
