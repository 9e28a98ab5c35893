"""The list of what a school has to correct, to print: a table for each thing to correct, as a tagged PDF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.template.loader import render_to_string

from notifications.typesetting import lay_out, write

if TYPE_CHECKING:
    from datetime import datetime


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
    body = render_to_string("notifications/issue_list.html", {"listing": listing})
    title = f"À corriger dans {listing.source} – {listing.school}"
    return write(lay_out(body, title=title, style="issue_list.css", codes={}))
