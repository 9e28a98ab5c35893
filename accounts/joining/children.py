"""One child, however many records: two pupils with the same INE and birth date are told once (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from establishments.models import Student


def child_key(pupil: Student) -> Hashable:
    """Equal for the records of one child, as in the summer of CM2 → 6e; without INE, each is its own."""
    return (pupil.ine, pupil.birth_date) if pupil.ine else pupil.pk


def each_once(pupils: Iterable[Student], *, but: Iterable[Student] = ()) -> list[Student]:
    """Each child where it first comes, by the record which came last; not those of `but`."""
    known = {child_key(pupil) for pupil in but}
    found: dict[Hashable, Student] = {}
    for pupil in pupils:
        key = child_key(pupil)
        if key not in known and (key not in found or found[key].arrived_at < pupil.arrived_at):
            found[key] = pupil
    return list(found.values())
