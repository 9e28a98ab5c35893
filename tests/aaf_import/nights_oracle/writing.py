"""Writes what a feed says of everyone: a Complet, or the Delta since it was last written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.aaf_import.builder import MEF, Extract, Values
from tests.aaf_import.nights_oracle.world import SCHOOLS, Feed, Link, Pupil, Record

_PERSON = "categoriePersonne"
Said = tuple[dict[str, Pupil], dict[str, Record]]


def write(feed: Feed, said: Said, before: Said | None, folder: Path, day: str) -> None:
    """A Delta when `before` is given."""
    built = Extract(feed[1], academy=feed[0])
    for key, uai in SCHOOLS[feed].items():
        classes = {"ENTStructureClasses": [f"{room}$SIXIEME${MEF}" for room in ("6A", "6B")]}
        built.school(key, uai=uai, **(classes if feed[1] == 2 else {}))
    if feed[1] == 2:
        built.mef().add_subject()
    head = "D0010" if feed[1] == 2 else "D0000"
    code = "DIR$DIRECTION" if feed[1] == 2 else "ENS$ENSEIGNEMENT"
    school = next(iter(SCHOOLS[feed]))
    if before is None:
        built.staff("60001", f"{school}${code}${head}$CHEF", **_mail_of_head(feed))
    for number, category in enumerate(("Eleve", "PersRelEleve")):
        _write_persons(built, category, said[number], before[number] if before else {})
    built.write(folder, day=day, kind="Complet" if before is None else "Delta")


def _write_persons(
    built: Extract, category: str, said: Mapping[str, Pupil | Record], before: Mapping[str, Pupil | Record]
) -> None:
    entries = {key: _attributes(built.degree, key, each) for key, each in said.items()}
    former = {key: _attributes(built.degree, key, each) for key, each in before.items()}
    for key, attributes in entries.items():
        if key not in former:
            built.add(category, _PERSON, key, attributes)
        elif attributes != former[key]:
            changed = {name: value for name, value in attributes.items() if value != former[key][name]}
            built.modify(category, key, **changed)
    for key in former.keys() - entries.keys():
        built.delete(category, key)


def _mail_of_head(feed: Feed) -> dict[str, Values]:
    return {"ENTPersonMail" if feed[1] == 1 else "mail": f"agent-{feed[0]}-{feed[1]}@example.org"}


def _attributes(degree: int, key: str, said: Pupil | Record) -> dict[str, Values]:
    if isinstance(said, Pupil):
        return _pupil_1d(key, said) if degree == 1 else _pupil_2d(key, said)
    names = (
        ("ENTPersonNom", "ENTPersonPrenom", "ENTPersRelEleveTelMobile", "ENTPersonMail", "ENTPersonCivilite")
        if degree == 1
        else ("sn", "givenName", "mobile", "mail", "personalTitle")
    )
    values = (said.surname, said.given_name, said.mobile, said.mail, said.title)
    return {"ENTPersonJointure": key, "ENTPersonNomPatro": said.birth_surname} | dict(
        zip(names, values, strict=True)
    )


def _pupil_1d(key: str, pupil: Pupil) -> dict[str, Values]:
    room = f"{pupil.school}$11$ORDINAIRE${pupil.room}$CM2" if pupil.room else ""
    return _common(key, pupil) | {
        "ENTPersonNom": "MARTIN",
        "ENTPersonPrenom": pupil.given_name,
        "ENTEleveNiveau": "1125$CM2",
        "ENTPersonClasses": room,
        "ENTEleveAutoriteParentale": [f"{link.record}${_kinship_1d(link)}" for link in pupil.links],
    }


def _pupil_2d(key: str, pupil: Pupil) -> dict[str, Values]:
    return _common(key, pupil) | {
        "sn": "MARTIN",
        "givenName": pupil.given_name,
        "ENTEleveMEF": MEF,
        "ENTEleveClasses": f"{pupil.school}${pupil.room}" if pupil.room else "",
        "ENTElevePersRelEleve": [
            f"{link.record}${link.kinship}$1${1 if link.is_legal else 3}$0$1" for link in pupil.links
        ],
    }


def _common(key: str, pupil: Pupil) -> dict[str, Values]:
    return {
        "ENTPersonJointure": key,
        "ENTEleveINE": pupil.ine,
        "ENTPersonDateNaissance": pupil.birth_date,
        "ENTPersonStructRattach": pupil.school,
    }


def _kinship_1d(link: Link) -> str:
    """There, being listed is the flag, but for brothers and sisters."""
    return link.kinship if link.is_legal else "37"
