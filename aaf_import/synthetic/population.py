"""Draws people: names that go together, addresses in towns that do not exist."""

from dataclasses import dataclass, field
from random import Random

from aaf_import.synthetic import shares
from aaf_import.synthetic.contacts import ContactBook
from aaf_import.synthetic.given_names import BY_ORIGIN, COMMON, GivenNames
from aaf_import.synthetic.places import RESIDENCES, STREETS, Town
from aaf_import.synthetic.surnames import SURNAMES, Origin, origins_in

_DRAWS = 1024


def _ranked(names: tuple[str, ...], draws: int = _DRAWS) -> list[str]:
    """`draws` names, the first of the list more often than the last; one random index then draws well."""
    return [names[int(len(names) * (slot / draws) ** 1.6)] for slot in range(draws)]


def _mixed(own: tuple[str, ...], common: tuple[str, ...]) -> list[str]:
    """Names of one origin for two thirds, of everyone for the rest."""
    return _ranked(own, 2 * _DRAWS // 3) + _ranked(common, _DRAWS - 2 * _DRAWS // 3)


@dataclass(slots=True)
class _GivenTables:
    girls: list[str]
    boys: list[str]
    women: list[str]
    men: list[str]


def _given_tables(own: GivenNames | None) -> _GivenTables:
    if own is None:
        return _GivenTables(
            *(_ranked(names) for names in (COMMON.girls, COMMON.boys, COMMON.women, COMMON.men))
        )
    return _GivenTables(
        _mixed(own.girls, COMMON.girls),
        _mixed(own.boys, COMMON.boys),
        _mixed(own.women, COMMON.women),
        _mixed(own.men, COMMON.men),
    )


@dataclass(frozen=True, slots=True)
class Address:
    """`lines` is the 2nd degré's four lines joined by `$`, `line` the 1st degré's single one."""

    lines: str
    line: str
    postcode: str
    town: str
    country: str = "FRANCE"


NOWHERE = Address("", "", "", "", "")


@dataclass(slots=True, eq=False)
class Adult:
    """Someone responsible for pupils. `jointures` and `children` hold the 1st degré's, then the 2nd's;
    `is_institution` says that pupils of several families may have this one."""

    civility: str
    birth_name: str
    name: str
    given: str
    address: Address
    mobile: str = ""
    mail: str = ""
    home_phone: str = ""
    work_phone: str = ""
    is_institution: bool = False
    jointures: list[str] = field(default_factory=lambda: ["", ""])
    children: list[list[str]] = field(default_factory=lambda: [[], []])

    def double(self) -> "Adult":
        """The same human entered a second time."""
        copy = Adult(
            self.civility, self.birth_name, self.name, self.given, self.address, self.mobile, self.mail
        )
        copy.home_phone, copy.work_phone = self.home_phone, self.work_phone
        return copy


@dataclass(frozen=True, slots=True)
class Employee:
    civility: str
    birth_name: str
    name: str
    given: str
    birth_date: str
    mail: str


class Population:
    """The people of one académie, drawn one after the other from `rng`."""

    def __init__(self, academy: str, rng: Random, *, clean: bool) -> None:
        self._random = rng.random
        weights = origins_in(academy)
        self._origins = [origin for origin, weight in weights.items() for _ in range(weight)]
        self._surnames = {origin: _ranked(names) for origin, names in SURNAMES.items()}
        self._given = {origin: _given_tables(BY_ORIGIN.get(origin)) for origin in Origin}
        self.contacts = ContactBook(academy, rng, clean=clean)

    def origin(self) -> Origin:
        return self._origins[int(len(self._origins) * self._random())]

    def surname(self, origin: Origin) -> str:
        return self._surnames[origin][int(_DRAWS * self._random())]

    def child_given_name(self, origin: Origin, *, girl: bool) -> str:
        tables = self._given[origin]
        return (tables.girls if girl else tables.boys)[int(_DRAWS * self._random())]

    def adult_given_name(self, origin: Origin, *, woman: bool) -> str:
        tables = self._given[origin]
        return (tables.women if woman else tables.men)[int(_DRAWS * self._random())]

    def address(self, town: Town) -> Address:
        random = self._random
        street = STREETS[int(len(STREETS) * random())]
        line = f"{int(random() * 120) + 1} {street}"
        shape = random()
        if shape < 0.7:
            lines = f"$${line}$"
        elif shape < 0.85:
            residence = RESIDENCES[int(len(RESIDENCES) * random())]
            lines = f"APPT {int(random() * 90) + 1}${residence}${line}$"
        elif shape < 0.97:
            lines = f"{line}$$$"
        else:
            lines = line
        return Address(lines, line, town.postcode, town.name)

    def adult(self, *, woman: bool, origin: Origin, birth_name: str, name: str, address: Address) -> Adult:
        """An adult with the phones and mail they left at the school, if any."""
        given = self.adult_given_name(origin, woman=woman)
        if self._random() < shares.WITHOUT_BIRTH_NAME:
            birth_name = ""
        person = Adult("Mme" if woman else "M.", birth_name, name, given, address)
        self.leave_contacts(person)
        return person

    def leave_contacts(self, person: Adult) -> None:
        """Draws the mobile, mail and other phones that someone gave, or did not."""
        person.mobile = self.contacts.mobile(person.name, person.given)
        person.mail = self.contacts.mail(person.name, person.given)
        if self._random() < shares.WITH_HOME_PHONE:
            person.home_phone = self.contacts.landline()
        if self._random() < shares.WITH_WORK_PHONE:
            person.work_phone = self.contacts.landline()

    def employee(self, born: tuple[int, int] = (1962, 1999)) -> Employee:
        """Someone who works in a school, with a mail no colleague has."""
        random = self._random
        woman = random() < 0.68
        origin = self.origin()
        birth_name = self.surname(origin)
        name = self.surname(origin) if woman and random() < shares.MARRIED_NAME else birth_name
        given = self.adult_given_name(origin, woman=woman)
        year = born[0] + int(random() * (born[1] - born[0]))
        birth_date = f"{int(random() * 28) + 1:02d}/{int(random() * 12) + 1:02d}/{year}"
        return Employee(
            "Mme" if woman else "M.",
            birth_name,
            name,
            given,
            birth_date,
            self.contacts.employee_mail(name, given),
        )
