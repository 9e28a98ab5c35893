"""« FranceConnect » in « Mon compte »: whether it is linked, linking it, and taking it back."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.activation import session
from accounts.activation.access import View, proved
from accounts.activation.federated import franceconnect, linking
from accounts.activation.federated.franceconnect import Taken
from accounts.activation.federated.identification import leave
from accounts.activation.federated.linking import NoPassword, OtherPerson
from accounts.activation.keeping import changing
from accounts.activation.keeping.changing_views import OVERTAKEN
from accounts.activation.mails import zone_of
from accounts.activation.pages import Step, button_of, show_step
from accounts.transitions import ForbiddenTransition

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.federated.linking import ToLink
    from accounts.activation.session import SignedInRequest


def of_responsable(view: View) -> View:
    """Recently proved; where FranceConnect is not configured, and for a pupil, the page does not exist."""

    @wraps(view)
    def guarded(request: SignedInRequest) -> HttpResponse:
        if not linking.may_link(request.account):
            raise Http404
        return view(request)

    return proved(guarded)


@require_safe
@of_responsable
def shown(request: SignedInRequest) -> HttpResponse:
    timezone.activate(zone_of(request.account))
    context: dict[str, Any] = {"account": request.account, "since": linking.linked_since(request.account)}
    return show_step(request, "keeping/franceconnect.html", Step("FranceConnect"), **context)


@button_of("family_franceconnect")
@of_responsable
def link(request: SignedInRequest) -> HttpResponse:
    """Off to FranceConnect; who comes back is of this account alone."""
    if request.account.franceconnect_sub is not None:
        return redirect("family_franceconnect")
    start, back = reverse("family_franceconnect"), franceconnect.return_address()
    return leave(request, franceconnect.partner(), back, start, request.account.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@of_responsable
def confirm(request: SignedInRequest) -> HttpResponse:
    """Coming back changes nothing; its button does."""
    to_link = linking.kept(request)
    if to_link is None or request.account.franceconnect_sub is not None:
        return redirect("family_franceconnect")
    try:
        if request.method == "POST":
            return _linked(request, to_link)
        linking.check(request.account, to_link)
    except (Taken, OtherPerson) as refused:
        linking.forget(request)
        return _refuse(request, to_link, is_taken=isinstance(refused, Taken))
    context: dict[str, Any] = {"account": request.account, "name": to_link.name}
    return show_step(
        request, "keeping/franceconnect_confirm.html", Step("Lier FranceConnect\u202f?"), **context
    )


def _linked(request: SignedInRequest, to_link: ToLink) -> HttpResponse:
    try:
        changing.link_franceconnect(request.account, to_link)
    except ForbiddenTransition:
        messages.error(request, OVERTAKEN)
        return redirect("family_franceconnect")
    linking.forget(request)
    messages.success(request, "FranceConnect est lié à votre compte\u202f: il suffira pour vous connecter.")
    return redirect("family_home")


def _refuse(request: SignedInRequest, to_link: ToLink, *, is_taken: bool) -> HttpResponse:
    title = (
        "Cette identité FranceConnect est liée à un autre compte"
        if is_taken
        else "Cette identité FranceConnect est à un autre nom"
    )
    context: dict[str, Any] = {"account": request.account, "is_taken": is_taken, "name": to_link.name}
    return show_step(request, "keeping/franceconnect_refused.html", Step(title), status=403, **context)


@require_http_methods(["GET", "HEAD", "POST"])
@of_responsable
def unlink(request: SignedInRequest) -> HttpResponse:
    """Not without a password, since nothing else would open the account."""
    account = request.account
    if account.franceconnect_sub is None:
        return redirect("family_franceconnect")
    if not account.password:
        return _keep_linked(request)
    if request.method == "POST":
        return _unlinked(request)
    step = Step("Délier FranceConnect\u202f?")
    return show_step(request, "keeping/franceconnect_unlink.html", step, account=account)


def _unlinked(request: SignedInRequest) -> HttpResponse:
    try:
        changing.unlink_franceconnect(request.account)
    except NoPassword:
        return _keep_linked(request)
    except ForbiddenTransition:
        messages.error(request, OVERTAKEN)
        return redirect("family_franceconnect")
    session.end_others(request)
    messages.success(
        request, "FranceConnect n’est plus lié à votre compte. Les autres appareils sont déconnectés."
    )
    return redirect("family_home")


def _keep_linked(request: SignedInRequest) -> HttpResponse:
    step = Step("Choisissez d’abord un mot de passe")
    status = 403 if request.method == "POST" else 200
    return show_step(request, "keeping/franceconnect_kept.html", step, status=status)
