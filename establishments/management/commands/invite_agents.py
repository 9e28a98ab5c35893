"""Mails first-sign-in links to the agents who direct an establishment and have no password yet."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from establishments.invitations import invite, to_invite
from establishments.models import Establishment

if TYPE_CHECKING:
    from django.db.models import QuerySet


class Command(BaseCommand):
    help = (
        "Envoie un lien de première connexion (valable une fois, quelques jours) aux directeurs et adjoints "
        "sans mot de passe. Sans --wet-run, compte seulement."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--uai", nargs="+", metavar="UAI", help="seulement ces établissements")
        parser.add_argument("--wet-run", action="store_true", help="envoie vraiment les courriels")

    def handle(self, *args: Any, **options: Any) -> None:
        agents = to_invite(_establishments(options["uai"]) if options["uai"] else None)
        total = agents.count()
        if not options["wet_run"]:
            self.stdout.write(f"Agents à inviter : {total}. Rien n’a été envoyé (--wet-run pour envoyer).")
            return
        try:
            with tqdm(total=total, unit="courriel", disable=None) as bar:
                sending = invite(agents.iterator(), bar.update)
        except OSError as error:
            raise CommandError(f"Le serveur de courriel ne répond pas : {error}") from error
        for agent, reason in sending.failed:
            self.stderr.write(f"Agent {agent.pk} : {reason}")
        self.stdout.write(f"Invitations envoyées : {sending.sent}, refusées : {len(sending.failed)}.")
        if sending.failed:
            raise CommandError("Des invitations n’ont pas pu partir ; relancez la commande.")


def _establishments(uais: list[str]) -> QuerySet[Establishment]:
    wanted = {uai.upper() for uai in uais}
    found = Establishment.objects.filter(is_offered=True, uai__in=wanted)
    if unknown := wanted - set(found.values_list("uai", flat=True)):
        raise CommandError(f"UAI inconnus : {', '.join(sorted(unknown))}.")
    return found
