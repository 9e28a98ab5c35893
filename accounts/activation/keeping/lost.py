"""« Identifiant perdu », « Mot de passe perdu »: the same pages and the same work, whoever asks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.activation import password_rule, session, steps, throttle
from accounts.activation.access import discreet, public_page
from accounts.activation.children import children_of, names_of
from accounts.activation.forms import NewPasswordForm
from accounts.activation.hashing import hash_password
from accounts.activation.keeping import family_links, recovering
from accounts.activation.keeping.credentials import normalized
from accounts.activation.keeping.forms import LostIdentifierForm, LostPasswordForm
from accounts.activation.keeping.recovering import Wanted
from accounts.activation.links import LinkRefused, Refusal
from accounts.activation.pages import Step, posted, show_step
from accounts.activation.sms import codes
from accounts.activation.sms.forms import CodeForm
from accounts.activation.sms.mobile_steps import is_right_code
from accounts.models import FamilyLink
from accounts.tasks import answer_recovery, send_mails
from notifications.sms.gateways import is_offered

if TYPE_CHECKING:
    from accounts.activation.session import FamilyRequest
    from accounts.models import Account

WAY = "lost-password"
_PURPOSE = FamilyLink.Purpose.PASSWORD
_GONE = "Ce code ne sert plus : recommencez."


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def lost_identifier(request: FamilyRequest) -> HttpResponse:
    form = LostIdentifierForm(posted(request), by_sms=is_offered())
    if form.is_valid():
        told, where = form.cleaned_data, form.where
        _count(request, "identifier", told["reach"].lower())
        _ask(Wanted(surname=told["surname"], given_name=told["given_name"], **where))
        return redirect("family_lost_sent_sms" if "number" in where else "family_lost_sent")
    return show_step(request, "keeping/lost_identifier.html", Step("Identifiant perdu"), form=form)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def lost_password(request: FamilyRequest) -> HttpResponse:
    start = {"identifier": request.GET.get("identifiant", "")[:140]}
    form = LostPasswordForm(posted(request), by_sms=is_offered(), initial=start)
    if form.is_valid():
        identifier, where = normalized(form.cleaned_data["identifier"]), form.where
        if "number" in where:
            return _code_asked(request, identifier, where["number"])
        _count(request, "password", where["mail"].lower(), identifier)
        _ask(Wanted(identifier=identifier, **where))
        return redirect("family_lost_sent")
    return show_step(request, "keeping/lost_password.html", Step("Mot de passe perdu"), form=form)


def _count(request: FamilyRequest, what: str, *subjects: str) -> None:
    """By recipient and by account, known or not; raises TooManyTries. Strangers make nobody wait long."""
    for subject in subjects:
        throttle.pause(f"{what} {throttle.here(request, subject)}", subject)
        throttle.attempt(request, throttle.RECOVERY, subject)


def _ask(wanted: Wanted) -> None:
    with transaction.atomic():
        key = recovering.ask(wanted)
        transaction.on_commit(partial(answer_recovery.delay, str(key)))


def _code_asked(request: FamilyRequest, identifier: str, number: str) -> HttpResponse:
    throttle.attempt(request, throttle.RECOVERY, identifier)
    key, code = codes.draw_code(request, number)
    _ask(Wanted(identifier=identifier, number=number, code=code))
    steps.begin(request, WAY, identifier=identifier, number=number, key=key)
    return redirect("family_lost_code")


@require_safe
@public_page
def sent(request: FamilyRequest) -> HttpResponse:
    return show_step(request, "keeping/lost_sent.html", Step("Regardez vos mails"), by_sms=False)


@require_safe
@public_page
def sent_sms(request: FamilyRequest) -> HttpResponse:
    return show_step(request, "keeping/lost_sent.html", Step("Regardez vos SMS"), by_sms=True)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def code(request: FamilyRequest) -> HttpResponse:
    given = _given(request)
    if "stamp" in given:
        return redirect("family_lost_choose")
    form = CodeForm(posted(request))
    if form.is_valid() and _is_right(request, given, form):
        return redirect("family_lost_choose")
    step = Step("Le code reçu par SMS")
    return show_step(request, "keeping/lost_code.html", step, form=form, number=given["number"])


def _is_right(request: FamilyRequest, given: dict[str, Any], form: CodeForm) -> bool:
    """A code nobody was sent is never right, but by luck: the account is looked for again."""
    try:
        if not is_right_code(request, form, given["key"], given["number"]):
            return False
    except codes.DeadCode:
        raise steps.StartAgain(_GONE, "family_lost_password") from None
    account = recovering.account_of(_wanted(given))
    if account is None:
        raise steps.StartAgain(_GONE, "family_lost_password")
    steps.keep(request, WAY, stamp=session.stamp_of(account))
    return True


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def choose(request: FamilyRequest) -> HttpResponse:
    """Once the code is given."""
    given = _given(request)
    account = recovering.account_of(_wanted(given))
    if account is None or given.get("stamp") != session.stamp_of(account):
        steps.end(request)
        raise steps.StartAgain(_GONE, "family_lost_password")
    form = _password_form(request, account)
    if form.is_valid():
        chosen = hash_password(form.cleaned_data["password"])
        if recovering.choose_by_code(_wanted(given), given["stamp"], chosen) is None:
            raise steps.StartAgain(_GONE, "family_lost_password")
        steps.end(request)
        send_mails.delay()
        return redirect("family_recovered")
    return _ask_password(request, form, account)


# Without a referrer a browser names no origin either, and no session is opened: the key is all.
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@discreet
def recover(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the mailed link: opening it uses nothing up, the new password does."""
    try:
        account = family_links.read(token, _PURPOSE).account
        form = _password_form(request, account)
        if not form.is_valid():
            return _ask_password(request, form, account)
        recovering.choose_by_link(token, hash_password(form.cleaned_data["password"]))
    except LinkRefused as refused:
        return refuse(request, refused.refusal, "keeping/recover_refused.html")
    send_mails.delay()
    return redirect("family_recovered")


@login_not_required
@require_safe
@discreet
def recovered(request: HttpRequest) -> HttpResponse:
    return render(
        request, "accounts/activation/keeping/recovered.html", {"step": Step("Votre mot de passe est changé")}
    )


def refuse(request: HttpRequest, refusal: Refusal, template: str) -> HttpResponse:
    response = render(request, f"accounts/activation/{template}", {"refusal": refusal}, status=410)
    # Django would write the address, which is a key, in its log.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _given(request: FamilyRequest) -> dict[str, Any]:
    try:
        return steps.answers(request, WAY)
    except steps.StartAgain as lost:
        raise steps.StartAgain(lost.sentence, "family_lost_password") from None


def _wanted(given: dict[str, Any]) -> Wanted:
    return Wanted(identifier=given["identifier"], number=given["number"])


def _password_form(request: HttpRequest, account: Account) -> NewPasswordForm:
    data = request.POST if request.method == "POST" else None
    return NewPasswordForm(data, about=names_of(account, children_of(account)))


def _ask_password(request: HttpRequest, form: NewPasswordForm, account: Account) -> HttpResponse:
    context = {
        "step": Step("Choisissez un nouveau mot de passe"),
        "form": form,
        "account": account,
        "rule": password_rule.rule().words,
    }
    status = 422 if form.is_bound else 200
    return render(request, "accounts/activation/new_password.html", context, status=status)
