"""Both servers for the time of a `with`, held by one supervisor at a time."""

import fcntl
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from educonnect_admin.embedded.errors import AlreadyRunning
from educonnect_admin.embedded.folders import servers_folder
from educonnect_admin.embedded.postgres import Postgres
from educonnect_admin.embedded.redis import Redis
from educonnect_admin.processes import Child, service_user

BASE_DIR = Path(__file__).resolve().parent.parent.parent
# Where the demo and the servers keep everything: data, logs, mails.
VAR = Path(os.environ.get("VAR") or BASE_DIR / "var").resolve()
DEFAULT_DATA = VAR / "servers"
URLS = ("DATABASE_URL", "REDIS_URL")


class EmbeddedServers:
    """A URL already in the environment leaves its server out.

    `throwaway` trades safety for speed (tests). A second supervisor on the same folder gets AlreadyRunning.
    """

    def __init__(
        self,
        data: Path = DEFAULT_DATA,
        *,
        logs: Path | None = None,
        throwaway: bool = False,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.data = data
        self.logs = logs or VAR / "log" / data.name
        self.throwaway = throwaway
        self.given: dict[str, str] = {key: environ[key] for key in URLS if environ.get(key)}
        self.postgres: Postgres | None = None
        self.redis: Redis | None = None
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        if len(self.given) < 2:
            folder = servers_folder(self.data)
            self._lock = _lock(folder)
            self._write_lock()
            try:
                self._start(folder)
            except BaseException:
                self.stop()
                raise
        return self

    def _start(self, folder: Path) -> None:
        user = service_user()
        if "DATABASE_URL" not in self.given:
            log = self.logs / "postgresql.log"
            self.postgres = Postgres(folder, log=log, throwaway=self.throwaway, user=user)
            self.postgres.start()
        if "REDIS_URL" not in self.given:
            self.redis = Redis(folder, log=self.logs / "redis.log", throwaway=self.throwaway, user=user)
            self.redis.start()
        self._write_lock()

    def _write_lock(self) -> None:
        """Say who holds the data, and how another command can reach the running servers."""
        assert self._lock
        self._lock.seek(0)
        self._lock.truncate()
        json.dump({"pid": str(os.getpid()), **self.environment}, self._lock)
        self._lock.flush()

    @property
    def environment(self) -> dict[str, str]:
        """DATABASE_URL and REDIS_URL, given or started."""
        started = {}
        if self.postgres and self.postgres.child:
            started["DATABASE_URL"] = self.postgres.url
        if self.redis and self.redis.child:
            started["REDIS_URL"] = self.redis.url
        return self.given | started

    @property
    def children(self) -> list[Child]:
        return [server.child for server in (self.redis, self.postgres) if server and server.child]

    def stop(self) -> None:
        """Redis first, PostgreSQL last; then their sockets' folder, which may be in /tmp, is of no use."""
        if self.redis:
            self.redis.stop()
        if self.postgres:
            self.postgres.stop()
            with suppress(OSError):
                self.postgres.sockets.rmdir()
        if self._lock:
            self._lock.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _lock(folder: Path) -> IO[str]:
    """Hold the folder until the file is closed."""
    # The folder is another user's when we are root: no link of theirs is followed.
    descriptor = os.open(folder / "supervisor.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    lock = os.fdopen(descriptor, "r+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with lock, suppress(ValueError):
            raise AlreadyRunning(folder, json.load(lock)) from None
        raise AlreadyRunning(folder, {}) from None
    return lock


def remove_data(data: Path = DEFAULT_DATA) -> None:
    """Delete both servers' data, unless a supervisor holds them (AlreadyRunning)."""
    folder = servers_folder(data)
    with _lock(folder):
        shutil.rmtree(folder)
