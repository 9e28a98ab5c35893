"""Prints the people one can sign in as in the demonstration, and gives them its password."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from establishments import demo


class Command(BaseCommand):
    help = "Démonstration seulement : les personnes comme qui se connecter, et leur mot de passe."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO_MODE:
            raise CommandError("Seulement en mode démonstration (DEMO_MODE=true).")
        people = demo.personas()
        if not people:
            self.stdout.write("Personne encore : importez d’abord des extraits.")
            return
        demo.give_password(people)
        self.stdout.write("Se connecter comme :")
        for person in people:
            self.stdout.write(
                f"  {person.agent.email}  —  {person.role} : {person.agent.full_name}, {person.places}"
            )
        self.stdout.write(f"Mot de passe de démonstration : {demo.PASSWORD}")
