"""Opens the statistics of a territory to an agent, or ends it; a new agent is created and invited."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.management.base import CommandError

from establishments.role_commands import NamedRole, RoleCommand
from statistics.meteostat import roles
from statistics.meteostat.territories import NATION_CODE, Level, UnknownTerritory, find

# The shape of a code tells its level.
_SHAPES = {
    Level.NATION: NATION_CODE,
    Level.ACADEMY: r"[0-9]{2}",
    Level.DEPARTMENT: r"[0-9]{3}|02[AB]",
    Level.DISTRICT: r"[0-9]{7}[A-Z]",
}
_UNKNOWN = {
    Level.ACADEMY: "Académie inconnue",
    Level.DEPARTMENT: "Département inconnu",
    Level.DISTRICT: "Circonscription inconnue",
}
_HOW = (
    f"Un territoire s’écrit {NATION_CODE} (la nation), 24 (une académie, deux chiffres), 093 (un "
    "département, trois caractères) ou 0930456X (l’UAI d’une circonscription)."
)


class Command(RoleCommand):
    help = (
        "Ouvre à un agent les statistiques d’un territoire et de ce qui le compose, ou y met fin. "
        f"{_HOW} Un agent inconnu est créé et invité avec --surname et --given-name. Sans --wet-run, dit "
        "seulement ce qui serait fait."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("territory", help=f"{NATION_CODE}, 24, 093, ou 0930456X")

    def role(self, options: dict[str, Any]) -> NamedRole:
        code = options["territory"].strip().upper()
        level = _level_of(code)
        name = _name(level, code, may_be_no_more=options["end"])
        return NamedRole(
            f"Statistiques, {level.label.lower()} {name}",
            partial(roles.grant, level=level, code=code),
            partial(roles.end, level=level, code=code),
        )


def _level_of(code: str) -> Level:
    level = next((level for level, shape in _SHAPES.items() if re.fullmatch(shape, code)), None)
    if level is None:
        raise CommandError(f"Territoire inconnu : {code}. {_HOW}")
    return level


def _name(level: Level, code: str, *, may_be_no_more: bool) -> str:
    """A role is ended on what the extracts know no more."""
    try:
        return f"{find(level, code).name} ({code})"
    except UnknownTerritory as error:
        if may_be_no_more:
            return code
        raise CommandError(f"{_UNKNOWN[level]} : {code}. {_HOW}") from error
