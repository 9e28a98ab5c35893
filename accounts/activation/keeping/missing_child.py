"""« Il manque un enfant »: its birth date, given once the account is active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts.activation import left_out, throttle
from accounts.activation.access import signed_in
from accounts.activation.forms import BirthDateForm
from accounts.activation.pages import Step, show_step

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.session import SignedInRequest

_WRONG = "Cette date n’est celle d’aucun des enfants qui manquent. L’école est avertie : voyez avec elle."


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def missing_child(request: SignedInRequest) -> HttpResponse:
    """The child is not named: who does not know the date learns nothing here."""
    account = request.account
    if not left_out.sorted_out(account)[1]:
        return redirect("family_children")
    form = BirthDateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        throttle.attempt(request, throttle.BIRTH_DATE, account.identifier)
        if left_out.prove(account, form.cleaned_data["birth_date"]):
            throttle.succeeded(request, throttle.BIRTH_DATE, account.identifier)
            messages.success(request, "C’est fait : votre enfant est rattaché à votre compte.")
            return redirect("family_children")
        form.add_error("birth_date", _WRONG)
    return show_step(request, "keeping/missing_child.html", Step("Il manque un enfant ?"), form=form)
