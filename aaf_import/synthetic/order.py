"""What is asked of the generator, checked before anything is written."""

from dataclasses import dataclass
from datetime import date

from establishments.territories import ACADEMIES

DEFAULT_DAY = date(2026, 1, 5)
DEFAULT_FILE_SIZE = 5_000
_FIRST_DEGREE_ESTABLISHMENTS = 0.6
_FIRST_DEGREE_STUDENTS = 0.4


class ImpossibleOrder(ValueError):
    """The order contradicts itself or the map of France; its text says how."""


@dataclass(frozen=True, slots=True)
class Order:
    """`establishments` and `students` are totals over the degrees; `day` is the day of export; `file_size`
    the entries of one file; `clean` leaves out everything that is wrong in a genuine extract."""

    academy: str
    degrees: tuple[int, ...]
    establishments: int
    students: int
    seed: int
    day: date = DEFAULT_DAY
    file_size: int = DEFAULT_FILE_SIZE
    clean: bool = False

    def __post_init__(self) -> None:
        if self.academy not in ACADEMIES:
            raise ImpossibleOrder(f"unknown academy {self.academy!r}; known: {', '.join(ACADEMIES)}")
        if self.establishments < len(self.degrees):
            raise ImpossibleOrder("at least one establishment per degree is needed")
        if self.file_size < 1:
            raise ImpossibleOrder("a file holds at least one entry")
        for degree in self.degrees:
            if self.students_in(degree) < self.establishments_in(degree):
                raise ImpossibleOrder(f"fewer students than establishments in degree {degree}")

    def establishments_in(self, degree: int) -> int:
        return self._part(degree, self.establishments, _FIRST_DEGREE_ESTABLISHMENTS)

    def students_in(self, degree: int) -> int:
        return self._part(degree, self.students, _FIRST_DEGREE_STUDENTS)

    def _part(self, degree: int, total: int, first_share: float) -> int:
        if len(self.degrees) == 1:
            return total
        first = min(max(1, round(total * first_share)), total - 1)
        return first if degree == 1 else total - first

    @property
    def school_year(self) -> int:
        """The year in which the school year of the extract began."""
        return self.day.year if self.day.month >= 8 else self.day.year - 1
