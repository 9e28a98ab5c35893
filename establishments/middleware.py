"""Around every page: a sign-in except where said otherwise, and the time zone of the place."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone


class LocalTimeMiddleware:
    """The time zone a view took (access.enter) ends with its response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """A fragment asked for after the session ended reloads the whole page, never a form in a table."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        refusal = super().process_view(request, view_func, view_args, view_kwargs)
        if refusal is not None and getattr(request, "htmx", False):
            return HttpResponse(headers={"HX-Refresh": "true"})
        return refusal
