"""The nights of an académie: a first Complet, the same again, one per cent changed, a Delta, a visitor."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from aaf_import.importing import import_extract
from aaf_import.synthetic.generation import folder_of, generate
from aaf_import.synthetic.nights import Night, write_night
from aaf_import.synthetic.order import DEFAULT_DAY, Order
from bench.baseline import seconds_to_parse_and_copy
from bench.database import fresh_database
from bench.figures import Figure
from bench.memory import LargestProcess
from bench.visitor import Visitor

CODE, DEGREES = "24", (1, 2)
PUPILS_OF_A_SCHOOL = 330
PERSONS_OF_A_PUPIL = 2.45  # with their responsables
SMALL, WHOLE = 130_000, 1_300_000
CHANGED, OF_A_DELTA = 0.01, 5_000
_TOLD = 0.72  # changes of the 2nd degré, for one of the académie
GIGABYTES, MINUTES = 16, 25


def measure() -> Iterator[Figure]:
    """Prints first what it needs."""
    free = shutil.disk_usage(tempfile.gettempdir()).free / 1e9
    print(f"About {GIGABYTES} GB of disk ({free:.0f} free) and {MINUTES} minutes on two cores.", flush=True)
    small = 0.0
    for persons in (SMALL, WHOLE):
        with _academy(persons) as academy:
            baseline = academy.baseline()
            first = academy.first_night()
            of = f"{academy.persons:,} persons"
            yield Figure(f"Parsing and COPY alone, one process, {of}", baseline, "s")
            yield Figure(f"Complet of {of} into an empty database, over that", first / baseline, "×", limit=3)
            if persons == SMALL:
                small = first / academy.persons
                continue
            growth = first / academy.persons / small
            yield Figure("Time of an entry, over that of ten times fewer", growth, "×", limit=1.3)
            yield from academy.next_nights(baseline)


@dataclass(slots=True)
class _Academy:
    """`folder` holds one extract a feed, then those of each night; `megabytes`: the most an import took."""

    folder: Path
    persons: int
    megabytes: float = 0

    def baseline(self) -> float:
        return sum(seconds_to_parse_and_copy(self._feed(degree), degree) for degree in DEGREES)

    def first_night(self) -> float:
        return self._import([self._feed(degree) for degree in DEGREES])

    def next_nights(self, baseline: float) -> Iterator[Figure]:
        again = self.first_night()
        yield Figure("The same the next night, over parsing and COPY alone", again / baseline, "×", limit=1.5)
        for degree in DEGREES:
            write_night(self._feed(degree), self._night(degree), Night(_day(1), 1, CHANGED))
        changed = self._import([self._night(degree) / "complet" for degree in DEGREES])
        yield Figure("With one per cent changed, over parsing and COPY", changed / baseline, "×", limit=1.6)
        night = Night(_day(2), 2, OF_A_DELTA / self.persons / _TOLD)
        told = write_night(self._night(2) / "complet", self.folder / "delta", night)
        delta = self._import([self.folder / "delta" / "delta"])
        yield Figure(f"A Delta of {told.total():,} changes on that database", delta, "s", limit=10)
        with Visitor() as visitor:
            rest = visitor.milliseconds(until=lambda: time.sleep(10))
            during = visitor.milliseconds(until=self.another_night)
        yield Figure("List page at rest, median", rest, "ms")
        yield Figure("… during a Complet, over that", during / rest, "×", limit=2)
        yield Figure("Memory of the largest process, of its own", self.megabytes, "MB", limit=500)

    def another_night(self) -> None:
        self._import([self.folder / "delta" / "complet"])

    def _import(self, extracts: list[Path]) -> float:
        started = time.perf_counter()
        with LargestProcess() as largest:
            for extract in extracts:
                import_extract(extract)
        self.megabytes = max(self.megabytes, largest.megabytes)
        return time.perf_counter() - started

    def _feed(self, degree: int) -> Path:
        return folder_of(self.folder, CODE, degree)

    def _night(self, degree: int) -> Path:
        return self.folder / f"night-{degree}D"


@contextmanager
def _academy(persons: int) -> Iterator[_Academy]:
    pupils = int(persons / PERSONS_OF_A_PUPIL)
    order = Order(CODE, DEGREES, establishments=pupils // PUPILS_OF_A_SCHOOL, students=pupils, seed=1)
    with tempfile.TemporaryDirectory() as name, fresh_database():
        counts = generate(order, Path(name))
        written = sum(of["Eleve"] + of["PersRelEleve"] for of in counts.values())
        yield _Academy(Path(name), written)


def _day(after: int) -> date:
    return DEFAULT_DAY + timedelta(days=after)
