"""To the provider and back, and out of it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import requests
from allauth.account.adapter import get_adapter
from allauth.account.views import LogoutView
from allauth.core.ratelimit import consume_or_429
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.base.provider import ProviderException
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare, get_random_string
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from establishments.federation.door import failure
from establishments.federation.provider import FederationAdapter
from establishments.federation.sessions import provider_of
from establishments.identity_providers import IdentityProvider

_SIGNED_OUT = "federation_signed_out"


def _adapter(request: HttpRequest, provider: str) -> FederationAdapter:
    if provider not in {declared.key for declared in settings.IDENTITY_PROVIDERS}:
        raise Http404
    return FederationAdapter(request, provider)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest, provider: str) -> HttpResponse:
    """Off to the provider, by a click of ours only; opened otherwise, the page is the door (ADR 12)."""
    adapter = _adapter(request, provider)
    if request.method != "POST":
        return redirect("account_login")
    limited: HttpResponse | None = consume_or_429(request, action="login")
    if limited is not None:
        return limited
    asked = request.POST.get("next", "")
    wanted = asked if url_has_allowed_host_and_scheme(asked, {request.get_host()}) else None
    try:
        address = _request_to(adapter, wanted)
    except (requests.RequestException, ProviderException) as error:
        return failure(request, adapter.declared, None, error, wanted)
    return _lead(request, address)


def _request_to(adapter: FederationAdapter, wanted: str | None) -> str:
    """The address of the sign-in there; the session keeps its state, its nonce and its verifier."""
    nonce = get_random_string(32)
    asked: HttpResponseRedirect = adapter.get_provider().redirect(
        adapter.request,
        AuthProcess.LOGIN,
        next_url=wanted,
        auth_params={"nonce": nonce} | _levels(adapter.declared),
        nonce=nonce,
    )
    return asked.url


def _levels(provider: IdentityProvider) -> dict[str, str]:
    """Ask for one of the levels which count, as OpenID Connect Core (5.5.1.1) writes it."""
    asked = {"id_token": {"acr": {"essential": True, "values": list(provider.acr)}}}
    return {"claims": json.dumps(asked)} if provider.acr else {}


def _lead(request: HttpRequest, address: str, *, out: bool = False) -> HttpResponse:
    """A page which leaves at once: the policy forbids that a form be redirected to another site.

    From there the provider redirects wherever it must (to an identity provider of its own, and back).
    """
    return render(request, "establishments/federation/leaving.html", {"address": address, "out": out})


@login_not_required
@never_cache
@require_safe
def come_back(request: HttpRequest, provider: str) -> HttpResponse:
    """The provider's answer comes by a GET; its state and its code serve once."""
    adapter = _adapter(request, provider)
    try:
        response: HttpResponse = OAuth2CallbackView.adapter_view(adapter)(request)
    except (requests.RequestException, ProviderException) as error:
        return failure(request, adapter.declared, None, error)
    return response


@method_decorator(never_cache, name="dispatch")
class SignOutView(LogoutView):
    """Out of the console, then out of the provider which opened the session, if one did."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        opened = provider_of(self.request)
        if opened is None:
            response: HttpResponse = super().post(*args, **kwargs)
        else:
            get_adapter(self.request).logout(self.request)
            response = _leave(self.request, *opened)
        # Selections and the clock of the session, which scripts keep in the browser.
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


def _leave(request: HttpRequest, provider: IdentityProvider, id_token: str) -> HttpResponse:
    """The console's session is over whatever the provider does."""
    try:
        ending = FederationAdapter(request, provider.key).openid_config.get("end_session_endpoint")
    except (requests.RequestException, ProviderException):
        ending = None
    if not ending:
        messages.warning(
            request,
            "Vous êtes déconnecté de la console. Si votre poste est partagé, fermez aussi le navigateur :"
            " votre identification peut y rester ouverte.",
        )
        return redirect("account_login")
    state = request.session[_SIGNED_OUT] = get_random_string(32)
    query = {
        "id_token_hint": id_token,
        "post_logout_redirect_uri": settings.PUBLIC_URL + reverse(_SIGNED_OUT),
        "state": state,
    }
    return _lead(request, f"{ending}{'&' if '?' in ending else '?'}{urlencode(query)}", out=True)


@login_not_required
@never_cache
@require_safe
def signed_out(request: HttpRequest) -> HttpResponse:
    """Back from the provider; said only to who left by our button."""
    expected = request.session.pop(_SIGNED_OUT, "")
    if expected and constant_time_compare(expected, request.GET.get("state", "")):
        messages.success(request, "Vous êtes déconnecté.")
    return redirect("account_login")
