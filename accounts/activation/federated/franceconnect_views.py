"""The way in by FranceConnect: there and back, then mobile, code and birth dates the first time only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare, get_random_string
from django.views.decorators.http import require_http_methods, require_safe

from accounts import lifecycle
from accounts.activation import session, steps, throttle
from accounts.activation.access import after_sign_in, only_where, public_page, signed_in
from accounts.activation.federated import franceconnect, linking
from accounts.activation.federated.franceconnect import Taken
from accounts.activation.federated.identification import leave, show_failure
from accounts.activation.federated.openid import IdentificationFailed, arrive
from accounts.activation.pages import Step, button_of, posted, show_step
from accounts.activation.sms.forms import MobileForm, child_dates
from accounts.activation.sms.mobile_steps import (
    MobileWay,
    ask_code,
    ask_dates,
    proven_answers,
    send_another,
    send_first,
)
from accounts.activation.sms.self_registration import Opening
from accounts.models import Account, FamilySession
from notifications.sms.gateways import is_offered as has_sms

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.session import FamilyRequest, SignedInRequest

WAY = MobileWay(
    "franceconnect",
    "franceconnect_code",
    "franceconnect_send_again",
    "franceconnect_children",
    number_page="franceconnect_mobile",
    number=2,
    of=3,
)
TOKEN = "franceconnect_token"
_OUT = "franceconnect_out"
offered = only_where(franceconnect.is_offered)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@offered
def start(request: FamilyRequest) -> HttpResponse:
    """By a click of ours only; opened otherwise, the page is the first one."""
    if request.method != "POST":
        return redirect("activation")
    return leave(request, franceconnect.partner(), franceconnect.return_address(), reverse("activation"))


@require_safe
@public_page
@offered
def come_back(request: FamilyRequest) -> HttpResponse:
    """Straight in for who is linked already; otherwise an identity, which is no account yet.

    Who left from their account comes back to it, and to it alone.
    """
    partner = franceconnect.partner()
    try:
        identity = arrive(partner, request.family, request.GET.dict(), franceconnect.return_address())
        if identity.account is not None:
            linking.keep(request, identity)
            request.family[TOKEN] = identity.id_token
            return redirect("family_franceconnect_confirm")
    except IdentificationFailed as failed:
        return show_failure(request, partner, failed, _start_of(request))
    linked = Account.objects.filter(franceconnect_sub=identity.subject).first()
    if linked is not None:
        return _straight_in(request, linked, identity.id_token)
    names = franceconnect.names_of(identity)
    steps.begin(request, WAY.name, sub=identity.subject, names=names, token=identity.id_token)
    return redirect("franceconnect_mobile")


def _start_of(request: FamilyRequest) -> str:
    """Where to try again."""
    is_of_account = request.account is not None and linking.may_link(request.account)
    return reverse("family_franceconnect" if is_of_account else "activation")


def _straight_in(request: FamilyRequest, account: Account, id_token: str) -> HttpResponse:
    if account.merged_into_id:
        return show_step(request, "joined.html", Step("Utilisez votre autre compte"), status=403)
    if not lifecycle.may_sign_in(account, timezone.now()):
        return show_step(request, "closed.html", Step("Ce compte est fermé"), status=403)
    _sign_in(request, account, id_token)
    return redirect(after_sign_in(request))


def _sign_in(request: FamilyRequest, account: Account, id_token: str) -> None:
    session.sign_in(request, account, FamilySession.Way.FRANCECONNECT)
    request.family[TOKEN] = id_token


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@offered
def mobile(request: FamilyRequest) -> HttpResponse:
    """Nobody is looked for: the same SMS leaves, whoever it is."""
    steps.answers(request, WAY.name)
    if not has_sms():
        return _refuse(request)
    form = MobileForm(posted(request))
    if form.is_valid():
        steps.keep(request, WAY.name, **send_first(request, form.cleaned_data["number"]))
        return redirect("franceconnect_code")
    step = Step("Votre téléphone portable", 1, WAY.of)
    return show_step(request, "federated/franceconnect_mobile.html", step, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@offered
def code(request: FamilyRequest) -> HttpResponse:
    return ask_code(request, WAY)


@button_of("franceconnect_code")
@public_page
@offered
def send_again(request: FamilyRequest) -> HttpResponse:
    return send_another(request, WAY)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@offered
def children(request: FamilyRequest) -> HttpResponse:
    given, dates = proven_answers(request, WAY), child_dates(request)
    if dates.is_bound and dates.is_valid():
        return _linked(request, given, dates.dates)
    return ask_dates(request, dates, Step("Vos enfants", 3, WAY.of))


def _linked(request: FamilyRequest, given: dict[str, Any], dates: list[Any]) -> HttpResponse:
    throttle.attempt(request, throttle.BIRTH_DATE, given["number"])
    try:
        opened = franceconnect.link(given["sub"], given["names"], given["number"], dates)
    except Taken:
        step = Step("Ce compte est lié à une autre identité FranceConnect")
        return show_step(request, "federated/franceconnect_taken.html", step, status=403)
    if opened.opening == Opening.NOTHING:
        return _refuse(request)
    throttle.succeeded(request, throttle.BIRTH_DATE, given["number"])
    if opened.opening == Opening.SEVERAL:
        steps.end(request)
        return show_step(request, "federated/franceconnect_checking.html", Step("Votre école va vérifier"))
    [proof] = opened.proven
    was_active = opened.opening == Opening.ACTIVE
    _sign_in(request, proof.account, given["token"])
    request.family["franceconnect_told"] = [0 if was_active else len(proof.left_out), was_active]
    return redirect("franceconnect_done")


def _refuse(request: FamilyRequest) -> HttpResponse:
    """In the same words whatever was not recognised."""
    step = Step("Nous n’avons pas pu activer de compte")
    return show_step(request, "federated/franceconnect_refused.html", step, status=403)


@require_safe
@signed_in
def done(request: SignedInRequest) -> HttpResponse:
    left_out, was_active = request.family.get("franceconnect_told", [0, False])
    step = Step("FranceConnect est lié à votre compte" if was_active else "Votre compte est activé")
    context = {"account": request.account, "left_out": left_out, "was_active": was_active}
    return show_step(request, "federated/franceconnect_done.html", step, **context)


def leave_too(request: FamilyRequest, id_token: str) -> HttpResponse | None:
    """After our sign-out, that of FranceConnect, which its rules want; None where there is none to make."""
    if not (id_token and franceconnect.is_offered()):
        return None
    state = get_random_string(43)
    address = franceconnect.sign_out_address(id_token, state)
    if not address:
        messages.warning(request, "Votre identification peut rester ouverte : fermez aussi le navigateur.")
        return None
    request.family[_OUT] = state
    return render(request, "accounts/activation/federated/leaving.html", {"address": address, "out": True})


@require_safe
@public_page
def signed_out(request: FamilyRequest) -> HttpResponse:
    """Back from there; said only to who left by our button."""
    expected = request.family.pop(_OUT, "")
    if expected and constant_time_compare(expected, request.GET.get("state", "")):
        messages.success(request, "Vous êtes déconnecté.")
    return redirect("family_sign_in")
