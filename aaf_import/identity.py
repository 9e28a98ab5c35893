"""Which académie and degré an extract is of, and whether its files are the whole of one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from aaf_import.attributes import NAMES, Names
from aaf_import.entries import Entry, Header, Malformed, read_entries, read_header
from aaf_import.extract import ExtractFile, Kind, UnusableExtract
from aaf_import.rules import FIRST_DEGREE, SECOND_DEGREE
from establishments.names import name_key
from establishments.territories import ACADEMIES, department_of, is_valid_uai

CATEGORIES = {
    FIRST_DEGREE: ("Eleve", "PersRelEleve", "PersEducNat", "EtabEducNat"),
    SECOND_DEGREE: ("Eleve", "PersRelEleve", "PersEducNat", "EtabEducNat", "MefEducNat", "MatiereEducNat"),
}
"""The types of files that a whole extract has."""
_T = TypeVar("_T")
_DEGREES = {"1D": FIRST_DEGREE, "2D": SECOND_DEGREE}
_ANNEX = re.compile(r"Annexe\s+(4\s*bis|1)\b", re.IGNORECASE)
_FEED = re.compile(r"(\d\d)-([12])D?", re.IGNORECASE)
_PREFIX = re.compile(r"ENT([12]D)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Identity:
    """`release` is the versionAF of the files, empty when none says it."""

    academy: str
    degree: int
    day: date
    release: str
    kind: Kind = Kind.COMPLET


@dataclass(frozen=True, slots=True)
class FeedKey:
    """One académie and one degré, as `24-2` or `24-2D` names them."""

    academy: str
    degree: int

    def __str__(self) -> str:
        return f"{self.academy}-{self.degree}D"


def feed_key(text: str) -> FeedKey | None:
    """The feed that a text names, None when it names none."""
    found = _FEED.fullmatch(text.strip())
    return FeedKey(found[1], int(found[2])) if found and found[1] in ACADEMIES else None


def of_feed(files: Sequence[ExtractFile], feed: FeedKey) -> list[ExtractFile]:
    """The files of one feed, of a folder which mixes some; those which say nothing are not taken away."""
    headers = {file: _header(file) for file in files}
    return [
        file
        for file, header in headers.items()
        if _degree(file, header) in (None, feed.degree)
        and (not header.academy or header.academy.zfill(2) == feed.academy)
    ]


def in_order(files: Sequence[ExtractFile], name: str) -> list[list[ExtractFile]]:
    """The extracts a delivery is made of, by date, a Complet before the Delta of its date.

    Raises UnusableExtract when there are Complets of several dates.
    """
    days = sorted({file.day for file in files if file.day and file.kind is Kind.COMPLET})
    if len(days) > 1:
        listed = " et ".join(f"{day:%d/%m/%Y}" for day in days)
        raise UnusableExtract(
            f"« {name} » contient des extraits de plusieurs dates ({listed}) : un à la fois."
        )
    extracts: dict[tuple[date, Kind], list[ExtractFile]] = {}
    for file in files:
        known = {other.day for other in files if other.day and other.kind is file.kind}
        day = file.day or (known.pop() if len(known) == 1 else date.max)
        extracts.setdefault((day, file.kind), []).append(file)
    return [extracts[key] for key in sorted(extracts)]


def identify(
    files: Sequence[ExtractFile], name: str, today: date, beside: Sequence[ExtractFile] = (), hint: str = ""
) -> Identity:
    """What one extract is; raises UnusableExtract when nothing says it, or when it is of two feeds.

    A Delta may have no structure: those of the extracts `beside` it, else `hint`, tell the académie then.
    """
    days = {file.day for file in files if file.day}
    headers = {file: _header(file) for file in files}
    degree = _one((_degree(file, header) for file, header in headers.items()), name, "degrés")
    if not degree:
        raise UnusableExtract(f"Rien ne dit si « {name} » est du 1er ou du 2nd degré.")
    academy = _one(
        (header.academy.zfill(2) for header in headers.values() if header.academy), name, "académies"
    )
    academy = academy or _academy_of_structures(files, NAMES[degree])
    academy = academy or _academy_of_structures(beside, NAMES[degree]) or hint
    if academy not in ACADEMIES:
        raise UnusableExtract(f"Rien ne dit de quelle académie est « {name} ».")
    release = max(header.release for header in headers.values())
    return Identity(academy, degree, days.pop() if days else today, release, files[0].kind)


def missing_parts(files: Iterable[ExtractFile], degree: int) -> list[str]:
    """What an extract lacks to be whole, said in French: types of files, or some files of a type.

    A Delta may have no file of a type in which nothing changed.
    """
    files = list(files)
    numbers: dict[str, set[int]] = {kind: set() for kind in CATEGORIES[degree]}
    found = set()
    for file in files:
        found.add(file.type)
        if file.number is not None and file.type in numbers:
            numbers[file.type].add(file.number)
    is_delta = any(file.kind is Kind.DELTA for file in files)
    missing = [f"aucun fichier {kind}" for kind in numbers if kind not in found and not is_delta]
    for kind, known in numbers.items():
        gaps = sorted(set(range(min(known), max(known))) - known) if known else []
        missing += [f"le fichier {kind} n° {gap}" for gap in gaps]
    return missing


def _header(file: ExtractFile) -> Header:
    with file.path.open("rb") as opened:
        return read_header(opened)


def _degree(file: ExtractFile, header: Header) -> int | None:
    """By the comment « degre », else the SDET annex (1 or 4bis), else the prefix of the file."""
    if header.degree in _DEGREES:
        return _DEGREES[header.degree]
    if annex := _ANNEX.search(header.annex):
        return FIRST_DEGREE if annex[1] == "1" else SECOND_DEGREE
    prefix = _PREFIX.search(file.path.name)
    return _DEGREES[prefix[1].upper()] if prefix else None


def _one(values: Iterable[_T | None], name: str, what: str) -> _T | None:
    """The only value, None when there is none; raises UnusableExtract when there are several."""
    found = {value for value in values if value is not None}
    if len(found) > 1:
        raise UnusableExtract(f"« {name} » mélange deux {what} : donnez un extrait à la fois.")
    return found.pop() if found else None


def _academy_of_structures(files: Iterable[ExtractFile], names: Names) -> str:
    """The académie of most valid UAIs; else of most names of académies; empty when nothing says it."""
    by_uai: Counter[str] = Counter()
    by_name: Counter[str] = Counter()
    known = {name_key(academy.name): code for code, academy in ACADEMIES.items()}
    for entry in _structures(files, names):
        uai = entry.one(names.uai).upper()
        department = department_of(uai) if is_valid_uai(uai) else None
        if department:
            by_uai[department.academy_code] += 1
        if code := known.get(name_key(entry.one(names.academy_name))):
            by_name[code] += 1
    most = (by_uai or by_name).most_common(1)
    return most[0][0] if most else ""


def _structures(files: Iterable[ExtractFile], names: Names) -> Iterator[Entry]:
    """The entries of the structures; a malformed file says no more here, and is refused when it is read."""
    for file in files:
        if file.type != "EtabEducNat":
            continue
        try:
            with file.path.open("rb") as opened:
                for entries in read_entries(opened, (names.uai, names.academy_name)):
                    yield from entries
        except Malformed:
            continue
