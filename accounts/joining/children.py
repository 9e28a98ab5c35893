"""One child, however many records: two pupils with the same INE and birth date are told once (pure).

In one feed an INE borne by two given names has been typed twice, twins' most often: they are two children.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from establishments.models import Student


def are_one(pupil: Student, other: Student) -> bool:
    """Whether these are records of one child, as in the summer of CM2 → 6e."""
    if pupil.pk == other.pk:
        return True
    if _key(pupil) != _key(other):
        return False
    return pupil.feed_id != other.feed_id or pupil.given_name_key == other.given_name_key


def _key(pupil: Student) -> Hashable:
    """Without INE, each record is its own."""
    return (pupil.ine, pupil.birth_date) if pupil.ine else pupil.pk


def each_once(pupils: Iterable[Student], *, but: Iterable[Student] = ()) -> list[Student]:
    """Each child where it first comes, by the record which came last; not those of `but`."""
    known: defaultdict[Hashable, list[Student]] = defaultdict(list)
    for pupil in but:
        known[_key(pupil)].append(pupil)
    found: list[Student] = []
    places: defaultdict[Hashable, list[int]] = defaultdict(list)
    for pupil in pupils:
        key = _key(pupil)
        if any(are_one(pupil, each) for each in known[key]):
            continue
        place = next((place for place in places[key] if are_one(pupil, found[place])), None)
        if place is None:
            places[key].append(len(found))
            found.append(pupil)
        elif found[place].arrived_at < pupil.arrived_at:
            found[place] = pupil
    return found
