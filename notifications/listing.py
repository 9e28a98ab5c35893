"""A list of accounts as finished plain data: what every format of it prints, and under which headings."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

NO_CLASS = "Sans classe"


@dataclass(frozen=True, slots=True)
class ListedRow:
    """One pupil and one account: a responsable's, or the pupil's own, whose holder is then empty.

    `pupil` tells one pupil from another of the same name. `password` is what the list prints, in clear or
    not; `valid_until` the last day of a provisional one.
    """

    pupil: int
    surname: str
    given_name: str
    level: str
    class_label: str
    mef: str
    holder_surname: str
    holder_given_name: str
    identifier: str
    password: str = field(repr=False)
    valid_until: date | None
    state: str


class Column(NamedTuple):
    label: str
    value: Callable[[ListedRow], str | date | None]


class ListedClass(NamedTuple):
    label: str
    rows: list[ListedRow]

    @property
    def pupils(self) -> int:
        return len({row.pupil for row in self.rows})


@dataclass(frozen=True, slots=True)
class AccountList:
    """`rows` come by class, then by pupil; `made_at` is told by the clock of the school."""

    uai: str
    school: str
    made_at: datetime
    made_by: str
    rows: Sequence[ListedRow]
    of_responsables: bool
    is_second_degree: bool
    has_secrets: bool

    @property
    def title(self) -> str:
        return f"Liste des {'responsables' if self.of_responsables else 'élèves'}"

    @property
    def columns(self) -> list[Column]:
        """Those of a spreadsheet, in the guide's order (October 2018, chapter 5.4)."""
        pupil = " de l’élève" if self.of_responsables else ""
        columns = [
            Column("UAI", lambda _: self.uai),
            Column("Établissement" if self.is_second_degree else "École", lambda _: self.school),
            Column(f"Nom{pupil}", lambda row: row.surname),
            Column(f"Prénom{pupil}", lambda row: row.given_name),
            Column("Niveau", lambda row: row.level),
            Column("Classe", lambda row: row.class_label),
        ]
        if self.is_second_degree:
            columns.append(Column("MEF", lambda row: row.mef))
        if self.of_responsables:
            columns.append(Column("Nom du responsable", lambda row: row.holder_surname))
            columns.append(Column("Prénom du responsable", lambda row: row.holder_given_name))
        return [
            *columns,
            Column("Identifiant", lambda row: row.identifier),
            Column("Mot de passe", lambda row: row.password),
            Column("Valable jusqu’au", lambda row: row.valid_until),
            Column("État du compte", lambda row: row.state),
        ]

    @property
    def classes(self) -> list[ListedClass]:
        by_class = groupby(self.rows, key=lambda row: row.class_label)
        return [ListedClass(label or NO_CLASS, list(rows)) for label, rows in by_class]
