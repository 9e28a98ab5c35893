"""Runs one command beside the embedded servers.

    python -m educonnect_admin.embedded run [--data FOLDER] [--throwaway] -- COMMAND…

Nothing starts when DATABASE_URL and REDIS_URL say where others are.
"""

import argparse
import os
import sys
from pathlib import Path

from educonnect_admin.embedded import DEFAULT_DATA, ServerError, run_beside


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m educonnect_admin.embedded")
    actions = parser.add_subparsers(dest="action", required=True)
    run = actions.add_parser("run", help="lance une commande à côté de PostgreSQL et Redis embarqués")
    run.add_argument("--data", type=Path, default=DEFAULT_DATA, help="dossier des données (var/servers)")
    run.add_argument("--throwaway", action="store_true", help="rapide, sans protection contre les coupures")
    run.add_argument("command", nargs="+", help="la commande, après --")
    arguments = parser.parse_args()
    try:
        return run_beside(
            arguments.command, arguments.data, environ=os.environ, throwaway=arguments.throwaway
        )
    except ServerError as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
