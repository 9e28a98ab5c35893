"""The demo's processes, started, watched and stopped together: mail, identity provider, worker, web, beat."""

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from educonnect_admin.demo.environment import BEAT_SCHEDULE, LOGS, MAILS
from educonnect_admin.embedded import BASE_DIR
from educonnect_admin.processes import Child

START_TIMEOUT = 60
# Beat, web, worker, the others: nothing new comes in while what is under way ends.
STOP_ORDER = ("beat", "web", "worker", "provider", "mail")


class ChildDied(Exception):
    """A process ended by itself."""

    def __init__(self, child: Child) -> None:
        super().__init__(
            f"« {child.name} » s’est arrêté (code {child.exit_code})."
            f" Fin de {child.log} :\n{child.end_of_log()}"
        )


def _commands(port: int, mail_port: int, provider_port: int) -> dict[str, Sequence[str | Path]]:
    celery = ("celery", "-A", "educonnect_admin")
    return {
        "mail": (
            *("aiosmtpd", "--nosetuid", "--listen", f"127.0.0.1:{mail_port}"),
            *("--class", "aiosmtpd.handlers.Mailbox", MAILS),
        ),
        "provider": (
            # One process: the codes it gives are in its memory.
            *("gunicorn", "--bind", f"127.0.0.1:{provider_port}", "--no-control-socket"),
            *("-w", "1", "--threads", "4"),
            "educonnect_admin.demo.provider:application",
        ),
        "worker": (*celery, "worker", "--concurrency", "2", "--loglevel", "INFO"),
        "web": (
            *("gunicorn", "--config", "python:educonnect_admin.web_server"),
            *("--bind", f"127.0.0.1:{port}", "--workers", "1"),
        ),
        "beat": (*celery, "beat", "--loglevel", "INFO", "--schedule", BEAT_SCHEDULE, "--pidfile="),
    }


class Console:
    """The processes of one demo; `servers` are those it rests on, watched too but not stopped here."""

    def __init__(self, servers: Iterable[Child]) -> None:
        self.servers = list(servers)
        self.children: dict[str, Child] = {}

    def start(self, environment: Mapping[str, str], *, port: int, mail_port: int, provider_port: int) -> None:
        """Return once the console answers."""
        for name, command in _commands(port, mail_port, provider_port).items():
            self.children[name] = Child(
                name,
                [sys.executable, "-m", *command],
                log=LOGS / f"{name}.log",
                cwd=BASE_DIR,
                env=environment,
            )
        deadline = time.monotonic() + START_TIMEOUT
        while not _answers(port):
            self.check()
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"La console ne répond pas après {START_TIMEOUT} s. Fin de {self.children['web'].log} :\n"
                    + self.children["web"].end_of_log()
                )
            time.sleep(0.1)

    def check(self) -> None:
        """Raise ChildDied as soon as one of the processes is gone."""
        for child in [*self.children.values(), *self.servers]:
            if child.exit_code is not None:
                raise ChildDied(child)

    def watch(self) -> None:
        """Until a signal interrupts, or a process dies."""
        while True:
            self.check()
            time.sleep(0.5)

    def stop(self) -> None:
        for name in STOP_ORDER:
            if name in self.children:
                self.children[name].stop()


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/sante/pret")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
