"""The values of 1st degré entries, in the order of their layouts."""

from collections.abc import Sequence

from aaf_import.synthetic.families import Pupil
from aaf_import.synthetic.homes import FOSTER
from aaf_import.synthetic.layouts import several
from aaf_import.synthetic.network import Structure
from aaf_import.synthetic.population import Adult, Employee

TEACHING = "ENS$ENSEIGNEMENT"
HEADING = f"{TEACHING}$D0000$DIRECTION"
NO_SPECIALITY = "G0000$SANS SPECIALITE"


def listed_links(pupil: Pupil) -> list[tuple[Adult, str]]:
    """Who is listed as holding authority, with their kinship; foster carers are too, contacts are not."""
    return [(link.adult, link.kinship) for link in pupil.links if link.is_legal or link.kinship == FOSTER]


def pupil_values(pupil: Pupil, year: int) -> list[str]:
    seat = pupil.seat
    school, school_class, level = seat.structure.jointure, seat.school_class, seat.programme
    entered = placed = ""
    if pupil.has_class:
        entered = f"{school}$01/09/{year}${school_class.code}"
        placed = f"{school}$11$ORDINAIRE${school_class.code}${school_class.label}"
    number = int(pupil.jointure)
    return [
        pupil.jointure,
        pupil.ine,
        pupil.birth.strftime("%d/%m/%Y"),
        "Mme" if pupil.is_girl else "M.",
        school,
        several([f"{adult.jointures[0]}${kinship}" for adult, kinship in listed_links(pupil)]),
        "N" if number % 4 == 0 else "O",
        "O" if number % 7 == 0 else "N",
        "O" if number % 5 == 0 else "N",
        "O" if number % 3 == 0 else "N",
        "N",
        f"{level.code}${level.short}",
        level.stage,
        "11$ORDINAIRE",
        entered,
        "",
        placed,
        "",
        pupil.family_name,
        pupil.family_name,
        pupil.given,
        several(pupil.others[1:]),
    ]


def responsable_values(adult: Adult) -> list[str]:
    address = adult.address
    return [
        adult.jointures[0],
        adult.civility,
        several(adult.children[0]),
        address.line,
        address.postcode,
        address.town,
        address.country,
        "N",
        adult.home_phone,
        adult.mobile,
        adult.mail,
        adult.work_phone,
        adult.birth_name,
        adult.name,
        adult.given,
        "",
    ]


def structure_values(structure: Structure, academy_label: str) -> list[str]:
    place = structure.town
    return [
        structure.jointure,
        structure.uai,
        "",
        f"{structure.kind.sigle}${structure.name}${place.name}",
        structure.kind.label,
        "MINISTERE DE L'EDUCATION NATIONALE",
        "PR" if structure.kind.is_private else "PU",
        structure.district,
        f"{place.insee}${place.name}${place.department}",
        "",
        academy_label,
        structure.street,
        "",
        place.postcode,
        place.name,
        structure.phone,
        "",
        structure.mail,
    ]


def staff_values(
    jointure: str, person: Employee, structure: str, functions: Sequence[str], *, heads: Sequence[str] = ()
) -> list[str]:
    """`structure` may be empty; `heads` are the jointures of the schools directed."""
    is_head = bool(heads) or any(HEADING in function for function in functions)
    return [
        jointure,
        person.birth_date,
        person.civility,
        structure,
        several(functions),
        "O" if any(TEACHING in function for function in functions) else "N",
        several(heads),
        "D0000$DIRECTION" if is_head else NO_SPECIALITY,
        person.birth_name,
        person.name,
        person.given,
        "",
        person.mail,
    ]
