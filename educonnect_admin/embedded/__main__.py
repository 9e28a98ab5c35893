"""Runs one command beside the embedded servers.

    python -m educonnect_admin.embedded run [--data FOLDER] [--throwaway] -- COMMAND…

Nothing starts when DATABASE_URL and REDIS_URL say where others are.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from educonnect_admin.embedded import DEFAULT_DATA, AlreadyRunning, EmbeddedServers, ServerError


def run_beside(command: list[str], data: Path, *, throwaway: bool) -> int:
    """Run a command with both URLs in its environment; use the running servers when a demo holds them."""
    try:
        with EmbeddedServers(data, throwaway=throwaway) as servers:
            return _run(command, servers.environment)
    except AlreadyRunning as running:
        if len(running.environment) < 2:
            raise
        return _run(command, running.environment)


def _run(command: list[str], environment: Mapping[str, str]) -> int:
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
