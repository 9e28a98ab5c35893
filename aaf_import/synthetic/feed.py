"""The files of one feed: written as entries come, cut by volume, counted."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TextIO

_OPENING = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE ficAlimMENESR SYSTEM "ficAlimMENESR.dtd">
<ficAlimMENESR>
"""
_CLOSING = "</ficAlimMENESR>\n"
_PREFIXES = {1: "ENT1D", 2: "ENT2DVA"}


def _comments(degree: int, academy: str, day: date) -> str:
    """The comments an extract begins with; the 1st degré still exports VE2003, which had but two of them."""
    if degree == 1:
        facts = {"versionAF": "AAF-VE2003", "versionSDET": "Annexe 1 version 6.3"}
    else:
        facts = {
            "versionAF": "AAF-VE2407",
            "versionSDET": "Annexe 4bis version 6.4",
            "codeAcademieExport": academy,
            "degre": "2D",
            "dateGenerationExport": f"{day:%d/%m/%Y}",
        }
    return "".join(f'<!-- {name}="{value}" -->\n' for name, value in facts.items())


@dataclass(slots=True)
class _Series:
    """The files of one type: the one being written, its number, how many entries it has."""

    stem: Path
    opening: str
    limit: int
    number: int = 0
    entries: int = 0
    handle: TextIO | None = None

    def write(self, entry: str) -> None:
        if self.handle is None or self.entries == self.limit:
            self._next_file()
        assert self.handle is not None
        self.handle.write(entry)
        self.entries += 1

    def _next_file(self) -> None:
        if self.handle is not None:
            self.close()
            self.number += 1
        path = self.stem.with_name(f"{self.stem.name}_{self.number:04d}.xml")
        self.handle = path.open(
            "w", encoding="ascii", errors="xmlcharrefreplace", newline="\n", buffering=1 << 18
        )
        self.handle.write(self.opening)
        self.entries = 0

    def close(self) -> None:
        """Ends the file; a type without any entry still gets one, empty, file."""
        if self.handle is None:
            self._next_file()
        assert self.handle is not None
        self.handle.write(_CLOSING)
        self.handle.close()


@dataclass(slots=True)
class FeedFiles:
    """The extract of one académie and degré, in `folder`, at most `file_size` entries a file."""

    folder: Path
    academy: str
    degree: int
    day: date
    file_size: int
    kind: str = "Complet"
    counts: Counter[str] = field(default_factory=Counter)
    _series: dict[str, _Series] = field(default_factory=dict)

    def open(self, file_types: Iterable[str]) -> None:
        """Makes the folder, and removes from it the extract it held: two mixed would be one wrong extract."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in self.folder.glob(f"*_{self.kind}_*.xml"):
            old.unlink()
        opening = _OPENING + _comments(self.degree, self.academy, self.day)
        for file_type in file_types:
            stem = self.folder / f"{_PREFIXES[self.degree]}_{self.kind}_{self.day:%Y%m%d}_{file_type}"
            self._series[file_type] = _Series(stem, opening, self.file_size)

    def write(self, file_type: str, entry: str) -> None:
        self._series[file_type].write(entry)
        self.counts[file_type] += 1

    def close(self) -> None:
        for series in self._series.values():
            series.close()
        self.counts["files"] = sum(series.number + 1 for series in self._series.values())
