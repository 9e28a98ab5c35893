"""« Mes enfants »: all of them, both degrés; and those of another account of the same person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_safe

from accounts.activation import session, throttle
from accounts.activation.access import of_active, proved
from accounts.activation.children import children_of
from accounts.activation.contesting import contested_by
from accounts.activation.keeping import credentials, other_account
from accounts.activation.keeping.forms import OtherAccountForm
from accounts.activation.keeping.other_account import NotAddable, Reason
from accounts.activation.keeping.sign_in import REFUSED
from accounts.activation.left_out import sorted_out
from accounts.activation.pages import Step, posted, show_step
from accounts.models import Account, AccountKind

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.session import SignedInRequest

_OTHER = "family_other_account"
SENTENCES = {
    Reason.REFUSED: REFUSED,
    Reason.SAME: "C’est l’identifiant du compte où vous êtes : prenez celui de l’autre lettre.",
    Reason.EXPIRED: "Ce mot de passe provisoire a expiré : demandez-en un autre à l’école de l’enfant.",
    Reason.CLOSED: "Cet autre compte est fermé : demandez à l’école de l’enfant ce qu’il en est.",
    Reason.JOINED: "Cet autre compte a déjà été réuni à un compte, qui n’est pas celui-ci : "
    "appelez l’école de l’enfant.",
    Reason.PUPIL: "Cet identifiant est celui d’un élève : il faut celui d’un compte de responsable.",
    Reason.ACTIVE: "Les deux comptes sont activés : la réunion ne peut plus se faire ici. Appelez "
    "l’école de l’enfant ou l’assistance.",
    Reason.OTHER_NAMES: "Cet autre compte n’est pas au même nom et au même prénom que le vôtre. S’il est "
    "bien à vous, demandez à l’école de corriger votre nom.",
    Reason.APART: "Une école a constaté que ces deux comptes sont ceux de deux personnes : appelez-la si "
    "c’est une erreur.",
    Reason.CHANGED: "Cet autre compte vient d’être modifié : recommencez.",
}
_DONE = "C’est fait : ce compte réunit tous vos enfants. L’autre identifiant ne sert plus."


@require_safe
@of_active
def my_children(request: SignedInRequest) -> HttpResponse:
    account = request.account
    children, left_out = sorted_out(account)
    contested = contested_by(account, children)
    context: dict[str, Any] = {
        "children": [(child, child.key in contested) for child in children],
        "left_out": len(left_out),
        "is_of_pupil": account.kind == AccountKind.STUDENT,
    }
    title = "Ma scolarité" if context["is_of_pupil"] else "Mes enfants"
    return show_step(request, "keeping/my_children.html", Step(title), **context)


@require_http_methods(["GET", "HEAD", "POST"])
@proved
def add(request: SignedInRequest) -> HttpResponse:
    _require_responsable(request.account)
    form = OtherAccountForm(posted(request))
    if form.is_valid():
        subject = credentials.normalized(form.cleaned_data["identifier"])
        try:
            other = _other(request, subject, form.cleaned_data["password"])
        except NotAddable as refused:
            if refused.reason == Reason.DONE:
                return _done(request)
            form.add_error(None, SENTENCES[refused.reason])
        else:
            request.family[_OTHER] = [other.pk, session.stamp_of(other)]
            return redirect("family_add_confirm")
    step = Step("Ajouter un enfant depuis un autre compte")
    return show_step(request, "keeping/other_account.html", step, form=form)


def _other(request: SignedInRequest, subject: str, given: str) -> Account:
    """Counted as a try to sign in to the other account, and to this one; raises NotAddable."""
    throttle.attempt(request, throttle.PASSWORD, subject)
    throttle.attempt(request, throttle.OTHER_ACCOUNT, request.account.identifier)
    verified = credentials.verify(subject, given)
    if verified.standing == credentials.Standing.REFUSED:
        raise NotAddable(Reason.REFUSED)
    throttle.succeeded(request, throttle.PASSWORD, subject)
    other = other_account.check(request.account, verified)
    throttle.succeeded(request, throttle.OTHER_ACCOUNT, request.account.identifier)
    return other


@require_http_methods(["GET", "HEAD", "POST"])
@proved
def add_confirm(request: SignedInRequest) -> HttpResponse:
    """What it will do, which is not undone from here."""
    pk, stamp = request.family.get(_OTHER, (0, ""))
    other = Account.objects.filter(pk=pk).first()
    if other is None:
        return redirect("family_add_child")
    if request.method == "POST":
        return _added(request, other, stamp)
    if other.closed_at or session.stamp_of(other) != stamp:
        return _refused(
            request, Reason.DONE if other.merged_into_id == request.account.pk else Reason.CHANGED
        )
    context: dict[str, Any] = {"other": other, "children": children_of(other), "account": request.account}
    return show_step(
        request, "keeping/other_account_confirm.html", Step("Réunir les deux comptes\u202f?"), **context
    )


def _added(request: SignedInRequest, other: Account, stamp: str) -> HttpResponse:
    try:
        other_account.add(request.account, other.pk, stamp)
    except NotAddable as refused:
        return _refused(request, refused.reason)
    return _done(request)


def _refused(request: SignedInRequest, reason: Reason) -> HttpResponse:
    if reason == Reason.DONE:
        return _done(request)
    request.family.pop(_OTHER, None)
    messages.error(request, SENTENCES[reason])
    return redirect("family_add_child")


def _done(request: SignedInRequest) -> HttpResponse:
    request.family.pop(_OTHER, None)
    messages.success(request, _DONE)
    return redirect("family_children")


def _require_responsable(account: Account) -> None:
    if account.kind != AccountKind.RESPONSABLE:
        raise Http404
