"""Ends the open sessions of one agent, or of all."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from establishments import sign_in_journal
from establishments.models import Agent, AgentSession


class Command(BaseCommand):
    help = (
        "Ferme les sessions ouvertes d’un agent, ou de tous : chacun se connecte de nouveau. Sans --wet-run, "
        "compte seulement."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("mail", nargs="?", help="adresse de connexion de l’agent")
        whose.add_argument("--everyone", action="store_true", help="tous les agents")
        parser.add_argument("--wet-run", action="store_true", help="ferme vraiment")

    def handle(self, *args: Any, **options: Any) -> None:
        agents = Agent.objects.all()
        if not options["everyone"]:
            agents = agents.filter(email=options["mail"].strip().lower())
            if not agents.exists():
                raise CommandError("Aucun agent ne se connecte avec cette adresse.")
        if not options["wet_run"]:
            held = AgentSession.objects.filter(agent__in=agents).count()
            self.stdout.write(f"Sessions : {held}. Aucune n’a été fermée (--wet-run pour fermer).")
            return
        self.stdout.write(f"Sessions fermées : {sign_in_journal.end_sessions(agents)}.")
