"""What every step of a merge shares: the cursor, the feed, the moment, and the counts it reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db.backends.utils import CursorWrapper

from establishments.models import Feed

Parameter = str | int | float | bool | list[int] | list[str]


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the records of one table; `left` are those the extract no longer names."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    left: int = 0

    def as_json(self) -> dict[str, int]:
        return asdict(self)


@dataclass(slots=True)
class Merge:
    """`covered` are the categories the extract lists whole: absence means departure in these only.

    A Complet lists whole all that it has entries of, a Delta its structures and formations.
    """

    cursor: CursorWrapper
    feed: Feed
    now: datetime
    covered: frozenset[str]
    is_delta: bool = False
    counts: dict[str, Counts] = field(default_factory=dict)

    def run(self, statement: str, **parameters: Parameter) -> int:
        """Execute, and return the number of rows; `feed`, `degree` and `now` are always given."""
        always: dict[str, Any] = {"feed": self.feed.pk, "degree": self.feed.degree, "now": self.now}
        self.cursor.execute(statement, {**always, **parameters})
        rows: int = self.cursor.rowcount
        return rows

    def number(self, statement: str, **parameters: Parameter) -> int:
        """The one number a query answers."""
        self.run(statement, **parameters)
        row = self.cursor.fetchone()
        return int(row[0]) if row and row[0] is not None else 0
