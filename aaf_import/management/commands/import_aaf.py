"""Imports one delivery of AAF extracts: `manage.py import_aaf PATH`; exit code 2 when it is refused."""

import json
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from aaf_import.applying import Options
from aaf_import.extract import ExtractFile
from aaf_import.identity import FeedKey, feed_key
from aaf_import.importing import ExtractRefused, import_delivery
from aaf_import.models import ImportRun
from aaf_import.staging import FileReport

REFUSED = 2
_WORDS = {
    "establishments": "établissements",
    "classes": "classes",
    "students": "élèves",
    "responsables": "responsables",
    "responsibilities": "liens",
    "agents": "agents",
}


class Command(BaseCommand):
    help = (
        "Importe un extrait AAF, Complet ou Delta, ou un Complet et les Delta qui le suivent :"
        " un dossier, une archive .zip ou .tgz."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", type=Path, metavar="PATH", help="dossier ou archive")
        parser.add_argument("--dry-run", action="store_true", help="tout faire, puis tout annuler")
        parser.add_argument("--json", action="store_true", help="écrire un objet JSON sur la sortie standard")
        parser.add_argument(
            "--force", action="store_true", help="appliquer un extrait plus ancien, incomplet ou très réduit"
        )
        parser.add_argument(
            "--year-change",
            action="store_true",
            help="s’attendre aux départs d’un changement d’année (réglage AAF_YEAR_CHANGE)",
        )
        parser.add_argument(
            "--feed",
            type=_feed,
            metavar="ACADÉMIE-DEGRÉ",
            help="ne prendre que ce flux, par exemple 28-2D, d’un dossier qui en mêle plusieurs",
        )
        parser.add_argument("--processes", type=int, help="processus de lecture (réglage AAF_PROCESSES)")

    def handle(self, *args: Any, **options: Any) -> None:
        progress = _Progress()
        try:
            runs = import_delivery(
                options["path"],
                Options(
                    force=options["force"],
                    dry_run=options["dry_run"],
                    year_change=options["year_change"],
                    feed=options["feed"],
                ),
                processes=options["processes"],
                on_files=progress.start,
                on_file=progress.advance,
            )
        except ExtractRefused as refused:
            if options["json"]:
                self.stdout.write(json.dumps(refused.run.as_json(), ensure_ascii=False))
            raise CommandError(refused.run.message, returncode=REFUSED) from refused
        finally:
            progress.stop()
        self.stdout.write(
            json.dumps(_as_json(runs), ensure_ascii=False)
            if options["json"]
            else "\n".join(_told(run) for run in runs)
        )


def _feed(text: str) -> FeedKey:
    if feed := feed_key(text):
        return feed
    raise ArgumentTypeError(f"« {text} » ne nomme pas un flux, comme 28-2D")


def _as_json(runs: Sequence[ImportRun]) -> dict[str, Any]:
    """The last run; those of the extracts applied before it, when there were several, are in `before`."""
    *before, last = (run.as_json() for run in runs)
    return {**last, "before": before} if before else last


class _Progress:
    """A bar on a terminal, by size, which names the file just read."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    def start(self, files: Sequence[ExtractFile]) -> None:
        size = sum(file.size for file in files)
        self._bar = tqdm(total=size, unit="o", unit_scale=True, file=sys.stderr, disable=None)

    def advance(self, report: FileReport) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(report.source.path.name, refresh=False)
            self._bar.update(report.source.size)

    def stop(self) -> None:
        if self._bar is not None:
            self._bar.close()


def _told(run: ImportRun) -> str:
    kind = run.get_kind_display()
    of = f"{kind} du {run.extract_date:%d/%m/%Y}"
    lines = [
        f"Import {run.pk} : académie {run.academy}, {run.degree}D, {run.get_status_display().lower()} ({of})."
    ]
    if run.forced:
        lines.append("  forcé : ni l’ordre des extraits ni les départs n’ont été vérifiés")
    if run.year_change:
        lines.append("  changement d’année : de nombreux départs sont attendus")
    for name, words in _WORDS.items():
        counts = run.counts[name]
        lines.append(
            f"  {words} : {counts['created']} créés, {counts['updated']} modifiés,"
            f" {counts['unchanged']} inchangés, {counts['left']} partis"
        )
    accounts = run.counts["accounts"]
    created = (
        f"{accounts['responsable']['created']} de responsables, {accounts['student']['created']} d’élèves"
    )
    lines.append(f"  comptes créés : {created}")
    anomalies = ", ".join(f"{code} {number}" for code, number in run.anomaly_counts.items())
    lines.append(f"  anomalies : {anomalies or 'aucune'}")
    lines.append(f"  attributs inconnus : {', '.join(run.ignored_attributes) or 'aucun'}")
    lines.append(f"  {run.seconds} s")
    return "\n".join(lines)
