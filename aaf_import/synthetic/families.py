"""Families: the children of a home, each with a seat, a birth date and an INE."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from aaf_import.synthetic import shares
from aaf_import.synthetic.classes import OpenSeats, Seat
from aaf_import.synthetic.homes import CONTACT, ONESELF, ONESELF_FLAGS, Home, HomeMaker, Link
from aaf_import.synthetic.keys import IneSequence
from aaf_import.synthetic.order import Order
from aaf_import.synthetic.places import Town
from aaf_import.synthetic.population import Address, Adult, Population


@dataclass(slots=True, eq=False)
class Pupil:
    seat: Seat
    family_name: str
    given: str
    others: tuple[str, ...]
    is_girl: bool
    birth: date
    ine: str
    links: list[Link]
    home: Address
    has_class: bool = True
    is_apprentice: bool = False
    jointure: str = ""


class FamilyMaker:
    """Makes the families of one zone after the other, until every seat of a zone is taken."""

    def __init__(self, order: Order, people: Population, rng: Random) -> None:
        self._year = order.school_year
        self._day = order.day
        self._clean = order.clean
        self._people = people
        self._random = rng.random
        self._ines = IneSequence(order.academy, order.seed)
        self._homes = HomeMaker(people, rng, clean=order.clean)

    def families(self, seats: OpenSeats, towns: Sequence[Town]) -> Iterator[list[Pupil]]:
        """The children of one family after the other."""
        self._homes.move_to(towns)
        while (seat := seats.take()) is not None:
            yield self._family(self._seats_of_children(seat, seats))

    def _seats_of_children(self, first: Seat, seats: OpenSeats) -> list[Seat]:
        draw = self._random()
        number = next(number for bound, number in shares.CHILDREN if draw <= bound)
        taken = [first]
        ages = {first.programme.age}
        while len(taken) < number and (seat := seats.take_for_sibling(first, ages)) is not None:
            taken.append(seat)
            ages.add(seat.programme.age)
        return taken

    def _family(self, seats: list[Seat]) -> list[Pupil]:
        home = self._homes.home()
        seats.sort(key=_age, reverse=True)
        children: list[Pupil] = []
        for seat in seats:
            children.append(self._child(seat, home, children))
        if home.later_links and len(children) > 1:
            children[-1].links = list(home.later_links)
        if not self._clean and len(children) > 1 and self._random() < shares.DUPLICATED_PARENT:
            _enter_twice(children)
        return children

    def _child(self, seat: Seat, home: Home, elders: list[Pupil]) -> Pupil:
        is_girl = self._random() < 0.5
        given = self._people.child_given_name(home.origin, girl=is_girl)
        taken = {elder.given for elder in elders}
        while given in taken:
            given = self._people.child_given_name(home.origin, girl=is_girl)
        others: tuple[str, ...] = ()
        if self._random() < 0.4:
            others = (given, self._people.child_given_name(home.origin, girl=is_girl))
        birth = self._birth_after(seat, elders[-1].birth) if elders else self._birth(seat)
        child = Pupil(
            seat, home.family_name, given, others, is_girl, birth, "", list(home.links), home.address
        )
        child.ine = self._ine(seat)
        child.has_class = self._clean or self._random() >= shares.WITHOUT_CLASS
        if seat.programme.stage in ("BAC PRO", "CAP"):
            child.is_apprentice = self._random() < shares.APPRENTICE
        if seat.programme.age >= 16 and self._random() < shares.ADULT_ON_THEIR_OWN and self._is_adult(birth):
            self._answer_for_oneself(child)
        return child

    def _birth(self, seat: Seat) -> date:
        draw = self._random()
        age = seat.programme.age
        if draw < shares.DELAYED and age > 6:
            age += 1 + (seat.programme.stage in ("BAC PRO", "CAP", "TERMINALE") and draw < shares.DELAYED / 4)
        elif draw > 1 - shares.EARLY and age > 6:
            age -= 1
        return date(self._year - age, 1, 1) + timedelta(days=int(self._random() * 365))

    def _birth_after(self, seat: Seat, elder: date) -> date:
        """A birth in the year of the seat: the elder's own day for twins, else ten months later or more."""
        year = self._year - seat.programme.age
        if year <= elder.year:
            return elder
        day = date(year, 1, 1) + timedelta(days=int(self._random() * 365))
        if (day - elder).days < 300:
            return min(elder + timedelta(days=330 + int(self._random() * 60)), date(year, 12, 31))
        return day

    def _is_adult(self, birth: date) -> bool:
        return (birth.year + 18, birth.month, birth.day) <= (self._day.year, self._day.month, self._day.day)

    def _ine(self, seat: Seat) -> str:
        draw = self._random()
        if seat.structure.degree == 2:
            missing = shares.WITHOUT_INE_SECOND_DEGREE
        else:
            missing = shares.WITHOUT_INE_NURSERY if seat.programme.age < 6 else shares.WITHOUT_INE_ELEMENTARY
        if draw < missing:
            return ""
        return self._ines.next(siecle=seat.programme.age >= 13 and draw > 1 - shares.OLD_INE)

    def _answer_for_oneself(self, child: Pupil) -> None:
        """An adult pupil is their own responsable; their parents stay as contacts, or go."""
        oneself = Adult(
            "Mme" if child.is_girl else "M.", child.family_name, child.family_name, child.given, child.home
        )
        self._people.leave_contacts(oneself)
        parents = [Link(link.adult, link.kinship, CONTACT) for link in child.links if self._random() < 0.5]
        child.links = [Link(oneself, ONESELF, ONESELF_FLAGS), *parents]


def _age(seat: Seat) -> int:
    return seat.programme.age


def _enter_twice(children: list[Pupil]) -> None:
    """Enters an adult anew when the youngest is in a school of its own: two jointures, one human."""
    youngest = children[-1]
    if not youngest.links or youngest.seat.structure is children[0].seat.structure:
        return
    link = youngest.links[0]
    if not link.adult.is_institution and link.adult is children[0].links[0].adult:
        youngest.links[0] = Link(link.adult.double(), link.kinship, link.flags)
