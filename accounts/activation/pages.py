"""The frame of a page which asks one thing: where it stands among the steps, what it is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.shortcuts import render

if TYPE_CHECKING:
    from django.forms import BaseForm
    from django.http import HttpResponse, QueryDict

    from accounts.activation.session import FamilyRequest


@dataclass(frozen=True, slots=True)
class Step:
    """A page on its own has no number."""

    title: str
    number: int = 0
    of: int = 0


def show_step(
    request: FamilyRequest,
    template: str,
    step: Step,
    *,
    form: BaseForm | None = None,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """A template of accounts/activation/ which extends step.html; refused answers are 422."""
    if form is not None and form.is_bound and form.errors:
        status = 422
    context |= {"step": step, "form": form}
    return render(request, f"accounts/activation/{template}", context, status=status)


def posted(request: FamilyRequest) -> QueryDict | None:
    """What a form is bound to: a form sent empty is sent."""
    return request.POST if request.method == "POST" else None
