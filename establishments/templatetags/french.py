"""French typography in templates: dates in the place's time zone, phones, numbers, plurals."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone

from establishments.phones import displayed_phone

register = template.Library()

NARROW_SPACE = "\u202f"


def _local(moment: date | datetime) -> date | datetime:
    """A moment as the clock of the establishment shows it (access.enter); a bare date as it is."""
    if isinstance(moment, datetime) and timezone.is_aware(moment):
        return timezone.localtime(moment)
    return moment


@register.filter
def day(moment: date | datetime | None) -> str:
    """« 12/11/2026 »; « – » for none."""
    return f"{_local(moment):%d/%m/%Y}" if moment else "–"


@register.filter
def day_time(moment: datetime | None) -> str:
    """« 12/11/2026 à 04:10 »; « – » for none."""
    return f"{_local(moment):%d/%m/%Y à %H:%M}" if moment else "–"


@register.filter
def clock(moment: datetime | None) -> str:
    """« 14:12 », by the clock of the establishment; « – » for none."""
    return f"{_local(moment):%H:%M}" if moment else "–"


@register.filter
def phone(number: str) -> str:
    """« 06 39 98 12 34 » from E.164; « – » for none."""
    return displayed_phone(number) if number else "–"


@register.filter
def number(value: int) -> str:
    """« 12 345 », with narrow no-break spaces."""
    return f"{value:,}".replace(",", NARROW_SPACE)


@register.filter
def percent(value: float) -> str:
    """« 50,4 % »."""
    return f"{value:.1f}\u00a0%".replace(".", ",")


@register.filter
def plural(count: int, endings: str = ",s") -> str:
    """The ending French gives a count, plural from two up: `plural` → « s », `plural:"al,aux"`."""
    one, many = endings.split(",")
    return many if abs(count) >= 2 else one


@register.filter
def dash(value: Any) -> Any:
    """« – » in place of nothing: a cell is never empty."""
    return "–" if value is None or value == "" else value
