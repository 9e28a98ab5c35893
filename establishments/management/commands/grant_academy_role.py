"""Gives an agent a role in an académie, or ends it; a new agent is created and invited."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from establishments import academy_roles
from establishments.invitations import invite
from establishments.models import Academy, AcademyRole, Agent

ROLES = {kind.value.lower(): kind for kind in AcademyRole.Kind}


class Command(BaseCommand):
    help = (
        "Donne à un agent l’assistance d’une académie, ou le suivi de ses imports, ou y met fin. Un agent "
        "inconnu est créé et invité avec --surname et --given-name. Sans --wet-run, dit seulement ce qui "
        "serait fait."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("mail", help="adresse de connexion de l’agent")
        parser.add_argument("academy", help="code de l’académie, deux chiffres (24 : Créteil)")
        parser.add_argument("--surname", default="", help="nom de l’agent à créer")
        parser.add_argument("--given-name", default="", help="prénom de l’agent à créer")
        parser.add_argument(
            "--role", choices=ROLES, default="assistance", help="ce qui est donné (par défaut : assistance)"
        )
        parser.add_argument("--end", action="store_true", help="met fin au rôle")
        parser.add_argument("--wet-run", action="store_true", help="le fait vraiment")

    def handle(self, *args: Any, **options: Any) -> None:
        mail = options["mail"].strip().lower()
        academy = Academy.objects.filter(code=options["academy"]).first()
        if academy is None:
            raise CommandError(f"Académie inconnue : {options['academy']}.")
        agent = Agent.objects.filter(email=mail).first()
        if agent is None and (options["end"] or not (options["surname"] and options["given_name"])):
            raise CommandError(f"Agent inconnu : {mail} (--surname et --given-name pour le créer).")
        if agent and not agent.is_active:
            raise CommandError(f"Agent désactivé : {mail}.")
        if not options["wet_run"]:
            done = "prendrait fin" if options["end"] else "serait donné"
            created = "" if agent else ", après création et invitation"
            self.stdout.write(
                f"{_role(options).label}, {academy} : {done} ({mail}){created}."
                " Rien n’a été fait (--wet-run)."
            )
            return
        self.stdout.write(
            _end(agent, academy, _role(options))
            if options["end"] and agent
            else _grant(agent, academy, options)
        )


def _role(options: dict[str, Any]) -> AcademyRole.Kind:
    return ROLES[options["role"]]


def _end(agent: Agent, academy: Academy, role: AcademyRole.Kind) -> str:
    if academy_roles.end(agent, academy, role):
        return f"{role.label}, {academy} : terminé ({agent.email})."
    return f"{role.label}, {academy} : {agent.email} ne l’avait pas, rien n’a changé."


def _grant(agent: Agent | None, academy: Academy, options: dict[str, Any]) -> str:
    if agent is None:
        return _grant_new(academy, options)
    role = _role(options)
    if academy_roles.grant(agent, academy, role):
        return f"{role.label}, {academy} : donné ({agent.email})."
    return f"{role.label}, {academy} : {agent.email} l’a déjà, rien n’a changé."


def _grant_new(academy: Academy, options: dict[str, Any]) -> str:
    mail = options["mail"].strip().lower()
    try:
        validate_email(mail)
    except ValidationError as error:
        raise CommandError(f"Adresse inutilisable : {mail}.") from error
    with transaction.atomic():
        agent = Agent.objects.create_user(mail, surname=options["surname"], given_name=options["given_name"])
        academy_roles.grant(agent, academy, _role(options))
    try:
        sending = invite([agent])
    except OSError as error:
        raise CommandError(f"Agent créé, mais le serveur de courriel ne répond pas : {error}") from error
    if sending.failed:
        raise CommandError(f"Agent créé, mais l’invitation a été refusée : {sending.failed[0][1]}")
    return f"{_role(options).label}, {academy} : donné ({mail}), agent créé et invité."
