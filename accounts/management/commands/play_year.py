"""manage.py play_year: gives the demo's accounts a school year of life."""

from argparse import ArgumentParser
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Play a school year on the demo's accounts, by the real services under a moved clock."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="the same seed plays the same story")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO_MODE or find_spec("time_machine") is None:
            raise CommandError("play_year invents history: it runs in demo mode only (DEMO_MODE=true).")
        from accounts import played_year  # needs the demo's dependencies

        try:
            states = played_year.play(options["seed"], self._tell)
        except played_year.AlreadyPlayed as error:
            raise CommandError("These accounts have a history already: nothing played.") from error
        self.stdout.write(" ".join(f"{state}={count}" for state, count in states.items()))

    def _tell(self, school: str) -> None:
        if self.stdout.isatty():
            self.stdout.write(f"  {school}")
