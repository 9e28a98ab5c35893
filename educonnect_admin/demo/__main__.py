"""Starts the demo, or one command on its data.

python -m educonnect_admin.demo start [--port N] [--reset]
python -m educonnect_admin.demo run -- COMMAND…
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from types import FrameType
from typing import NoReturn

from educonnect_admin.demo import database
from educonnect_admin.demo.console import ChildDied, Console
from educonnect_admin.demo.environment import (
    BEAT_SCHEDULE,
    DEFAULT_PORT,
    DOCUMENTS,
    EXTRACTS,
    LOGS,
    MAILS,
    SMS,
    demo_environment,
)
from educonnect_admin.demo.ports import any_free_port, free_port
from educonnect_admin.demo.preparation import StepFailed, prepare
from educonnect_admin.embedded import (
    BASE_DIR,
    DEFAULT_DATA,
    EmbeddedServers,
    ServerError,
    remove_data,
    run_beside,
)


class Interrupted(BaseException):
    """Somebody asked the demo to stop."""


def interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise Interrupted


def listen_to_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def be_deaf_to_signals() -> None:
    """While stopping: a second Ctrl-C changes nothing."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def start(wanted_port: int) -> None:
    """Run the demo until somebody stops it."""
    with EmbeddedServers() as servers:
        console = Console(servers.children)
        try:
            prepare(demo_environment(servers.environment, port=wanted_port, email_url="consolemail://"))
            port, mail_port, provider_port = free_port(wanted_port), any_free_port(), any_free_port()
            if port != wanted_port:
                print(f"→ Le port {wanted_port} est pris : la console sera sur le port {port}.")
            environment = demo_environment(
                servers.environment,
                port=port,
                email_url=f"smtp://127.0.0.1:{mail_port}",
                provider_port=provider_port,
            )
            console.start(environment, port=port, mail_port=mail_port, provider_port=provider_port)
            welcome(port, environment)
            console.watch()
        finally:
            be_deaf_to_signals()
            print("\n→ Arrêt…", flush=True)
            console.stop()


def welcome(port: int, environment: dict[str, str]) -> None:
    print(f"\n  La console est ouverte : http://localhost:{port}\n", flush=True)
    subprocess.run([sys.executable, "manage.py", "demo_people"], cwd=BASE_DIR, env=environment, check=False)
    print(f"\n  Une famille à jouer : http://localhost:{port}/demo/familles/", flush=True)
    print(f"  Courriels et SMS envoyés : http://localhost:{port}/demo/boite/", flush=True)
    print(f"  Journaux : {LOGS}. Ctrl-C arrête tout.", flush=True)


def reset() -> None:
    """Forget the demo's data; in a database of somebody else's, refuse."""
    given = os.environ.get("DATABASE_URL")
    if not given:
        remove_data(DEFAULT_DATA)
    elif database.filling(given) is database.Filling.FOREIGN:
        raise ServerError("La base de DATABASE_URL n’est pas celle d’une démonstration : rien n’est effacé.")
    elif database.filling(given) is not database.Filling.EMPTY:
        database.empty(given)
        database.remember(given, database.Filling.BEGUN)
    for folder in (MAILS, SMS, EXTRACTS, DOCUMENTS):
        shutil.rmtree(folder, ignore_errors=True)
    for schedule in BEAT_SCHEDULE.parent.glob(f"{BEAT_SCHEDULE.name}*"):
        schedule.unlink()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m educonnect_admin.demo")
    actions = parser.add_subparsers(dest="action", required=True)
    starting = actions.add_parser("start", help="lance la console de démonstration")
    starting.add_argument("--port", type=int, default=int(os.environ.get("PORT") or DEFAULT_PORT))
    starting.add_argument("--reset", action="store_true", help="efface d’abord les données de démonstration")
    running = actions.add_parser("run", help="lance une commande sur les données de démonstration")
    running.add_argument("command", nargs="+", help="la commande, après --")
    arguments = parser.parse_args()
    if arguments.action == "run":
        environment = demo_environment({}, port=DEFAULT_PORT, email_url="consolemail://")
        return run_beside(arguments.command, DEFAULT_DATA, environ=environment)
    listen_to_signals()
    try:
        if arguments.reset:
            reset()
        start(arguments.port)
    except Interrupted:
        return 0
    return 0


def explained_main() -> int:
    try:
        return main()
    except (ServerError, StepFailed, ChildDied, TimeoutError) as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(explained_main())
