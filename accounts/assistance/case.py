"""What the console knows of one account when its family calls: plain values, read once."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from accounts.passwords import Standing
    from accounts.transitions import State


class Hidden(StrEnum):
    """Why a pupil of the school is not on the account of someone linked to them."""

    LEFT = "LEFT"
    UNLINKED = "UNLINKED"
    NOT_LEGAL = "NOT_LEGAL"
    NO_INE = "NO_INE"
    NO_CLASS = "NO_CLASS"
    NEW = "NEW"  # nothing is missing any more: the coming night will show them


@dataclass(frozen=True, slots=True)
class HiddenChild:
    name: str
    because: Hidden


@dataclass(frozen=True, slots=True)
class Twin:
    """Another account of the same name here; `is_same` when a mobile or a mail is the same too."""

    account: int
    identifier: str
    children: tuple[str, ...]
    is_same: bool


@dataclass(frozen=True, slots=True)
class Number:
    """`validated` by the family, `recorded` by the school (E.164), `unusable`: written but no mobile.

    `is_shared`: it is also that of another account of the school.
    """

    validated: str = ""
    recorded: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()
    is_shared: bool = False

    @property
    def is_missing(self) -> bool:
        return not (self.validated or self.recorded or self.unusable)

    @property
    def is_usable(self) -> bool:
        return bool(self.validated or self.recorded)

    @property
    def differs(self) -> bool:
        return bool(self.validated and self.recorded and self.validated not in self.recorded)


@dataclass(frozen=True, slots=True)
class Mail:
    """`pending` waits for the family's confirmation, `validated` has it; `recorded` by the school."""

    validated: str = ""
    pending: str = ""
    recorded: tuple[str, ...] = ()

    @property
    def is_missing(self) -> bool:
        return not (self.validated or self.recorded)

    @property
    def differs(self) -> bool:
        known = {mail.casefold() for mail in self.recorded}
        return bool(self.validated and known and self.validated.casefold() not in known)


@dataclass(frozen=True, slots=True)
class Case:
    """Dates are those of the académie. `source` is ONDE or SIECLE; `address`, where families go."""

    identifier: str
    state: State
    standing: Standing
    is_responsable: bool
    source: str
    address: str
    distributed_on: date | None = None
    deadline: date | None = None
    reset_on: date | None = None
    mailed_on: date | None = None
    is_mail_undelivered: bool = False
    activated_on: date | None = None
    last_sign_in_on: date | None = None
    mobile: Number = field(default_factory=Number)
    mail: Mail = field(default_factory=Mail)
    children_elsewhere: tuple[str, ...] = ()
    doubtful_births: tuple[str, ...] = ()
    hidden: tuple[HiddenChild, ...] = ()
    twins: tuple[Twin, ...] = ()
