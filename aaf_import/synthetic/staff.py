"""The staff of a school: who heads it, who teaches, and those the directory knows without a place."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from aaf_import.synthetic import first_degree, second_degree, shares
from aaf_import.synthetic.classes import SchoolClass, name_class
from aaf_import.synthetic.network import Structure
from aaf_import.synthetic.population import Employee, Population
from aaf_import.synthetic.programmes import DISCIPLINES
from aaf_import.synthetic.second_degree import Teaching

_HEAD = "DIR$DIRECTION$D0010$DIRECTION CHEF D'ETABLISSEMENT"
_DEPUTY = "DIR$DIRECTION$D0011$DIRECTION ADJOINT AU CHEF ETABLISSEMENT"
_COUNSELLOR = "EDU$EDUCATION$E0030$CONSEILLER PRINCIPAL EDUCATION"
_NOTHING = "-$SANS OBJET$-$SANS OBJET"


class Staffing:
    """Gives every structure its staff, as the values of their entries."""

    _FIRST_JOINTURE = 100_000
    _FIRST_CLASS_ID = 50_000

    def __init__(self, people: Population, rng: Random, *, clean: bool) -> None:
        self._people = people
        self._random = rng.random
        self._clean = clean
        self._jointures: Counter[int] = Counter()
        self._classes = self._FIRST_CLASS_ID
        self._shared_mails: dict[int, str] = {}
        self._headed: Counter[int] = Counter()

    def _jointure(self, degree: int) -> str:
        self._jointures[degree] += 1
        return str(self._FIRST_JOINTURE + self._jointures[degree])

    def of_service(self, service: Structure) -> Iterator[list[str]]:
        """Two people attached to a service, with no function any school could see."""
        for _ in range(2):
            person, functions = self._people.employee(), [f"{service.jointure}${_NOTHING}"]
            jointure = self._jointure(service.degree)
            if service.degree == 1:
                yield first_degree.staff_values(jointure, person, service.jointure, functions)
            else:
                yield second_degree.staff_values(jointure, person, service.jointure, functions, None, "")

    def of_school(self, school: Structure, classes: Sequence[SchoolClass]) -> Iterator[list[str]]:
        """Everyone of a school; in the 1st degré this also names its classes after their teachers."""
        if school.degree == 1:
            return self._of_primary_school(school, classes)
        return self._of_secondary_school(school, classes)

    def _head(self, school: Structure) -> Employee:
        person = self._people.employee((1962, 1985))
        self._headed[school.degree] += 1
        if school.mail_fault == "school":
            return replace(person, mail=school.mail)
        if school.mail_fault == "shared":
            return replace(person, mail=self._shared_mails.setdefault(school.degree, person.mail))
        is_one_of_the_first = self._headed[school.degree] <= 3
        if not self._clean and not is_one_of_the_first and self._random() < shares.HEAD_WITHOUT_MAIL:
            return replace(person, mail="")
        return person

    def _of_primary_school(self, school: Structure, classes: Sequence[SchoolClass]) -> Iterator[list[str]]:
        style = int(self._random() * 4) if self._random() < 0.4 else 0
        ordinary = f"{school.jointure}${first_degree.TEACHING}${first_degree.NO_SPECIALITY}"
        for rank, school_class in enumerate(classes):
            self._classes += 1
            is_head = rank == 0 and not school.is_headed_elsewhere
            teacher = self._head(school) if is_head else self._teacher()
            name_class(school_class, str(self._classes), teacher, style)
            jointure = self._jointure(1)
            if is_head:
                yield self._head_of_primary_school(jointure, teacher, school)
            elif rank == 1 and not self._clean and self._random() < shares.SECOND_HEAD:
                heading = [f"{school.jointure}${first_degree.HEADING}"]
                yield first_degree.staff_values(
                    jointure, teacher, school.jointure, heading, heads=[school.jointure]
                )
            else:
                place = "" if self._random() < 0.02 else school.jointure
                yield first_degree.staff_values(jointure, teacher, place, [ordinary])
        if self._random() < 0.2:
            nothing = [f"{school.district}${_NOTHING}"]
            yield first_degree.staff_values(self._jointure(1), self._teacher(), school.district, nothing)

    def _head_of_primary_school(self, jointure: str, head: Employee, school: Structure) -> list[str]:
        """Four heads in five are told by function and by ENTEnsFonctionDir, the others by one of the two."""
        headed = [place.jointure for place in (school, *school.also_headed)]
        functions = [f"{place}${first_degree.HEADING}" for place in headed]
        draw = self._random()
        if draw < 0.1:
            headed = []
        elif draw < 0.2:
            functions = [f"{school.jointure}${first_degree.TEACHING}${first_degree.NO_SPECIALITY}"]
        return first_degree.staff_values(jointure, head, school.jointure, functions, heads=headed)

    def _of_secondary_school(self, school: Structure, classes: Sequence[SchoolClass]) -> Iterator[list[str]]:
        place = school.jointure
        if not school.is_headed_elsewhere:
            functions = [f"{headed.jointure}${_HEAD}" for headed in (school, *school.also_headed)]
            yield self._second(self._head(school), place, functions)
        for rank in range((school.size > 350) + (school.size > 900)):
            attached = "" if rank == 0 and self._random() < 0.15 else place
            yield self._second(self._people.employee((1965, 1988)), attached, [f"{place}${_DEPUTY}"])
        for _ in range(1 + school.size // 400):
            yield self._second(self._people.employee(), place, [f"{place}${_COUNSELLOR}"])
        for rank in range(max(3, len(classes) * 3 // 2)):
            yield self._secondary_teacher(school, classes, rank)

    def _secondary_teacher(self, school: Structure, classes: Sequence[SchoolClass], rank: int) -> list[str]:
        code, label, subject = DISCIPLINES[rank % len(DISCIPLINES)]
        taught = [classes[(rank + step * 5) % len(classes)] for step in range(min(4, len(classes)))]
        follows = classes[rank] if rank < len(classes) else None
        functions = [f"{school.jointure}${first_degree.TEACHING}${code}${label}"]
        if self._random() < 0.03:
            functions.append(f"{max(4001, int(school.jointure) - 1)}${_NOTHING}")
        attached = "" if self._random() < 0.02 else school.jointure
        teaching = Teaching(subject, list(dict.fromkeys(taught)), follows)
        return self._second(self._teacher(), attached, functions, teaching, school.jointure)

    def _teacher(self) -> Employee:
        person = self._people.employee()
        return replace(person, mail="") if self._random() < 0.25 else person

    def _second(
        self,
        person: Employee,
        place: str,
        functions: list[str],
        teaching: Teaching | None = None,
        school: str = "",
    ) -> list[str]:
        return second_degree.staff_values(self._jointure(2), person, place, functions, teaching, school)
