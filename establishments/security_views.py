"""« Ma sécurité »: password, second factors, sessions; and the form kept from a session that ended."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.stagekit import clear_login
from allauth.account.views import PasswordChangeView
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import view_recovery_codes
from allauth.mfa.webauthn.views import RemoveWebAuthnView, login_webauthn
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.csrf import csrf_failure
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from establishments import kept_forms, second_factor, sessions, sign_in_journal
from establishments.models import Agent
from establishments.networks import is_of_families
from establishments.requests import ConsoleRequest
from establishments.sign_in import ConsoleMFAAdapter

passkey_sign_in = login_not_required(login_webauthn)


@login_not_required
@require_POST
def abandon(request: HttpRequest) -> HttpResponse:
    """Back to the password, from the page that asks the second factor."""
    clear_login(request)
    return redirect("account_login")


@require_safe
@never_cache
def my_security(request: ConsoleRequest) -> HttpResponse:
    held = list(Authenticator.objects.filter(user_id=request.user.pk).order_by("pk"))
    codes = next((each for each in held if each.type == Authenticator.Type.RECOVERY_CODES), None)
    context = {
        "application": next((each for each in held if each.type == Authenticator.Type.TOTP), None),
        "keys": [each for each in held if each.type == Authenticator.Type.WEBAUTHN],
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else None,
        "sessions": sessions.open_sessions(request.user, request.session),
    }
    return render(request, "establishments/security.html", context)


@require_safe
def second_factor_start(request: ConsoleRequest) -> HttpResponse:
    """Which factor to enrol, led here until one is."""
    if second_factor.has_one(request.user):
        return redirect("mfa_index")
    return render(request, "establishments/second_factor_start.html")


class ChangePassword(PasswordChangeView):
    """allauth's; who signs in by the identity federation alone has no password to change."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not request.user.has_usable_password():
            return redirect("mfa_index")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


class RemoveKey(RemoveWebAuthnView):
    """allauth's, which does not ask whether the key may go."""

    def form_valid(self, form: Any) -> HttpResponse:
        if not ConsoleMFAAdapter().can_delete_authenticator(self.get_object()):
            messages.error(
                self.request, "C’est votre seul second facteur : ajoutez-en un autre avant de le retirer."
            )
            return redirect("mfa_index")
        response: HttpResponse = super().form_valid(form)
        return response


change_password = ChangePassword.as_view()
remove_key = RemoveKey.as_view()
recovery_codes = never_cache(view_recovery_codes)


@require_POST
def session_end(request: ConsoleRequest, pk: int) -> HttpResponse:
    """One of one's own; another agent's does not exist."""
    ended = sessions.end_one(request.user, pk, request.session)
    if not ended:
        raise Http404
    sign_in_journal.sessions_ended(request.user, ended)
    messages.success(request, "Session fermée.")
    return redirect("mfa_index")


@require_POST
def sessions_end_others(request: ConsoleRequest) -> HttpResponse:
    ended = sessions.end_others(request.user, request.session)
    sign_in_journal.sessions_ended(request.user, ended)
    messages.success(request, "Vos autres sessions sont fermées.")
    return redirect("mfa_index")


@require_POST
def session_extend(request: ConsoleRequest) -> HttpResponse:
    """« Rester connecté » : the request is the activity; without the script, back to the page one was on."""
    limits: Any = sessions.limits(request)["session_limits"]
    return JsonResponse(limits)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def kept_form(request: ConsoleRequest) -> HttpResponse:
    """What was sent after the session ended: sent again by its own button, or dropped by a POST here."""
    form = kept_forms.kept_for(request.session, request.user)
    if form is None:
        return redirect("home")
    if request.method == "POST":
        kept_forms.drop(request.session)
        messages.info(request, "La saisie conservée a été effacée.")
        return redirect("home")
    context = {"form": form, "establishment": form.establishment(request.user)}
    return render(request, "establishments/kept_form.html", context)


def stale_page(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form which fails the cross-site check, as after a new sign-in in another tab.

    When the browser vouches that one of our own pages sent it, it waits for its author's confirmation
    instead of being lost; nothing is done meanwhile.
    """
    if is_of_families(request):
        return render(request, "accounts/activation/stale.html", status=403)
    agent = request.user
    ours = request.headers.get("Sec-Fetch-Site") == "same-origin"
    if not ours or not isinstance(agent, Agent) or sessions.is_over(request.session):
        return csrf_failure(request, reason)
    return redirect("kept_form") if kept_forms.keep(request, agent.pk) else csrf_failure(request, reason)
