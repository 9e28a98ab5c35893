"""Every page asks for a sign-in, except the few that say otherwise."""

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.generic import View


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """A fragment asked for after the session ended reloads the whole page, never a form in a table."""

    def handle_no_permission(self, request: HttpRequest, view_func: View) -> HttpResponseBase:
        if getattr(request, "htmx", False):
            return HttpResponse(headers={"HX-Refresh": "true"})
        return super().handle_no_permission(request, view_func)  # type: ignore[no-any-return]
