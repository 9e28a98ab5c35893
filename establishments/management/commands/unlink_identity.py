"""Forgets which identity of a provider an agent signs in by, when the provider has changed it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from establishments.federation.admission import links_of, unlink
from establishments.models import Agent


class Command(BaseCommand):
    help = (
        "Délie un agent de ses identités (FIM, ProConnect…) : à sa prochaine identification, il est de "
        "nouveau reconnu par son adresse. Ce que la fédération lui avait ouvert prend fin avec son "
        "identité dans la fédération. "
        "Sans --wet-run, compte seulement."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("agent", metavar="ADRESSE", help="adresse de connexion, ou numéro de l’agent")
        parser.add_argument("--provider", metavar="NOM", help="seulement ce fournisseur : fim, proconnect…")
        parser.add_argument("--wet-run", action="store_true", help="délie vraiment")

    def handle(self, *args: Any, **options: Any) -> None:
        said = options["agent"]
        number = int(said) if said.isdecimal() else None
        agent = Agent.objects.filter(Q(email=said.lower()) | Q(pk=number)).first()
        if agent is None:
            raise CommandError("Aucun agent n’a cette adresse ou ce numéro.")
        if not options["wet_run"]:
            count = links_of(agent, options["provider"]).count()
            self.stdout.write(f"Identités à délier : {count}. Rien n’a changé (--wet-run pour délier).")
            return
        self.stdout.write(f"Identités déliées : {unlink(agent, options['provider'])}.")
