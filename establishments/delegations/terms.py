"""What a delegation says: a profile, a population, from a day to a day, both included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from establishments.models import Delegation

if TYPE_CHECKING:
    from datetime import date

PROFILE_ACTS: dict[str, str] = {
    Delegation.Profile.CONSULT: "voir les comptes et éditer des listes sans mot de passe",
    Delegation.Profile.ASSIST: (
        "consulter, notifier, réinitialiser un mot de passe, renvoyer un courriel d’activation"
    ),
    Delegation.Profile.MANAGE: "assister, et éditer des listes avec les mots de passe provisoires",
}
"""What each profile lets do, in the words of the page and of the mails."""


@dataclass(frozen=True, slots=True)
class Terms:
    """`ends_on` is None for a delegation without end."""

    profile: str
    population: str
    begins_on: date
    ends_on: date | None

    @classmethod
    def of(cls, delegation: Delegation) -> Terms:
        return cls(delegation.profile, delegation.population, delegation.begins_on, delegation.ends_on)

    def as_fields(self) -> dict[str, Any]:
        return {
            "profile": self.profile,
            "population": self.population,
            "begins_on": self.begins_on,
            "ends_on": self.ends_on,
        }

    def as_data(self) -> dict[str, str | None]:
        """For an event: dates as text."""
        return {
            "profile": self.profile,
            "population": self.population,
            "begins_on": self.begins_on.isoformat(),
            "ends_on": self.ends_on.isoformat() if self.ends_on else None,
        }
