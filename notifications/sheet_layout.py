"""How a sheet's content is set on its page: what the templates show, and how densely."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from math import ceil
from typing import NamedTuple

from django.utils import translation
from django.utils.formats import date_format

from notifications.sheet_data import Child, Sender, Sheet, SheetText


class Density(NamedTuple):
    """A size of type (its class in the style sheet), and how the children are listed."""

    css: str
    points: int
    is_by_school: bool = False
    # An institution may be in charge of a hundred children.
    listed: int = 1000


# From roomy to tight.
DENSITIES = (
    Density("d0", 12),
    Density("d1", 11),
    Density("d2", 10),
    Density("d3", 9, is_by_school=True),
    *(Density("d4", 8, is_by_school=True, listed=listed) for listed in (1000, 40, 20, 10, 5)),
)

# Lines which a page holds at each density but the tightest, as measured; and what each letter takes of them.
ROOM = (10, 14, 17, 40)
LETTER_LINES = {
    SheetText.PROVISIONAL: 6,
    SheetText.RESET: 3,
    SheetText.CHOSEN: 1,
    SheetText.CONTINUED: 1,
    SheetText.FRANCECONNECT: 2,
}
# What fits on one line of the address block, by its size, and how many lines fit in the window.
ADDRESS_SIZES = (("", 40, 6), ("long", 52, 8))
IDENTIFIER_SIZES = (("", 23), ("long", 33))


@dataclass(frozen=True, slots=True)
class School:
    name: str
    children: tuple[Child, ...]


@dataclass(frozen=True, slots=True)
class SheetPage:
    """One sheet as its template reads it."""

    sheet: Sheet
    density: Density
    anchor: str
    bookmark: str

    @property
    def template_name(self) -> str:
        return f"notifications/letters/{self.sheet.text}.html"

    @property
    def letterhead(self) -> str:
        sender = self.sheet.sender
        return _stacked(*sender.address, sender.academy, sender.district, f"UAI\u00a0: {sender.uai}")

    @property
    def handing(self) -> str:
        pupil = self.sheet.handed_to
        return _stacked(pupil and f"Élève\u00a0: {pupil}", f"Le\u00a0{french_date(self.sheet.made_on)}")

    @property
    def address(self) -> str:
        return _stacked(*self.sheet.address)

    @property
    def children(self) -> tuple[Child, ...]:
        return _children(self.sheet)[: self.density.listed]

    @property
    def unlisted(self) -> int:
        return len(_children(self.sheet)) - len(self.children)

    @property
    def schools(self) -> list[School]:
        """The children grouped by school, where room is scarce."""
        if not self.density.is_by_school:
            return []
        by_school = groupby(self.children, key=lambda child: child.school_name)
        return [School(name, tuple(children)) for name, children in by_school]

    @property
    def valid_until(self) -> str:
        return french_date(self.sheet.valid_until) if self.sheet.valid_until else ""

    @property
    def is_mixed_case(self) -> bool:
        secret = self.sheet.secret
        return secret not in (secret.lower(), secret.upper())

    @property
    def address_size(self) -> str:
        lines = (self.sheet.addressee, *self.sheet.address)
        for size, width, room in ADDRESS_SIZES:
            if sum(_lines(line, width) for line in lines) <= room:
                return size
        return "longer"

    @property
    def identifier_size(self) -> str:
        length = len(self.sheet.identifier)
        return next((size for size, width in IDENTIFIER_SIZES if length <= width), "longer")

    @property
    def contact(self) -> str:
        return contact_line(self.sheet.sender)

    @property
    def qr_url(self) -> str:
        """Where the layout finds the drawn code; only this document knows it."""
        return f"qr:{self.anchor}"


def likely_density(sheet: Sheet) -> int:
    """The index of the density at which the sheet most likely fits; its rendering has the last word."""
    children = _children(sheet)
    lines = LETTER_LINES[sheet.text] + 2 * sheet.is_awaiting_confirmation
    lines += _lines(contact_line(sheet.sender) + sheet.assistance, 90)
    lines += sum(
        _lines(f"{c.given_name} {c.surname}, {c.class_label}, {c.school_name}", 85) for c in children
    )
    lines += 3 * bool(children)
    return next((index for index, room in enumerate(ROOM) if lines <= room), len(ROOM))


def french_date(day: date) -> str:
    """« 1er janvier 2026 », « 12 janvier 2026 »."""
    with translation.override("fr"):
        text = date_format(day, "j F Y")
    return f"1er{text[1:]}" if day.day == 1 else text


def _children(sheet: Sheet) -> tuple[Child, ...]:
    return () if sheet.for_pupil else sheet.children


def _stacked(*lines: str) -> str:
    """One line each, below what precedes: the style sheet keeps newlines, which cost less than elements."""
    return "".join(f"\n{line}" for line in lines if line)


def contact_line(sender: Sender) -> str:
    """« Adressez-vous à l’école : téléphone …, mail …. »"""
    phone = sender.phone.replace(" ", "\u00a0")
    ways = [f"téléphone {phone}"] if phone else []
    ways += [f"mail {sender.mail}"] if sender.mail else []
    who = f"Adressez-vous à l’{sender.noun}"
    return f"{who}\u00a0: {', '.join(ways)}." if ways else f"{who}."


def _lines(text: str, width: int) -> int:
    return ceil(len(text) / width)
