"""The pages of the demonstration's identity provider: who are you, a code, a token, what is known of you.

What it remembers of a journey lives in this one process, and is forgotten with it.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseRedirect,
    JsonResponse,
)
from django.template.loader import render_to_string
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from joserfc import jwt
from joserfc.jwk import RSAKey

from educonnect_admin.demo.provider_people import Side, is_client, people, person

if TYPE_CHECKING:
    from educonnect_admin.demo.provider_people import Person

KEY = RSAKey.generate_key(2048, parameters={"use": "sig", "alg": "RS256", "kid": "demonstration"})
LIFETIME = 300
# What was asked with whom was chosen, by code; whom a token speaks of.
CODES: dict[str, tuple[dict[str, str], Person]] = {}
TOKENS: dict[str, Person] = {}


@require_safe
def discovery(request: HttpRequest, side: Side) -> HttpResponse:
    issuer = _issuer(side)
    return JsonResponse(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/qui",
            "token_endpoint": f"{issuer}/jeton",
            "userinfo_endpoint": f"{issuer}/identite",
            "jwks_uri": f"{issuer}/cles",
            "end_session_endpoint": f"{issuer}/fin",
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }
    )


@require_safe
def keys(request: HttpRequest, side: Side) -> HttpResponse:
    return JsonResponse({"keys": [KEY.as_dict(private=False)]})


@require_http_methods(["GET", "HEAD", "POST"])
def authorize(request: HttpRequest, side: Side) -> HttpResponse:
    """« Qui êtes-vous ? », among the invented people; nobody proves anything."""
    asked = request.GET.dict()
    back = asked.get("redirect_uri", "")
    if not back.startswith(f"{settings.PUBLIC_URL}/"):
        return HttpResponseBadRequest()
    if request.method != "POST":
        context = {"side": side, "people": people(side), "console": settings.PUBLIC_URL}
        return HttpResponse(render_to_string("demo/provider.html", context))
    answer = {"state": asked.get("state", "")}
    chosen = person(side, request.POST.get("who", ""))
    if chosen is None:
        return HttpResponseRedirect(f"{back}?{urlencode(answer | {'error': 'access_denied'})}")
    code = secrets.token_urlsafe(24)
    CODES[code] = asked, chosen
    return HttpResponseRedirect(f"{back}?{urlencode(answer | {'code': code})}")


@require_POST
def token(request: HttpRequest, side: Side) -> HttpResponse:
    sent = request.POST
    asked, chosen = CODES.pop(sent.get("code", ""), ({}, None))
    if (
        chosen is None
        or not is_client(side, sent.get("client_id", ""), sent.get("client_secret", ""))
        or asked.get("client_id") != sent["client_id"]
        or asked.get("redirect_uri") != sent.get("redirect_uri")
        or asked.get("code_challenge") != _challenge(sent.get("code_verifier", ""))
    ):
        return JsonResponse({"error": "invalid_grant"}, status=400)
    access = secrets.token_urlsafe(24)
    TOKENS[access] = chosen
    level = {"acr": asked["acr_values"]} if "acr_values" in asked else {}
    said = _claims(side, asked["client_id"], chosen) | level | {"nonce": asked.get("nonce", "")}
    id_token = jwt.encode({"alg": "RS256", "kid": "demonstration"}, said, KEY)
    return JsonResponse({"access_token": access, "token_type": "Bearer", "id_token": id_token})


@require_safe
def userinfo(request: HttpRequest, side: Side) -> HttpResponse:
    chosen = TOKENS.pop(request.headers.get("Authorization", "").removeprefix("Bearer "), None)
    if chosen is None:
        return HttpResponse(status=401)
    return JsonResponse({"sub": chosen.key} | chosen.claims)


@require_safe
def end(request: HttpRequest, side: Side) -> HttpResponse:
    back = request.GET.get("post_logout_redirect_uri", "")
    if not back.startswith(f"{settings.PUBLIC_URL}/"):
        return HttpResponseBadRequest()
    return HttpResponseRedirect(f"{back}?{urlencode({'state': request.GET.get('state', '')})}")


def _issuer(side: Side) -> str:
    return f"{settings.DEMO_PROVIDER}/{side}"


def _claims(side: Side, client_id: str, chosen: Person) -> dict[str, Any]:
    now = int(time.time())
    return {
        "iss": _issuer(side),
        "aud": client_id,
        "sub": chosen.key,
        "iat": now,
        "exp": now + LIFETIME,
    }


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
