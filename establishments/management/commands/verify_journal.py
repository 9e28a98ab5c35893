"""manage.py verify_journal: computes the seals again; exit code 1 when what was sealed has changed."""

import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from establishments.templatetags.french import number, plural
from establishments.verification import Report, verify


class Command(BaseCommand):
    help = "Vérifie que les jours scellés du journal n’ont pas changé ; dit le premier qui a changé."

    def add_arguments(self, parser: ArgumentParser) -> None:
        day: dict[str, Any] = {"type": date.fromisoformat, "metavar": "AAAA-MM-JJ"}
        parser.add_argument(
            "--from", dest="since", help="premier jour à lire ; le premier scellé sinon", **day
        )
        parser.add_argument("--to", dest="until", help="dernier jour à lire ; le dernier scellé sinon", **day)
        parser.add_argument("--known", default="", metavar="SHA256", help="un sceau noté hors de la base")
        parser.add_argument("--json", action="store_true", help="écrire un objet JSON sur la sortie standard")

    def handle(self, *args: Any, **options: Any) -> None:
        report = verify(options["since"], options["until"], known=options["known"])
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
        else:
            self.stdout.write(_told(report))
        if report.broken:
            raise CommandError(f"Journal modifié après coup. {report.broken}", returncode=1)


def _told(report: Report) -> str:
    if not report.days and not report.broken:
        lines = ["Aucun jour scellé à lire."]
    else:
        days, events = plural(report.days), plural(report.events)
        purged = f", dont {report.purged} purgé{plural(report.purged)}" if report.purged else ""
        whole = "" if report.broken else " Rien n’a changé depuis."
        lines = [
            f"{number(report.days)} jour{days} scellé{days} lu{days}{purged} ;"
            f" {number(report.events)} évènement{events}.{whole}"
        ]
    if report.last:
        lines.append(f"Dernier sceau lu : {report.last.day:%d/%m/%Y} {report.last.sha256}")
    if report.unsealed:
        lines.append(f"Jours passés sans sceau : {report.unsealed}")
    return "\n".join(lines)
