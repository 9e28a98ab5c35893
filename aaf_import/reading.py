"""Reads one file of an extract, entry after entry, into batches of rows to stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import IO

from aaf_import.attributes import READ, unknown_attributes
from aaf_import.batch import DELETIONS, Batch
from aaf_import.changes import modify_responsable, modify_staff, modify_student
from aaf_import.entries import Entry, Malformed, read_entries
from aaf_import.faults import Fault
from aaf_import.people import KEY_LIMIT, read_responsable, read_staff, read_student
from aaf_import.rules import SECOND_DEGREE, Rules
from aaf_import.structures import read_establishment, read_mef

Reading = Callable[[Entry, Rules, Batch], None]

_READINGS: dict[str, Reading] = {
    "Eleve": read_student,
    "PersRelEleve": read_responsable,
    "PersEducNat": read_staff,
    "EtabEducNat": read_establishment,
}
_SECOND_DEGREE_READINGS: dict[str, Reading] = {**_READINGS, "MefEducNat": read_mef}
_MODIFICATIONS: dict[str, Reading] = {
    "Eleve": modify_student,
    "PersRelEleve": modify_responsable,
    "PersEducNat": modify_staff,
}
_OF_NO_USE = {"MatEducNat", "MefEducNat"}
POSITIONS_OF_A_FILE = 1 << 40


def read_file(file: IO[bytes], number: int, rules: Rules) -> Iterator[Batch]:
    """The batch, again and again, with more in it each time: its user takes the lines and counts from it.

    `number` is the file's place in its extract, so that what was read first is known whoever reads it.
    Raises Malformed for a file which no Complet extract may hold.
    """
    batch = Batch(position=number * POSITIONS_OF_A_FILE)
    readings = _SECOND_DEGREE_READINGS if rules.degree == SECOND_DEGREE else _READINGS
    for entries in read_entries(file, READ[rules.degree]):
        for entry in entries:
            batch.position += 1
            _read(entry, rules, batch, readings)
        yield batch
    batch.write_classes(-1 if rules.degree == SECOND_DEGREE else 1)
    yield batch


def _read(entry: Entry, rules: Rules, batch: Batch, readings: dict[str, Reading]) -> None:
    if entry.request != "add" and not rules.is_delta:
        raise Malformed(f"il contient une demande « {entry.request}Request », propre aux extraits Delta")
    if entry.request == "add":
        batch.entries[entry.category] += 1
    batch.ignored.update(unknown_attributes(entry.order, rules.degree))
    if entry.request != "add" and entry.category in readings:
        _change(entry, rules, batch)
    elif reading := readings.get(entry.category):
        reading(entry, rules, batch)
    elif entry.category not in _OF_NO_USE:
        batch.add_fault(
            Fault.CATEGORY_UNKNOWN, category=entry.category, jointure=entry.key, who="", value=entry.category
        )


def _change(entry: Entry, rules: Rules, batch: Batch) -> None:
    """What only a Delta asks; its structures and formations are whole lists: nothing to change there."""
    modification = _MODIFICATIONS.get(entry.category)
    if not 0 < len(entry.key) <= KEY_LIMIT:
        batch.add_fault(
            Fault.KEY_INVALID, category=entry.category, jointure=entry.key, who="", value=entry.key
        )
    elif not modification:
        batch.reject(entry.category, entry.key)
        batch.add_fault(
            Fault.REQUEST_UNEXPECTED,
            category=entry.category,
            jointure=entry.key,
            who="",
            value=entry.key,
        )
    elif entry.request == "delete":
        batch.add(DELETIONS, str(batch.position), entry.category, entry.key)
    else:
        modification(entry, rules, batch)
