"""The page of one account: what is known of it, its children, its history, and what to do."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.activation.letter.sending import resend
from accounts.activation.links import link_deadline
from accounts.contacts import contact_mails
from accounts.forms import RESEND_STALE, ResendForm
from accounts.joining.across import accounts_in_doubt
from accounts.joining.comparing import joinings_of
from accounts.mail_reports import last_mail
from accounts.models import Account, AccountKind
from accounts.profile import Profile, deed, history_of, read_profile, show_password
from accounts.transitions import ForbiddenTransition, State
from establishments.access import Access, Right
from establishments.guards import OBJECT, admit, needs
from establishments.requests import ConsoleRequest
from establishments.templatetags.french import day_time

DEEDS_A_PAGE = 20
NOT_ACTIVATING = "Le courriel d’activation ne se renvoie que pour un compte « En cours d’activation »."


@never_cache
@require_safe
@vary_on_headers("HX-Request")
@needs(Right.CONSULT, of=OBJECT)
def account_page(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    access = request.access
    account = get_object_or_404(Account.objects.visible_to(access), pk=pk)
    is_fragment = request.htmx and not request.htmx.history_restore_request
    return _page(request, access, read_profile(account, access), "#history" if is_fragment else "")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Right.ASSIST, of=OBJECT)
def account_password(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    """The same page with the provisional password in clear, once: opened again, it hides it."""
    access, account = _to_act_on(request, pk)
    if request.method != "POST":
        return redirect(f"{reverse('account', args=[uai, pk])}?{request.GET.urlencode()}")
    return _page(request, access, show_password(account, access))


def _page(request: ConsoleRequest, access: Access, profile: Profile, fragment: str = "") -> HttpResponse:
    account = profile.account
    page = Paginator(history_of(account), DEEDS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "access": access,
        "profile": profile,
        "page": page,
        "deeds": [deed(event, access.establishment) for event in page],
        "can_act": access.can(Right.ASSIST, account.kind),
        "mail_reaches": account.pk in contact_mails(access.establishment, [account.pk]),
        "joinings": list(joinings_of(account)),
        "is_in_doubt": bool(accounts_in_doubt(access, account)),
        "last_mail": last_mail(account, access.establishment),
        **_section(account),
    }
    return render(request, "accounts/account.html" + fragment, context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@needs(Right.ASSIST, of=OBJECT)
def account_resend(request: ConsoleRequest, uai: str, pk: int) -> HttpResponse:
    """Send the activation mail again, to the same address or to another."""
    access, account = _to_act_on(request, pk)
    if account.state != State.ACTIVATING:
        messages.warning(request, NOT_ACTIVATING)
        return redirect("account", uai, pk)
    form = ResendForm(request.POST if request.method == "POST" else None, account=account)
    if form.is_valid():
        return _resend(request, access, account, form.cleaned_data["mail"])
    profile = read_profile(account, access)
    context = {"access": access, "form": form, "profile": profile, **_section(account)}
    return render(request, "accounts/account_resend.html", context, status=422 if form.is_bound else 200)


def _resend(request: ConsoleRequest, access: Access, account: Account, mail: str) -> HttpResponse:
    uai = access.establishment.uai
    try:
        is_new = resend(account, access, to=mail)
    except ForbiddenTransition:
        messages.warning(request, RESEND_STALE)
        return redirect("account_resend", uai, account.pk)
    told = " L’adresse précédente en est informée." if is_new else ""
    deadline = day_time(link_deadline(account))
    messages.success(
        request,
        f"Courriel d’activation envoyé à {account.pending_mail}. Son lien est valable jusqu’au {deadline} ; "
        f"les liens envoyés avant ne fonctionnent plus.{told}",
    )
    return redirect("account", uai, account.pk)


def _to_act_on(request: ConsoleRequest, pk: int) -> tuple[Access, Account]:
    account = get_object_or_404(Account.objects.visible_to(request.access), pk=pk)
    admit(request, account.kind)
    return request.access, account


def _section(account: Account) -> dict[str, object]:
    is_responsable = account.kind == AccountKind.RESPONSABLE
    return {"is_responsable": is_responsable, "section": "responsables" if is_responsable else "students"}
