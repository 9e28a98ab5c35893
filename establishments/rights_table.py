"""docs/access.md: what each role meets at each address, from what the views declare (guards)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import URLPattern, URLResolver, get_resolver

from establishments.access import (
    RESPONSABLES,
    STUDENTS,
    Right,
    Rights,
    rights_of_delegation,
    rights_of_mandate,
    rights_of_visit,
)
from establishments.guards import OBJECT, STATISTICS, WHOLE
from establishments.models import AcademyRole, Delegation, Mandate

if TYPE_CHECKING:
    from establishments.guards import Need

BELOW = "etablissements/<str:uai>/"
OPENS, FORBIDDEN, UNKNOWN, SIGN_IN = "yes", "403", "404", "sign-in"
_ALL = (STUDENTS, RESPONSABLES)
_LETTERS = {STUDENTS: "P", RESPONSABLES: "R"}
_PROFILES = (
    (Delegation.Profile.CONSULT, "consulter"),
    (Delegation.Profile.ASSIST, "assister"),
    (Delegation.Profile.MANAGE, "gérer"),
)
_POPULATIONS = (
    (Delegation.Population.STUDENTS, "P"),
    (Delegation.Population.RESPONSABLES, "R"),
    (Delegation.Population.BOTH, "P+R"),
)
# The roles that pages outside establishments are for.
_ROLES_OUTSIDE: dict[str, str] = {
    AcademyRole.Kind.ASSISTANCE: "agent of an assistance",
    AcademyRole.Kind.IMPORTS: "agent who follows imports",
    STATISTICS: "agent who reads statistics",
}

HEAD = """# Who opens what

Written by `manage.py access_table --write` from what each view declares (`@needs`, in
`establishments/guards.py`), the very declaration which is checked at each request. One test compares this
file with the code; another walks every address, by GET and by POST, as every role, and compares the answers
with this table. A new address of an establishment which declares nothing fails both. What is defended
besides, and against whom: [security.md](security.md).

**The rule.** What an agent may not know of does not exist: 404. That is another establishment, an object of
another establishment, and every page or object of a population the agent does not see, whatever is asked of
it. What they see but may not do is forbidden: 403. Without a sign-in, every address of an establishment
leads to it.

`yes` opens. `P` is pupils, `R` responsables: `yes P` opens for pupils, and what is of responsables is a
404; `403 P` is forbidden for pupils, and again a 404 for responsables. In the 1er degré there are no
accounts of pupils: all that is of pupils is a 404, and a delegation for pupils alone opens nothing. Nor
does a delegation not begun, past or ended, a mandate which ended, or a visit which is over. Lists,
operations and counts hold only what is of the populations an agent sees.
"""


class UndeclaredNeed(Exception):
    """An address of an establishment says nothing of who may open it."""


@dataclass(frozen=True, slots=True)
class Role:
    name: str
    rights: Rights


def roles_of_mandates() -> list[Role]:
    return [
        Role("director", rights_of_mandate(Mandate.Role.DIRECTOR, may_delegate=False)),
        Role("deputy", rights_of_mandate(Mandate.Role.DEPUTY, may_delegate=False)),
        Role("deputy who may delegate", rights_of_mandate(Mandate.Role.DEPUTY, may_delegate=True)),
        Role("assistance, on a visit", rights_of_visit()),
        Role("from elsewhere", {}),
    ]


def roles_of_delegations() -> list[Role]:
    return [
        Role(f"{word} {letter}", rights_of_delegation(profile, population))
        for profile, word in _PROFILES
        for population, letter in _POPULATIONS
    ]


@dataclass(frozen=True, slots=True)
class Route:
    """One address. `population` is what the address itself is about, where it says so.

    `role` is the one that a page outside establishments is for, if it is for one.
    """

    name: str
    path: str
    need: Need | None
    population: str
    is_public: bool
    role: str

    @property
    def is_below_establishment(self) -> bool:
        return self.path.startswith(BELOW)

    @property
    def of(self) -> str:
        return self.population or (self.need.of if self.need else WHOLE)


def routes(patterns: Sequence[URLPattern | URLResolver] | None = None, prefix: str = "") -> Iterator[Route]:
    """Every address of the project, includes unfolded."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        else:
            view = pattern.callback
            yield Route(
                name=pattern.name or "",
                path=path,
                need=getattr(view, "need", None),
                population=pattern.default_args.get("population", ""),
                is_public=not getattr(view, "login_required", True),
                role=getattr(view, "role", ""),
            )


def answer(rights: Rights, right: Right, of: str) -> str:
    """What who holds `rights` meets, of one population or of the establishment as a whole."""
    if not rights or (of != WHOLE and of not in rights):
        return UNKNOWN
    asked = list(rights.values()) if of == WHOLE else [rights[of]]
    return OPENS if any(right in held for held in asked) else FORBIDDEN


def cell(rights: Rights, right: Right, of: str) -> str:
    """The same for a table, an object being of one population or of the other."""
    if of != OBJECT:
        return answer(rights, right, of)
    by_population = {each: answer(rights, right, each) for each in _ALL}
    met = set(by_population.values()) - {UNKNOWN}
    if not met:
        return UNKNOWN
    seen = [each for each in _ALL if by_population[each] != UNKNOWN]
    suffix = "" if len(seen) == len(_ALL) else f" {_LETTERS[seen[0]]}"
    return " / ".join(sorted(met)) + suffix


def table() -> str:
    """The whole file; raises UndeclaredNeed."""
    below: list[Route] = []
    outside: list[Route] = []
    for route in routes():
        (below if route.is_below_establishment else outside).append(route)
    undeclared = sorted(route.name for route in below if route.need is None)
    if undeclared:
        raise UndeclaredNeed(", ".join(undeclared))
    return "\n".join(
        [
            HEAD,
            "## Below `/etablissements/<uai>`: direction, assistance, agents from elsewhere\n",
            *_matrix(below, roles_of_mandates()),
            "\n## Below `/etablissements/<uai>`: delegations\n",
            *_matrix(below, roles_of_delegations()),
            "\n## Elsewhere\n",
            "The assistance chooses and leaves the establishments of its own académie; any other is a 404.",
            "Who follows imports reads the runs of their own académies, counts only; any other is a 404.",
            "Who reads statistics reads their territories and what these are made of; any other is a 404.\n",
            *_outside(outside),
            "",
        ]
    )


def _matrix(found: Sequence[Route], roles: Sequence[Role]) -> Iterator[str]:
    yield _line(["address", "name", "right", "no sign-in", *(role.name for role in roles)])
    yield _line(["---"] * (4 + len(roles)))
    for route in found:
        for case, right in _cases(route):
            cells = [cell(role.rights, right, route.of) for role in roles]
            address = f"`/{route.path.removeprefix(BELOW)}`" + (f" ({case})" if case else "")
            yield _line([address, route.name, right.value, SIGN_IN, *cells])


def _cases(route: Route) -> list[tuple[str, Right]]:
    """The kinds of objects which ask the same right, named together."""
    assert route.need
    kinds: dict[Right, list[str]] = defaultdict(list)
    for kind, right in route.need.rights.items():
        kinds[right].append(str(getattr(kind, "label", kind)))
    return [(_named(labels), right) for right, labels in sorted(kinds.items(), key=lambda each: len(each[1]))]


def _named(labels: list[str]) -> str:
    return (
        "any other operation" if len(labels) > 2 else " or ".join(f"« {label} »" for label in labels if label)
    )


def _outside(found: Sequence[Route]) -> Iterator[str]:
    yield _line(["address", "name", "no sign-in", "any agent", *_ROLES_OUTSIDE.values()])
    yield _line(["---"] * (4 + len(_ROLES_OUTSIDE)))
    for route in found:
        anonymous = OPENS if route.is_public else SIGN_IN
        met = [OPENS if route.role in ("", role) else UNKNOWN for role in ("none", *_ROLES_OUTSIDE)]
        yield _line([f"`/{route.path.strip('^$')}`", route.name, anonymous, *met])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
