"""French typography in templates: dates in the place's time zone, phones, numbers, plurals."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import phonenumbers
from django import template
from django.utils import timezone

if TYPE_CHECKING:
    from django.core.paginator import Page

register = template.Library()

NARROW_SPACE = "\u202f"


def _local(moment: date | datetime) -> date | datetime:
    return timezone.localtime(moment) if isinstance(moment, datetime) and timezone.is_aware(moment) else moment


@register.filter
def day(moment: date | datetime | None) -> str:
    """« 12/11/2026 », in the time zone of the request; « – » for none."""
    return _local(moment).strftime("%d/%m/%Y") if moment else "–"


@register.filter
def day_time(moment: datetime | None) -> str:
    """« 12/11/2026 à 04:10 »; « – » for none."""
    return _local(moment).strftime("%d/%m/%Y à %H:%M") if moment else "–"


@register.filter
def phone(number: str) -> str:
    """An E.164 number as it is read: « 06 39 98 12 34 », « +32 2 555 12 34 » abroad; others as they are."""
    try:
        parsed = phonenumbers.parse(number, "FR")
    except phonenumbers.NumberParseException:
        return number
    is_french = parsed.country_code == 33
    style = phonenumbers.PhoneNumberFormat.NATIONAL if is_french else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


@register.filter
def number(value: int) -> str:
    """« 12 345 », with narrow no-break spaces."""
    return f"{value:,}".replace(",", NARROW_SPACE)


@register.filter
def plural(count: int, endings: str = "s") -> str:
    """The ending of a French plural, from two up: `plural` → « s »; `plural:"al,aux"` → either."""
    one, _, many = endings.rpartition(",")
    return many if abs(count) >= 2 else one


@register.filter
def dash(value: Any) -> Any:
    """« – » in place of nothing: a cell is never empty."""
    return "–" if value is None or value == "" else value


@register.filter
def page_numbers(page: Page[Any]) -> list[int | None]:
    """The pages a pager links to, None where some are skipped."""
    shown = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return [each if isinstance(each, int) else None for each in shown]
