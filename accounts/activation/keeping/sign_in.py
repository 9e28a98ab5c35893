"""Who gave a good password, and where it leads: in, to a new password, to the steps of the letter, or out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import lifecycle
from accounts.activation import password_rule, session, steps, throttle
from accounts.activation.access import AFTER, after_sign_in, public_page
from accounts.activation.children import children_of, names_of
from accounts.activation.federated import franceconnect
from accounts.activation.federated.franceconnect_views import TOKEN, leave_too
from accounts.activation.forms import CredentialsForm, NewPasswordForm
from accounts.activation.hashing import hash_password
from accounts.activation.keeping import credentials
from accounts.activation.keeping.credentials import Standing, Verified
from accounts.activation.pages import Step, button_of, posted, show_step
from accounts.models import Account, AccountKind, FamilySession
from accounts.transitions import ForbiddenTransition, State

if TYPE_CHECKING:
    from django import forms
    from django.http import HttpResponse

    from accounts.activation.session import FamilyRequest

CHOOSE = "choose"
# The same words whoever it is not, and whatever is wrong.
REFUSED = (
    "L’identifiant et le mot de passe ne correspondent pas. Vérifiez chaque caractère. Un mot de passe "
    "provisoire ne fonctionne plus après trois mois, ni une fois le compte activé : c’est alors celui que "
    "vous avez choisi."
)
_OUT = {
    Standing.EXPIRED: ("keeping/expired.html", "Votre lettre n’est plus valable"),
    Standing.JOINED: ("joined.html", "Utilisez votre autre lettre"),
    Standing.CLOSED: ("closed.html", "Ce compte est fermé"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def sign_in(request: FamilyRequest) -> HttpResponse:
    if request.account is not None:
        return redirect(after_sign_in(request))
    form = CredentialsForm(posted(request), initial={"identifier": request.GET.get("identifiant", "")[:140]})
    if form.is_valid() and (verified := tried(request, form)):
        return answer(request, verified)
    after = request.POST.get(AFTER) or request.GET.get(AFTER) or ""
    context: dict[str, Any] = {"after": after, "offers_franceconnect": franceconnect.is_offered()}
    return show_step(request, "keeping/sign_in.html", Step("Connectez-vous"), form=form, **context)


def tried(request: FamilyRequest, form: forms.Form) -> Verified | None:
    """What the credentials of a valid form stand for; None when refused, and the form says so."""
    subject = credentials.normalized(form.cleaned_data["identifier"])
    throttle.attempt(request, throttle.PASSWORD, subject)
    verified = credentials.verify(subject, form.cleaned_data["password"])
    if verified.standing == Standing.REFUSED:
        form.add_error(None, REFUSED)
        return None
    throttle.succeeded(request, throttle.PASSWORD, subject)
    return verified


def answer(request: FamilyRequest, verified: Verified) -> HttpResponse:
    """Where a good password leads."""
    account = verified.account
    assert account is not None, "refused credentials lead nowhere"
    if verified.standing in _OUT:
        template, title = _OUT[verified.standing]
        return show_step(request, template, Step(title), status=403)
    if verified.standing == Standing.CHOSEN:
        session.sign_in(request, account, FamilySession.Way.PASSWORD)
        return redirect(after_sign_in(request))
    if account.state != State.NOTIFIED:
        steps.begin(request, CHOOSE, account=account.pk, stamp=session.stamp_of(account))
        return redirect("family_choose_password")
    if not children_of(account):
        return show_step(request, "no_child.html", Step("Aucun élève sur ce compte"), status=403)
    steps.begin(request, "letter", account=account.pk, stamp=session.stamp_of(account), contested=[])
    of_responsable = account.kind == AccountKind.RESPONSABLE
    return redirect("activation_children" if of_responsable else "activation_password")


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def choose_password(request: FamilyRequest) -> HttpResponse:
    """Before anything else, for who came with a provisional password after a reset."""
    given = steps.answers(request, CHOOSE)
    account = _reset(given["account"], given["stamp"])
    form = NewPasswordForm(posted(request), about=names_of(account, children_of(account)))
    if form.is_valid():
        password_hash = hash_password(form.cleaned_data["password"])
        with transaction.atomic():
            Account.objects.select_for_update(no_key=True).filter(pk=account.pk).first()
            account = _reset(account.pk, given["stamp"])
            try:
                lifecycle.choose_password(account, password_hash=password_hash)
            except ForbiddenTransition:
                raise _again() from None
        session.end_all(account)
        session.sign_in(request, account, FamilySession.Way.PASSWORD)
        return redirect("family_home")
    step, rule = Step("Choisissez un nouveau mot de passe"), password_rule.rule().words
    return show_step(request, "new_password.html", step, form=form, account=account, rule=rule)


def _reset(pk: int, stamp: str) -> Account:
    """The account, if it still waits for a new password; otherwise the sign-in again."""
    account = Account.objects.filter(pk=pk, closed_at__isnull=True).first()
    if account is None or session.stamp_of(account) != stamp:
        raise _again()
    return account


def _again() -> steps.StartAgain:
    return steps.StartAgain(
        "Le mot de passe de ce compte vient d’être changé : connectez-vous de nouveau.",
        reverse("family_sign_in"),
    )


@button_of("family_home")
@public_page
def sign_out(request: FamilyRequest) -> HttpResponse:
    """Out of FranceConnect too, when it opened the session."""
    id_token = request.family.get(TOKEN, "")
    session.sign_out(request)
    return leave_too(request, id_token) or redirect("family_sign_in")
