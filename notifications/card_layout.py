"""How a short form is set: two or eight of them on an A4 page, to be cut along its lines."""

from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from notifications.sheet_data import Child
from notifications.sheet_layout import Density, SheetPage


class Form(NamedTuple):
    """A short form: its template, how many letters of children's names it holds, and of the others.

    Sizes are (class in the style sheet, most characters); what is longer takes the class `longer` and wraps.
    """

    name: str
    letters_of_children: int
    identifier_sizes: tuple[tuple[str, int], ...]
    name_sizes: tuple[tuple[str, int], ...]
    longest_name: int
    longest_school: int
    longest_class: int


FORMS = {
    2: Form(
        "half",
        letters_of_children=300,
        identifier_sizes=(("", 23), ("long", 33)),
        name_sizes=(("", 36), ("long", 50)),
        longest_name=120,
        longest_school=100,
        longest_class=48,
    ),
    8: Form(
        "eighth",
        letters_of_children=0,
        identifier_sizes=(("", 18), ("long", 25)),
        name_sizes=(("", 34), ("long", 44)),
        longest_name=88,
        longest_school=60,
        longest_class=40,
    ),
}


@dataclass(frozen=True, slots=True)
class Card(SheetPage):
    """One short form as its template reads it; `slot` is its place on the page, from 0.

    A name longer than its lines hold is cut short with an ellipsis: nothing leaves its card.
    """

    form: Form
    slot: int

    @property
    def template_name(self) -> str:
        return f"notifications/cards/{self.form.name}.html"

    @property
    def children(self) -> tuple[Child, ...]:
        """The first ones, as many as there is room for."""
        every = () if self.sheet.for_pupil else self.sheet.children
        lengths = accumulate(len(f"{c.given_name} {c.surname} {c.class_label}") for c in every)
        return tuple(c for c, end in zip(every, lengths, strict=True) if end <= self.form.letters_of_children)

    @property
    def unlisted(self) -> int:
        return len(self.sheet.children) - len(self.children)

    @property
    def identifier_size(self) -> str:
        return _first_fit(len(self.sheet.identifier), self.form.identifier_sizes)

    @property
    def name_size(self) -> str:
        return _first_fit(max(len(self.addressee), len(self.pupil)), self.form.name_sizes)

    @property
    def place_size(self) -> str:
        return _first_fit(len(self.sheet.service_address), (("", 40),))

    @property
    def addressee(self) -> str:
        return _shortened(self.sheet.addressee, self.form.longest_name)

    @property
    def pupil(self) -> str:
        return _shortened(self.sheet.handed_to, self.form.longest_name)

    @property
    def class_label(self) -> str:
        return _shortened(self.sheet.class_label, self.form.longest_class)

    @property
    def class_size(self) -> str:
        return _first_fit(len(self.class_label), (("", 34),))

    @property
    def school(self) -> str:
        return _shortened(self.sheet.sender.name, self.form.longest_school)


# The density is the long sheet's: a short form has one size of type.
ONE_SIZE = Density("", 10)


def _first_fit(length: int, sizes: tuple[tuple[str, int], ...]) -> str:
    return next((size for size, most in sizes if length <= most), "longer")


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
