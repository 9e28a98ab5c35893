"""Encrypts all that is sealed with the first of SECRETS_KEYS: `manage.py rotate_secrets`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts import rotation
from notifications.rotation import Tally


class Command(BaseCommand):
    help = (
        "Chiffre de nouveau avec la première clé de SECRETS_KEYS les mots de passe provisoires, "
        "les documents, les seconds facteurs des agents et les secrets des ENT. Peut être interrompue et "
        "relancée. "
        "Avec --check, code 1 tant qu’il en reste."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="compter ce qui dépend d’une ancienne clé, sans rien écrire"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        check: bool = options["check"]
        with tqdm(unit="secret", file=sys.stderr, disable=None) as bar:
            tallies = {
                name: rotate(check=check, on_done=bar.update) for name, rotate in rotation.KINDS.items()
            }
        if not check and any(tally.renewed for tally in tallies.values()):
            rotation.record(tallies)
        counts = " ; ".join(_told(name, tally, check=check) for name, tally in tallies.items())
        if unreadable := sum(tally.unreadable for tally in tallies.values()):
            raise CommandError(f"{counts}. {unreadable} qu’aucune clé n’ouvre : gardez les anciennes clés.")
        if check and any(tally.outdated for tally in tallies.values()):
            raise CommandError(f"{counts}.")
        self.stdout.write(f"{counts}.")


def _told(name: str, tally: Tally, *, check: bool) -> str:
    if check:
        return f"{name} : {tally.outdated} sous une ancienne clé, sur {tally.seen}"
    return f"{name} : {tally.renewed} renouvelés, sur {tally.seen}"
