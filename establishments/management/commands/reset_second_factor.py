"""Takes away the second factors of an agent who lost them all, and closes their sessions."""

from argparse import ArgumentParser
from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError

from establishments import second_factor
from establishments.models import Agent


class Command(BaseCommand):
    help = (
        "Retire tous les seconds facteurs et codes de secours d’un agent, et ferme ses sessions : il en "
        "choisira un nouveau à sa prochaine connexion. Vérifiez d’abord qui le demande. Sans --wet-run, "
        "compte seulement."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mail", help="adresse de connexion de l’agent")
        parser.add_argument("--wet-run", action="store_true", help="retire vraiment")

    def handle(self, *args: Any, **options: Any) -> None:
        agent = Agent.objects.filter(email=options["mail"].strip().lower()).first()
        if agent is None:
            raise CommandError("Aucun agent ne se connecte avec cette adresse.")
        if not options["wet_run"]:
            held = Authenticator.objects.filter(user_id=agent.pk, type__in=second_factor.FACTORS).count()
            self.stdout.write(f"Seconds facteurs : {held}. Rien n’a été retiré (--wet-run pour retirer).")
            return
        self.stdout.write(f"Seconds facteurs retirés : {second_factor.reset(agent)}.")
