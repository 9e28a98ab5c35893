"""What two ways ask alike: the code sent to a mobile, another code, the birth dates of the children."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.shortcuts import redirect

from accounts.activation import steps, throttle
from accounts.activation.pages import Step, posted, show_step
from accounts.activation.sms import codes
from accounts.activation.sms.forms import MOST_CHILDREN, ChildDates, CodeForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.session import FamilyRequest

_LATER = "Écrivez d’abord le code reçu par SMS."


@dataclass(frozen=True, slots=True)
class MobileWay:
    """One way which proves a mobile: the name of its steps, those of its pages, which step the code is."""

    name: str
    code_page: str
    again_page: str
    children_page: str
    number_page: str
    number: int
    of: int


def send_first(request: FamilyRequest, number: str) -> dict[str, Any]:
    """Send a code to `number`; what to keep among the answers. Raises TooManyCodes."""
    return {"number": number, "key": codes.send_code(request, number), "is_proven": False}


def ask_code(request: FamilyRequest, way: MobileWay) -> HttpResponse:
    given = steps.answers(request, way.name, "number")
    if given["is_proven"]:
        return redirect(way.children_page)
    form, is_dead = CodeForm(posted(request)), False
    if form.is_valid():
        try:
            if is_right_code(request, form, given["key"], given["number"]):
                return _proven_now(request, way)
        except codes.DeadCode:
            is_dead = True
    step, status = Step("Le code reçu par SMS", way.number, way.of), 422 if is_dead else 200
    context = {"number": given["number"], "is_dead": is_dead, "way": way}
    return show_step(request, "sms/code.html", step, form=form, status=status, **context)


def is_right_code(request: FamilyRequest, form: CodeForm, key: str, number: str) -> bool:
    """Whether the code typed is the one sent to `number`; the form says when not. Raises DeadCode."""
    throttle.attempt(request, throttle.SMS_CODE, number)
    try:
        codes.check(key, number, form.cleaned_data["code"])
    except codes.WrongCode as wrong:
        left = "encore un essai" if wrong.left == 1 else f"encore {wrong.left} essais"
        form.add_error("code", f"Ce n’est pas le code du dernier SMS : relisez-le. Vous avez {left}.")
        return False
    throttle.succeeded(request, throttle.SMS_CODE, number)
    return True


def _proven_now(request: FamilyRequest, way: MobileWay) -> HttpResponse:
    steps.keep(request, way.name, is_proven=True)
    request.family.cycle_key()
    return redirect(way.children_page)


def send_another(request: FamilyRequest, way: MobileWay) -> HttpResponse:
    """Another code replaces the former."""
    given = steps.answers(request, way.name, "number")
    if given["is_proven"]:
        return redirect(way.children_page)
    key = codes.send_code(request, given["number"])
    codes.forget(given["key"])
    steps.keep(request, way.name, key=key)
    messages.success(request, "Un nouveau SMS est parti : son code remplace le précédent.")
    return redirect(way.code_page)


def proven_answers(request: FamilyRequest, way: MobileWay, *needed: str) -> dict[str, Any]:
    """What was answered so far, once the mobile is proven; raises StartAgain before."""
    given = steps.answers(request, way.name, "number", *needed)
    if not given["is_proven"]:
        raise steps.StartAgain(_LATER, way.code_page)
    return given


def ask_dates(request: FamilyRequest, dates: ChildDates, step: Step) -> HttpResponse:
    """One date a child; another field is a question to the server, which keeps what is typed."""
    may_add, status = len(dates.forms) < MOST_CHILDREN, 422 if dates.is_bound else 200
    return show_step(request, "sms/children.html", step, status=status, dates=dates, may_add=may_add)
