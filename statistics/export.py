"""The tables as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.utils import timezone

from notifications.file_names import file_name
from notifications.spreadsheets import write_csv
from statistics.tables import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from establishments.models import Establishment
    from notifications.spreadsheets import Cell
    from statistics.curves import Curve
    from statistics.tables import Line, Table


def csv_response(place: Establishment, what: str, rows: Iterable[Iterable[Cell]]) -> HttpResponse:
    name = file_name(what, place.uai, timezone.now(), place.academy.zone, "csv")
    response = HttpResponse(write_csv(rows), "text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def table_rows(heading: str, tables: Iterable[Table]) -> Iterator[list[Cell]]:
    """Every table, one under the other, each line with its population."""
    yield ["Population", heading, *COLUMNS.values()]
    for table in tables:
        for line in (*table.lines, table.total):
            yield [table.kind.label, *line_cells(line)]


def line_rows(heading: str, lines: Iterable[Line]) -> Iterator[list[Cell]]:
    yield [heading, "Détail", *COLUMNS.values()]
    for line in lines:
        label, *cells = line_cells(line)
        yield [label, line.detail, *cells]


def line_cells(line: Line) -> list[Cell]:
    return [line.label, *(cell.accounts for cell in line.cells)]


def curve_rows(curves: Iterable[Curve]) -> Iterator[list[Cell]]:
    """Every day which was counted, of both school years."""
    yield ["Population", "Année scolaire", "Jour", "Nombre de comptes", "Activés"]
    for curve in curves:
        for trace in (curve.last_year, curve.this_year):
            for point in trace.measured:
                yield [
                    curve.kind.label,
                    str(trace.year),
                    point.day,
                    point.accounts,
                    point.active,
                ]
