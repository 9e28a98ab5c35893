"""Writes a synthetic académie, zone by zone: what is in memory does not grow with the number of pupils."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from aaf_import.synthetic import first_degree, second_degree, shares
from aaf_import.synthetic.classes import OpenSeats, SchoolClass, Seat, plan_classes
from aaf_import.synthetic.families import FamilyMaker, Pupil
from aaf_import.synthetic.faults import EVERY, Faults
from aaf_import.synthetic.feed import FeedFiles
from aaf_import.synthetic.layouts import LAYOUTS, MEF_2D, SUBJECT_2D
from aaf_import.synthetic.network import Structure, Zone, build_network
from aaf_import.synthetic.order import Order
from aaf_import.synthetic.population import Adult, Population
from aaf_import.synthetic.programmes import MEFS, SUBJECTS
from aaf_import.synthetic.staff import Staffing
from establishments.names import unaccented
from establishments.territories import ACADEMIES


def folder_of(out: Path, academy: str, degree: int) -> Path:
    """Where the extract of one feed goes, in the folder of all."""
    return out / f"{academy}-{degree}D"


def generate(
    order: Order, out: Path, advance: Callable[[int], object] = lambda pupils: None
) -> dict[int, Counter[str]]:
    """Writes the extracts of an order under `out`, calling `advance` with the number of pupils just written.

    Returns for each degree the number of entries of each type, of files, of establishments with pupils and
    of classes.
    Raises ImpossibleOrder when the order cannot be met, before any file is made.
    """
    return _Generation(order, out, advance).run()


class _Feed:
    """One extract on its way: its files, its next jointures, its faults."""

    _FIRST_PUPIL = 1_000_000
    _FIRST_RESPONSABLE = 5_000_000

    def __init__(self, order: Order, degree: int, out: Path) -> None:
        self.files = FeedFiles(
            folder_of(out, order.academy, degree), order.academy, degree, order.day, order.file_size
        )
        self.pupil, self.responsable, self.staff, self.structure = LAYOUTS[degree][:4]
        every = 0 if order.clean else EVERY
        self.pupil_faults = Faults(self.pupil, every)
        self.responsable_faults = Faults(self.responsable, every)
        self._pupils = self._FIRST_PUPIL
        self._responsables = self._FIRST_RESPONSABLE

    def next_pupil(self) -> str:
        self._pupils += 1
        return str(self._pupils)

    def next_responsable(self) -> str:
        self._responsables += 1
        return str(self._responsables)


class _Generation:
    _ADVANCE_BY = 500

    def __init__(self, order: Order, out: Path, advance: Callable[[int], object]) -> None:
        rng = Random(f"{order.academy}/{order.seed}")  # noqa: S311 -- draws people, not secrets
        self._order = order
        self._rng = rng
        self._advance = advance
        self._label = unaccented(ACADEMIES[order.academy].name)
        self._network = build_network(order, rng)
        self._people = Population(order.academy, rng, clean=order.clean)
        self._staffing = Staffing(self._people, rng, clean=order.clean)
        self._families = FamilyMaker(order, self._people, rng)
        self._feeds = {degree: _Feed(order, degree, out) for degree in order.degrees}

    def run(self) -> dict[int, Counter[str]]:
        for degree, feed in self._feeds.items():
            feed.files.open(layout.file_type for layout in LAYOUTS[degree])
        self._write_references()
        for service in self._network.services:
            self._write_structure(service, [])
        for zone in self._network.zones:
            self._write_zone(zone)
        for feed in self._feeds.values():
            feed.files.close()
        return {degree: feed.files.counts for degree, feed in self._feeds.items()}

    def _write_references(self) -> None:
        if 2 not in self._feeds:
            return
        files = self._feeds[2].files
        for code, label in SUBJECTS.items():
            files.write(SUBJECT_2D.file_type, SUBJECT_2D.render((code, label)))
        for mef in MEFS:
            files.write(MEF_2D.file_type, MEF_2D.render((mef.code, mef.label, mef.code[:3] + "0000001", "")))

    def _write_structure(self, structure: Structure, classes: Sequence[SchoolClass]) -> None:
        feed = self._feeds[structure.degree]
        if structure.degree == 1:
            values = first_degree.structure_values(structure, self._label)
        else:
            values = second_degree.structure_values(structure, self._order.academy, self._label, classes)
        feed.files.write(feed.structure.file_type, feed.structure.render(values))
        if structure.size:
            staff = self._staffing.of_school(structure, classes)
            feed.files.counts.update({"establishments": 1, "classes": len(classes)})
        else:
            staff = self._staffing.of_service(structure)
        for member in staff:
            feed.files.write(feed.staff.file_type, feed.staff.render(member))

    def _write_zone(self, zone: Zone) -> None:
        seats: dict[Structure, list[Seat]] = {}
        for school in zone.schools:
            classes = plan_classes(school, self._rng)
            self._write_structure(school, classes)
            seats[school] = [
                seat
                for school_class in classes
                for programme, number in school_class.places
                for seat in [Seat(school, school_class, programme)] * number
            ]
        institutions: list[Adult] = []
        written = 0
        for pupils in self._families.families(
            OpenSeats(seats, self._rng, shares.SIBLING_IN_SAME_SCHOOL), zone.towns
        ):
            self._write_family(pupils, institutions)
            written += len(pupils)
            if written >= self._ADVANCE_BY:
                self._advance(written)
                written = 0
        for institution in institutions:
            self._write_adult(institution)
        self._advance(written)

    def _write_family(self, pupils: list[Pupil], institutions: list[Adult]) -> None:
        """The entries of one family; an institution waits until its last child of the zone is known."""
        adults: list[Adult] = []
        for pupil in pupils:
            degree = pupil.seat.structure.degree
            feed = self._feeds[degree]
            pupil.jointure = feed.next_pupil()
            listed = (
                [a for a, _ in first_degree.listed_links(pupil)]
                if degree == 1
                else [k.adult for k in pupil.links]
            )
            for adult in listed:
                known = institutions if adult.is_institution else adults
                if adult not in known:
                    known.append(adult)
                if not adult.jointures[degree - 1]:
                    adult.jointures[degree - 1] = feed.next_responsable()
                adult.children[degree - 1].append(pupil.jointure)
            if degree == 1:
                values = first_degree.pupil_values(pupil, self._order.school_year)
            else:
                values = second_degree.pupil_values(pupil)
            feed.files.write("Eleve", feed.pupil_faults.render(values))
        for adult in adults:
            self._write_adult(adult)

    def _write_adult(self, adult: Adult) -> None:
        """One entry in each degré where the adult has children; sometimes only the 2nd one knows the mail."""
        if all(adult.jointures) and self._rng.random() < shares.MAIL_IN_ONE_FEED_ONLY:
            first_mail = ""
        else:
            first_mail = adult.mail
        if adult.jointures[1]:
            feed = self._feeds[2]
            feed.files.write(
                "PersRelEleve", feed.responsable_faults.render(second_degree.responsable_values(adult))
            )
        if adult.jointures[0]:
            adult.mail = first_mail
            feed = self._feeds[1]
            feed.files.write(
                "PersRelEleve", feed.responsable_faults.render(first_degree.responsable_values(adult))
            )
