"""Imports one extract: found, identified, read, staged, then applied whole or not at all."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from aaf_import.applying import Options, Refused, apply
from aaf_import.extract import ExtractFile, UnusableExtract, opened
from aaf_import.identity import Identity, identify, missing_parts
from aaf_import.models import ImportRun
from aaf_import.parallel import stage_files
from aaf_import.rules import rules_of
from aaf_import.staging import (
    FileReport,
    Source,
    UnreadableFile,
    create_tables,
    drop_tables,
)
from aaf_import.sweeping import living_run, sweep
from accounts import closing
from establishments.delegations.ending import end_orphaned
from establishments.models.places import KIND_LABELS, Establishment

_log = logging.getLogger(__name__)
# Below, starting processes takes longer than reading.
_SIZE_WORTH_PROCESSES = 8 << 20
_NEEDED = ("Eleve", "PersRelEleve", "PersEducNat", "EtabEducNat")
PLAIN = Options()
OnFile = Callable[[FileReport], None]


class ExtractRefused(Exception):
    """Nothing was applied; the run says why, in French."""

    def __init__(self, run: ImportRun) -> None:
        super().__init__(run.message)
        self.run = run


def import_extract(
    path: Path,
    options: Options = PLAIN,
    *,
    processes: int | None = None,
    on_files: Callable[[Sequence[ExtractFile]], None] = lambda files: None,
    on_file: OnFile = lambda report: None,
) -> ImportRun:
    """Import the extract at `path` (a folder, a .zip or a .tgz); raises ExtractRefused, nothing applied.

    `on_files` is told which files there are to read, `on_file` each time one is read.
    """
    sweep()
    with living_run(ImportRun.Kind.COMPLET) as run:
        try:
            with opened(path, settings.AAF_UNPACK_LIMIT) as files:
                identity = _identify(run, files, path.name, force=options.force)
                on_files(files)
                _stage_and_apply(run, identity, files, options, processes, on_file)
        except (UnusableExtract, UnreadableFile, Refused) as error:
            _refuse(run, _sentence(error))
            raise ExtractRefused(run) from error
        except BaseException:
            _refuse(run, "L’import s’est arrêté sur une erreur inattendue : rien n’a été appliqué.")
            raise
    if run.status == ImportRun.Status.APPLIED:
        _follow(identity)
    _log.info("import run %s of %s-%sD: %s in %s s", run.pk, run.academy, run.degree, run.status, run.seconds)
    return run


def _identify(run: ImportRun, files: Sequence[ExtractFile], name: str, *, force: bool) -> Identity:
    identity = identify(files, name, timezone.localdate())
    run.academy, run.degree, run.extract_date = identity.academy, identity.degree, identity.day
    run.save(update_fields=["academy", "degree", "extract_date"])
    missing = missing_parts(files, identity.degree)
    if missing and not force:
        raise Refused(f"Il manque une partie de l’extrait : {', '.join(missing)}.")
    return identity


def _stage_and_apply(
    run: ImportRun,
    identity: Identity,
    files: Sequence[ExtractFile],
    options: Options,
    processes: int | None,
    on_file: OnFile,
) -> None:
    connection.ensure_connection()
    create_tables(connection.connection, run.pk)
    try:
        entries: Counter[str] = Counter()
        ignored: Counter[str] = Counter()
        sources = _sources(files, identity)
        for report in stage_files(connection.connection, run.pk, sources, _processes(files, processes)):
            entries += report.entries
            ignored += report.ignored
            on_file(report)
        run.ignored_attributes = dict(sorted(ignored.items()))
        empty = [category for category in _NEEDED if not entries[category]]
        if empty and not options.force:
            raise Refused(f"Les fichiers {', '.join(empty)} de l’extrait sont vides.")
        apply(run, identity, frozenset(entries), options)
    finally:
        drop_tables(connection.connection, run.pk)


def _follow(identity: Identity) -> None:
    """What an import brings about outside its transaction, where it may wait for nobody."""
    end_orphaned(Establishment.objects.filter(feed__academy=identity.academy, feed__degree=identity.degree))
    # Not in the import: it changes no account.
    closing.reopen_returned()


def _sources(files: Sequence[ExtractFile], identity: Identity) -> list[Source]:
    rules = rules_of(
        degree=identity.degree,
        academy=identity.academy,
        release=identity.release,
        persons_in_charge=settings.ACCOUNTS_FOR_PERSONS_IN_CHARGE,
        not_legal_kinships=settings.AAF_NOT_LEGAL_KINSHIPS,
        kind_labels=KIND_LABELS,
        today=timezone.localdate(),
    )
    return [Source(number, file.path, file.size, rules) for number, file in enumerate(files)]


def _processes(files: Sequence[ExtractFile], asked: int | None) -> int:
    if asked:
        return asked
    worth_it = sum(file.size for file in files) >= _SIZE_WORTH_PROCESSES
    return settings.AAF_PROCESSES if worth_it else 1


def _refuse(run: ImportRun, message: str) -> None:
    run.status, run.message, run.finished_at = ImportRun.Status.REFUSED, message, timezone.now()
    # Not the rest: it may speak of rows that were rolled back.
    run.save(update_fields=["status", "message", "finished_at"])
    _log.warning("import run %s refused", run.pk)


def _sentence(error: UnusableExtract | UnreadableFile | Refused) -> str:
    if not isinstance(error, UnreadableFile):
        return str(error)
    where = f", ligne {error.line}" if error.line else ""
    return f"Le fichier « {error.name} » ne peut pas être lu : {error.reason}{where}. Rien n’est appliqué."
