"""Prints who opens what, or writes docs/access.md; needs no data, nor a database."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from establishments import rights_table


class Command(BaseCommand):
    help = "Écrit qui ouvre quoi, d’après le code : une ligne par adresse, une colonne par rôle."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", action="store_true", help="dans docs/access.md")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            table = rights_table.table()
        except rights_table.UndeclaredNeed as error:
            raise CommandError(f"Adresses sans @needs : {error}.") from error
        if options["write"]:
            (settings.BASE_DIR / "docs" / "access.md").write_text(table, encoding="utf-8")
            self.stdout.write("docs/access.md écrit.")
        else:
            self.stdout.write(table, ending="")
