"""Reads and stages the files of an extract on several cores: `python -m aaf_import.parallel` is one reader.

A reader takes a pickled source on its standard input, stages it by a connection of its own, and answers by a
pickled report; it ends when its input does, so that none outlives its parent for longer than one file.
(Celery's workers may not have children of multiprocessing's kind.)
"""

from __future__ import annotations

import gc
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, suppress
from io import BufferedReader
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

import psycopg

from aaf_import.staging import FileReport, Source, UnreadableFile, stage_file

_PROJECT = Path(__file__).resolve().parent.parent


class ReaderDied(Exception):
    """A reading process ended in the middle of its work."""


def stage_files(
    connection: psycopg.Connection[Any], run: int, sources: Sequence[Source], processes: int
) -> Iterator[FileReport]:
    """Copy every file into the run's tables, and report each as it ends; raises UnreadableFile.

    With one process the caller's connection is used; else the largest files go first, so that the
    processes end together.
    """
    if min(processes, len(sources)) < 2:
        for source in sources:
            yield stage_file(connection, run, source)
        return
    number = min(processes, len(sources))
    with ThreadPoolExecutor(number) as threads, ExitStack() as ending:
        ending.callback(threads.shutdown, wait=False, cancel_futures=True)
        free: SimpleQueue[_Reader] = SimpleQueue()
        for _ in range(number):
            reader = _Reader(connection, run)
            ending.callback(reader.stop)
            free.put(reader)
        ordered = sorted(sources, key=lambda source: source.size, reverse=True)
        for done in as_completed([threads.submit(_read_by_any, free, source) for source in ordered]):
            yield done.result()


def _read_by_any(free: SimpleQueue[_Reader], source: Source) -> FileReport:
    """There are as many readers as threads: one is free."""
    reader = free.get()
    try:
        return reader.read(source)
    finally:
        free.put(reader)


class _Reader:
    """One process, started before it is needed."""

    def __init__(self, connection: psycopg.Connection[Any], run: int) -> None:
        command = [sys.executable, "-m", "aaf_import.parallel"]
        self._process = subprocess.Popen(command, cwd=_PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._send((connection.info.dsn, connection.info.password, run))

    def read(self, source: Source) -> FileReport:
        try:
            self._send(source)
            answer = pickle.load(self._output)  # noqa: S301 - written by our own process
        except (EOFError, OSError) as error:
            raise ReaderDied(
                f"reading process {self._process.pid}, exit code {self._process.wait()}"
            ) from error
        if isinstance(answer, UnreadableFile):
            raise answer
        assert isinstance(answer, FileReport)
        return answer

    def stop(self) -> None:
        """At once: what it was doing is of no use any more."""
        self._process.kill()
        self._process.wait()
        # A message it never read is still in the pipe.
        with suppress(BrokenPipeError):
            self._input.close()
        self._output.close()

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin
        return self._process.stdin

    @property
    def _output(self) -> IO[bytes]:
        assert self._process.stdout
        return self._process.stdout

    def _send(self, message: object) -> None:
        pickle.dump(message, self._input)
        self._input.flush()


def _serve(requests: BufferedReader, answers: IO[bytes]) -> None:
    # Reading makes millions of small objects and no cycle.
    gc.disable()
    dsn, password, run = pickle.load(requests)  # noqa: S301 - written by our own parent
    with psycopg.connect(dsn, password=password or None, autocommit=True) as connection:
        while requests.peek(1):
            source = pickle.load(requests)  # noqa: S301 - the same
            answer: FileReport | UnreadableFile
            try:
                answer = stage_file(connection, run, source)
            except UnreadableFile as error:
                answer = error
            pickle.dump(answer, answers)
            answers.flush()


if __name__ == "__main__":
    with open(sys.stdin.fileno(), "rb") as own_requests:
        _serve(own_requests, sys.stdout.buffer)
