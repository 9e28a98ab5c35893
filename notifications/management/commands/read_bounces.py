"""manage.py read_bounces MAILDIR: marks the mails to families that came back."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from notifications.bounces import Verdict, read_maildir


class Command(BaseCommand):
    help = "Lit les retours d’une boîte Maildir et marque les envois refusés. Sans --wet-run, n’écrit rien."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("maildir", type=Path)
        parser.add_argument("--wet-run", action="store_true", help="écrit, et déplace les messages lus")

    def handle(self, *args: Any, maildir: Path, wet_run: bool, **options: Any) -> None:
        if not (maildir / "new").is_dir():
            raise CommandError(f"{maildir} n’est pas une boîte Maildir : il n’y a pas de dossier « new ».")
        verdicts = read_maildir(maildir, wet_run=wet_run)
        told = ", ".join(f"{verdicts[verdict]} {verdict.value}" for verdict in Verdict)
        self.stdout.write(told if wet_run else f"{told} (rien n’a été écrit : ajoutez --wet-run)")
