"""Imports extracts, one after the other: each identified, read, staged, then applied whole or not at all."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone

from aaf_import.applying import Options, Refused, apply, is_year_change
from aaf_import.extract import ExtractFile, Kind, UnusableExtract, opened
from aaf_import.identity import FeedKey, Identity, identify, in_order, missing_parts, of_feed
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
from accounts.joining import following
from establishments.delegations.ending import end_orphaned
from establishments.models import Feed
from establishments.models.places import KIND_LABELS, Establishment

_log = logging.getLogger(__name__)
# Below, starting processes takes longer than reading.
_SIZE_WORTH_PROCESSES = 8 << 20
_PERSONS = ("Eleve", "PersRelEleve", "PersEducNat")
_NEEDED = (*_PERSONS, "EtabEducNat")
UNEXPECTED = "L’import s’est arrêté sur une erreur inattendue : rien n’a été appliqué."
DATABASE_FULL = "Le disque de la base de données est plein : rien n’a été appliqué."
PLAIN = Options()
OnFiles = Callable[[Sequence[ExtractFile]], None]
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
    on_files: OnFiles = lambda files: None,
    on_file: OnFile = lambda report: None,
) -> ImportRun:
    """Import what is at `path`, and answer the run of its last extract; as `import_delivery`."""
    return import_delivery(path, options, processes=processes, on_files=on_files, on_file=on_file)[-1]


def import_delivery(
    path: Path,
    options: Options = PLAIN,
    *,
    processes: int | None = None,
    on_files: OnFiles = lambda files: None,
    on_file: OnFile = lambda report: None,
) -> list[ImportRun]:
    """Import the extracts at `path` (a folder, a .zip or a .tgz) in their order: a Complet, Deltas, or both.

    Raises ExtractRefused for the first of them that must not be applied, and the next ones are not tried.
    `on_files` is told which files there are to read, `on_file` each time one is read.
    """
    sweep()
    with living_run() as first, _refused_on_error(first), opened(path, settings.AAF_UNPACK_LIMIT) as found:
        reading = _Reading(path.name, found, options, processes, on_file)
        extracts = _extracts(found, reading)
        on_files([file for files in extracts for file in files])
        runs = [_import_one(first, extracts[0], reading)]
        for files in extracts[1:]:
            with living_run() as run:
                runs.append(_import_one(run, files, reading))
    return runs


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the extracts of one delivery are read."""

    name: str
    found: Sequence[ExtractFile]
    options: Options
    processes: int | None
    on_file: OnFile

    def identity(self, files: Sequence[ExtractFile]) -> Identity:
        hint = self.options.feed.academy if self.options.feed else ""
        return identify(files, self.name, timezone.localdate(), self.found, hint)


@contextmanager
def _refused_on_error(run: ImportRun) -> Iterator[None]:
    """Say on the run why it ends otherwise than applied."""
    try:
        yield
    except ExtractRefused:
        raise
    except (UnusableExtract, UnreadableFile, Refused) as error:
        _refuse(run, _sentence(error))
        raise ExtractRefused(run) from error
    except BaseException as error:
        is_full = isinstance(error, OperationalError) and isinstance(error.__cause__, psycopg.errors.DiskFull)
        if run.status == ImportRun.Status.RUNNING:
            _refuse(run, DATABASE_FULL if is_full else UNEXPECTED)
        if is_full:
            raise ExtractRefused(run) from error
        raise


def _extracts(found: Sequence[ExtractFile], reading: _Reading) -> list[list[ExtractFile]]:
    """Those to apply, in order: of one feed, without those that the last applied one has overtaken.

    Redelivered with a newer one, an old extract is no mistake; the newest alone says whether all are old.
    """
    name, options = reading.name, reading.options
    files = of_feed(found, options.feed) if options.feed else list(found)
    if not files:
        raise UnusableExtract(f"« {name} » ne contient rien du flux {options.feed}.")
    extracts = in_order(files, name)
    if len(extracts) == 1 or options.force:
        return extracts
    identities = [reading.identity(files) for files in extracts]
    feed = Feed.objects.filter(academy=identities[-1].academy, degree=identities[-1].degree).first()
    last = feed.extract_date if feed else None
    kept = [
        files
        for files, identity in zip(extracts, identities, strict=True)
        if not last or identity.day >= last
    ]
    return kept or extracts[-1:]


def _import_one(run: ImportRun, files: Sequence[ExtractFile], reading: _Reading) -> ImportRun:
    with _refused_on_error(run):
        identity = _identify(run, files, reading)
        _stage_and_apply(run, identity, files, reading)
    if run.status == ImportRun.Status.APPLIED:
        _follow(identity)
    _log.info("import run %s of %s-%sD: %s in %s s", run.pk, run.academy, run.degree, run.status, run.seconds)
    return run


def _identify(run: ImportRun, files: Sequence[ExtractFile], reading: _Reading) -> Identity:
    identity = reading.identity(files)
    options = reading.options
    run.academy, run.degree, run.extract_date = identity.academy, identity.degree, identity.day
    run.kind = ImportRun.Kind(identity.kind)
    run.forced = options.force
    run.year_change = options.year_change or is_year_change(identity.day)
    run.save(update_fields=["academy", "degree", "extract_date", "kind", "forced", "year_change"])
    own = FeedKey(identity.academy, identity.degree)
    if options.feed and options.feed != own:
        raise Refused(f"Cet extrait est du flux {own}, et non du flux {options.feed}.")
    return identity


def _stage_and_apply(
    run: ImportRun, identity: Identity, files: Sequence[ExtractFile], reading: _Reading
) -> None:
    connection.ensure_connection()
    create_tables(connection.connection, run.pk)
    try:
        entries: Counter[str] = Counter()
        ignored: Counter[str] = Counter()
        sources = _sources(files, identity)
        for report in stage_files(
            connection.connection, run.pk, sources, _processes(files, reading.processes)
        ):
            entries += report.entries
            ignored += report.ignored
            reading.on_file(report)
        run.ignored_attributes = dict(sorted(ignored.items()))
        whole = frozenset(entries)
        refusals: list[str] = _lacking(files, identity, entries)
        if identity.kind is Kind.DELTA:
            whole -= set(_PERSONS)
        apply(run, identity, whole, reading.options, refusals)
    finally:
        drop_tables(connection.connection, run.pk)


def _lacking(files: Sequence[ExtractFile], identity: Identity, entries: Counter[str]) -> list[str]:
    """Why the extract is not whole."""
    if missing := missing_parts(files, identity.degree):
        return [f"Il manque une partie de l’extrait : {', '.join(missing)}."]
    empty = [category for category in _NEEDED if not entries[category]]
    if empty and identity.kind is Kind.COMPLET:
        return [f"Les fichiers {', '.join(empty)} de l’extrait sont vides."]
    return []


def _follow(identity: Identity) -> None:
    """What an import brings about outside its transaction, where it may wait for nobody."""
    end_orphaned(Establishment.objects.filter(feed__academy=identity.academy, feed__degree=identity.degree))
    # Not in the import: it changes no account.
    closing.reopen_returned()
    following.follow(Feed.objects.get(academy=identity.academy, degree=identity.degree))


def _sources(files: Sequence[ExtractFile], identity: Identity) -> list[Source]:
    rules = rules_of(
        degree=identity.degree,
        academy=identity.academy,
        release=identity.release,
        persons_in_charge=settings.ACCOUNTS_FOR_PERSONS_IN_CHARGE,
        not_legal_kinships=settings.AAF_NOT_LEGAL_KINSHIPS,
        kind_labels=KIND_LABELS,
        today=timezone.localdate(),
        is_delta=identity.kind is Kind.DELTA,
    )
    return [Source(number, file.path, file.size, rules) for number, file in enumerate(files)]


def _processes(files: Sequence[ExtractFile], asked: int | None) -> int:
    if asked:
        return asked
    worth_it = sum(file.size for file in files) >= _SIZE_WORTH_PROCESSES
    return settings.AAF_PROCESSES if worth_it else 1


def _refuse(run: ImportRun, message: str) -> None:
    run.status, run.message, run.finished_at = ImportRun.Status.REFUSED, message, timezone.now()
    # Not the feed: its row may have been rolled back.
    run.save(
        update_fields=[
            "status",
            "message",
            "finished_at",
            "counts",
            "anomaly_counts",
            "ignored_attributes",
        ]
    )
    _log.warning("import run %s refused", run.pk)


def _sentence(error: UnusableExtract | UnreadableFile | Refused) -> str:
    if not isinstance(error, UnreadableFile):
        return str(error)
    where = f", ligne {error.line}" if error.line else ""
    return f"Le fichier « {error.name} » ne peut pas être lu : {error.reason}{where}. Rien n’est appliqué."
