"""Pieces of pages that a template alone cannot write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template

if TYPE_CHECKING:
    from django.core.paginator import Page
    from django.forms import BoundField
    from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def text_input(field: BoundField, help_text: str) -> SafeString:
    """The field's widget with DSFR's class and no placeholder; Django ties it to its help and errors."""
    field.help_text = help_text
    return field.as_widget(attrs={"class": "fr-input", "placeholder": False})


@register.filter
def page_numbers(page: Page[Any]) -> list[int | None]:
    """The pages a pager links to, None where some are skipped."""
    shown = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return [each if isinstance(each, int) else None for each in shown]
