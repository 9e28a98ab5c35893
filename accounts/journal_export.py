"""The journal as CSV, read while it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.journal import read_all
from accounts.journal_lines import lines_of
from establishments.models import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from accounts.journal import Query
    from accounts.journal_form import JournalForm
    from accounts.journal_lines import Subject, Target
    from establishments.access import Access
    from notifications.spreadsheets import Cell

HEADINGS: list[Cell] = ["Date", "Heure", "Par", "Acte", "Précision", "Sur", "Identifiant", "Opération"]


def export_rows(access: Access, query: Query) -> Iterator[list[Cell]]:
    """Dates and hours by the clock of the establishment."""
    zone = access.establishment.academy.zone
    known: dict[Target, Subject] = {}
    yield HEADINGS
    for events in read_all(query):
        for line in lines_of(events, access, known):
            at, subject = line.event.at.astimezone(zone), line.subject
            is_operation = line.event.target_kind == "operation"
            yield [
                at.date(),
                f"{at:%H:%M:%S}",
                line.by,
                line.act,
                line.detail,
                "" if is_operation else subject.label,
                subject.identifier,
                line.event.target_id if is_operation else line.operation,
            ]


def record_export(access: Access, form: JournalForm, now: datetime) -> None:
    """Who took the journal away, and which part of it: the filters, without a name."""
    chosen = {name: str(value) for name, value in form.cleaned_data.items() if value and name != "compte"}
    query = form.query()
    Event.objects.create(
        kind=EventKind.JOURNAL_EXPORTED,
        at=now,
        establishment=access.establishment,
        actor=Event.Actor.AGENT,
        agent=access.agent,
        target_kind="establishment",
        target_id=access.establishment.pk,
        data=chosen | ({"account": query.account} if query and query.account else {}),
    )
