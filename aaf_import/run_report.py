"""What is written beside a delivery put away: numbers and the sentence of a refusal, never a name."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from aaf_import.faults import LABELS, Fault
from aaf_import.models import ImportRun

_log = logging.getLogger(__name__)
_WORDS = {
    "establishments": "établissements",
    "classes": "classes",
    "students": "élèves",
    "responsables": "responsables",
    "responsibilities": "liens",
    "agents": "agents",
}
_CHANGES = {"created": "créés", "updated": "modifiés", "unchanged": "inchangés", "left": "partis"}


def write_report(run: ImportRun, delivery: Path) -> None:
    """Write `<delivery>.json` and `<delivery>.txt`; on a full disk the run itself still says it all."""
    try:
        report = json.dumps(run_as_json(run), ensure_ascii=False, indent=1)
        delivery.with_name(f"{delivery.name}.json").write_text(f"{report}\n")
        delivery.with_name(f"{delivery.name}.txt").write_text(f"{told(run)}\n")
    except OSError as error:
        _log.warning("the report of run %s is not written: %s", run.pk, error)


def run_as_json(run: ImportRun) -> dict[str, object]:
    """What `import_aaf --json` prints, and how the run ended."""
    return run.as_json() | {
        "status": run.status,
        "message": run.message,
        "extract_date": run.extract_date.isoformat() if run.extract_date else None,
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
    }


def count_rows(run: ImportRun) -> list[tuple[str, list[int]]]:
    """What was created, updated, unchanged and left, of each kind of record."""
    return [
        (words.capitalize(), [run.counts[name].get(change, 0) for change in _CHANGES])
        for name, words in _WORDS.items()
        if name in run.counts
    ]


def told(run: ImportRun) -> str:
    """A run in French lines."""
    feed = f"académie {run.academy}, {run.degree}D" if run.academy else "flux inconnu"
    day = f", extrait du {run.extract_date:%d/%m/%Y}" if run.extract_date else ""
    lines = [f"Import {run.pk} ({feed}{day}) : {run.get_status_display().lower()}."]
    if run.message:
        lines.append(run.message)
    lines += [_told_counts(words, run.counts[name]) for name, words in _WORDS.items() if name in run.counts]
    lines += [
        f"Anomalie « {LABELS[Fault(code)]} » : {number}"
        for code, number in sorted(run.anomaly_counts.items())
    ]
    return "\n".join(lines)


def _told_counts(words: str, counts: dict[str, int]) -> str:
    changes = ", ".join(f"{counts[name]} {word}" for name, word in _CHANGES.items() if name in counts)
    return f"{words.capitalize()} : {changes}."
