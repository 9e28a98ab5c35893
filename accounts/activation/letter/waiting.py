"""« En cours d’activation »: the mail was sent; the family may ask for it again, or correct the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.activation import throttle
from accounts.activation.access import signed_in
from accounts.activation.forms import MailForm
from accounts.activation.letter import starting
from accounts.activation.links import link_deadline
from accounts.activation.mails import zone_of
from accounts.activation.pages import Step, button_of, posted, show_step
from accounts.activation.throttle import Limit, Rule
from accounts.transitions import ForbiddenTransition, State

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.session import SignedInRequest

# A mail every few minutes, a handful a day: the address may be a stranger's, mistyped.
LINKS = Rule("links", here=Limit(4, 3600, 24 * 3600), anywhere=Limit(8, 3600, 24 * 3600))


@require_safe
@signed_in
def waiting(request: SignedInRequest) -> HttpResponse:
    account = request.account
    if account.state != State.ACTIVATING:
        return redirect("family_home")
    timezone.activate(zone_of(account))
    context = {"mail": account.pending_mail, "deadline": link_deadline(account)}
    return render(request, "accounts/activation/letter/waiting.html", context)


@button_of("activation_waiting")
@signed_in
def send_again(request: SignedInRequest) -> HttpResponse:
    if _send(request, request.account.pending_mail):
        messages.success(
            request, "Un nouveau message vous a été envoyé. Le lien du précédent ne fonctionne plus."
        )
    return redirect("activation_waiting")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def correct_address(request: SignedInRequest) -> HttpResponse:
    if request.account.state != State.ACTIVATING:
        return redirect("family_home")
    form = MailForm(posted(request), initial={"mail": request.account.pending_mail})
    if form.is_valid():
        if _send(request, form.cleaned_data["mail"]):
            messages.success(request, "L’adresse est corrigée et un nouveau message envoyé.")
        return redirect("activation_waiting")
    step = Step("Corrigez votre adresse mail")
    return show_step(request, "letter/correct_address.html", step, form=form)


def _send(request: SignedInRequest, mail: str) -> bool:
    throttle.attempt(request, LINKS, request.account.identifier)
    try:
        starting.send_again(request.account, mail=mail)
    except ForbiddenTransition:
        # Activated meanwhile, from the mail itself: the page says so by leading home.
        return False
    return True
