"""What an agent may do in one establishment: decided here, once, from mandates and delegations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from establishments.models import Agent, Delegation, Establishment, Mandate
from establishments.requests import ConsoleRequest


class Right(StrEnum):
    CONSULT = "CONSULT"
    ASSIST = "ASSIST"  # notify, reset, resend the activation mail
    EXPORT_SECRETS = "EXPORT_SECRETS"
    DELEGATE = "DELEGATE"
    CONFIGURE = "CONFIGURE"  # the settings of the establishment: directors and deputies


_PROFILE_RIGHTS: dict[str, frozenset[Right]] = {
    Delegation.Profile.CONSULT: frozenset({Right.CONSULT}),
    Delegation.Profile.ASSIST: frozenset({Right.CONSULT, Right.ASSIST}),
    Delegation.Profile.MANAGE: frozenset({Right.CONSULT, Right.ASSIST, Right.EXPORT_SECRETS}),
}
_ROLE_RIGHTS: dict[str, frozenset[Right]] = {
    Mandate.Role.DIRECTOR: frozenset(Right),
    Mandate.Role.DEPUTY: frozenset(Right) - {Right.DELEGATE},
}
STUDENTS, RESPONSABLES = "STUDENT", "RESPONSABLE"
_POPULATIONS: dict[str, frozenset[str]] = {
    Delegation.Population.STUDENTS: frozenset({STUDENTS}),
    Delegation.Population.RESPONSABLES: frozenset({RESPONSABLES}),
    Delegation.Population.BOTH: frozenset({STUDENTS, RESPONSABLES}),
}


@dataclass(frozen=True, slots=True)
class Access:
    """An agent in an establishment: their rights for each population they may see (never empty)."""

    agent: Agent
    establishment: Establishment
    rights: dict[str, frozenset[Right]]
    role: str

    @property
    def populations(self) -> list[str]:
        return sorted(self.rights)

    @property
    def sees_students(self) -> bool:
        return STUDENTS in self.rights

    @property
    def sees_responsables(self) -> bool:
        return RESPONSABLES in self.rights

    def can(self, right: Right, population: str) -> bool:
        return right in self.rights.get(population, frozenset())

    @property
    def can_configure(self) -> bool:
        return any(Right.CONFIGURE in rights for rights in self.rights.values())

    @property
    def can_delegate(self) -> bool:
        return any(Right.DELEGATE in rights for rights in self.rights.values())

    @property
    def is_director(self) -> bool:
        return self.role == Mandate.Role.DIRECTOR.label

    def holds(self, profile: str, population: str) -> bool:
        """Whether the agent has all that a delegation of this profile would give."""
        return all(
            self.can(right, each) for right in _PROFILE_RIGHTS[profile] for each in _POPULATIONS[population]
        )

    def require(self, right: Right, population: str) -> None:
        """Raises Http404 for a population the agent does not see, PermissionDenied for a right they lack."""
        if population not in self.rights:
            raise Http404
        if not self.can(right, population):
            raise PermissionDenied


def enter(request: ConsoleRequest, uai: str) -> Access:
    """What views call: `get_access`, then every date of the response is that of the académie.

    The middleware which resets the time zone is establishments.middleware.LocalTimeMiddleware.
    """
    access = get_access(request.user, uai)
    timezone.activate(access.establishment.academy.zone)
    return access


def get_access(agent: Agent, uai: str) -> Access:
    """The agent's access to the establishment `uai`; Http404 when they have none."""
    establishment = (
        Establishment.objects.select_related("feed__academy").filter(is_offered=True, uai=uai.upper()).first()
    )
    if establishment is None:
        raise Http404
    rights, role = _rights_in(agent, establishment)
    if not establishment.is_second_degree:
        rights.pop(STUDENTS, None)
    if not rights:
        raise Http404
    return Access(agent, establishment, rights, role)


def _rights_in(agent: Agent, establishment: Establishment) -> tuple[dict[str, frozenset[Right]], str]:
    mandates = agent.mandates.in_force().filter(establishment=establishment)
    held_mandates = list(mandates.values_list("role", "may_delegate"))
    if held_mandates:
        held = frozenset().union(*(_rights_of(role, may) for role, may in held_mandates))
        directs = any(role == Mandate.Role.DIRECTOR for role, _ in held_mandates)
        role = Mandate.Role.DIRECTOR if directs else Mandate.Role.DEPUTY
        return {STUDENTS: held, RESPONSABLES: held}, role.label
    rights: dict[str, frozenset[Right]] = {}
    today = establishment.academy.local_date()
    for delegation in agent.delegations.in_force(today).filter(establishment=establishment):
        for population in _POPULATIONS[delegation.population]:
            rights[population] = rights.get(population, frozenset()) | _PROFILE_RIGHTS[delegation.profile]
    return rights, "Délégation"


def _rights_of(role: str, may_delegate: bool) -> frozenset[Right]:
    return _ROLE_RIGHTS[role] | ({Right.DELEGATE} if may_delegate else frozenset())
