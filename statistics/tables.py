"""A table of numbers as it is shown: each opens the list of what it counts, each line may be drawn."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from django.http import QueryDict
from django.urls import reverse

from accounts.models import STATE_LABELS, AccountKind
from accounts.transitions import Origin, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from establishments.access import Access

# The reference's words, columns and rows, in its order. The empty state is all of them.
COLUMNS: dict[str, str] = {
    "": "Nombre de comptes",
    State.NOT_NOTIFIED: "Non notifiés",
    State.NOTIFIED: "Notifiés et non activés",
    State.ACTIVATING: "En cours d’activation",
    State.ACTIVE: "Activés",
}
ORIGINS: dict[str, str] = {
    Origin.ATEN: "ATEN",
    Origin.ENT: "ENT",
    Origin.ESTABLISHMENT: "Établissement",
    Origin.FRANCECONNECT: "FranceConnect",
    Origin.RESPONSABLE: "Responsable",
    Origin.NONE: "N/A",
}
LIST_NAMES = {AccountKind.RESPONSABLE: "responsable_list", AccountKind.STUDENT: "student_list"}
# A part of a bar at least so wide, in hundredths, has room for its number.
ROOM_FOR_A_NUMBER = 12


class Cell(NamedTuple):
    label: str
    accounts: int
    address: str


class Segment(NamedTuple):
    """A part of a stacked bar, placed as SVG says it: `12.5%`."""

    state: str
    accounts: int
    start: str
    middle: str
    width: str
    has_room: bool


@dataclass(frozen=True, slots=True)
class Line:
    """`states` counts its accounts, shown at `list_address` if there is one; `address` is a closer look."""

    label: str
    states: Counter[str]
    list_address: str = ""
    address: str = ""
    detail: str = ""

    @property
    def accounts(self) -> int:
        return self.states.total()

    @property
    def cells(self) -> Iterator[Cell]:
        narrowed = f"{self.list_address}{'&' if '?' in self.list_address else '?'}etat="
        for state, label in COLUMNS.items():
            if state:
                yield Cell(label, self.states[state], self.list_address and narrowed + state)
            else:
                yield Cell(label, self.accounts, self.list_address)

    @property
    def segments(self) -> Iterator[Segment]:
        """In the order of the lifecycle; they fill the bar."""
        total, before = self.accounts, 0
        for state in STATE_LABELS:
            if accounts := self.states[state]:
                start, width = 100 * before / total, 100 * accounts / total
                start_at, middle, wide = (f"{each:.2f}%" for each in (start, start + width / 2, width))
                has_room = width >= ROOM_FOR_A_NUMBER
                yield Segment(state.lower(), accounts, start_at, middle, wide, has_room)
                before += accounts

    @property
    def in_words(self) -> str:
        """« 12 non notifiés, 3 activés »."""
        counted = [(self.states[state], COLUMNS[state].lower()) for state in STATE_LABELS]
        return ", ".join(f"{accounts} {label}" for accounts, label in counted if accounts) or "aucun compte"


@dataclass(frozen=True, slots=True)
class Table:
    """Of one population. `repeated` accounts count in several lines, and once in the total."""

    kind: AccountKind
    total: Line
    lines: list[Line]
    repeated: int = 0


def list_address(access: Access, kind: AccountKind, filters: dict[str, str]) -> str:
    """The list of the accounts of `kind`, narrowed by `filters`."""
    query = QueryDict(mutable=True)
    query.update(filters)
    address = reverse(LIST_NAMES[kind], args=[access.establishment.uai])
    return f"{address}?{query.urlencode()}" if filters else address


def page_address(access: Access, filters: dict[str, str]) -> str:
    """The page of statistics about what `filters` narrow to."""
    query = QueryDict(mutable=True)
    query.update(filters)
    return f"{reverse('statistics', args=[access.establishment.uai])}?{query.urlencode()}"
