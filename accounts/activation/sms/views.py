"""The way in by SMS: names and mobile, code, birth dates, password; nothing is told before the dates."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.activation import password_rule, steps, throttle
from accounts.activation.access import only_where, public_page, signed_in
from accounts.activation.forms import NewPasswordForm
from accounts.activation.hashing import hash_password, is_password
from accounts.activation.pages import Step, button_of, posted, show_step
from accounts.activation.session import sign_in
from accounts.activation.sms.forms import PersonForm, child_dates
from accounts.activation.sms.mobile_steps import (
    MobileWay,
    ask_code,
    ask_dates,
    proven_answers,
    send_another,
    send_first,
)
from accounts.activation.sms.proving import Person
from accounts.activation.sms.self_registration import Opening, register, try_dates
from accounts.models import FamilySession
from notifications.sms.gateways import is_offered

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.session import FamilyRequest, SignedInRequest
    from accounts.models import Account

WAY = MobileWay("sms", "sms_code", "sms_send_again", "sms_children", number_page="sms_start", number=2, of=4)
# Where what was opened leads, but for the account to activate.
_ENDS = {Opening.NOTHING: "sms_refused", Opening.ACTIVE: "sms_active", Opening.SEVERAL: "sms_checking"}
offered = only_where(is_offered)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@offered
def start(request: FamilyRequest) -> HttpResponse:
    """Nobody is looked for: the same SMS leaves, and the same page comes, whoever it is."""
    form = PersonForm(posted(request))
    if form.is_valid():
        told = form.cleaned_data
        steps.begin(request, WAY.name, **told | send_first(request, told["number"]))
        return redirect("sms_code")
    return show_step(request, "sms/person.html", Step("Qui êtes-vous ?", 1, WAY.of), form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@offered
def code(request: FamilyRequest) -> HttpResponse:
    return ask_code(request, WAY)


@button_of("sms_code")
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
        return _tried(request, given, dates.dates)
    return ask_dates(request, dates, Step("Vos enfants", 3, WAY.of))


def _tried(request: FamilyRequest, given: dict[str, Any], dates: list[date]) -> HttpResponse:
    """Two accounts answer as one does: the school alone will see that they are two."""
    throttle.attempt(request, throttle.BIRTH_DATE, given["number"])
    opened = try_dates(_person(given), dates)
    if opened.opening == Opening.NOTHING:
        return redirect("sms_refused")
    throttle.succeeded(request, throttle.BIRTH_DATE, given["number"])
    steps.keep(request, WAY.name, dates=[each.isoformat() for each in dates])
    return redirect("sms_active" if opened.opening == Opening.ACTIVE else "sms_password")


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@offered
def password(request: FamilyRequest) -> HttpResponse:
    given = proven_answers(request, WAY, "dates")
    form = NewPasswordForm(posted(request), about=[given["surname"], given["given_name"]])
    if form.is_valid():
        return _registered(request, given, form.cleaned_data["password"])
    step = Step("Choisissez votre mot de passe", 4, WAY.of)
    return show_step(request, "sms/password.html", step, form=form, rule=password_rule.rule().words)


def _registered(request: FamilyRequest, given: dict[str, Any], password: str) -> HttpResponse:
    """An answer sent twice ends as it does once: the second finds the account active, by that password."""
    dates = [date.fromisoformat(each) for each in given["dates"]]
    opened = register(_person(given), dates, hash_password(password))
    is_again = opened.opening == Opening.ACTIVE and _opens(request, opened.proven[0].account, password)
    if opened.opening in _ENDS and not is_again:
        if opened.opening == Opening.SEVERAL:
            steps.end(request)
        return redirect(_ENDS[opened.opening])
    [proof] = opened.proven
    sign_in(request, proof.account, FamilySession.Way.ACTIVATION)
    request.family["left_out"] = len(proof.left_out)
    return redirect("sms_done")


def _opens(request: FamilyRequest, account: Account, password: str) -> bool:
    """Counted as any other try of a password."""
    throttle.attempt(request, throttle.PASSWORD, account.identifier)
    if is_right := is_password(password, account.password):
        throttle.succeeded(request, throttle.PASSWORD, account.identifier)
    return is_right


@require_safe
@signed_in
def done(request: SignedInRequest) -> HttpResponse:
    """The identifiant is told here for the first time."""
    left_out = request.family.get("left_out", 0)
    step = Step("Votre compte est activé")
    return show_step(request, "sms/done.html", step, account=request.account, left_out=left_out)


@require_safe
@public_page
@offered
def refused(request: FamilyRequest) -> HttpResponse:
    """In the same words whatever was not recognised."""
    proven_answers(request, WAY)
    return show_step(request, "sms/refused.html", Step("Nous n’avons pas pu activer de compte"))


@require_safe
@public_page
@offered
def active(request: FamilyRequest) -> HttpResponse:
    proven_answers(request, WAY, "dates")
    return show_step(request, "sms/active.html", Step("Votre compte est déjà activé"))


@require_safe
@public_page
@offered
def checking(request: FamilyRequest) -> HttpResponse:
    return show_step(request, "sms/checking.html", Step("Votre école va vérifier"))


def _person(given: dict[str, Any]) -> Person:
    return Person(given["surname"], given["given_name"], given["number"])
