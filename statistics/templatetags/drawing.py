"""Lines of numbers and the bars that draw them: hundreds a page, too many for a template each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from establishments.templatetags.french import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statistics.tables import Line, Segment

register = template.Library()


@register.simple_tag
def cells(line: Line) -> SafeString:
    """The numbers of a line; each opens the list of the accounts it counts, if there is one."""
    return mark_safe("".join(_cells(line)))  # noqa: S308 - numbers, our own labels, and an escaped address


def _cells(line: Line) -> Iterator[str]:
    for label, accounts, address in line.cells:
        is_link = accounts and address
        shown = f'<a href="{escape(address)}">{number(accounts)}</a>' if is_link else number(accounts)
        yield f'<td class="console-number" data-label="{label}">{shown}</td>'


@register.simple_tag
def bar(line: Line) -> SafeString:
    """A line as a stacked bar: a pattern a state (patterns.html), and its number where there is room."""
    title = f"<title>{escape(line.label)}\u00a0: {line.in_words}</title>"
    parts = "".join(map(_part, line.segments))
    svg = f'<svg class="stat-bar" role="img" width="100%" height="20">{title}{parts}</svg>'
    return mark_safe(svg)  # noqa: S308 - numbers, our own labels, and an escaped one


def _part(part: Segment) -> str:
    fill = f"url(#motif-{part.state})"
    shape = f'<rect x="{part.start}" width="{part.width}" height="20" fill="{fill}"/>'
    if not part.has_room:
        return shape
    where = f'class="stat-bar__{part.state}" x="{part.middle}" y="14" text-anchor="middle"'
    return f"{shape}<text {where}>{number(part.accounts)}</text>"
