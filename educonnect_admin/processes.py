"""Child processes of a supervisor: each in its own session, with its log, ended by the signal it likes."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class ServiceUser:
    """Whom a server runs as when the supervisor is root."""

    name: str
    uid: int
    gid: int

    def popen_arguments(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def may(self, test: str, path: Path) -> bool:
        """Answer as this user to `test -x`, `-r`, `-w`… on a path, whatever rules the path (modes, ACLs)."""
        command = ["/bin/sh", "-c", f'test -{test} "$1"', "sh", str(path)]
        return subprocess.run(command, cwd="/", check=False, **self.popen_arguments()).returncode == 0


def service_user() -> ServiceUser | None:
    """The unprivileged user that owns the servers' data; None when we are not root and own it ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "daemon", "bin"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return ServiceUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise LookupError("no unprivileged user (nobody, daemon, bin) on this machine")


def plain_environment() -> dict[str, str]:
    """All a server needs; a locale which the machine lacks would stop it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _die_with_parent(stop_signal: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before its program: the kernel stops it should its supervisor be killed."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, int(stop_signal), 0, 0, 0)


class Child:
    """One process, started at once; its output goes to `log`, and its predecessor's is kept beside."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        user: ServiceUser | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.log = log
        self.stop_signal = stop_signal
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_suffix(".previous.log"))
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env=dict(os.environ if env is None else env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent(stop_signal),  # noqa: PLW1509  (one system call, takes no lock)
                **(user.popen_arguments() if user else {}),
            )

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.process.poll()

    def end_of_log(self, lines: int = 15) -> str:
        with self.log.open(errors="replace") as log:
            return "".join(deque(log, maxlen=lines)).rstrip()

    def stop(self, timeout: float = 30) -> None:
        """Ask it to end; past `timeout` seconds, end its whole session."""
        if self.exit_code is None:
            self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
