"""Families: children with their seats, adults with what ties them to each child."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from aaf_import.synthetic import shares
from aaf_import.synthetic.classes import OpenSeats, Seat
from aaf_import.synthetic.keys import IneSequence
from aaf_import.synthetic.order import Order
from aaf_import.synthetic.places import Town
from aaf_import.synthetic.population import Address, Adult, Population
from aaf_import.synthetic.surnames import Origin

MOTHER, FATHER, SIBLING, GRANDPARENT, RELATIVE = "10", "20", "37", "38", "39"
FOSTER, TUTOR, ASE, ONESELF, OTHER = "42", "50", "51", "70", "90"

# The four flags of a link of the 2nd degré: payer, legal, contact, payment.
_FIRST_PARENT, _PARENT, _CONTACT, _IN_CHARGE = "1$1$0$1", "0$1$0$0", "0$0$1$0", "0$2$1$0"
_INSTITUTION, _ONESELF = "0$1$1$0", "1$1$0$0"


class Link(NamedTuple):
    """`flags` are the last four parts of the link in the 2nd degré; their second is the legal one."""

    adult: Adult
    kinship: str
    flags: str

    @property
    def is_legal(self) -> bool:
        return self.flags[2] == "1"


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


@dataclass(slots=True)
class _Home:
    """A family before its children have names: who answers for them, under which family name, where."""

    links: list[Link]
    family_name: str
    origin: Origin
    address: Address
    later_links: list[Link] = field(default_factory=list)
    """The links of the youngest child of a step-family, when they are not those of the elder ones."""


class FamilyMaker:
    """Makes the families of one zone after the other, until every seat of a zone is taken."""

    def __init__(self, order: Order, people: Population, rng: Random) -> None:
        self._year = order.school_year
        self._day = order.day
        self._clean = order.clean
        self._people = people
        self._rng = rng
        self._random = rng.random
        self._ines = IneSequence(order.academy, order.seed)
        self._towns: Sequence[Town] = ()
        self._institution: Adult | None = None
        self._kinds: tuple[tuple[float, Callable[[], _Home]], ...] = (
            (0.60, self._couple),
            (0.79, self._separated),
            (0.90, self._single_mother),
            (0.925, self._single_father),
            (0.932, self._two_mothers),
            (0.937, self._two_fathers),
            (0.945, self._tutored),
            (0.952, self._placed),
            (0.958, self._fostered),
            (0.980, self._couple_with_grandparents),
            (0.988, self._mother_and_person_in_charge),
            (0.994, self._father_and_contact),
            (1.0, self._couple_with_married_sibling),
        )

    def families(self, seats: OpenSeats, towns: Sequence[Town]) -> Iterator[list[Pupil]]:
        """The children of one family after the other."""
        self._towns = towns
        self._institution = None
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
        draw = self._random()
        home = next(make for bound, make in self._kinds if draw <= bound)()
        seats.sort(key=_age, reverse=True)
        children: list[Pupil] = []
        for seat in seats:
            children.append(self._child(seat, home, children))
        if home.later_links and len(children) > 1:
            children[-1].links = list(home.later_links)
        if not self._clean and len(children) > 1 and self._random() < shares.DUPLICATED_PARENT:
            _enter_twice(children)
        return children

    def _child(self, seat: Seat, home: _Home, elders: list[Pupil]) -> Pupil:
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
        parents = [Link(link.adult, link.kinship, _CONTACT) for link in child.links if self._random() < 0.5]
        child.links = [Link(oneself, ONESELF, _ONESELF), *parents]

    # Homes, one method for each kind.

    def _address(self) -> Address:
        return self._people.address(self._towns[int(len(self._towns) * self._random())])

    def _partner_origin(self, origin: Origin) -> Origin:
        return origin if self._random() < shares.SAME_ORIGIN else self._people.origin()

    def _parents(self, fathers_address: Address | None = None) -> tuple[Adult, Adult, str, Origin, Address]:
        """A mother and a father, the name of their children, its origin, the mother's address."""
        people = self._people
        origin = people.origin()
        mothers_origin = self._partner_origin(origin)
        fathers_name, mothers_name = people.surname(origin), people.surname(mothers_origin)
        address = self._address()
        draw = self._random()
        married = fathers_address is None and self._random() < shares.MARRIED_NAME
        mother = people.adult(
            woman=True,
            origin=mothers_origin,
            birth_name=mothers_name,
            name=fathers_name if married else mothers_name,
            address=address,
        )
        father = people.adult(
            woman=False,
            origin=origin,
            birth_name=fathers_name,
            name=fathers_name,
            address=fathers_address or address,
        )
        if draw < shares.DOUBLE_FAMILY_NAME:
            family_name = (
                f"{fathers_name}{'-' if draw < shares.DOUBLE_FAMILY_NAME / 2 else ' '}{mothers_name}"
            )
        elif draw < shares.DOUBLE_FAMILY_NAME + shares.MOTHERS_NAME:
            family_name = mothers_name
        else:
            family_name = fathers_name
        return mother, father, family_name, origin, address

    def _couple(self) -> _Home:
        mother, father, family_name, origin, address = self._parents()
        self._share(mother, father)
        links = [Link(mother, MOTHER, _FIRST_PARENT), Link(father, FATHER, _PARENT)]
        if self._random() < shares.CONTACT_OF_COUPLE:
            links.append(Link(self._relative(family_name, origin), RELATIVE, _CONTACT))
        return _Home(links, family_name, origin, address)

    def _share(self, one: Adult, other: Adult) -> None:
        if one.mail and self._random() < shares.SHARED_MAIL:
            other.mail = one.mail.upper() if self._random() < 0.5 and not self._clean else one.mail
        if one.mobile and self._random() < shares.SHARED_MOBILE:
            other.mobile = one.mobile

    def _separated(self) -> _Home:
        mother, father, family_name, origin, address = self._parents(self._address())
        links = [Link(mother, MOTHER, _FIRST_PARENT), Link(father, FATHER, _PARENT)]
        home = _Home(links, family_name, origin, address)
        if self._random() < shares.STEP_FAMILY:
            name = self._people.surname(origin)
            stepfather = self._people.adult(
                woman=False, origin=origin, birth_name=name, name=name, address=address
            )
            home.later_links = [Link(mother, MOTHER, _FIRST_PARENT), Link(stepfather, FATHER, _PARENT)]
            links.append(Link(stepfather, OTHER, _CONTACT))
        return home

    def _single_mother(self) -> _Home:
        origin, address = self._people.origin(), self._address()
        name = self._people.surname(origin)
        mother = self._people.adult(woman=True, origin=origin, birth_name=name, name=name, address=address)
        return _Home([Link(mother, MOTHER, _FIRST_PARENT)], name, origin, address)

    def _single_father(self) -> _Home:
        origin, address = self._people.origin(), self._address()
        name = self._people.surname(origin)
        father = self._people.adult(woman=False, origin=origin, birth_name=name, name=name, address=address)
        return _Home([Link(father, FATHER, _FIRST_PARENT)], name, origin, address)

    def _same_parents(self, *, women: bool) -> _Home:
        origin, address = self._people.origin(), self._address()
        name, other_name = self._people.surname(origin), self._people.surname(origin)
        one = self._people.adult(woman=women, origin=origin, birth_name=name, name=name, address=address)
        other = self._people.adult(
            woman=women, origin=origin, birth_name=other_name, name=other_name, address=address
        )
        kinship = MOTHER if women else FATHER
        return _Home(
            [Link(one, kinship, _FIRST_PARENT), Link(other, kinship, _PARENT)], name, origin, address
        )

    def _two_mothers(self) -> _Home:
        return self._same_parents(women=True)

    def _two_fathers(self) -> _Home:
        return self._same_parents(women=False)

    def _relative(
        self, family_name: str, origin: Origin, *, address: Address | None = None, mother: bool = False
    ) -> Adult:
        woman = mother or self._random() < 0.6
        name = family_name if self._random() < 0.5 else self._people.surname(origin)
        where = address or self._address()
        return self._people.adult(woman=woman, origin=origin, birth_name=name, name=name, address=where)

    def _tutored(self) -> _Home:
        origin, address = self._people.origin(), self._address()
        tutor = self._relative(self._people.surname(origin), origin, address=address)
        return _Home([Link(tutor, TUTOR, _FIRST_PARENT)], self._people.surname(origin), origin, address)

    def _ase(self) -> Adult:
        """The child welfare service of the zone: an institution, without given name, for many children."""
        if self._institution is None:
            near = self._towns[0]
            lines = "SERVICE DE L'ASE$BAT B$2 PLACE DE LA PRÉFECTURE$"
            address = Address(lines, "2 PLACE DE LA PRÉFECTURE", near.postcode, f"{near.name} CEDEX")
            self._institution = Adult("", "", f"ASE DE {near.name}", "", address, is_institution=True)
            self._institution.work_phone = self._people.landline()
        return self._institution

    def _placed(self) -> _Home:
        origin, ase = self._people.origin(), self._ase()
        return _Home([Link(ase, ASE, _INSTITUTION)], self._people.surname(origin), origin, ase.address)

    def _fostered(self) -> _Home:
        """Placed with a foster carer, who is called first but holds no authority; a mother may keep hers."""
        home = self._placed()
        foster = self._relative(self._people.surname(home.origin), home.origin)
        home.links.append(Link(foster, FOSTER, _CONTACT))
        home.address = foster.address
        if self._random() < 0.4:
            mother = self._relative(home.family_name, home.origin, mother=True)
            home.links.append(Link(mother, MOTHER, _PARENT))
        return home

    def _couple_with_grandparents(self) -> _Home:
        home = self._couple()
        home.links = home.links[:2]
        address = self._address()
        for _ in range(1 + (self._random() < 0.4)):
            grandparent = self._relative(home.family_name, home.origin, address=address)
            home.links.append(Link(grandparent, GRANDPARENT, _CONTACT))
        return home

    def _mother_and_person_in_charge(self) -> _Home:
        home = self._single_mother()
        home.links.append(Link(self._relative(home.family_name, home.origin), RELATIVE, _IN_CHARGE))
        return home

    def _father_and_contact(self) -> _Home:
        """A contact noted with 3, the other code for contacts."""
        home = self._single_father()
        home.links.append(Link(self._relative(home.family_name, home.origin), OTHER, "0$3$1$0"))
        return home

    def _couple_with_married_sibling(self) -> _Home:
        home = self._couple()
        home.links = [*home.links[:2], Link(self._relative(home.family_name, home.origin), SIBLING, _CONTACT)]
        return home


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
