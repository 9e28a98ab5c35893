"""The way in of the letter: identifiant and provisional password, children, password, mail, birth date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.activation import password_rule, steps, throttle
from accounts.activation.access import public_page
from accounts.activation.children import (
    Child,
    asked_about,
    children_of,
    names_of,
    recorded_mail,
)
from accounts.activation.contesting import contest
from accounts.activation.forms import (
    BirthDateForm,
    ChildrenForm,
    LetterForm,
    MailForm,
    NewPasswordForm,
)
from accounts.activation.hashing import hash_password
from accounts.activation.keeping.sign_in import answer, tried
from accounts.activation.letter import starting
from accounts.activation.letter.starting import Answers, Overtaken, WrongBirthDate, answered_for
from accounts.activation.pages import Step, posted, show_step
from accounts.activation.session import sign_in
from accounts.models import Account, AccountKind, FamilySession
from accounts.transitions import State

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.session import FamilyRequest

WAY = "letter"
_ORDER = ("children", "password", "mail", "birth-date")
_TITLES = {
    "children": "Vos enfants",
    "password": "Choisissez votre mot de passe",
    "mail": "Votre adresse mail",
    "birth-date": "Une date de naissance",
}
_OVERTAKEN = {
    State.ACTIVATING: "Ce compte a été activé entre-temps, sur un autre appareil peut-être : connectez-vous.",
    State.ACTIVE: "Ce compte est déjà activé : connectez-vous.",
}
_CHANGED = (
    "L’école ou l’établissement vient de modifier ce compte. Recommencez avec le mot de passe de la lettre "
    "la plus récente."
)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def identifiers(request: FamilyRequest) -> HttpResponse:
    """The QR code of the letter brings the identifiant."""
    asked = {"identifier": request.GET.get("identifiant", "")[:140]}
    form = LetterForm(posted(request), initial=asked)
    if form.is_valid() and (verified := tried(request, form)):
        return answer(request, verified)
    step = Step("Votre identifiant et votre mot de passe provisoire")
    return show_step(request, "letter/identifiers.html", step, form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def children(request: FamilyRequest) -> HttpResponse:
    """Named, with the box of whoever does not answer for one."""
    account, held = _of_steps(request)
    contested = steps.answers(request, WAY)["contested"]
    form = ChildrenForm(posted(request), children=held)
    if form.is_valid():
        contested = form.cleaned_data["contested"]
        steps.keep(request, WAY, contested=contested)
        done = bool(answered_for(held, contested))
        return redirect("activation_password" if done else "activation_none_mine")
    step = _step(account, "children")
    return show_step(request, "letter/children.html", step, form=form, children=held, contested=contested)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def none_mine(request: FamilyRequest) -> HttpResponse:
    """Every child was contested: the schools are told, and the activation goes no further."""
    account, held = _of_steps(request)
    if answered_for(held, steps.answers(request, WAY)["contested"]):
        return redirect("activation_children")
    told = request.method == "POST"
    if told:
        with transaction.atomic():
            Account.objects.select_for_update(no_key=True).get(pk=account.pk)
            contest(account, held)
        steps.end(request)
    title = "C’est signalé" if told else "Aucun de ces enfants ne dépend de vous ?"
    return show_step(request, "letter/none_mine.html", Step(title), children=held, told=told)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def password(request: FamilyRequest) -> HttpResponse:
    account, held = _of_steps(request)
    form = NewPasswordForm(posted(request), about=names_of(account, held))
    if form.is_valid():
        steps.keep(request, WAY, password_hash=hash_password(form.cleaned_data["password"]))
        return redirect("activation_mail")
    step = _step(account, "password")
    return show_step(
        request, "new_password.html", step, form=form, account=account, rule=password_rule.rule().words
    )


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def mail(request: FamilyRequest) -> HttpResponse:
    """The one the school's record holds is proposed."""
    account, held = _of_steps(request, "password_hash")
    proposed = recorded_mail(held)
    given = steps.answers(request, WAY).get("mail", "")
    form = MailForm(posted(request), initial={"mail": given or proposed})
    if form.is_valid():
        steps.keep(request, WAY, mail=form.cleaned_data["mail"])
        return redirect("activation_birth_date")
    is_proposed = bool(proposed) and not given
    return show_step(request, "letter/mail.html", _step(account, "mail"), form=form, is_proposed=is_proposed)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def birth_date(request: FamilyRequest) -> HttpResponse:
    """That of one child, or the pupil's own; the activation begins with it."""
    account, held = _of_steps(request, "password_hash", "mail")
    given = steps.answers(request, WAY)
    form = BirthDateForm(posted(request))
    is_wrong = False
    if form.is_valid():
        throttle.attempt(request, throttle.BIRTH_DATE, account.identifier)
        answers = Answers(given["stamp"], given["contested"], given["password_hash"], given["mail"])
        try:
            started = starting.start(account.pk, answers, form.cleaned_data["birth_date"])
        except WrongBirthDate:
            is_wrong = True
        except Overtaken as overtaken:
            raise _restart(overtaken) from None
        else:
            throttle.succeeded(request, throttle.BIRTH_DATE, account.identifier)
            sign_in(request, started, FamilySession.Way.ACTIVATION)
            return redirect("activation_waiting")
    of_family = answered_for(held, given["contested"])
    context = {
        "child": asked_about(account, of_family).pupil,
        "is_own": account.kind == AccountKind.STUDENT,
        "mail": given["mail"],
        "is_wrong": is_wrong,
    }
    step, status = _step(account, "birth-date"), 422 if is_wrong else 200
    return show_step(request, "letter/birth_date.html", step, form=form, status=status, **context)


def _of_steps(request: FamilyRequest, *needed: str) -> tuple[Account, list[Child]]:
    """The account whose letter was typed, with its children, as they are now; or the start again."""
    given = steps.answers(request, WAY, *needed)
    account = Account.objects.filter(pk=given["account"]).first()
    try:
        account = starting.still_waiting(account, given["stamp"])
    except Overtaken as overtaken:
        raise _restart(overtaken) from None
    held = children_of(account)
    if not held or (needed and not answered_for(held, given["contested"])):
        raise steps.StartAgain(_CHANGED)
    return account, held


def _restart(overtaken: Overtaken) -> steps.StartAgain:
    if overtaken.state in _OVERTAKEN:
        return steps.StartAgain(_OVERTAKEN[overtaken.state], reverse("family_sign_in"))
    return steps.StartAgain(_CHANGED)


def _step(account: Account, name: str) -> Step:
    """Pupils have no children to confirm; the letter itself was the first step."""
    order = _ORDER if account.kind == AccountKind.RESPONSABLE else _ORDER[1:]
    title = "Votre date de naissance" if name == "birth-date" and order is not _ORDER else _TITLES[name]
    return Step(title, number=order.index(name) + 2, of=len(order) + 1)
