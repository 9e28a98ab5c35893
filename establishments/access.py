"""What an agent may do in one establishment: decided here, once, from mandates and delegations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils import timezone

from establishments.models import Agent, Delegation, Establishment, Mandate, Visit
from establishments.requests import ConsoleRequest


class Right(StrEnum):
    CONSULT = "CONSULT"
    EXPORT = "EXPORT"  # take lists and tables away, without passwords
    ASSIST = "ASSIST"  # notify, reset, resend the activation mail
    EXPORT_SECRETS = "EXPORT_SECRETS"
    DELEGATE = "DELEGATE"
    APPOINT = "APPOINT"  # say which deputies may delegate: directors alone
    CONFIGURE = "CONFIGURE"  # the settings, and who came: directors and deputies
    READ_JOURNAL = "READ_JOURNAL"  # who did what in the establishment: directors and deputies


Rights = dict[str, frozenset[Right]]
_LISTS = frozenset({Right.CONSULT, Right.EXPORT})
_PROFILE_RIGHTS: dict[str, frozenset[Right]] = {
    Delegation.Profile.CONSULT: _LISTS,
    Delegation.Profile.ASSIST: _LISTS | {Right.ASSIST},
    Delegation.Profile.MANAGE: _LISTS | {Right.ASSIST, Right.EXPORT_SECRETS},
}
STUDENTS, RESPONSABLES = "STUDENT", "RESPONSABLE"
_POPULATIONS: dict[str, frozenset[str]] = {
    Delegation.Population.STUDENTS: frozenset({STUDENTS}),
    Delegation.Population.RESPONSABLES: frozenset({RESPONSABLES}),
    Delegation.Population.BOTH: frozenset({STUDENTS, RESPONSABLES}),
}


def rights_of_mandate(role: str, *, may_delegate: bool) -> Rights:
    held = frozenset(Right)
    if role != Mandate.Role.DIRECTOR:
        held -= {Right.APPOINT} if may_delegate else {Right.APPOINT, Right.DELEGATE}
    return {STUDENTS: held, RESPONSABLES: held}


def rights_of_delegation(profile: str, population: str) -> Rights:
    return dict.fromkeys(_POPULATIONS[population], _PROFILE_RIGHTS[profile])


def rights_of_visit() -> Rights:
    """The assistance of an académie reads screens: nothing leaves, no secret, no act (ADR 13)."""
    return {each: frozenset({Right.CONSULT}) for each in (STUDENTS, RESPONSABLES)}


@dataclass(frozen=True, slots=True)
class Access:
    """An agent in an establishment: their rights for each population they may see (never empty).

    `visit` is the visit in force which opens it, wholly or in part, to the assistance of the académie.
    """

    agent: Agent
    establishment: Establishment
    rights: Rights
    role: str
    visit: Visit | None = None

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

    def holds(self, right: Right) -> bool:
        """For one population at least."""
        return any(right in rights for rights in self.rights.values())

    @property
    def can_configure(self) -> bool:
        return self.holds(Right.CONFIGURE)

    @property
    def can_export(self) -> bool:
        return self.holds(Right.EXPORT)

    @property
    def can_delegate(self) -> bool:
        return self.holds(Right.DELEGATE)

    @property
    def can_appoint(self) -> bool:
        return self.holds(Right.APPOINT)

    def covers(self, profile: str, population: str) -> bool:
        """Whether the agent has all that a delegation of this profile would give."""
        return all(
            self.can(right, each) for right in _PROFILE_RIGHTS[profile] for each in _POPULATIONS[population]
        )

    @property
    def can_read_journal(self) -> bool:
        return self.holds(Right.READ_JOURNAL)

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
    if not (uai.isascii() and uai.isalnum()):
        raise Http404
    establishment = (
        Establishment.objects.select_related("feed__academy").filter(is_offered=True, uai=uai.upper()).first()
    )
    if establishment is None:
        raise Http404
    rights, role, visit = _rights_in(agent, establishment)
    if not establishment.is_second_degree:
        rights.pop(STUDENTS, None)
    if not rights:
        raise Http404
    return Access(agent, establishment, rights, role, visit)


def _rights_in(agent: Agent, establishment: Establishment) -> tuple[Rights, str, Visit | None]:
    """A mandate wins over all else: who directs needs no delegation nor visit. These two add up."""
    mandates = list(agent.mandates.in_force().filter(establishment=establishment))
    if mandates:
        held = [rights_of_mandate(each.role, may_delegate=each.may_delegate) for each in mandates]
        is_director = any(each.role == Mandate.Role.DIRECTOR for each in mandates)
        role = Mandate.Role.DIRECTOR if is_director else Mandate.Role.DEPUTY
        return _added_up(held), role.label, None
    today = establishment.academy.local_date()
    delegations = agent.delegations.in_force(today).filter(establishment=establishment)
    delegated = [rights_of_delegation(each.profile, each.population) for each in delegations]
    visit = agent.visits.in_force().filter(establishment=establishment).order_by("-ends_at").first()
    visited = [rights_of_visit()] if visit else []
    return _added_up(delegated + visited), "Délégation" if delegated else "Assistance académique", visit


def _added_up(held: Iterable[Rights]) -> Rights:
    total: Rights = {}
    for rights in held:
        for population, each in rights.items():
            total[population] = total.get(population, frozenset()) | each
    return total
