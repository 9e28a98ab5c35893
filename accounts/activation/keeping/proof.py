"""The password asked again, before what matters is changed on a screen which may have been left open."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.shortcuts import redirect, resolve_url
from django.views.decorators.http import require_http_methods

from accounts.activation import session, throttle
from accounts.activation.access import AFTER, after_sign_in, of_active
from accounts.activation.hashing import is_password
from accounts.activation.keeping.forms import ProofForm
from accounts.activation.pages import Step, posted, show_step

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.session import SignedInRequest

WRONG = "Ce n’est pas le mot de passe de ce compte. Vérifiez chaque caractère."


@require_http_methods(["GET", "HEAD", "POST"])
@of_active
def proof(request: SignedInRequest) -> HttpResponse:
    """Without a password, one signs in again by the way one has."""
    after = after_sign_in(request)
    if not request.account.password:
        return _without_password(request, after)
    form = ProofForm(posted(request))
    if form.is_valid():
        if is_own_password(request, form.cleaned_data["password"]):
            session.prove(request)
            return redirect(after)
        form.add_error("password", WRONG)
    step = Step("Confirmez que c’est bien vous")
    return show_step(request, "keeping/proof.html", step, form=form, after=after, account=request.account)


def is_own_password(request: SignedInRequest, given: str) -> bool:
    """Counted as a try to sign in is; raises TooManyTries."""
    subject = request.account.identifier
    throttle.attempt(request, throttle.PASSWORD, subject)
    if not is_password(given, request.account.password):
        return False
    throttle.succeeded(request, throttle.PASSWORD, subject)
    return True


def _without_password(request: SignedInRequest, after: str) -> HttpResponse:
    if request.method == "POST":
        session.sign_out(request)
        return redirect(f"{resolve_url('family_sign_in')}?{urlencode({AFTER: after}, safe='/')}")
    return show_step(request, "keeping/proof_again.html", Step("Confirmez que c’est bien vous"), after=after)
