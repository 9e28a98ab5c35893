"""The values of 2nd degré entries, in the order of their layouts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from aaf_import.synthetic.classes import SchoolClass
from aaf_import.synthetic.families import Pupil
from aaf_import.synthetic.layouts import several
from aaf_import.synthetic.network import Structure
from aaf_import.synthetic.population import NOWHERE, Adult, Employee
from aaf_import.synthetic.programmes import SUBJECTS, Programme

_REGIMES = (
    "DEMI-PENSIONNAIRE DANS L'ETABLISSEMENT",
    "DEMI-PENSIONNAIRE DANS L'ETABLISSEMENT",
    "EXTERNE LIBRE",
    "DEMI-PENSIONNAIRE DANS L'ETABLISSEMENT",
    "EXTERNE LIBRE",
    "INTERNE DANS L'ETABLISSEMENT",
)
_BOARDERS_FROM = 15


@lru_cache(maxsize=64)
def _subject_labels(programme: Programme) -> str:
    return several([SUBJECTS[code] for code in programme.subjects])


@lru_cache(maxsize=64)
def _subject_codes(programme: Programme) -> str:
    return several(programme.subjects)


def pupil_values(pupil: Pupil) -> list[str]:
    seat = pupil.seat
    school, programme, school_class = seat.structure.jointure, seat.programme, seat.school_class
    number = int(pupil.jointure)
    regime = _REGIMES[number % (6 if programme.age >= _BOARDERS_FROM else 5)]
    home = NOWHERE if number % 12 == 0 else pupil.home
    placed = grouped = ""
    if pupil.has_class:
        placed = f"{school}${school_class.code}"
        if school_class.has_groups:
            grouped = f"{placed} GR{number % 2 + 1}"
    return [
        pupil.jointure,
        pupil.ine,
        str(number + 7_000_000),
        pupil.birth.strftime("%d/%m/%Y"),
        "" if number % 50 == 0 else pupil.family_name,
        pupil.family_name,
        pupil.given,
        several(pupil.others),
        "Mme" if pupil.is_girl else "M.",
        several([f"{link.adult.jointures[1]}${link.kinship}${link.flags}" for link in pupil.links]),
        "O" if number % 4 == 0 else "N",
        regime,
        "O" if number % 3 == 0 else "N",
        home.lines,
        home.postcode,
        home.town,
        home.country,
        pupil.links[0].adult.jointures[1] if pupil.links and home.lines else "",
        "APPRENTI" if pupil.is_apprentice else "SCOLAIRE",
        programme.code,
        programme.label,
        programme.stage,
        programme.stream,
        _subject_labels(programme),
        _subject_codes(programme),
        school,
        placed,
        grouped,
    ]


def responsable_values(adult: Adult) -> list[str]:
    address = adult.address
    return [
        adult.jointures[1],
        "",
        adult.birth_name,
        adult.name,
        adult.given,
        adult.civility,
        several(adult.children[1]),
        adult.home_phone,
        adult.work_phone,
        address.lines,
        address.postcode,
        address.town,
        address.country,
        "N",
        adult.mobile,
        adult.mail,
        adult.mobile,
    ]


def structure_values(
    structure: Structure, academy: str, academy_label: str, classes: Sequence[SchoolClass]
) -> list[str]:
    place, kind = structure.town, structure.kind
    groups = [f"{c.code} GR{rank}$${c.code}" for c in classes if c.has_groups for rank in (1, 2)]
    return [
        structure.jointure,
        structure.uai,
        structure.uai,
        f"19{structure.uai[1:7]}100014" if structure.size else "",
        f"{kind.sigle}${structure.name}${place.name}",
        kind.label,
        kind.code,
        "MINISTERE DE L'EDUCATION NATIONALE",
        "06",
        "PR" if kind.is_private else "PU",
        "",
        structure.street,
        place.postcode,
        place.name,
        structure.phone,
        "",
        structure.mail,
        "",
        structure.basin,
        academy_label,
        f"{int(academy):03d}",
        several([f"{c.code}${c.label}${c.places[0][0].code}" for c in classes]),
        several(groups),
    ]


@dataclass(slots=True)
class Teaching:
    """What a teacher teaches: a subject, to classes, one of which may be their own to follow."""

    subject: str
    classes: Sequence[SchoolClass]
    follows: SchoolClass | None = None


def staff_values(
    jointure: str,
    person: Employee,
    structure: str,
    functions: Sequence[str],
    teaching: Teaching | None,
    school: str,
) -> list[str]:
    """`structure` may be empty, `school` is where the classes are."""
    subject = classes = both = followed = ""
    if teaching:
        subject = f"{school}${teaching.subject}"
        classes = several([f"{school}${c.code}" for c in teaching.classes])
        both = several([f"{school}${c.code}${teaching.subject}" for c in teaching.classes])
        followed = f"{school}${teaching.follows.code}" if teaching.follows else ""
    return [
        jointure,
        person.birth_date,
        person.birth_name,
        person.name,
        person.given,
        "",
        person.civility,
        person.mail,
        structure,
        "00$NON SPECIALISE",
        "",
        "",
        subject,
        classes,
        "",
        both,
        "",
        followed,
        several(functions),
        "O" if teaching else "N",
        "O" if teaching else "N",
    ]
