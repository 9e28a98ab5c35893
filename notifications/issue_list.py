"""The list of what a school has to correct, to print: a table for each thing to correct, as a tagged PDF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.template.loader import render_to_string

from notifications.long_lists import write_long_list

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

LINES_A_PART = 200


@dataclass(frozen=True, slots=True)
class ListedIssue:
    """`who` is the person whose record is wrong; `pupils` those a responsable answers for."""

    class_label: str
    who: str
    pupils: str
    what: str
    written: str
    since: datetime


@dataclass(frozen=True, slots=True)
class ListedPlace:
    """What is corrected at one place of the school's software."""

    place: str
    issues: list[ListedIssue]

    @property
    def is_of_responsables(self) -> bool:
        """Whether pupils are named beside the person whose record is wrong."""
        return any(issue.pupils for issue in self.issues)


@dataclass(frozen=True, slots=True)
class Run:
    """The lines of a place which one part of the list holds: all of them, or those which follow others."""

    place: ListedPlace
    issues: list[ListedIssue]
    is_continued: bool


@dataclass(frozen=True, slots=True)
class IssueList:
    school: str
    uai: str
    source: str
    made_at: datetime
    made_by: str
    places: list[ListedPlace]

    @property
    def lines(self) -> int:
        return sum(len(place.issues) for place in self.places)


def render_pdf(listing: IssueList) -> bytes:
    """A PDF/UA-1, on A4."""
    parts = (
        render_to_string(
            "notifications/issue_list.html", {"listing": listing, "runs": runs, "is_first": number == 0}
        )
        for number, runs in enumerate(_parts(listing.places))
    )
    return write_long_list(parts, style="issue_list.css")


def _parts(places: list[ListedPlace]) -> Iterator[list[Run]]:
    """LINES_A_PART lines at a time, a place being cut where a part ends."""
    part: list[Run] = []
    room = LINES_A_PART
    for place in places:
        start = 0
        while start < len(place.issues):
            run = Run(place, place.issues[start : start + room], is_continued=start > 0)
            part.append(run)
            start += len(run.issues)
            room -= len(run.issues)
            if not room:
                yield part
                part, room = [], LINES_A_PART
    if part:
        yield part
