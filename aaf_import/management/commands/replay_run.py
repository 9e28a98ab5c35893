"""Imports again a delivery that was put away: `manage.py replay_run RUN`; exit code 2 when it is refused."""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from aaf_import.applying import Options
from aaf_import.importing import ExtractRefused, import_extract
from aaf_import.inbox import kept_delivery
from aaf_import.run_report import run_as_json, told

REFUSED = 2


class Command(BaseCommand):
    help = "Importe de nouveau la livraison d’un passage, gardée dans done/ ou refused/."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=int, metavar="RUN", help="numéro du passage (import_status le donne)")
        parser.add_argument(
            "--force", action="store_true", help="appliquer un extrait plus ancien, incomplet ou très réduit"
        )
        parser.add_argument("--json", action="store_true", help="écrire un objet JSON sur la sortie standard")

    def handle(self, *args: Any, **options: Any) -> None:
        delivery = kept_delivery(settings.AAF_INBOX, options["run"])
        if delivery is None:
            raise CommandError(f"Aucune livraison du passage {options['run']} n’est gardée.")
        try:
            run = import_extract(delivery, Options(force=options["force"]))
        except ExtractRefused as refused:
            if options["json"]:
                self.stdout.write(json.dumps(run_as_json(refused.run), ensure_ascii=False))
            raise CommandError(refused.run.message, returncode=REFUSED) from refused
        self.stdout.write(json.dumps(run_as_json(run), ensure_ascii=False) if options["json"] else told(run))
