"""A living run holds a lock; what a dead one left is swept by the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from aaf_import.models import Anomaly, ImportRun, RecordChange
from aaf_import.staging import RUN_LOCK, SCHEMA_PREFIX, drop_tables

INTERRUPTED = "L’import a été interrompu : rien n’a été appliqué. Relancez-le."
FORGET_BATCH = 10_000
CHANGES_KEPT = timedelta(days=60)


@contextmanager
def living_run() -> Iterator[ImportRun]:
    """A new run, said to be of a Complet until it is read, alive until the block or this connection ends."""
    with transaction.atomic(), connection.cursor() as cursor:
        run = ImportRun.objects.create(kind=ImportRun.Kind.COMPLET)
        # Before the row can be seen: a run without its lock is a dead one.
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [RUN_LOCK, run.pk])
    try:
        yield run
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [RUN_LOCK, run.pk])


def sweep() -> list[int]:
    """Drop the staged tables of dead runs, and say of those that they were interrupted; their numbers."""
    dead = [run for run in _suspects() if _is_dead(run)]
    for run in dead:
        drop_tables(connection.connection, run)
    ImportRun.objects.filter(pk__in=dead, status=ImportRun.Status.RUNNING).update(
        status=ImportRun.Status.REFUSED, finished_at=timezone.now(), message=INTERRUPTED
    )
    return dead


def forget_anomalies(now: datetime) -> int:
    """Delete what was wrong in the entries of runs as old as an account when it is made anonymous; how many.

    Their sentences name persons.
    """
    until = now - relativedelta(months=settings.ACCOUNT_ANONYMISING_MONTHS)
    old = Anomaly.objects.filter(run__started_at__lt=until).order_by("pk").values("pk")
    forgotten = 0
    while deleted := Anomaly.objects.filter(pk__in=old[:FORGET_BATCH]).delete()[0]:
        forgotten += deleted
    return forgotten


def forget_record_changes(now: datetime) -> int:
    """Delete what is told of nights long past; how many."""
    old = RecordChange.objects.filter(at__lt=now - CHANGES_KEPT).order_by("at").values("pk")
    forgotten = 0
    while deleted := RecordChange.objects.filter(pk__in=old[:FORGET_BATCH]).delete()[0]:
        forgotten += deleted
    return forgotten


def _suspects() -> set[int]:
    """Runs which say they run, or whose tables are there."""
    running = set(ImportRun.objects.filter(status=ImportRun.Status.RUNNING).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ %s", [f"^{SCHEMA_PREFIX}[0-9]+$"])
        return running | {int(name.removeprefix(SCHEMA_PREFIX)) for (name,) in cursor.fetchall()}


_HELD = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def _is_dead(run: int) -> bool:
    """Whether nobody holds the run's lock."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [RUN_LOCK, run])
        held = cursor.fetchone()
    return held is not None and held[0] == 0
