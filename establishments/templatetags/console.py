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
def described_input(field: BoundField, help_text: str) -> SafeString:
    """The field's widget with DSFR's class, tied to its hint and errors, without placeholder."""
    described = [f"{field.auto_id}_hint"] if help_text else []
    described += [f"{field.auto_id}_error"] if field.errors else []
    attributes: dict[str, Any] = {"class": "fr-input", "placeholder": False}
    attributes["aria-describedby"] = " ".join(described) or False
    attributes["aria-invalid"] = "true" if field.errors else False
    return field.as_widget(attrs=attributes)


@register.filter
def page_numbers(page: Page[Any]) -> list[int | None]:
    """The pages a pager links to, None where some are skipped."""
    shown = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return [each if isinstance(each, int) else None for each in shown]
