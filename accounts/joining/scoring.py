"""How likely two accounts of one establishment are one person's: points, each with its reason in French."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

THRESHOLD = 60
"""A same name alone is not enough: homonyms are not duplicates. Something else has to agree."""


@dataclass(frozen=True, slots=True)
class Reason:
    label: str
    points: int


REASONS = {
    "surname": Reason("même nom (d’usage ou de famille)", 30),
    "given_name": Reason("même prénom", 25),
    "mobile": Reason("même téléphone portable", 25),
    "mail": Reason("même adresse mail", 20),
    "address": Reason("même adresse postale", 15),
    "child": Reason("un enfant en commun", 10),
    "other_mail": Reason("adresses mail différentes", -5),
    "other_title": Reason("civilités différentes", -30),
}
# Why two accounts of different schools were not brought together by themselves.
DOUBTS = {
    "mail": "adresses mail différentes",
    "title": "civilités différentes",
    "several": "plusieurs comptes correspondent",
    "active": "deux comptes activés",
}


def score(reasons: Iterable[str]) -> int:
    """Between 0 and 100."""
    return min(100, max(0, sum(REASONS[each].points for each in reasons)))
