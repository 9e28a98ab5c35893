"""What the ministry's identity federation says of an agent at sign-in: read here, without Django."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from establishments.territories import is_valid_uai

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What is longer, or comes after, is refused unread: nobody directs so many schools.
VALUES_READ = 500
LENGTH_READ = 20_000
HEAD = "DIR"
ENDLESS = "31/12/9999"
# `UAI$type$category$activity$tna$TTY$tnacode`, and the function with its UAJ in between where one works.
_DIRECTED_PARTS, _WORKPLACE_PARTS = 7, 8
# `name|url|begin|end|user|responsibilities|server|module`
_DELEGATION_PARTS = 8
_RESPONSIBILITIES = "FrEduRneResp="
_DAY = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_FUNCTION = re.compile(r"[A-Z0-9]{2,12}")


class Claim(StrEnum):
    DIRECTED = "FrEduRneResp"
    WORKPLACES = "FrEduRne"
    FUNCTIONS = "FrEduFonctAdm"
    DELEGATIONS = "FrEduResDel"


class Reason(StrEnum):
    """Why a value opens nothing."""

    MALFORMED = "MALFORMED"
    FOREIGN_APPLICATION = "FOREIGN_APPLICATION"
    EXPIRED = "EXPIRED"
    NOT_BEGUN = "NOT_BEGUN"


@dataclass(frozen=True, slots=True)
class Refusal:
    claim: Claim
    reason: Reason


@dataclass(frozen=True, slots=True)
class ClaimedDelegation:
    """Both days included; no `ends_on`: endless."""

    uais: tuple[str, ...]
    application: str
    begins_on: date
    ends_on: date | None

    def refusal_on(self, day: date) -> Reason | None:
        """Why it opens nothing that day, which is the day of the school: Tahiti's is not Paris's."""
        if day < self.begins_on:
            return Reason.NOT_BEGUN
        if self.ends_on is not None and day > self.ends_on:
            return Reason.EXPIRED
        return None


@dataclass(frozen=True, slots=True)
class Claims:
    """Each UAI, function and delegation once, in the order of the claims."""

    directed: tuple[str, ...] = ()
    workplaces: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()
    delegations: tuple[ClaimedDelegation, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @property
    def is_head(self) -> bool:
        return HEAD in self.functions


class _Refused(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class _Reading:
    """The values of one claim that could be read, and what was wrong in the others."""

    claim: Claim
    refusals: list[Refusal] = field(default_factory=list)

    def refuse(self, reason: Reason) -> None:
        self.refusals.append(Refusal(self.claim, reason))

    def values(self, raw: object) -> Iterable[str]:
        """A list or a single string; nothing, empty and `X` mean none."""
        values = raw if isinstance(raw, list | tuple) else [] if raw is None else [raw]
        if len(values) > VALUES_READ:
            self.refuse(Reason.MALFORMED)
        for value in values[:VALUES_READ]:
            if not isinstance(value, str) or len(value) > LENGTH_READ:
                self.refuse(Reason.MALFORMED)
            elif value.strip() not in {"", "X"}:
                yield value.strip()


def read_claims(userinfo: Mapping[str, object], *, application: str) -> Claims:
    """What `userinfo` claims; never raises, whatever it holds. `application`: our name among delegations."""
    readings = {claim: _Reading(claim) for claim in Claim}
    values = {claim: list(reading.values(userinfo.get(claim))) for claim, reading in readings.items()}
    claims = Claims(
        directed=_places(readings[Claim.DIRECTED], values[Claim.DIRECTED], _DIRECTED_PARTS),
        workplaces=_places(readings[Claim.WORKPLACES], values[Claim.WORKPLACES], _WORKPLACE_PARTS),
        functions=_functions(readings[Claim.FUNCTIONS], values[Claim.FUNCTIONS]),
        delegations=_delegations(readings[Claim.DELEGATIONS], values[Claim.DELEGATIONS], application),
    )
    refusals = tuple(refusal for reading in readings.values() for refusal in reading.refusals)
    return Claims(claims.directed, claims.workplaces, claims.functions, claims.delegations, refusals)


def _places(reading: _Reading, values: Iterable[str], parts: int) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for value in values:
        try:
            found[_uai(value, parts)] = None
        except _Refused as refused:
            reading.refuse(refused.reason)
    return tuple(found)


def _uai(value: str, parts: int) -> str:
    split = value.split("$")
    if len(split) != parts or not is_valid_uai(split[0]):
        raise _Refused(Reason.MALFORMED)
    return split[0]


def _functions(reading: _Reading, values: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for value in values:
        if _FUNCTION.fullmatch(value):
            found[value] = None
        else:
            reading.refuse(Reason.MALFORMED)
    return tuple(found)


def _delegations(reading: _Reading, values: Iterable[str], application: str) -> tuple[ClaimedDelegation, ...]:
    found: dict[ClaimedDelegation, None] = {}
    for value in values:
        try:
            found[_delegation(value, application)] = None
        except _Refused as refused:
            reading.refuse(refused.reason)
    return tuple(found)


def _delegation(value: str, application: str) -> ClaimedDelegation:
    """One wrong establishment refuses the whole: what was meant cannot be known."""
    parts = value.split("|")
    if len(parts) != _DELEGATION_PARTS:
        raise _Refused(Reason.MALFORMED)
    _, url, begin, end, _, responsibilities, _, _ = parts
    if (named := _application(url)) != application:
        raise _Refused(Reason.FOREIGN_APPLICATION)
    if not responsibilities.startswith(_RESPONSIBILITIES):
        raise _Refused(Reason.MALFORMED)
    places = responsibilities.removeprefix(_RESPONSIBILITIES).split(";")[: VALUES_READ + 1]
    if len(places) > VALUES_READ:
        raise _Refused(Reason.MALFORMED)
    begins_on, ends_on = _day(begin), None if end == ENDLESS else _day(end)
    if ends_on is not None and ends_on < begins_on:
        raise _Refused(Reason.MALFORMED)
    uais = tuple(dict.fromkeys(_uai(place, _DIRECTED_PARTS) for place in places))
    return ClaimedDelegation(uais, named, begins_on, ends_on)


def _application(url: str) -> str:
    """The one `applicationname` of the address; said twice, it says nothing."""
    try:
        named = parse_qs(urlsplit(url).query, max_num_fields=20).get("applicationname", [])
    except ValueError:
        raise _Refused(Reason.MALFORMED) from None
    if len(named) != 1:
        raise _Refused(Reason.MALFORMED)
    return named[0]


def _day(written: str) -> date:
    found = _DAY.fullmatch(written)
    if found is None:
        raise _Refused(Reason.MALFORMED)
    try:
        return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        raise _Refused(Reason.MALFORMED) from None
