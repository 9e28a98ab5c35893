"""A row as it is told to the person it is about, under the words of the register."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Model

from accounts.person.register import REGISTER, Told
from establishments.models import Academy, Establishment, Feed, Mef, SchoolClass

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = dict[str, Any]
Dossier = dict[str, list[Row]]


def told(instance: Model, *, leaving_out: Iterable[str] = ()) -> Row:
    """The columns the register tells of it, empty ones left out."""
    entry = REGISTER[instance._meta.label]
    assert isinstance(entry, Told), instance._meta.label
    values = {
        words: _value(instance, column)
        for column, words in entry.columns.items()
        if column not in set(leaving_out)
    }
    return {words: value for words, value in values.items() if value not in ("", None)}


def _value(instance: Model, column: str) -> Any:
    field = instance._meta.get_field(column)
    if field.is_relation:
        return _place(getattr(instance, field.name))
    if getattr(field, "choices", None):
        return getattr(instance, f"get_{field.name}_display")()
    return getattr(instance, column)


def _place(place: Model | None) -> str:
    match place:
        case None:
            return ""
        case Establishment():
            return f"{place.display_name} ({place.uai})"
        case Feed():
            return f"{place.academy.name}, {place.get_degree_display()}"
        case Academy():
            return place.name
        case SchoolClass() | Mef():
            return place.label
        case _:
            return str(place)


def as_text(dossier: Dossier) -> str:
    """To be read: a title a section, a line a value."""
    lines: list[str] = []
    for title, rows in dossier.items():
        lines += [title, "=" * len(title), ""]
        for row in rows:
            lines += [f"{words} : {_written(value)}" for words, value in row.items()]
            lines.append("")
        if not rows:
            lines += ["Rien.", ""]
    return "\n".join(lines)


def _written(value: Any) -> str:
    match value:
        case bool():
            return "oui" if value else "non"
        case _ if hasattr(value, "hour"):
            return f"{value:%d/%m/%Y %H:%M} UTC"
        case _ if hasattr(value, "year"):
            return f"{value:%d/%m/%Y}"
        case _:
            return str(value).replace("\n", ", ")
