"""The frame of a page which asks one thing: where it stands among the steps, what it is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

if TYPE_CHECKING:
    from django.forms import BaseForm
    from django.http import HttpResponse, QueryDict

    from accounts.activation.session import FamilyRequest

View = Callable[..., "HttpResponse"]
REFUSED = 422


@dataclass(frozen=True, slots=True)
class Step:
    """A page on its own has no number."""

    title: str
    number: int = 0
    of: int = 0


def button_of(page: str) -> Callable[[View], View]:
    """The address of a button of `page`: opened otherwise, after a page of error say, it leads there."""

    def button(view: View) -> View:
        @wraps(view)
        def pressed(request: FamilyRequest) -> HttpResponse:
            return view(request) if request.method == "POST" else redirect(page)

        return require_http_methods(["GET", "HEAD", "POST"])(pressed)

    return button


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
        status = REFUSED
    context |= {"step": step, "form": form, "is_refused": status == REFUSED}
    return render(request, f"accounts/activation/{template}", context, status=status)


def posted(request: FamilyRequest) -> QueryDict | None:
    """What a form is bound to: a form sent empty is sent."""
    return request.POST if request.method == "POST" else None
