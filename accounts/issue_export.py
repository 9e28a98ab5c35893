"""The list of what a school has to correct, for its secretary: by what to correct, then by class."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.issue_lines import lines_of, read
from establishments.access import Right
from establishments.models import Event, EventKind
from establishments.names import label_key
from notifications.issue_list import IssueList, ListedIssue, ListedPlace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.issue_form import IssueForm
    from accounts.issue_lines import Line
    from establishments.access import Access
    from notifications.spreadsheets import Cell

HEADINGS: list[Cell] = [
    "À corriger dans",
    "Classe",
    "Fiche",
    "Élève(s)",
    "Constat",
    "Valeur saisie",
    "Ce que cela empêche",
    "Constaté le",
    "Corrigé le",
]


def lines_to_export(access: Access, form: IssueForm) -> list[Line]:
    """Those of populations whose lists the agent may take away, in the order of the printed list."""
    lines = lines_of(access, read(form.found(Right.EXPORT)))
    return sorted(lines, key=_rank)


def _rank(line: Line) -> tuple[str, str, str]:
    return line.issue.place, label_key(line.class_label), label_key(line.who)


def csv_rows(access: Access, lines: list[Line]) -> Iterator[list[Cell]]:
    zone, source = access.establishment.academy.zone, access.establishment.feed.source
    yield HEADINGS
    for line in lines:
        issue = line.issue
        yield [
            f"{source} : {issue.place}",
            ", ".join(line.classes),
            line.who,
            ", ".join(line.pupils),
            issue.get_kind_display(),
            issue.written,
            issue.consequence,
            issue.opened_at.astimezone(zone).date(),
            issue.solved_at.astimezone(zone).date() if issue.solved_at else None,
        ]


def printed(access: Access, lines: list[Line]) -> IssueList:
    """The list as it is printed."""
    here = access.establishment
    return IssueList(
        school=str(here),
        uai=here.uai,
        source=here.feed.source,
        made_at=timezone.now(),
        made_by=access.agent.full_name,
        places=[
            ListedPlace(place, [_listed(line) for line in group])
            for place, group in groupby(lines, lambda line: line.issue.place)
        ],
    )


def _listed(line: Line) -> ListedIssue:
    return ListedIssue(
        line.class_label,
        line.who,
        line.pupils_label,
        line.issue.get_kind_display(),
        line.issue.written,
        line.issue.opened_at,
    )


def record_export(access: Access, lines: list[Line], file_format: str) -> None:
    """Who took the list away, and how many lines of each kind it has: no name."""
    Event.objects.create(
        kind=EventKind.ISSUES_EXPORTED,
        establishment=access.establishment,
        actor=Event.Actor.AGENT,
        agent=access.agent,
        target_kind="establishment",
        target_id=access.establishment.pk,
        data={"format": file_format, "lines": dict(Counter(line.issue.kind for line in lines))},
    )
