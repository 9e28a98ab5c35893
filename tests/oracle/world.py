"""A small world as plain data: schools, families, accounts and agents, told apart by their place in a list.

Its repr is the script of a failure: `World(schools=[School('24', 2), …])` builds it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from string import ascii_uppercase
from typing import Any

RESPONSABLE, STUDENT = "RESPONSABLE", "STUDENT"
CODES = ["".join(letters) for letters in product(ascii_uppercase, repeat=3)]
# Late enough that it is already tomorrow in La Réunion, where it is still today in Paris.
EVENING = datetime(2026, 11, 24, 21, 30, tzinfo=UTC)
NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
TODAY = EVENING.date()


class _Told:
    """A repr without what is by default: the failures of hypothesis stay short."""

    def __repr__(self) -> str:
        assert is_dataclass(self)
        given = []
        for each in fields(self):
            value = getattr(self, each.name)
            default = each.default_factory() if callable(each.default_factory) else each.default
            if value != default:
                given.append(f"{each.name}={value!r}")
        return f"{type(self).__name__}({', '.join(given)})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What hypothesis prints of a failure."""
        printer.text(repr(self))


@dataclass(repr=False)
class School(_Told):
    academy: str
    degree: int
    is_offered: bool = True
    rooms: int = 2

    @property
    def feed(self) -> tuple[str, int]:
        return self.academy, self.degree


@dataclass(repr=False)
class Pupil(_Told):
    school: int
    room: int | None = None
    has_left: bool = False
    is_eligible: bool = True


@dataclass(repr=False)
class Record(_Told):
    """A responsable, as one feed knows them."""

    feed: tuple[str, int]
    has_mail: bool = True
    has_mobile: bool = True


@dataclass(repr=False)
class Link(_Told):
    pupil: int
    record: int
    is_legal: bool = True
    is_ended: bool = False


@dataclass(repr=False)
class Account(_Told):
    """`sources` are the records (or, for a pupil, the pupil) it stands for; `past` those it stood for.

    `password` is that of its state: "live" or "dead" for a provisional one, "chosen", "none".
    """

    kind: str
    state: str
    sources: list[int]
    password: str = ""
    past: list[int] = field(default_factory=list)
    is_closed: bool = False
    distributed_by: int | None = None
    has_validated_mail: bool = False
    has_validated_mobile: bool = False


@dataclass(repr=False)
class Agent(_Told):
    is_active: bool = True


@dataclass(repr=False)
class Mandate(_Told):
    agent: int
    school: int
    role: str = "DIRECTOR"
    source: str = "AAF"
    is_ended: bool = False
    may_delegate: bool = False


@dataclass(repr=False)
class Delegation(_Told):
    """From `begins` to `ends`, in days after TODAY."""

    agent: int
    school: int
    profile: str
    population: str
    begins: int = -30
    ends: int | None = None
    is_ended: bool = False
    granted_by: int | None = None

    @property
    def first_day(self) -> date:
        return TODAY + timedelta(days=self.begins)

    @property
    def last_day(self) -> date | None:
        return None if self.ends is None else TODAY + timedelta(days=self.ends)


@dataclass(repr=False)
class Role(_Told):
    """Of the assistance of an académie."""

    agent: int
    academy: str
    is_ended: bool = False


@dataclass(repr=False)
class Visit(_Told):
    """Over, or for an hour more."""

    agent: int
    school: int
    is_over: bool = False


@dataclass(repr=False)
class Deed(_Told):
    """An act on an account, in its history; in bulk, the journal tells it in its detail alone."""

    account: int
    school: int
    agent: int
    in_bulk: bool = False


@dataclass(repr=False)
class Mail(_Told):
    """The last mail promised to an account by a school."""

    account: int
    school: int


@dataclass(repr=False)
class Operation(_Told):
    school: int
    agent: int
    kind: str
    population: str
    status: str
    accounts: list[int] = field(default_factory=list)
    has_document: bool = False
    with_secrets: bool = False


@dataclass(repr=False)
class World(_Told):
    schools: list[School] = field(default_factory=list)
    pupils: list[Pupil] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    agents: list[Agent] = field(default_factory=list)
    mandates: list[Mandate] = field(default_factory=list)
    delegations: list[Delegation] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    issues: list[int] = field(default_factory=list)
    now: datetime = NOON


# What each letter marks, of which person or thing. A mark is found nowhere else.
PUPIL_SURNAME, PUPIL_GIVEN_NAME, ROOM, DOCUMENT, SCHOOL = "A", "B", "C", "D", "E"
SURNAME, GIVEN_NAME, ADDRESS, IDENTIFIER, SECRET, AGENT = "F", "G", "H", "I", "K", "L"
MAIL, VALIDATED_MAIL, PENDING_MAIL, MAILED_TO = "M", "N", "O", "P"
PUPIL_KEY, RECORD_KEY = "T", "U"
AGENT_MAIL, REASON = "Q", "R"
# Of a room: that of the school, and its number there.
ROOMS_A_SCHOOL = 10


def mark(letter: str, number: int) -> str:
    """Letters alone, so that it can be part of any name: « XQAAAB »."""
    return f"XQ{letter}{CODES[number]}"


def room_mark(school: int, room: int) -> str:
    return mark(ROOM, school * ROOMS_A_SCHOOL + room)


def mobile(number: int) -> str:
    """Of a record; what an account validated comes after 5000."""
    return f"+3363998{number:04d}"


VALIDATED_MOBILE = 5000


def session_address(agent: int) -> str:
    """From where an agent left a session open."""
    return f"203.0.113.{agent}"


def mobile_mark(number: int) -> str:
    return f"mobile {number:04d}"


def ine(pupil: int) -> str:
    return f"{pupil:09d}XQ"


def birth_date(pupil: int) -> date:
    return date(2012, 1, 1) + timedelta(days=pupil)


def birth_mark(pupil: int) -> str:
    return f"{birth_date(pupil):%d/%m/%Y}"
