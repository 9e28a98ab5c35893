"""What was read and is not written yet: lines of PostgreSQL's COPY format, by staged table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import md5

from aaf_import.faults import Fault
from establishments.names import label_key

READING = "1"
"""Part of every digest: another number makes the next import write everything again."""


@dataclass(frozen=True, slots=True, eq=False)
class StagedTable:
    """`columns` in the order of the lines; a digested table has `position` and `digest` before them."""

    name: str
    columns: str
    digested: bool = False

    @property
    def all_columns(self) -> str:
        return f"position bigint, digest uuid, {self.columns}" if self.digested else self.columns


_NAME = "title text, surname text, birth_surname text, given_name text, surname_key text, given_name_key text"
ESTABLISHMENTS = StagedTable(
    "staged_establishment",
    "jointure text, uai text, kind text, name text, type_label text, type_code text, sector text,"
    " street text, postcode text, city text, phone text, mail text, district text, department text,"
    " search_key text",
    digested=True,
)
CLASSES = StagedTable(
    "staged_class", "structure text, key text, label text, label_key text, mef text, pupils integer"
)
MEFS = StagedTable("staged_mef", "code text, label text")
STUDENTS = StagedTable(
    "staged_student",
    f"jointure text, {_NAME}, source_id text, ine text, birth_date date, structure text, class_key text,"
    " mef text, level text",
    digested=True,
)
RESPONSABLES = StagedTable(
    "staged_responsable",
    f"jointure text, {_NAME}, address text, postcode text, city text, country text,"
    " mobile text, mobile_raw text, home_phone text, work_phone text, mail text,"
    " refused_mail text, refused_phone text",
    digested=True,
)
LINKS = StagedTable(
    "staged_link",
    "position bigint, student text, responsable text, kinship text, legal_code text, is_legal boolean",
)
STAFF = StagedTable(
    "staged_staff", "jointure text, title text, surname text, given_name text, mail text", digested=True
)
# `said_in`: which of the two attributes gives it, `functions` or `directs`.
MANDATES = StagedTable(
    "staged_mandate", "position bigint, staff text, structure text, role text, said_in text"
)
# Texts alone: what is not given is empty. A class is of the structure its value names, given or not.
_GIVEN = "position bigint, given text[]"
MODIFIED_STUDENTS = StagedTable(
    "modified_student",
    f"{_GIVEN}, {STUDENTS.columns.replace('birth_date date', 'birth_date text')}, of_structure text",
)
MODIFIED_RESPONSABLES = StagedTable(
    "modified_responsable", f"{_GIVEN}, {RESPONSABLES.columns}, text_number text, text_number_raw text"
)
MODIFIED_STAFF = StagedTable("modified_staff", f"{_GIVEN}, {STAFF.columns}")
DELETIONS = StagedTable("staged_deletion", "position bigint, category text, jointure text")
REJECTED = StagedTable("staged_rejected", "category text, jointure text")
ANOMALIES = StagedTable(
    "staged_anomaly",
    "code text, category text, jointure text, attribute text, structure text, who text, value text",
)
TABLES = (
    ESTABLISHMENTS,
    CLASSES,
    MEFS,
    STUDENTS,
    RESPONSABLES,
    LINKS,
    STAFF,
    MANDATES,
    MODIFIED_STUDENTS,
    MODIFIED_RESPONSABLES,
    MODIFIED_STAFF,
    DELETIONS,
    REJECTED,
    ANOMALIES,
)


@dataclass(slots=True)
class Batch:
    """Lines in waiting. `position` is that of the entry being read: the file's number, then its own."""

    lines: dict[StagedTable, list[str]] = field(default_factory=lambda: {table: [] for table in TABLES})
    ignored: Counter[str] = field(default_factory=Counter)
    class_labels: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)
    position: int = 0

    @property
    def waiting(self) -> int:
        return sum(map(len, self.lines.values()))

    def add(self, table: StagedTable, *values: str) -> None:
        self.lines[table].append(f"{_escaped(values)}\n")

    def add_digested(self, table: StagedTable, *values: str) -> None:
        line = _escaped(values)
        digest = md5(f"{READING}\t{line}".encode(), usedforsecurity=False).hexdigest()
        self.lines[table].append(f"{self.position}\t{digest}\t{line}\n")

    def add_modified(self, table: StagedTable, given: Iterable[str], *values: str) -> None:
        """A row of which only the columns `given` are known."""
        self.add(table, str(self.position), f"{{{','.join(sorted(given))}}}", *values)

    def add_fault(
        self,
        fault: Fault,
        *,
        category: str,
        jointure: str,
        who: str,
        value: str = "",
        attribute: str = "",
        structure: str = "",
    ) -> None:
        self.add(ANOMALIES, fault, category, jointure[:64], attribute[:80], structure, who, value[:200])

    def reject(self, category: str, jointure: str) -> None:
        """Remember an entry which could not be read: the person it names has not left."""
        self.add(REJECTED, category, jointure)

    def write_classes(self, weight: int) -> None:
        """The classes that pupils named: `weight` a pupil, less than none where structures list them."""
        for (structure, key, label), pupils in self.class_labels.items():
            self.add(CLASSES, structure, key, label, label_key(label)[:160], "", str(weight * pupils))
        self.class_labels.clear()

    def take(self, table: StagedTable) -> str:
        """The lines in waiting, which no longer are."""
        taken = "".join(self.lines[table])
        self.lines[table].clear()
        return taken


def _escaped(values: Iterable[str]) -> str:
    """A line of COPY's text format; values hold no tab, cleaning replaced them."""
    line = "\t".join(values)
    if "\\" in line:
        line = line.replace("\\", "\\\\")
    return line.replace("\n", "\\n") if "\n" in line else line
