"""Writes all that is held on one person: `manage.py export_person IDENTIFIANT|INE --output DIR`."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from aaf_import.anomalies_of import anomalies_of
from accounts.person import agents, family
from accounts.person.family import Ambiguous
from accounts.person.telling import Dossier, as_text
from establishments.models import Event, EventKind

_ABOUT = {
    "Destinataires": "les directions et agents délégués des établissements cités, leur assistance académique",
    "Origine des données": "l’annuaire académique fédérateur (ONDE, SIECLE), la personne, ses établissements",
    "Non communiqué": "mots de passe et clés, données techniques, et ce qui est d’autres personnes",
}


class Command(BaseCommand):
    help = "Écrit tout ce qui est détenu sur une personne (droit d’accès), en JSON et en texte, dans DOSSIER."

    def add_arguments(self, parser: ArgumentParser) -> None:
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--account", metavar="IDENTIFIANT", help="le titulaire de ce compte")
        who.add_argument("--ine", metavar="INE", help="l’élève qui a cet INE, avec ou sans compte")
        who.add_argument("--agent", metavar="ADRESSE", help="l’agent qui a cette adresse mail")
        parser.add_argument("--output", type=Path, required=True, metavar="DOSSIER")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            target, dossier = _found(options)
        except Ambiguous as error:
            raise CommandError(str(error)) from error
        folder: Path = options["output"]
        if not folder.is_dir():
            raise CommandError(f"{folder} n’est pas un dossier.")
        # First: an export nobody knows of would be worse than one recorded and not made.
        _record(target)
        dossier = {"À propos": [{"Établi le": timezone.now()} | _ABOUT]} | dossier
        content = json.dumps(dossier, ensure_ascii=False, indent=2, default=_iso) + "\n"
        base = f"{target[0]}-{target[1]}-{timezone.now():%Y%m%d%H%M%S}"
        written = [
            _write(folder / f"{base}.json", content),
            _write(folder / f"{base}.txt", as_text(dossier)),
        ]
        rows = sum(len(rows) for rows in dossier.values())
        self.stdout.write(f"{rows} lignes dans {', '.join(path.name for path in written)}.")


def _found(options: dict[str, Any]) -> tuple[tuple[str, int], Dossier]:
    if options["agent"]:
        agent = agents.agent_of(options["agent"])
        return ("agent", agent.pk), agents.dossier_of(agent)
    by_account: str | None = options["account"]
    person = family.person_of_account(by_account) if by_account else family.person_of_ine(options["ine"])
    dossier = family.dossier_of(person) | {"Anomalies des imports": anomalies_of(person.records)}
    return person.target, dossier


def _record(target: tuple[str, int]) -> None:
    kind, key = target
    Event.objects.create(
        kind=EventKind.PERSON_EXPORTED, actor=Event.Actor.PLATFORM, target_kind=kind, target_id=key
    )


def _iso(value: Any) -> str:
    return str(value.isoformat())


def _write(path: Path, text: str) -> Path:
    """Readable by who runs the command, and never over another file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path
