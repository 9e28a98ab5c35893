"""The schools and services of a synthetic académie: who they are, how big, where, and headed by whom."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from aaf_import.synthetic import shares
from aaf_import.synthetic.contacts import academy_domain, landline
from aaf_import.synthetic.keys import uai
from aaf_import.synthetic.kinds import (
    CIO,
    CLG,
    CLG_PRIVATE,
    DSDEN,
    E_E,
    E_P_PRIVATE,
    FIRST_DEGREE,
    GRETA,
    IEN,
    LPO,
    LYC,
    LYC_PRIVATE,
    RECTORAT,
    SECOND_DEGREE,
    ZONE,
    Kind,
)
from aaf_import.synthetic.order import ImpossibleOrder, Order
from aaf_import.synthetic.places import SAINTS, SCHOOL_NAMES, STREETS, Town, town, uai_prefix
from establishments.territories import DEPARTMENTS, DepartmentRef


@dataclass(slots=True, eq=False)
class Structure:
    """A school or a service. `district` is the jointure of its IEN; `also_headed` are the schools its own
    head directs besides, `is_headed_elsewhere` says it is one of those."""

    jointure: str
    degree: int
    kind: Kind
    uai: str
    name: str
    town: Town
    street: str
    phone: str
    mail: str
    basin: str
    size: int = 0
    district: str = ""
    also_headed: "list[Structure]" = field(default_factory=list)
    is_headed_elsewhere: bool = False
    mail_fault: str = ""


@dataclass(frozen=True, slots=True)
class Zone:
    """Towns near each other: brothers and sisters go to the schools of one zone."""

    towns: tuple[Town, ...]
    schools: tuple[Structure, ...]


@dataclass(frozen=True, slots=True)
class Network:
    zones: tuple[Zone, ...]
    services: tuple[Structure, ...]


def build_network(order: Order, rng: Random) -> Network:
    """The whole network of an order; raises ImpossibleOrder when a department runs out of UAI numbers."""
    return _Surveyor(order, rng).network()


class _Surveyor:
    _SCHOOLS_IN_ZONE = 12
    _ZONES_IN_DISTRICT = 4

    def __init__(self, order: Order, rng: Random) -> None:
        self._order = order
        self._rng = rng
        self._departments = [d for d in DEPARTMENTS.values() if d.academy_code == order.academy]
        self._domain = academy_domain(order.academy)
        self._serials: Counter[str] = Counter()
        self._jointures: Counter[int] = Counter()
        self._districts: dict[tuple[str, int], Structure] = {}
        self._services: list[Structure] = []

    def network(self) -> Network:
        kinds = {
            degree: self._kinds(degree, self._order.establishments_in(degree))
            for degree in self._order.degrees
        }
        zone_count = max(1, round(self._order.establishments / self._SCHOOLS_IN_ZONE))
        towns = [self._towns(zone, zone_count) for zone in range(zone_count)]
        schools: list[list[Structure]] = [[] for _ in towns]
        for degree, wanted in kinds.items():
            sizes = _sizes([kind.pupils for kind in wanted], self._order.students_in(degree), self._rng)
            if degree == 2:
                _give_first_at_least_the_mean(sizes)
            placed = [
                self._school(degree, kind, size, rank * zone_count // len(wanted), towns)
                for rank, (kind, size) in enumerate(zip(wanted, sizes, strict=True))
            ]
            for rank, school in enumerate(placed):
                schools[rank * zone_count // len(wanted)].append(school)
            _share_heads(placed)
            if not self._order.clean:
                _spoil_mails(placed)
        self._add_services()
        zones = tuple(Zone(near, tuple(there)) for near, there in zip(towns, schools, strict=True))
        return Network(zones, tuple(self._services))

    def _kinds(self, degree: int, number: int) -> list[Kind]:
        cycle = FIRST_DEGREE if degree == 1 else SECOND_DEGREE
        kinds = [cycle[rank % len(cycle)] for rank in range(number)]
        for rank in range(1, number):
            if degree == 1 and self._rng.random() < shares.PRIVATE_FIRST_DEGREE:
                kinds[rank] = E_P_PRIVATE
            elif degree == 2 and self._rng.random() < shares.PRIVATE_SECOND_DEGREE:
                kinds[rank] = LYC_PRIVATE if kinds[rank] in (LYC, LPO) else CLG_PRIVATE
        return kinds

    def _towns(self, zone: int, zone_count: int) -> tuple[Town, ...]:
        first, last = (bound * len(self._departments) // zone_count for bound in (zone, zone + 1))
        near = self._departments[first : max(last, first + 1)]
        return tuple(town(near[rank % len(near)], zone * 3 + rank) for rank in range(3))

    def _school(
        self, degree: int, kind: Kind, size: int, zone: int, towns: Sequence[tuple[Town, ...]]
    ) -> Structure:
        names = SAINTS if kind.is_private else SCHOOL_NAMES
        name = names[int(self._rng.random() * len(names))]
        if degree == 1 and self._rng.random() < 0.03:
            name = ""
        place = towns[zone][int(self._rng.random() * len(towns[zone]))]
        school = self._structure(degree, kind, name, place, zone)
        school.size = size
        if degree == 1:
            school.district = self._district(zone, place).jointure
        return school

    def _structure(self, degree: int, kind: Kind, name: str, place: Town, zone: int) -> Structure:
        self._jointures[degree] += 1
        number = self._jointures[degree]
        code = self._uai(place.department)
        street = f"{number % 60 + 1} {STREETS[number * 7 % len(STREETS)]}"
        basin = f"{self._order.academy}{zone % 1000:03d}$BASSIN DE {place.name}"
        phone = landline(number * 7)
        mail = f"ce.{code}@{self._domain}"
        return Structure(str(4000 + number), degree, kind, code, name, place, street, phone, mail, basin)

    def _uai(self, department: str) -> str:
        """Numbers from 9000 on first, like nobody's, then the others."""
        rank = self._serials[department]
        self._serials[department] += 1
        if rank > 9998:
            raise ImpossibleOrder(f"department {department} has no UAI left: ask for fewer establishments")
        return uai(uai_prefix(department), 9000 + rank if rank < 1000 else 9999 - rank)

    def _district(self, zone: int, place: Town) -> Structure:
        key = (place.department, zone // self._ZONES_IN_DISTRICT)
        if key not in self._districts:
            ien = self._structure(1, IEN, f"CIRCONSCRIPTION DE {place.name}", place, zone)
            self._districts[key] = ien
            self._services.append(ien)
        return self._districts[key]

    def _add_services(self) -> None:
        """Services, which teach nobody; unless clean, some whose UAI is none, and a closed school."""
        seat = town(self._departments[0], 0)
        for degree in self._order.degrees:
            for department in self._departments:
                name = department.name.upper().replace("’", "'")
                self._service(degree, DSDEN, f"DSDEN {name}", town(department, 0))
            self._service(degree, RECTORAT, "RECTORAT", seat)
            if degree == 2:
                for rank in range(1 + self._order.establishments // 60):
                    near = self._departments[rank % len(self._departments)]
                    self._service(degree, CIO, f"CIO {rank + 1}", town(near, rank))
                self._service(degree, GRETA, "GRETA", seat)
            if not self._order.clean:
                self._add_odd_structures(degree, self._departments[0], seat)

    def _add_odd_structures(self, degree: int, department: DepartmentRef, seat: Town) -> None:
        for rank in (1, 2):
            zone = self._service(degree, ZONE, f"ZONE DE REMPLACEMENT {rank}", seat)
            zone.uai = f"{uai_prefix(department.code)}{rank:03d}ZV"
            zone.mail = ""
        wrong_key = self._service(degree, ZONE, "BRIGADE DE REMPLACEMENT", seat)
        wrong_key.uai = wrong_key.uai[:7] + ("A" if wrong_key.uai[7] != "A" else "B")
        self._service(degree, CLG if degree == 2 else E_E, "FERMÉ DEPUIS LA RENTRÉE", seat)

    def _service(self, degree: int, kind: Kind, name: str, place: Town) -> Structure:
        service = self._structure(degree, kind, name, place, 0)
        self._services.append(service)
        return service


def _sizes(usual: Sequence[int], total: int, rng: Random) -> list[int]:
    """Sizes around the usual ones whose sum is `total`, none of them 0."""
    weights = [pupils * rng.lognormvariate(0, 0.35) for pupils in usual]
    return share_out(total, weights, least=1)


def share_out(total: int, weights: Sequence[float], *, least: int = 0) -> list[int]:
    """`total` divided in proportion to `weights`, to the unit, each part at least `least`."""
    spare = total - least * len(weights)
    scale = spare / sum(weights)
    parts = [least + int(weight * scale) for weight in weights]
    by_weight = sorted(range(len(weights)), key=lambda index: -weights[index])
    for turn in range(total - sum(parts)):
        parts[by_weight[turn % len(parts)]] += 1
    return parts


def _give_first_at_least_the_mean(sizes: list[int]) -> None:
    mean = sum(sizes) / len(sizes)
    if sizes[0] < mean:
        other = min((size, rank) for rank, size in enumerate(sizes) if size >= mean)[1]
        sizes[0], sizes[other] = sizes[other], sizes[0]


def _share_heads(schools: Sequence[Structure]) -> None:
    """Gives some pairs of neighbouring schools one head; the very first school keeps its own when it can."""
    first = 1 if len(schools) > 2 else 0
    for rank in range(first, len(schools) - 1, shares.HEADED_TOGETHER_EVERY):
        schools[rank].also_headed.append(schools[rank + 1])
        schools[rank + 1].is_headed_elsewhere = True


def _spoil_mails(schools: Sequence[Structure]) -> None:
    """The mails that cannot sign in: two heads with one mail, and a head with the mail of the school."""
    own = [school for school in schools[3:] if not school.is_headed_elsewhere]
    for fault, school in zip(("shared", "shared", "school"), reversed(own), strict=False):
        school.mail_fault = fault
