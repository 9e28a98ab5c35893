"""The tables as CSV, for a spreadsheet: UTF-8 with its mark, semicolons, CRLF, and no formula."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.utils import timezone

from statistics.tables import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from establishments.models import Establishment
    from statistics.curves import Curve
    from statistics.tables import Line, Table

_FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_response(place: Establishment, name: str, rows: Iterable[Iterable[Any]]) -> HttpResponse:
    """A file whose name bears the establishment, the date and the time of the académie."""
    content = io.StringIO(newline="")
    csv.writer(content, delimiter=";", lineterminator="\r\n").writerows(map(_harmless, rows))
    response = HttpResponse(b"\xef\xbb\xbf" + content.getvalue().encode(), "text/csv; charset=utf-8")
    moment = timezone.localtime(timezone.now(), place.academy.zone)
    response["Content-Disposition"] = f'attachment; filename="{name}_{place.uai}_{moment:%Y%m%d%H%M%S}.csv"'
    return response


def _harmless(row: Iterable[Any]) -> list[Any]:
    """A text that a spreadsheet would run gets an apostrophe before it."""
    return [f"'{each}" if isinstance(each, str) and each.startswith(_FORMULA_MARKS) else each for each in row]


def table_rows(heading: str, tables: Iterable[Table]) -> Iterator[list[Any]]:
    """Every table, one under the other, each line with its population."""
    yield ["Population", heading, *COLUMNS.values()]
    for table in tables:
        for line in (*table.lines, table.total):
            yield [table.kind.label, *line_cells(line)]


def line_rows(heading: str, lines: Iterable[Line]) -> Iterator[list[Any]]:
    yield [heading, "Détail", *COLUMNS.values()]
    for line in lines:
        label, *cells = line_cells(line)
        yield [label, line.detail, *cells]


def line_cells(line: Line) -> list[Any]:
    return [line.label, *(cell.accounts for cell in line.cells)]


def curve_rows(curves: Iterable[Curve]) -> Iterator[list[Any]]:
    """Every day which was counted, of both school years."""
    yield ["Population", "Année scolaire", "Jour", "Nombre de comptes", "Activés"]
    for curve in curves:
        for trace in (curve.last_year, curve.this_year):
            for point in trace.measured:
                yield [
                    curve.kind.label,
                    str(trace.year),
                    f"{point.day:%d/%m/%Y}",
                    point.accounts,
                    point.active,
                ]
