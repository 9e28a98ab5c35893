"""The way in: sign-in, invitation, choice of an establishment; and the pages about the site itself."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.account.views import LoginView
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from establishments import demo, invitations, sign_in_journal
from establishments.models import Establishment
from establishments.requests import ConsoleRequest

PAGE_SIZE = 20


class SignInView(LoginView):
    """allauth's, which throttles; with the people of the demonstration where it is offered."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        offered = demo.personas() if demo.is_offered(self.request) else []
        return super().get_context_data(**kwargs) | {
            "personas": offered,
            "identity_providers": settings.IDENTITY_PROVIDERS,
        }


@require_safe
def home(request: ConsoleRequest) -> HttpResponse:
    """Straight to the only establishment, else the choice of one; a clear page for who has none.

    The assistance of an académie, who follows its imports, and who reads statistics start from a page of
    their own.
    """
    offered = list(Establishment.objects.held_by(request.user)[:2])
    if not offered:
        return _home_without_establishment(request)
    if len(offered) == 1 and not (request.user.assists_an_academy or request.user.reads_statistics):
        return redirect("establishment", offered[0].uai)
    return redirect("establishments")


def _home_without_establishment(request: ConsoleRequest) -> HttpResponse:
    agent = request.user
    if agent.assists_an_academy:
        return redirect("assistance_home")
    if agent.follows_imports:
        return redirect("import_list")
    if agent.reads_statistics:
        return redirect("meteostat")
    return render(request, "establishments/none.html")


@require_safe
@vary_on_headers("HX-Request")
def establishments(request: ConsoleRequest) -> HttpResponse:
    query = request.GET.get("q", "").replace("\0", "").strip()
    offered = Establishment.objects.visible_to(request.user)
    found = offered.matching(query).order_by("search_key", "uai")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    template = "establishments/choose.html" + ("#results" if request.htmx else "")
    return render(request, template, {"page": page, "query": query})


@sensitive_post_parameters("new_password1", "new_password2")
@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Choose a first password and come in. Opening the page changes nothing: mail scanners open links."""
    try:
        agent = invitations.read(token)
    except invitations.InvitationRefused as refusal:
        return render(request, "establishments/invitation_refused.html", {"refusal": refusal}, status=410)
    form = SetPasswordForm(agent, request.POST or None)
    if not form.is_valid():
        context = {"form": form, "agent": agent}
        return render(
            request, "establishments/invitation.html", context, status=422 if form.is_bound else 200
        )
    if not invitations.accept(agent, form.cleaned_data["new_password1"]):
        return redirect("invitation", token)
    sign_in_journal.password_chosen(agent)
    return perform_password_login(request, {"email": agent.email}, Login(user=agent, redirect_url="/"))


@login_not_required
@require_safe
def page(request: HttpRequest, name: str) -> HttpResponse:
    context = {"mail_record_days": settings.MAIL_RECORD_LIFETIME.days}
    return render(request, f"pages/{name}.html", context)
