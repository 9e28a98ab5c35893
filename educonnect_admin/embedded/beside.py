"""Runs one command beside the embedded servers."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from educonnect_admin.embedded.errors import AlreadyRunning
from educonnect_admin.embedded.servers import EmbeddedServers


def run_beside(
    command: Sequence[str], data: Path, *, environ: Mapping[str, str], throwaway: bool = False
) -> int:
    """Run a command in `environ` plus both URLs; use the running servers when a demo holds these data."""
    try:
        with EmbeddedServers(data, throwaway=throwaway, environ=environ) as servers:
            return _run(command, {**environ, **servers.environment})
    except AlreadyRunning as running:
        if len(running.environment) < 2:
            raise
        return _run(command, {**environ, **running.environment})


def _run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """The command decides what Ctrl-C means; we only wait for it."""
    child = subprocess.Popen(command, env=environment)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue
