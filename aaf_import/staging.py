"""The tables of one run where files are copied before anything is applied.

Each run has its own schema of unlogged tables. A run holds a session lock for as long as it lives: tables
whose run holds none were left by a dead process, and the next run drops them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from aaf_import.batch import TABLES, Batch
from aaf_import.entries import Malformed
from aaf_import.reading import read_file
from aaf_import.rules import Rules

SCHEMA_PREFIX = "aaf_stage_"
RUN_LOCK = 0x4141_4601
"""First half of the key of the lock a living run holds; the second is the run's number."""
_LINES_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read: its place in the extract, where it is, and how it reads."""

    number: int
    path: Path
    size: int
    rules: Rules


@dataclass(slots=True)
class FileReport:
    """What a file held: entries by category, unknown attributes."""

    source: Source
    entries: Counter[str] = field(default_factory=Counter)
    ignored: Counter[str] = field(default_factory=Counter)


class UnreadableFile(Exception):
    """A file of the extract is malformed; `reason` and `line` say what and where (0 when unknown)."""

    def __init__(self, name: str, reason: str, line: int) -> None:
        super().__init__(name, reason, line)
        self.name = name
        self.reason = reason
        self.line = line


def schema_of(run: int) -> str:
    return f"{SCHEMA_PREFIX}{run}"


def create_tables(connection: psycopg.Connection[Any], run: int) -> None:
    schema = sql.Identifier(schema_of(run))
    statements = [sql.SQL("CREATE SCHEMA {}").format(schema)]
    statements += [
        sql.SQL("CREATE UNLOGGED TABLE {}.{} ({}) WITH (autovacuum_enabled = false)").format(
            schema, sql.Identifier(table.name), sql.SQL(table.all_columns)
        )
        for table in TABLES
    ]
    for statement in statements:
        connection.execute(statement)


def drop_tables(connection: psycopg.Connection[Any], run: int) -> None:
    connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema_of(run))))


def stage_file(connection: psycopg.Connection[Any], run: int, source: Source) -> FileReport:
    report = FileReport(source)
    try:
        with source.path.open("rb") as file:
            for batch in read_file(file, source.number, source.rules):
                if batch.waiting >= _LINES_AT_ONCE:
                    _copy(connection, run, batch)
            _copy(connection, run, batch)
    except Malformed as error:
        raise UnreadableFile(source.path.name, error.reason, error.line) from error
    except psycopg.errors.DiskFull as error:
        raise UnreadableFile(source.path.name, "le disque de la base de données est plein", 0) from error
    report.entries, report.ignored = batch.entries, batch.ignored
    return report


def _copy(connection: psycopg.Connection[Any], run: int, batch: Batch) -> None:
    for table in TABLES:
        if lines := batch.take(table):
            statement = sql.SQL("COPY {}.{} FROM STDIN").format(
                sql.Identifier(schema_of(run)), sql.Identifier(table.name)
            )
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                copy.write(lines)
