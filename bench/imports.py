"""An AAF import of 100,000 persons, beside the least that anyone can do with the same files."""

import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from aaf_import.importing import import_extract
from aaf_import.synthetic.generation import folder_of, generate
from aaf_import.synthetic.nights import Night, write_night
from aaf_import.synthetic.order import DEFAULT_DAY, Order
from bench.baseline import seconds_to_parse_and_copy
from bench.database import fresh_database
from bench.figures import Figure
from bench.memory import LargestProcess

DEGREE = 2
PUPILS = 42_500  # with their responsables, 100,000 persons
ESTABLISHMENTS = 70
CHANGED = 5_000


def measure(pupils: int = PUPILS, establishments: int = ESTABLISHMENTS) -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as folder, fresh_database():
        order = Order("24", (DEGREE,), establishments=establishments, students=pupils, seed=1)
        counts = generate(order, Path(folder), lambda done: None)[DEGREE]
        persons = counts["Eleve"] + counts["PersRelEleve"]
        night = Path(folder) / "night"
        feed = folder_of(Path(folder), "24", DEGREE)
        baseline = seconds_to_parse_and_copy(feed, DEGREE)
        with LargestProcess() as largest:
            first, again = _seconds_to_import(feed), _seconds_to_import(feed)
        changed = write_night(feed, night, Night(DEFAULT_DAY + timedelta(days=1), 1, CHANGED / persons))
        delta = _seconds_to_import(night / "delta")
        yield Figure(f"Parsing and COPY alone, one process, {persons:,} persons", baseline, "s")
        yield Figure(
            "Import into an empty database, over parsing and COPY alone", first / baseline, "×", limit=3
        )
        yield Figure("The same import again, over parsing and COPY alone", again / baseline, "×", limit=2)
        yield Figure(f"A Delta which changes {changed.total():,} of them", delta, "s", limit=10)
        yield Figure("Memory of the largest process, of its own", largest.megabytes, "MB", limit=500)


def _seconds_to_import(folder: Path) -> float:
    started = time.perf_counter()
    import_extract(folder)
    return time.perf_counter() - started
