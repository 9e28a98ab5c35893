"""The school year: from a first of September to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class SchoolYear:
    first_day: date

    def __str__(self) -> str:
        return f"{self.first_day.year}-{self.first_day.year + 1}"

    @property
    def next(self) -> SchoolYear:
        return SchoolYear(self.first_day.replace(year=self.first_day.year + 1))

    @property
    def before(self) -> SchoolYear:
        return SchoolYear(self.first_day.replace(year=self.first_day.year - 1))

    @property
    def days(self) -> list[date]:
        length = (self.next.first_day - self.first_day).days
        return [self.first_day + timedelta(days=each) for each in range(length)]


def school_year_of(day: date) -> SchoolYear:
    return SchoolYear(date(day.year if day.month >= 9 else day.year - 1, 9, 1))
