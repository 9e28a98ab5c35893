"""The classes of a school and the seats in them: one seat for each pupil to come."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from string import ascii_uppercase

from aaf_import.synthetic.network import Structure, share_out
from aaf_import.synthetic.population import Employee
from aaf_import.synthetic.programmes import Programme

_CLASS_SIZE = {1: 24, 2: 27}
_SMALL = 14
"""Fewer pupils of a level than this share their class with another level."""


@dataclass(slots=True, eq=False)
class SchoolClass:
    """`code` is a code (2nd degré) or an idClasse (1st); `places` counts the pupils of each programme."""

    code: str
    label: str
    places: list[tuple[Programme, int]]
    teacher: Employee | None = None

    @property
    def has_groups(self) -> bool:
        return len(self.places[0][0].short) == 1


@dataclass(slots=True, eq=False)
class Seat:
    structure: Structure
    school_class: SchoolClass
    programme: Programme


def plan_classes(school: Structure, rng: Random) -> list[SchoolClass]:
    """The classes of a school for exactly its number of pupils; those of the 1st degré have no code, label or
    teacher yet."""
    kind = school.kind
    weights = [weight * rng.uniform(0.85, 1.15) for weight in kind.shares or (1.0,) * len(kind.programmes)]
    pupils = list(zip(kind.programmes, share_out(school.size, weights), strict=True))
    if school.degree == 1:
        return [SchoolClass("", "", places) for places in _first_degree(pupils, rng)]
    style = int(rng.random() * 4)
    return [
        _second_degree(programme, rank, part, style)
        for programme, number in pupils
        for rank, part in enumerate(_evenly(number, _CLASS_SIZE[2]))
    ]


def _evenly(number: int, at_most: int) -> list[int]:
    groups = -(-number // at_most)
    return share_out(number, (1.0,) * groups) if groups else []


def _first_degree(
    pupils: Sequence[tuple[Programme, int]], rng: Random
) -> Iterator[list[tuple[Programme, int]]]:
    """What is left of a level, once its own classes are full, goes with the beginning of the next level."""
    left: tuple[Programme, int] | None = None
    for programme, number in pupils:
        if left:
            joined = min(number, _CLASS_SIZE[1] + 2 - left[1])
            yield [left, (programme, joined)] if joined else [left]
            left, number = None, number - joined
        rest = number % _CLASS_SIZE[1]
        if 0 < rest < _SMALL and (number < _SMALL or rng.random() < 0.5):
            left, number = (programme, rest), number - rest
        for part in _evenly(number, _CLASS_SIZE[1] + 3):
            yield [(programme, part)]
    if left:
        yield [left]


def _second_degree(programme: Programme, rank: int, pupils: int, style: int) -> SchoolClass:
    return SchoolClass(_code(programme, rank, style), _label(programme, rank), [(programme, pupils)])


def _letter(rank: int) -> str:
    turn, index = divmod(rank, len(ascii_uppercase))
    return ascii_uppercase[index] + (str(turn + 1) if turn else "")


def _code(programme: Programme, rank: int, style: int) -> str:
    """Each school has its style: 6A, 6EME A, 6E 1 or 601; a code in letters is followed by a number."""
    short = programme.short
    if len(short) > 1:
        return f"{short} {rank + 1}" if style % 2 else f"{short}{rank + 1}"
    numbers = (
        f"{short}{_letter(rank)}",
        f"{short}EME {_letter(rank)}",
        f"{short}E {rank + 1}",
        f"{short}{rank + 1:02d}",
    )
    return numbers[style]


def _label(programme: Programme, rank: int) -> str:
    if len(programme.short) == 1:
        return f"{programme.stage} {_letter(rank)}"
    return f"{programme.label} {rank + 1}"


def name_class(school_class: SchoolClass, identifier: str, teacher: Employee, style: int) -> None:
    """Gives a class of the 1st degré its idClasse, its teacher and a label such as « CM2 - MME DURAND »."""
    school_class.code = identifier
    school_class.teacher = teacher
    levels = "-".join(programme.short for programme, _ in school_class.places)
    title = "MME" if teacher.civility == "Mme" else "M."
    labels = (
        f"{levels} - {title} {teacher.name}",
        f"{levels} {title} {teacher.name}",
        levels,
        f"CLASSE DE {title} {teacher.name}",
    )
    school_class.label = labels[style]


class OpenSeats:
    """The seats of a zone not taken yet; `same_school` is the chance of siblings to share their school."""

    def __init__(self, seats: dict[Structure, list[Seat]], rng: Random, same_school: float) -> None:
        self._random = rng.random
        self._same_school = same_school
        self._seats = seats
        for school in seats.values():
            rng.shuffle(school)
        self._turns = [school for school, places in seats.items() for _ in places]
        rng.shuffle(self._turns)

    def take(self) -> Seat | None:
        """Any seat, or None when the zone is full."""
        while self._turns:
            places = self._seats[self._turns.pop()]
            if places:
                return places.pop()
        return None

    def take_for_sibling(self, elder: Seat, ages: set[int]) -> Seat | None:
        """A seat for a brother or a sister, of another age whenever a few tries find one."""
        if not self._turns:
            return None
        school = elder.structure
        if self._random() > self._same_school:
            school = self._turns[int(len(self._turns) * self._random())]
        places = self._seats[school]
        if not places:
            return None
        for _ in range(4):
            if places[-1].programme.age not in ages:
                break
            other = int(len(places) * self._random())
            places[-1], places[other] = places[other], places[-1]
        return places.pop()
