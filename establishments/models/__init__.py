"""Places and people: what the extracts say, who signs in, and what was done."""

from establishments.models.agents import AcademyRole, Agent, Delegation, Mandate, StatisticsRole, Visit
from establishments.models.events import Event, EventKind, JournalSeal
from establishments.models.notices import DelegationNotice
from establishments.models.people import Responsable, Responsibility, Student
from establishments.models.places import (
    Academy,
    Degree,
    Department,
    District,
    Establishment,
    Feed,
    Mef,
    SchoolClass,
)
from establishments.models.sessions import AgentSession

__all__ = [
    "Academy",
    "AcademyRole",
    "Agent",
    "AgentSession",
    "Degree",
    "Delegation",
    "DelegationNotice",
    "Department",
    "District",
    "Establishment",
    "Event",
    "EventKind",
    "Feed",
    "JournalSeal",
    "Mandate",
    "Mef",
    "Responsable",
    "Responsibility",
    "SchoolClass",
    "StatisticsRole",
    "Student",
    "Visit",
]
