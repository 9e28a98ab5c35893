"""allauth's OpenID Connect, stricter: verified tokens and userinfo, endpoints at the declared origins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import jwt
from allauth.socialaccount.models import SocialApp, SocialLogin, SocialToken
from allauth.socialaccount.providers.base.provider import ProviderException
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.urls import reverse
from django.utils.functional import cached_property

from establishments.federation.transport import ProviderSession
from establishments.identity_providers import IdentityProvider, origin_of

if TYPE_CHECKING:
    from django.http import HttpRequest

# Asymmetric ones: our secret is never a key.
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
_LEEWAY = 60
_LONGEST_SUBJECT = 191
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")


class InvalidAnswer(ProviderException):
    """What the provider answered cannot be believed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified sign-in: the claims of the ID token and of userinfo, about the same subject."""

    subject: str
    id_token: dict[str, Any]
    userinfo: dict[str, Any]
    encoded_id_token: str

    def mail(self, domains: tuple[str, ...] = ()) -> str | None:
        """The address the provider vouches for, in lower case: `email_verified` is true, not « true ».

        Or one of `domains`, for a provider which does not say.
        """
        said = self.userinfo.get("email")
        if not isinstance(said, str) or "@" not in said:
            return None
        mail = said.strip().lower()
        is_believed = "email_verified" not in self.userinfo and mail.rpartition("@")[2] in domains
        return mail if self.userinfo.get("email_verified") is True or is_believed else None


class FederatedLogin(SocialLogin):
    """For annotations only: allauth's, with the answer it comes from."""

    answer: Answer


def app_of(declared: IdentityProvider) -> SocialApp:
    return SocialApp(
        provider="openid_connect",
        provider_id=declared.key,
        name=declared.name[:40],
        client_id=declared.client_id,
        secret=declared.client_secret,
        settings={
            "server_url": declared.issuer,
            "scope": list(declared.scopes),
            "oauth_pkce_enabled": declared.uses_pkce,
        },
    )


class FederationAdapter(OpenIDConnectOAuth2Adapter):
    """The exchanges of one sign-in; `answer` is what it ended with."""

    @cached_property
    def declared(self) -> IdentityProvider:
        return next(each for each in settings.IDENTITY_PROVIDERS if each.key == self.provider_id)

    def get_provider(self) -> FederationProvider:
        return FederationProvider(self.request, app=app_of(self.declared))

    @cached_property
    def openid_config(self) -> dict[str, Any]:
        """The discovery document, of the issuer declared and all within its origins."""
        found = self._get_json(f"{self.declared.issuer}/.well-known/openid-configuration")
        if str(found.get("issuer", "")).rstrip("/") != self.declared.issuer:
            raise InvalidAnswer("another issuer")
        ending = ["end_session_endpoint"] if found.get("end_session_endpoint") else []
        for endpoint in (*_ENDPOINTS, *ending):
            if origin_of(str(found.get(endpoint, ""))) not in self.declared.origins:
                raise InvalidAnswer(f"{endpoint} is elsewhere")
        return found

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return settings.PUBLIC_URL + reverse("federation_return", args=[self.provider_id])

    def get_access_token_data(
        self, request: HttpRequest, app: SocialApp, client: object, pkce_code_verifier: str | None = None
    ) -> dict[str, Any]:
        sent = {
            "grant_type": "authorization_code",
            "code": request.GET.get("code", ""),
            "redirect_uri": self.get_callback_url(request, app),
            "code_verifier": pkce_code_verifier or "",
        }
        secrets = {"client_id": app.client_id, "client_secret": app.secret}
        if "client_secret_post" in self.openid_config.get("token_endpoint_auth_methods_supported", []):
            return self._json("POST", self.access_token_url, data=sent | secrets)
        basic = tuple(quote(secret, safe="") for secret in secrets.values())
        return self._json("POST", self.access_token_url, data=sent, auth=basic)

    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        if not isinstance(data.get("access_token"), str):
            raise InvalidAnswer("no access token")
        return SocialToken(token=data["access_token"])

    def complete_login(
        self, request: HttpRequest, app: SocialApp, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        encoded = kwargs["response"].get("id_token")
        id_token = self._verified(encoded, require=["iss", "aud", "exp", "sub"])
        userinfo = self._userinfo(token.token)
        subject = id_token["sub"]
        if not subject or len(subject) > _LONGEST_SUBJECT or userinfo.get("sub") != subject:
            raise InvalidAnswer("userinfo is about somebody else")
        login = cast(FederatedLogin, self.get_provider().sociallogin_from_response(request, userinfo))
        login.answer = Answer(subject, id_token, userinfo, encoded)
        return login

    def _userinfo(self, access_token: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {access_token}"}
        if not self.declared.is_userinfo_signed:
            return self._get_json(self.profile_url, headers=headers)
        response = self._exchange("GET", self.profile_url, headers=headers)
        return self._verified(response.text.strip(), require=["iss", "aud", "sub"])

    def _verified(self, token: object, *, require: list[str]) -> dict[str, Any]:
        """The claims of a token signed by the provider, for us, and still good."""
        try:
            if not isinstance(token, str):
                raise InvalidAnswer("no signed token")
            decoded: dict[str, Any] = jwt.decode(
                token,
                self._key_of(token),
                algorithms=_ALGORITHMS,
                audience=self.declared.client_id,
                issuer=self.openid_config["issuer"],
                leeway=_LEEWAY,
                options={"require": require},
            )
        except jwt.PyJWTError as error:
            raise InvalidAnswer(type(error).__name__) from None
        return decoded

    def _key_of(self, token: str) -> jwt.PyJWK:
        """That which signed `token`; it need not be named when there is only one."""
        keys = jwt.PyJWKSet.from_dict(self._get_json(self.openid_config["jwks_uri"])).keys
        named = jwt.get_unverified_header(token).get("kid")
        found = [key for key in keys if named in (key.key_id, None)]
        if len(found) != 1:
            raise InvalidAnswer("signed by an unknown key")
        return found[0]

    def _get_json(self, url: str, **kwargs: Any) -> dict[str, Any]:
        return self._json("GET", url, **kwargs)

    def _json(self, method: str, url: str, **kwargs: Any) -> dict[str, Any]:
        answer = self._exchange(method, url, **kwargs).json()
        if not isinstance(answer, dict):
            raise InvalidAnswer("not an object")
        return answer

    def _exchange(self, method: str, url: str, **kwargs: Any) -> Any:
        with ProviderSession() as session:
            response = session.request(method, url, **kwargs)
        response.raise_for_status()
        return response


class FederationProvider(OpenIDConnectProvider):
    """Nothing of the answer is kept by allauth: neither claims nor addresses (see admission)."""

    oauth2_adapter_class = FederationAdapter

    def extract_uid(self, data: dict[str, Any]) -> str:
        return str(data["sub"])

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        return {}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        return {}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[Any]:
        return []
