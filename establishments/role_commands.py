"""What the commands that name agents share: who is meant, one who is created and invited, dry by default."""

from __future__ import annotations

from abc import abstractmethod
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from establishments.invitations import invite
from establishments.models import Agent


@dataclass(frozen=True, slots=True)
class NamedRole:
    """What is given or ended: in French for the answer, then how; both say whether they changed anything."""

    words: str
    grant: Callable[[Agent], bool]
    end: Callable[[Agent], bool]


class RoleCommand(BaseCommand):
    """`add_arguments` of a subclass adds what says the role, after MAIL."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mail", help="adresse de connexion de l’agent")
        parser.add_argument("--surname", default="", help="nom de l’agent à créer")
        parser.add_argument("--given-name", default="", help="prénom de l’agent à créer")
        parser.add_argument("--end", action="store_true", help="met fin au rôle")
        parser.add_argument("--wet-run", action="store_true", help="le fait vraiment")

    @abstractmethod
    def role(self, options: dict[str, Any]) -> NamedRole:
        """Raises CommandError."""

    def handle(self, *args: Any, **options: Any) -> None:
        role = self.role(options)
        mail = options["mail"].strip().lower()
        agent = Agent.objects.filter(email=mail).first()
        if agent is None and (options["end"] or not (options["surname"] and options["given_name"])):
            raise CommandError(f"Agent inconnu : {mail} (--surname et --given-name pour le créer).")
        if agent and not agent.is_active:
            raise CommandError(f"Agent désactivé : {mail}.")
        if not options["wet_run"]:
            done = "prendrait fin" if options["end"] else "serait donné"
            created = "" if agent else ", après création et invitation"
            self.stdout.write(f"{role.words} : {done} ({mail}){created}. Rien n’a été fait (--wet-run).")
        elif agent is None:
            self.stdout.write(_grant_new(mail, role, options))
        else:
            self.stdout.write(_end(agent, role) if options["end"] else _grant(agent, role))


def _end(agent: Agent, role: NamedRole) -> str:
    if role.end(agent):
        return f"{role.words} : terminé ({agent.email})."
    return f"{role.words} : {agent.email} ne l’avait pas, rien n’a changé."


def _grant(agent: Agent, role: NamedRole) -> str:
    if role.grant(agent):
        return f"{role.words} : donné ({agent.email})."
    return f"{role.words} : {agent.email} l’a déjà, rien n’a changé."


def _grant_new(mail: str, role: NamedRole, options: dict[str, Any]) -> str:
    try:
        validate_email(mail)
    except ValidationError as error:
        raise CommandError(f"Adresse inutilisable : {mail}.") from error
    with transaction.atomic():
        agent = Agent.objects.create_user(mail, surname=options["surname"], given_name=options["given_name"])
        role.grant(agent)
    try:
        sending = invite([agent])
    except OSError as error:
        raise CommandError(f"Agent créé, mais le serveur de courriel ne répond pas : {error}") from error
    if sending.failed:
        raise CommandError(f"Agent créé, mais l’invitation a été refusée : {sending.failed[0][1]}")
    return f"{role.words} : donné ({mail}), agent créé et invité."
