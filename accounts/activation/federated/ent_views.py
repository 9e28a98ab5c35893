"""The pages of the transition from an ENT: which one, its identification page, the password."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts import lifecycle
from accounts.activation import password_rule, session, steps
from accounts.activation.access import public_page, signed_in
from accounts.activation.children import children_of, names_of
from accounts.activation.federated.ent import (
    NobodyMeant,
    account_meant,
    offered_academies,
    offered_in,
    partner_of,
    return_address,
)
from accounts.activation.federated.identification import leave, show_failure
from accounts.activation.federated.openid import IdentificationFailed, arrive
from accounts.activation.forms import NewPasswordForm
from accounts.activation.hashing import hash_password
from accounts.activation.pages import Step, posted, show_step
from accounts.activation.steps import StartAgain
from accounts.models import Account, EntPartner, FamilySession
from accounts.transitions import ForbiddenTransition, State

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.session import FamilyRequest, SignedInRequest

WAY = "ent"
_CHOICE = Step("Activer mon compte depuis mon ENT")


@require_safe
@public_page
def ent_choice(request: FamilyRequest) -> HttpResponse:
    """The académie first, where ENT of several are offered."""
    academies = list(offered_academies().order_by("name"))
    asked = request.GET.get("academie")
    chosen = next((each for each in academies if each.code == asked or len(academies) == 1), None)
    partners = offered_in(chosen) if chosen else []
    return show_step(
        request, "federated/ent_choice.html", _CHOICE, academies=academies, chosen=chosen, partners=partners
    )


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def ent_leave(request: FamilyRequest, pk: int) -> HttpResponse:
    declared = get_object_or_404(EntPartner.objects.enabled(), pk=pk)
    if request.method != "POST":
        return redirect("ent_choice")
    return leave(request, partner_of(declared), return_address(declared), reverse("ent_choice"))


@require_safe
@public_page
def ent_return(request: FamilyRequest, pk: int) -> HttpResponse:
    """The ENT's answer comes by a GET; it writes nothing but the session."""
    declared = get_object_or_404(EntPartner.objects.enabled(), pk=pk)
    partner = partner_of(declared)
    try:
        identity = arrive(partner, request.family, request.GET.dict(), return_address(declared))
        account = account_meant(declared, identity)
    except IdentificationFailed as failed:
        return show_failure(request, partner, failed, reverse("ent_choice"))
    except NobodyMeant:
        step = Step("Votre compte n’a pas été trouvé")
        return show_step(request, "federated/ent_unknown.html", step, ent=declared, status=403)
    steps.begin(request, WAY, account=account.pk)
    return redirect("ent_account")


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def ent_account(request: FamilyRequest) -> HttpResponse:
    """The identifiant given, a password chosen; an active account is led to its sign-in."""
    account = _account_of(request)
    if account.state == State.ACTIVE:
        step = Step("Votre compte est déjà activé")
        return show_step(request, "federated/ent_active.html", step, account=account)
    names = names_of(account, children_of(account))
    form = NewPasswordForm(posted(request), about=names)
    if form.is_valid():
        return _activated(request, account, form.cleaned_data["password"])
    step = Step("Votre identifiant et votre mot de passe")
    rule = password_rule.rule().words
    return show_step(request, "federated/ent_account.html", step, form=form, account=account, rule=rule)


def _account_of(request: FamilyRequest) -> Account:
    pk = steps.answers(request, WAY, "account")["account"]
    account = Account.objects.filter(pk=pk, closed_at__isnull=True).first()
    if account is None:
        raise StartAgain(to="ent_choice")
    return account


def _activated(request: FamilyRequest, account: Account, password: str) -> HttpResponse:
    try:
        lifecycle.come_from_ent(account, password_hash=hash_password(password))
    except ForbiddenTransition:
        # Activated meanwhile in another browser, or changed by the school: the page says how it is now.
        return redirect("ent_account")
    session.sign_in(request, account, FamilySession.Way.ENT)
    return redirect("ent_done")


@require_safe
@signed_in
def ent_done(request: SignedInRequest) -> HttpResponse:
    return show_step(
        request, "federated/ent_done.html", Step("Votre compte est activé"), account=request.account
    )
