"""Gives an agent a role in an académie, or ends it; a new agent is created and invited."""

from __future__ import annotations

from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.management.base import CommandError

from establishments import academy_roles
from establishments.models import Academy, AcademyRole
from establishments.role_commands import NamedRole, RoleCommand

ROLES = {kind.value.lower(): kind for kind in AcademyRole.Kind}


class Command(RoleCommand):
    help = (
        "Donne à un agent l’assistance d’une académie, ou le suivi de ses imports, ou y met fin. Un agent "
        "inconnu est créé et invité avec --surname et --given-name. Sans --wet-run, dit seulement ce qui "
        "serait fait."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("academy", help="code de l’académie, deux chiffres (24 : Créteil)")
        parser.add_argument(
            "--role", choices=ROLES, default="assistance", help="ce qui est donné (par défaut : assistance)"
        )

    def role(self, options: dict[str, Any]) -> NamedRole:
        academy = Academy.objects.filter(code=options["academy"]).first()
        if academy is None:
            raise CommandError(f"Académie inconnue : {options['academy']}.")
        kind = ROLES[options["role"]]
        return NamedRole(
            f"{kind.label}, {academy}",
            partial(academy_roles.grant, academy=academy, kind=kind),
            partial(academy_roles.end, academy=academy, kind=kind),
        )
