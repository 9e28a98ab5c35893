"""One measured figure, and how it reads beside what was asked."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """`limit` is the most the figure may be, or the least when `more_is_better`; None: for the record."""

    what: str
    value: float
    unit: str
    limit: float | None = None
    more_is_better: bool = False

    @property
    def holds(self) -> bool:
        if self.limit is None:
            return True
        return self.value >= self.limit if self.more_is_better else self.value <= self.limit

    def __str__(self) -> str:
        bound = ""
        if self.limit is not None:
            bound = (
                f"  ({'≥' if self.more_is_better else '≤'} {self.limit:g}: {'yes' if self.holds else 'NO'})"
            )
        return f"{self.what:<74} {self.value:>10.3g} {self.unit}{bound}"
