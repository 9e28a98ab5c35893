"""Homes: who answers for the children of a family, and how each is tied to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from aaf_import.synthetic import shares
from aaf_import.synthetic.places import Town
from aaf_import.synthetic.population import Address, Adult, Population
from aaf_import.synthetic.surnames import Origin

MOTHER, FATHER, SIBLING, GRANDPARENT, RELATIVE = "10", "20", "37", "38", "39"
FOSTER, TUTOR, ASE, ONESELF, OTHER = "42", "50", "51", "70", "90"

# The four flags of a link of the 2nd degré: payer, legal, contact, payment.
_FIRST_PARENT, _PARENT, CONTACT, _IN_CHARGE = "1$1$0$1", "0$1$0$0", "0$0$1$0", "0$2$1$0"
_INSTITUTION, ONESELF_FLAGS = "0$1$1$0", "1$1$0$0"


class Link(NamedTuple):
    """`flags` are the last four parts of the link in the 2nd degré; their second is the legal one."""

    adult: Adult
    kinship: str
    flags: str

    @property
    def is_legal(self) -> bool:
        return self.flags[2] == "1"


@dataclass(slots=True)
class Home:
    """A family before its children have names: who answers for them, under which family name, where."""

    links: list[Link]
    family_name: str
    origin: Origin
    address: Address
    later_links: list[Link] = field(default_factory=list)
    """The links of the youngest child of a step-family, when they are not those of the elder ones."""


class HomeMaker:
    """Makes the homes of one zone after the other."""

    def __init__(self, people: Population, rng: Random, *, clean: bool) -> None:
        self._people = people
        self._random = rng.random
        self._clean = clean
        self._towns: Sequence[Town] = ()
        self._institution: Adult | None = None
        # Each with the share of homes up to and including its own.
        self._kinds: tuple[tuple[float, Callable[[], Home]], ...] = (
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
            (1.0, self._couple_with_grown_up_sibling),
        )

    def move_to(self, towns: Sequence[Town]) -> None:
        """From now on, homes are in these towns."""
        self._towns = towns
        self._institution = None

    def home(self) -> Home:
        draw = self._random()
        return next(make for bound, make in self._kinds if draw <= bound)()

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

    def _couple(self) -> Home:
        mother, father, family_name, origin, address = self._parents()
        self._share(mother, father)
        links = [Link(mother, MOTHER, _FIRST_PARENT), Link(father, FATHER, _PARENT)]
        if self._random() < shares.CONTACT_OF_COUPLE:
            links.append(Link(self._relative(family_name, origin), RELATIVE, CONTACT))
        return Home(links, family_name, origin, address)

    def _share(self, one: Adult, other: Adult) -> None:
        if one.mail and self._random() < shares.SHARED_MAIL:
            other.mail = one.mail.upper() if self._random() < 0.5 and not self._clean else one.mail
        if one.mobile and self._random() < shares.SHARED_MOBILE:
            other.mobile = one.mobile

    def _separated(self) -> Home:
        mother, father, family_name, origin, address = self._parents(self._address())
        links = [Link(mother, MOTHER, _FIRST_PARENT), Link(father, FATHER, _PARENT)]
        home = Home(links, family_name, origin, address)
        if self._random() < shares.STEP_FAMILY:
            name = self._people.surname(origin)
            stepfather = self._people.adult(
                woman=False, origin=origin, birth_name=name, name=name, address=address
            )
            home.later_links = [Link(mother, MOTHER, _FIRST_PARENT), Link(stepfather, FATHER, _PARENT)]
            links.append(Link(stepfather, OTHER, CONTACT))
        return home

    def _single_mother(self) -> Home:
        origin, address = self._people.origin(), self._address()
        name = self._people.surname(origin)
        mother = self._people.adult(woman=True, origin=origin, birth_name=name, name=name, address=address)
        return Home([Link(mother, MOTHER, _FIRST_PARENT)], name, origin, address)

    def _single_father(self) -> Home:
        origin, address = self._people.origin(), self._address()
        name = self._people.surname(origin)
        father = self._people.adult(woman=False, origin=origin, birth_name=name, name=name, address=address)
        return Home([Link(father, FATHER, _FIRST_PARENT)], name, origin, address)

    def _same_parents(self, *, women: bool) -> Home:
        origin, address = self._people.origin(), self._address()
        name, other_name = self._people.surname(origin), self._people.surname(origin)
        one = self._people.adult(woman=women, origin=origin, birth_name=name, name=name, address=address)
        other = self._people.adult(
            woman=women, origin=origin, birth_name=other_name, name=other_name, address=address
        )
        kinship = MOTHER if women else FATHER
        return Home([Link(one, kinship, _FIRST_PARENT), Link(other, kinship, _PARENT)], name, origin, address)

    def _two_mothers(self) -> Home:
        return self._same_parents(women=True)

    def _two_fathers(self) -> Home:
        return self._same_parents(women=False)

    def _relative(
        self, family_name: str, origin: Origin, *, address: Address | None = None, mother: bool = False
    ) -> Adult:
        woman = mother or self._random() < 0.6
        name = family_name if self._random() < 0.5 else self._people.surname(origin)
        where = address or self._address()
        return self._people.adult(woman=woman, origin=origin, birth_name=name, name=name, address=where)

    def _tutored(self) -> Home:
        origin, address = self._people.origin(), self._address()
        tutor = self._relative(self._people.surname(origin), origin, address=address)
        return Home([Link(tutor, TUTOR, _FIRST_PARENT)], self._people.surname(origin), origin, address)

    def _ase(self) -> Adult:
        """The child welfare service of the zone: an institution, without given name, for many children."""
        if self._institution is None:
            near = self._towns[0]
            lines = "SERVICE DE L'ASE$BAT B$2 PLACE DE LA PRÉFECTURE$"
            address = Address(lines, "2 PLACE DE LA PRÉFECTURE", near.postcode, f"{near.name} CEDEX")
            self._institution = Adult("", "", f"ASE DE {near.name}", "", address, is_institution=True)
            self._institution.work_phone = self._people.contacts.landline()
        return self._institution

    def _placed(self) -> Home:
        origin, ase = self._people.origin(), self._ase()
        return Home([Link(ase, ASE, _INSTITUTION)], self._people.surname(origin), origin, ase.address)

    def _fostered(self) -> Home:
        """Placed with a foster carer, who is called first but holds no authority; a mother may keep hers."""
        home = self._placed()
        foster = self._relative(self._people.surname(home.origin), home.origin)
        home.links.append(Link(foster, FOSTER, CONTACT))
        home.address = foster.address
        if self._random() < 0.4:
            mother = self._relative(home.family_name, home.origin, mother=True)
            home.links.append(Link(mother, MOTHER, _PARENT))
        return home

    def _couple_with_grandparents(self) -> Home:
        home = self._couple()
        home.links = home.links[:2]
        address = self._address()
        for _ in range(1 + (self._random() < 0.4)):
            grandparent = self._relative(home.family_name, home.origin, address=address)
            home.links.append(Link(grandparent, GRANDPARENT, CONTACT))
        return home

    def _mother_and_person_in_charge(self) -> Home:
        home = self._single_mother()
        home.links.append(Link(self._relative(home.family_name, home.origin), RELATIVE, _IN_CHARGE))
        return home

    def _father_and_contact(self) -> Home:
        """A contact noted with 3, the other code for contacts."""
        home = self._single_father()
        home.links.append(Link(self._relative(home.family_name, home.origin), OTHER, "0$3$1$0"))
        return home

    def _couple_with_grown_up_sibling(self) -> Home:
        home = self._couple()
        home.links = [*home.links[:2], Link(self._relative(home.family_name, home.origin), SIBLING, CONTACT)]
        return home
