"""OpenID Connect as the family's side speaks it: to a partner and back, and nothing believed unverified.

Authorisation code with a state and a nonce of 43 characters, PKCE wherever it is announced, tokens signed by
RS256 or ES256 only. A departure is kept in the session of the browser which leaves, under the partner it
leaves for: an answer serves once, here, and for that partner alone.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from django.utils.crypto import constant_time_compare, get_random_string
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from establishments.federation.transport import BoundedSession
from establishments.identity_providers import origin_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, MutableMapping

    from django.contrib.sessions.backends.base import SessionBase

    Session = SessionBase | MutableMapping[str, Any]

# Asymmetric ones: our secret is never a key.
ALGORITHMS = ["ES256", "RS256"]
LEEWAY = 60
"""Seconds by which two clocks may differ."""
JOURNEY_LIFETIME = 15 * 60
"""Seconds given to identify oneself there."""
_KEPT_JOURNEYS = 5
_RANDOM = 43
_LONGEST_SUBJECT = 255
_SESSION_KEY = "openid"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")


class Failure(StrEnum):
    CANCELLED = "CANCELLED"  # given up there
    LOST = "LOST"  # too late, already used, or begun in another browser
    UNAVAILABLE = "UNAVAILABLE"
    INVALID = "INVALID"  # what was answered cannot be believed


class IdentificationFailed(Exception):
    """`failure` says what to tell; `detail`, for the log, names nobody."""

    def __init__(self, failure: Failure, detail: str = "") -> None:
        super().__init__(f"{failure} {detail}".strip())
        self.failure = failure
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Partner:
    """Whom to ask. `levels`: the `acr` which are accepted, the lowest first, which is the one asked for."""

    key: str
    issuer: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...] = ("openid",)
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the partner vouches for; `id_token` is what a sign-out there will show.

    `account` is the key of that which asked to be linked to them; None where nobody was signed in.
    """

    subject: str
    claims: dict[str, Any]
    id_token: str
    account: int | None = None

    def text(self, claim: str) -> str:
        """What `claim` says, a single one of its values when it is a list; empty when it says nothing."""
        said = self.claims.get(claim)
        [said] = said if isinstance(said, list) and len(said) == 1 else [said]
        return " ".join(said.replace("\0", "").split()) if isinstance(said, str) else ""


class PartnerSession(OAuth2Session, BoundedSession):
    """authlib's client, spoken at the partner's own origin only, briefly."""

    def __init__(self, partner: Partner, **options: Any) -> None:
        options |= {"scope": " ".join(partner.scopes)}
        super().__init__(partner.client_id, partner.client_secret, **options)  # type: ignore[no-untyped-call]
        self.partner = partner

    @property
    def origins(self) -> Collection[str]:
        return (origin_of(self.partner.issuer),)


def depart(partner: Partner, session: Session, come_back_to: str, account: int | None = None) -> str:
    """The address which asks `partner` who is there; raises IdentificationFailed.

    With `account`, the answer is for that account alone.
    """
    with _speaking_to(partner, come_back_to) as (client, found):
        uses_pkce = "S256" in found.get("code_challenge_methods_supported", [])
        verifier = get_random_string(_RANDOM) if uses_pkce else ""
        nonce = get_random_string(_RANDOM)
        asked = {"nonce": nonce} | ({"acr_values": partner.levels[0]} if partner.levels else {})
        if uses_pkce:
            client.code_challenge_method = "S256"
            asked["code_verifier"] = verifier
        address, state = client.create_authorization_url(
            found["authorization_endpoint"], state=get_random_string(_RANDOM), **asked
        )
    journey = {"partner": partner.key, "nonce": nonce, "verifier": verifier, "at": int(time.time())}
    journey |= {"account": account}
    kept = list(session.get(_SESSION_KEY, {}).items())[-_KEPT_JOURNEYS + 1 :]
    session[_SESSION_KEY] = dict(kept) | {state: journey}
    return str(address)


def arrive(partner: Partner, session: Session, query: Mapping[str, str], come_back_to: str) -> Identity:
    """Whom the answer in `query` is about; raises IdentificationFailed."""
    journey = _taken(partner, session, query.get("state", ""))
    if query.get("error") == "access_denied":
        raise IdentificationFailed(Failure.CANCELLED)
    with _speaking_to(partner, come_back_to) as (client, found):
        _check_sender(found, query)
        given = client.fetch_token(
            found["token_endpoint"],
            grant_type="authorization_code",
            auth=_secrets_for(found, partner),
            code=query["code"],
            **({"code_verifier": journey["verifier"]} if journey["verifier"] else {}),
        )
        reader = _Reader(partner, found, client)
        id_token = reader.claims_of(given.get("id_token"), {"exp", "iat", "sub"})
        _check_id_token(partner, id_token, journey["nonce"])
        userinfo = reader.userinfo()
    subject = id_token["sub"]
    if userinfo.get("sub") != subject:
        raise IdentificationFailed(Failure.INVALID, "userinfo is about somebody else")
    return Identity(subject, id_token | userinfo, given["id_token"], journey.get("account"))


def ending_address(partner: Partner, id_token: str, come_back_to: str, state: str) -> str:
    """Where to end the session at the partner (RP-initiated logout); empty when it offers none."""
    with _speaking_to(partner) as (_, found):
        ending = found.get("end_session_endpoint")
    if not ending:
        return ""
    said = {"id_token_hint": id_token, "post_logout_redirect_uri": come_back_to, "state": state}
    return f"{ending}{'&' if '?' in ending else '?'}{urlencode(said)}"


_ANSWERS = (requests.RequestException, AuthlibBaseError, JoseError, ValueError, LookupError)


@contextmanager
def _speaking_to(partner: Partner, come_back_to: str = "") -> Iterator[tuple[Any, dict[str, Any]]]:
    """A client, and where the partner's endpoints are; failures inside are told in our words."""
    with PartnerSession(partner, redirect_uri=come_back_to) as client:
        try:
            yield client, _discovered(partner, client)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise IdentificationFailed(Failure.UNAVAILABLE, type(error).__name__) from None
        except _ANSWERS as error:
            response = error.response if isinstance(error, requests.HTTPError) else None
            is_down = response is not None and response.status_code >= 500
            failure = Failure.UNAVAILABLE if is_down else Failure.INVALID
            raise IdentificationFailed(failure, type(error).__name__) from None


def _discovered(partner: Partner, client: Any) -> dict[str, Any]:
    """The discovery document, of the issuer declared and all within its origin."""
    found = _json(client, f"{partner.issuer}/.well-known/openid-configuration")
    if str(found.get("issuer", "")).rstrip("/") != partner.issuer:
        raise IdentificationFailed(Failure.INVALID, "another issuer")
    ending = ["end_session_endpoint"] if found.get("end_session_endpoint") else []
    for endpoint in (*_ENDPOINTS, *ending):
        if origin_of(str(found.get(endpoint, ""))) not in client.origins:
            raise IdentificationFailed(Failure.INVALID, f"{endpoint} is elsewhere")
    if "client_secret_post" in found.get("token_endpoint_auth_methods_supported", []):
        client.token_endpoint_auth_method = "client_secret_post"
    return found


def _secrets_for(found: Mapping[str, Any], partner: Partner) -> tuple[str, str] | None:
    """For HTTP Basic, encoded as RFC 6749 (2.3.1) wants and authlib does not; None: authlib sends a form."""
    if "client_secret_post" in found.get("token_endpoint_auth_methods_supported", []):
        return None
    return quote(partner.client_id, safe=""), quote(partner.client_secret, safe="")


def _taken(partner: Partner, session: Session, state: str) -> dict[str, Any]:
    """The departure which `state` answers, taken out of the session whatever comes of it."""
    journeys = dict(session.get(_SESSION_KEY, {}))
    journey: dict[str, Any] | None = journeys.pop(state, None)
    if journey is None:
        raise IdentificationFailed(Failure.LOST, "unknown state")
    session[_SESSION_KEY] = journeys
    if journey["partner"] != partner.key:
        raise IdentificationFailed(Failure.INVALID, "state of another partner")
    if time.time() - journey["at"] > JOURNEY_LIFETIME:
        raise IdentificationFailed(Failure.LOST, "too late")
    return journey


def _check_sender(found: Mapping[str, Any], query: Mapping[str, str]) -> None:
    """RFC 9207: an answer which says whose it is says the truth; one which should say it does."""
    must_say = found.get("authorization_response_iss_parameter_supported") is True
    if query.get("iss", found["issuer"] if not must_say else "") != found["issuer"]:
        raise IdentificationFailed(Failure.INVALID, "answered by another issuer")
    if query.get("error") or not query.get("code"):
        raise IdentificationFailed(Failure.INVALID, "an error")


def _check_id_token(partner: Partner, claims: Mapping[str, Any], nonce: str) -> None:
    said = claims.get("nonce")
    if not isinstance(said, str) or not constant_time_compare(said, nonce):
        raise IdentificationFailed(Failure.INVALID, "another nonce")
    if partner.levels and claims.get("acr") not in partner.levels:
        raise IdentificationFailed(Failure.INVALID, "level too low")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= _LONGEST_SUBJECT:
        raise IdentificationFailed(Failure.INVALID, "no usable subject")


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads what the partner signed, with the keys it publishes now."""

    partner: Partner
    found: Mapping[str, Any]
    client: Any

    def claims_of(self, token: object, required: Collection[str]) -> dict[str, Any]:
        """The claims of a token signed by the partner, for us, and still good."""
        if not isinstance(token, str):
            raise IdentificationFailed(Failure.INVALID, "no signed token")
        claims: dict[str, Any] = jwt.decode(token, self._keys(), algorithms=ALGORITHMS).claims
        essential: Any = {claim: {"essential": True} for claim in required}
        registry = jwt.JWTClaimsRegistry(
            leeway=LEEWAY, **essential | {"iss": {"essential": True, "value": self.found["issuer"]}}
        )
        registry.validate(claims)
        self._check_audience(claims)
        return claims

    def _keys(self) -> KeySet:
        published = _json(self.client, self.found["jwks_uri"])["keys"]
        signing = [key for key in published if key.get("kty") in ("RSA", "EC") and key.get("use") != "enc"]
        return KeySet.import_key_set({"keys": signing})

    def _check_audience(self, claims: Mapping[str, Any]) -> None:
        """For us; and for us alone, unless it says that we asked (OpenID Connect Core, 3.1.3.7)."""
        said = claims.get("aud")
        audience = said if isinstance(said, list) else [said]
        ours = self.partner.client_id
        if ours not in audience or claims.get("azp", ours if len(audience) == 1 else None) != ours:
            raise IdentificationFailed(Failure.INVALID, "for another client")

    def userinfo(self) -> dict[str, Any]:
        """Signed (application/jwt), as FranceConnect's, or plain."""
        response = self.client.get(self.found["userinfo_endpoint"])
        response.raise_for_status()
        if response.headers.get("Content-Type", "").partition(";")[0].strip() == "application/jwt":
            return self.claims_of(response.text.strip(), {"sub"})
        return _object(response)


def _json(client: Any, url: str) -> dict[str, Any]:
    response = client.request("GET", url, withhold_token=True)
    response.raise_for_status()
    return _object(response)


def _object(response: requests.Response) -> dict[str, Any]:
    said = response.json()
    if not isinstance(said, dict):
        raise IdentificationFailed(Failure.INVALID, "not an object")
    return said
