"""The way in by SMS: names and mobile, code, birth dates, password; nothing is told before the dates."""

from __future__ import annotations

import time
from datetime import date
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.activation import codes, password_rule, steps, throttle
from accounts.activation.access import public_page, signed_in
from accounts.activation.forms import NewPasswordForm
from accounts.activation.hashing import hash_password
from accounts.activation.pages import Step, show_step
from accounts.activation.proving import Person
from accounts.activation.self_registration import Opening, register, try_dates
from accounts.activation.session import sign_in
from accounts.activation.sms_forms import MOST_CHILDREN, CodeForm, PersonForm, child_dates
from accounts.models import FamilySession
from accounts.transitions import ForbiddenTransition
from notifications.sms.gateways import is_offered

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpResponse

    from accounts.activation.session import FamilyRequest, SignedInRequest

WAY = "sms"
_OF = 4
_ALREADY = "Votre compte vient d’être activé : connectez-vous."
# Where what was opened leads, but for the account to activate.
_ENDS = {Opening.NOTHING: "sms_refused", Opening.ACTIVE: "sms_active", Opening.SEVERAL: "sms_checking"}


def offered(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Without a gateway the way does not exist."""

    def offered_view(request: FamilyRequest) -> HttpResponse:
        if not is_offered():
            raise Http404
        return view(request)

    return offered_view


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@offered
def start(request: FamilyRequest) -> HttpResponse:
    """Nobody is looked for: the same SMS leaves, and the same page comes, whoever it is."""
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        told = form.cleaned_data
        key = codes.send_code(request, told["number"])
        steps.begin(request, WAY, **told, key=key, sent_at=int(time.time()))
        return redirect("sms_code")
    return show_step(request, "sms_person.html", Step("Qui êtes-vous ?", 1, _OF), form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@offered
def code(request: FamilyRequest) -> HttpResponse:
    given = steps.answers(request, WAY)
    if given.get("is_proven"):
        return redirect("sms_children")
    form = CodeForm(request.POST or None)
    is_dead = False
    if request.method == "POST" and form.is_valid():
        throttle.attempt(request, throttle.SMS_CODE, given["number"])
        try:
            codes.check(given["key"], given["number"], form.cleaned_data["code"])
        except codes.WrongCode as wrong:
            form.add_error("code", _wrong(wrong.left))
        except codes.DeadCode:
            is_dead = True
        else:
            throttle.succeeded(request, throttle.SMS_CODE, given["number"])
            steps.keep(request, WAY, is_proven=True)
            request.family.cycle_key()
            return redirect("sms_children")
    status = 422 if is_dead else 200
    step = Step("Le code reçu par SMS", 2, _OF)
    context = {"number": given["number"], "is_dead": is_dead}
    return show_step(request, "sms_code.html", step, form=form, status=status, **context)


def _wrong(left: int) -> str:
    tries = "encore un essai" if left == 1 else f"encore {left} essais"
    return f"Ce n’est pas le code du dernier SMS : relisez-le. Vous avez {tries}."


@require_POST
@public_page
@offered
def send_again(request: FamilyRequest) -> HttpResponse:
    """Another code replaces the former."""
    given = steps.answers(request, WAY)
    if given.get("is_proven"):
        return redirect("sms_children")
    key = codes.send_code(request, given["number"])
    codes.forget(given["key"])
    steps.keep(request, WAY, key=key, sent_at=int(time.time()))
    messages.success(request, "Un nouveau SMS est parti : son code remplace le précédent.")
    return redirect("sms_code")


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@offered
def children(request: FamilyRequest) -> HttpResponse:
    """One date a child; another field is a question to the server, which keeps what is typed."""
    given = steps.answers(request, WAY, "is_proven")
    is_more = "more" in request.POST
    asked = request.POST if request.method == "POST" and not is_more else None
    form = child_dates(asked, _shown(request) + is_more, _typed(request) if is_more else [])
    if asked is not None and form.is_valid():
        return _tried(request, given, form.dates)
    status = 200 if asked is None else 422
    may_add = len(form.forms) < MOST_CHILDREN
    step = Step("Vos enfants", 3, _OF)
    return show_step(request, "sms_children.html", step, status=status, dates=form, may_add=may_add)


def _tried(request: FamilyRequest, given: dict[str, Any], dates: list[date]) -> HttpResponse:
    """Two accounts answer as one does: the school alone will see that they are two."""
    throttle.attempt(request, throttle.BIRTH_DATE, given["number"])
    opened = try_dates(_person(given), dates)
    if opened.opening == Opening.NOTHING:
        return redirect("sms_refused")
    throttle.succeeded(request, throttle.BIRTH_DATE, given["number"])
    steps.keep(request, WAY, dates=[each.isoformat() for each in dates])
    return redirect("sms_active" if opened.opening == Opening.ACTIVE else "sms_password")


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
@offered
def password(request: FamilyRequest) -> HttpResponse:
    given = steps.answers(request, WAY, "is_proven", "dates")
    form = NewPasswordForm(request.POST or None, about=[given["surname"], given["given_name"]])
    if request.method == "POST" and form.is_valid():
        return _registered(request, given, hash_password(form.cleaned_data["password"]))
    step = Step("Choisissez votre mot de passe", 4, _OF)
    return show_step(request, "sms_password.html", step, form=form, rule=password_rule.rule().words)


def _registered(request: FamilyRequest, given: dict[str, Any], password_hash: str) -> HttpResponse:
    dates = [date.fromisoformat(each) for each in given["dates"]]
    try:
        opened = register(_person(given), dates, password_hash)
    except ForbiddenTransition:
        raise steps.StartAgain(_ALREADY, "family_sign_in") from None
    if opened.opening in _ENDS:
        if opened.opening == Opening.SEVERAL:
            steps.end(request)
        return redirect(_ENDS[opened.opening])
    [proof] = opened.proven
    sign_in(request, proof.account, FamilySession.Way.ACTIVATION)
    request.family["left_out"] = len(proof.left_out)
    return redirect("sms_done")


@require_safe
@signed_in
def done(request: SignedInRequest) -> HttpResponse:
    """The identifiant is told here for the first time."""
    left_out = request.family.get("left_out", 0)
    step = Step("Votre compte est activé")
    return show_step(request, "sms_done.html", step, account=request.account, left_out=left_out)


@require_safe
@public_page
@offered
def refused(request: FamilyRequest) -> HttpResponse:
    """In the same words whatever was not recognised."""
    steps.answers(request, WAY, "is_proven")
    return show_step(request, "sms_refused.html", Step("Nous n’avons pas pu activer de compte"))


@require_safe
@public_page
@offered
def active(request: FamilyRequest) -> HttpResponse:
    steps.answers(request, WAY, "is_proven", "dates")
    return show_step(request, "sms_active.html", Step("Votre compte est déjà activé"))


@require_safe
@public_page
@offered
def checking(request: FamilyRequest) -> HttpResponse:
    return show_step(request, "sms_checking.html", Step("Votre école va vérifier"))


def _person(given: dict[str, Any]) -> Person:
    return Person(given["surname"], given["given_name"], given["number"])


def _shown(request: FamilyRequest) -> int:
    """How many fields the page had."""
    told = request.POST.get("enfant-TOTAL_FORMS", "")
    return min(max(int(told) if told.isascii() and told.isdigit() and len(told) < 3 else 1, 1), MOST_CHILDREN)


def _typed(request: FamilyRequest) -> list[str]:
    return [request.POST.get(f"enfant-{number}-birth_date", "") for number in range(_shown(request))]
