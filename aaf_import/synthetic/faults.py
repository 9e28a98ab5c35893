"""What is wrong here and there in genuine extracts, done on purpose: one pupil and one responsable in 120."""

from collections.abc import Callable
from dataclasses import dataclass

from aaf_import.synthetic.layouts import (
    PUPIL_1D,
    PUPIL_2D,
    RESPONSABLE_1D,
    RESPONSABLE_2D,
    VALUE_BREAK,
    Layout,
)
from aaf_import.synthetic.places import FOREIGN_TOWNS

EVERY = 120
"""Entries from one fault to the next; faults come in turn, so that a few thousand pupils have them all."""
UNKNOWN_RESPONSABLE = "99000001"
UNKNOWN_PUPIL = "99000002"

_ROLES = {
    PUPIL_1D: ("ENTPersonNom", "ENTPersonPrenom", "ENTEleveAutoriteParentale"),
    PUPIL_2D: ("sn", "givenName", "ENTElevePersRelEleve"),
    RESPONSABLE_1D: ("ENTPersonNom", "ENTPersonPrenom", "ENTPersRelEleveEleve"),
    RESPONSABLE_2D: ("sn", "givenName", "ENTAuxPersRelEleveEleve"),
}


@dataclass(slots=True)
class _Draft:
    """An entry about to be spoilt. `name`, `given` and `links` find these in either degré; `before` is an
    earlier entry as it was."""

    layout: Layout
    values: list[str]
    before: list[str]
    name: int
    given: int
    links: int
    edit: Callable[[str], str] = str

    def at(self, attribute: str) -> int:
        return self.layout.position[attribute]


def _encoded_twice(text: str) -> str:
    return text.encode().decode("latin-1")


def _birth(text: str) -> Callable[[_Draft], None]:
    def spoil(draft: _Draft) -> None:
        draft.values[draft.at("ENTPersonDateNaissance")] = text

    return spoil


def _no_given_name(draft: _Draft) -> None:
    draft.values[draft.given] = ""


def _wrong_ine_key(draft: _Draft) -> None:
    ine = draft.at("ENTEleveINE")
    if draft.values[ine]:
        draft.values[ine] = draft.values[ine][:-1] + ("B" if draft.values[ine][-1] == "A" else "A")


def _same_ine(draft: _Draft) -> None:
    ine = draft.at("ENTEleveINE")
    draft.values[ine] = draft.before[ine]


def _homonym_born_the_same_day(draft: _Draft) -> None:
    for index in (draft.name, draft.given, draft.at("ENTPersonDateNaissance")):
        draft.values[index] = draft.before[index]


def _double_spaces(draft: _Draft) -> None:
    draft.values[draft.name] = f"DE  LA  {draft.values[draft.name]} "


def _name_encoded_twice(draft: _Draft) -> None:
    draft.values[draft.name] = _encoded_twice(draft.values[draft.name].replace("E", "É"))


def _unknown_responsable(draft: _Draft) -> None:
    parts = draft.values[draft.links].split(VALUE_BREAK)[0].split("$")
    draft.values[draft.links] += VALUE_BREAK + "$".join([UNKNOWN_RESPONSABLE, *parts[1:]])


def _link_too_short(draft: _Draft) -> None:
    draft.values[draft.links] = draft.values[draft.links].rsplit("$", 1)[0]


def _responsable_twice(draft: _Draft) -> None:
    first = draft.values[draft.links].split(VALUE_BREAK)[0].split("$")
    if len(first) == 6:
        first[2:] = ["0", "0", "1", "0"]
    draft.values[draft.links] += VALUE_BREAK + "$".join(first)


def _old_kinship(draft: _Draft) -> None:
    """The one-character codes of before 2018, where 1 is the father."""
    links = [link.split("$") for link in draft.values[draft.links].split(VALUE_BREAK)]
    old = {"10": "2", "20": "1", "50": "3", "51": "5", "70": "7"}
    draft.values[draft.links] = VALUE_BREAK.join(
        "$".join([link[0], old.get(link[1], "6"), *link[2:]]) for link in links
    )


def _no_link(draft: _Draft) -> None:
    draft.values[draft.links] = ""


def _unknown_attribute(draft: _Draft) -> None:
    draft.edit = lambda entry: entry.replace(
        "</attributes>", '<attr name="ENTPersonAttributNouveau"><value>1</value></attr>\n</attributes>'
    )


def _attribute_twice(draft: _Draft) -> None:
    """The given name again, the same, at the end of the entry."""
    line = f'<attr name="{draft.layout.names[draft.given]}">'

    def repeat(entry: str) -> str:
        start = entry.index(line)
        again = entry[start : entry.index("\n", start) + 1]
        return entry.replace("</attributes>", again + "</attributes>")

    draft.edit = repeat


def _id_is_not_jointure(draft: _Draft) -> None:
    jointure = draft.values[0]
    draft.edit = lambda entry: entry.replace(
        f"<id>{jointure}</id>", f"<id>{98_000_000 + int(jointure) % 1_000_000}</id>"
    )


def _abroad(draft: _Draft) -> None:
    postcode, town, country = FOREIGN_TOWNS[int(draft.values[0]) % len(FOREIGN_TOWNS)]
    draft.values[draft.at("ENTPersonCodePostal")] = postcode
    draft.values[draft.at("ENTPersonVille")] = town
    draft.values[draft.at("ENTPersonPays")] = country


def _no_postcode(draft: _Draft) -> None:
    draft.values[draft.at("ENTPersonCodePostal")] = ""


def _no_street(draft: _Draft) -> None:
    draft.values[draft.at("ENTPersonAdresse")] = "$$$" if draft.layout is RESPONSABLE_2D else ""


def _unknown_country(draft: _Draft) -> None:
    draft.values[draft.at("ENTPersonPays")] = "PAYS INCONNU"


def _short_phone(draft: _Draft) -> None:
    attribute = "homePhone" if draft.layout is RESPONSABLE_2D else "ENTPersonTelPerso"
    draft.values[draft.at(attribute)] = "016"


def _unknown_child(draft: _Draft) -> None:
    draft.values[draft.links] += VALUE_BREAK + UNKNOWN_PUPIL


def _mademoiselle(draft: _Draft) -> None:
    attribute = "personalTitle" if draft.layout is RESPONSABLE_2D else "ENTPersonCivilite"
    if draft.values[draft.at(attribute)] == "Mme":
        draft.values[draft.at(attribute)] = "Mlle"


def _padded_mail(draft: _Draft) -> None:
    mail = draft.at("mail" if draft.layout is RESPONSABLE_2D else "ENTPersonMail")
    if draft.values[mail]:
        draft.values[mail] = f" {draft.values[mail].capitalize()} "


_OF_PUPILS = (
    _birth("31/02/2014"),
    _unknown_responsable,
    _same_ine,
    _no_link,
    _double_spaces,
    _link_too_short,
    _unknown_attribute,
    _homonym_born_the_same_day,
    _responsable_twice,
    _birth(""),
    _wrong_ine_key,
    _name_encoded_twice,
    _old_kinship,
    _attribute_twice,
    _birth("15/03/2097"),
    _no_given_name,
    _id_is_not_jointure,
    _birth("2014-05-09"),
)
_OF_RESPONSABLES = (
    _abroad,
    _short_phone,
    _no_postcode,
    _padded_mail,
    _no_street,
    _unknown_child,
    _mademoiselle,
    _name_encoded_twice,
    _unknown_country,
    _double_spaces,
    _unknown_attribute,
)


class Faults:
    """Renders the entries of one layout and spoils some of them, in turn; `every` 0 spoils none."""

    def __init__(self, layout: Layout, every: int) -> None:
        self._layout = layout
        self._every = every
        self._faults = _OF_PUPILS if layout.file_type == "Eleve" else _OF_RESPONSABLES
        self._name, self._given, self._links = (layout.position[name] for name in _ROLES[layout])
        self._rendered = 0
        self._before: list[str] = []

    def render(self, values: list[str]) -> str:
        self._rendered += 1
        if not self._every or self._rendered % self._every:
            return self._layout.render(values)
        turn = self._rendered // self._every - 1
        before = self._before or values
        draft = _Draft(self._layout, list(values), before, self._name, self._given, self._links)
        self._before = values
        self._faults[turn % len(self._faults)](draft)
        return draft.edit(self._layout.render(draft.values))
