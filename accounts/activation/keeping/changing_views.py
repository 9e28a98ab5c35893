"""The pages where a family changes its mail address, its mobile, its password."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.activation import password_rule, session, throttle
from accounts.activation.access import discreet, of_active, only_where, proved
from accounts.activation.children import children_of, names_of
from accounts.activation.hashing import hash_password
from accounts.activation.keeping import changing, family_links
from accounts.activation.keeping.forms import ChangePasswordForm, MobileForm, NewMailForm
from accounts.activation.keeping.lost import refuse
from accounts.activation.keeping.proof import WRONG, is_own_password
from accounts.activation.links import LinkRefused
from accounts.activation.mails import zone_of
from accounts.activation.pages import Step, posted, show_step
from accounts.activation.sms import codes
from accounts.activation.sms.forms import CodeForm
from accounts.activation.sms.mobile_steps import is_right_code
from accounts.models import FamilyLink
from accounts.transitions import ForbiddenTransition
from notifications.sms.gateways import is_offered

if TYPE_CHECKING:
    from accounts.activation.session import SignedInRequest

_NEW_MAIL = FamilyLink.Purpose.MAIL
_MOBILE = "family_new_mobile"
OVERTAKEN = "Votre compte vient d’être modifié ailleurs : vérifiez, puis recommencez."


@require_http_methods(["GET", "HEAD", "POST"])
@proved
def mail(request: SignedInRequest) -> HttpResponse:
    account = request.account
    form = NewMailForm(posted(request), current=account.mail)
    if form.is_valid():
        new = form.cleaned_data["mail"]
        throttle.pause("new-mail", new.lower())
        throttle.attempt(request, throttle.NEW_MAIL, account.identifier)
        changing.ask_new_mail(account, new)
        return redirect("family_mail_sent")
    return show_step(request, "keeping/change_mail.html", Step("Adresse mail"), form=form, account=account)


@require_safe
@of_active
def mail_sent(request: SignedInRequest) -> HttpResponse:
    link = family_links.awaited(request.account, _NEW_MAIL)
    if link is None:
        return redirect("family_home")
    timezone.activate(zone_of(request.account))
    context: dict[str, Any] = {
        "mail": link.mail,
        "deadline": family_links.deadline_of(link),
        "account": request.account,
    }
    return show_step(request, "keeping/change_mail_sent.html", Step("Ouvrez vos mails"), **context)


@require_POST
@of_active
def mail_again(request: SignedInRequest) -> HttpResponse:
    link = family_links.awaited(request.account, _NEW_MAIL)
    if link is not None:
        throttle.pause("new-mail", link.mail.lower())
        throttle.attempt(request, throttle.NEW_MAIL, request.account.identifier)
        changing.ask_new_mail(request.account, link.mail)
        messages.success(
            request, "Un nouveau message vous a été envoyé. Le lien du précédent ne fonctionne plus."
        )
    return redirect("family_mail_sent")


@require_POST
@of_active
def mail_given_up(request: SignedInRequest) -> HttpResponse:
    family_links.give_up(request.account, _NEW_MAIL)
    messages.success(request, "Votre adresse mail ne change pas.")
    return redirect("family_home")


# Without a referrer a browser names no origin either, and there is no session to abuse: the key is all.
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@discreet
def confirm_mail(request: HttpRequest, token: str) -> HttpResponse:
    """Opening the page changes nothing, since mail scanners open every link; its button does."""
    try:
        if request.method == "POST":
            changing.confirm_new_mail(token)
            return redirect("family_mail_confirmed")
        link = family_links.read(token, _NEW_MAIL)
    except LinkRefused as refused:
        return refuse(request, refused.refusal, "keeping/change_mail_refused.html")
    context = {
        "step": Step("Confirmez votre nouvelle adresse"),
        "mail": link.mail,
        "former": link.account.mail,
    }
    return render(request, "accounts/activation/keeping/change_mail_confirm.html", context)


@login_not_required
@require_safe
@discreet
def mail_confirmed(request: HttpRequest) -> HttpResponse:
    context = {"step": Step("Votre adresse mail est changée")}
    return render(request, "accounts/activation/keeping/change_mail_confirmed.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@proved
@only_where(is_offered)
def mobile(request: SignedInRequest) -> HttpResponse:
    account = request.account
    form = MobileForm(posted(request), current=account.mobile)
    if form.is_valid():
        number = form.cleaned_data["number"]
        key = codes.send_code(request, number)
        request.family[_MOBILE] = {"number": number, "key": key, "at": int(time.time())}
        return redirect("family_mobile_code")
    return show_step(
        request, "keeping/change_mobile.html", Step("Téléphone portable"), form=form, account=account
    )


@require_http_methods(["GET", "HEAD", "POST"])
@proved
@only_where(is_offered)
def mobile_code(request: SignedInRequest) -> HttpResponse:
    waiting: dict[str, Any] | None = request.family.get(_MOBILE)
    if waiting is None:
        return redirect("family_mobile")
    form = CodeForm(posted(request))
    if form.is_valid() and _is_right(request, waiting, form):
        return _mobile_changed(request, waiting["number"])
    if _MOBILE not in request.family:
        return redirect("family_mobile")
    step = Step("Le code reçu par SMS")
    return show_step(request, "keeping/change_mobile_code.html", step, form=form, number=waiting["number"])


def _is_right(request: SignedInRequest, waiting: dict[str, Any], form: CodeForm) -> bool:
    try:
        return is_right_code(request, form, waiting["key"], waiting["number"])
    except codes.DeadCode:
        del request.family[_MOBILE]
        messages.error(request, "Ce code ne sert plus : demandez-en un autre.")
        return False


def _mobile_changed(request: SignedInRequest, number: str) -> HttpResponse:
    del request.family[_MOBILE]
    try:
        changing.change_mobile(request.account, number)
    except ForbiddenTransition:
        messages.error(request, OVERTAKEN)
    else:
        messages.success(request, "Votre numéro de portable est changé.")
    return redirect("family_home")


@require_http_methods(["GET", "HEAD", "POST"])
@proved
def password(request: SignedInRequest) -> HttpResponse:
    account = request.account
    about = names_of(account, children_of(account))
    form = ChangePasswordForm(posted(request), about=about, has_one=bool(account.password))
    if form.is_valid():
        if not account.password or is_own_password(request, form.cleaned_data["current"]):
            return _password_changed(request, hash_password(form.cleaned_data["password"]))
        form.add_error("current", WRONG)
    context: dict[str, Any] = {"account": account, "rule": password_rule.rule().words}
    return show_step(request, "keeping/change_password.html", Step("Mot de passe"), form=form, **context)


def _password_changed(request: SignedInRequest, chosen: str) -> HttpResponse:
    try:
        changing.change_password(request.account, chosen)
    except ForbiddenTransition:
        messages.error(request, OVERTAKEN)
        return redirect("family_password")
    session.end_others(request)
    session.refresh(request)
    messages.success(request, "Votre mot de passe est changé. Les autres appareils sont déconnectés.")
    return redirect("family_home")
