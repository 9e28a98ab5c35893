"""Where agents may also sign in, as the environment declares it; none by default, and no Django."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KEY = re.compile(r"[a-z][a-z0-9-]{0,30}")


class WrongProvider(ValueError):
    """A provider is declared in a way that cannot work, or is not safe."""


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """An OpenID Connect provider; `key` is its part of our addresses, `name` follows « S’identifier avec ».

    `has_claims`: its FrEdu… claims open establishments, and create agents. `has_second_factor`: who comes
    from there need no second factor of ours, provided the level reached is one of `acr` when any is said.
    `mail_domains`: whose addresses are believed of a provider which never says whether it verified them.
    `other_origins`: where its endpoints live, besides that of `issuer`.
    """

    key: str
    issuer: str
    client_id: str
    client_secret: str
    name: str
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    has_claims: bool = False
    is_userinfo_signed: bool = False
    uses_pkce: bool = True
    has_second_factor: bool = False
    acr: tuple[str, ...] = ()
    mail_domains: tuple[str, ...] = ()
    other_origins: tuple[str, ...] = ()

    @property
    def origins(self) -> tuple[str, ...]:
        return (origin_of(self.issuer), *self.other_origins)

    def trusts(self, acr: object) -> bool:
        """Whether a sign-in at this level (the `acr` of the token) needs no second factor of ours."""
        return self.has_second_factor and (not self.acr or acr in self.acr)


# What is known of each beforehand; the environment may say otherwise.
_PRESETS: dict[str, dict[str, Any]] = {
    "fim": {
        "name": "le compte du ministère (ARENA)",
        "has_claims": True,
        "has_second_factor": True,
    },
    "proconnect": {
        "name": "ProConnect",
        "scopes": ("openid", "given_name", "usual_name", "email"),
        "is_userinfo_signed": True,
        # It refuses any parameter that its documentation does not list.
        "uses_pkce": False,
    },
}
_FIELDS = {
    "NAME": "name",
    "SCOPES": "scopes",
    "CLAIMS": "has_claims",
    "SIGNED_USERINFO": "is_userinfo_signed",
    "PKCE": "uses_pkce",
    "SECOND_FACTOR": "has_second_factor",
    "ACR": "acr",
    "MAIL_DOMAINS": "mail_domains",
    "ORIGINS": "other_origins",
}
_LISTS = {"scopes", "acr", "mail_domains", "other_origins"}
_TRUE, _FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}


def read_identity_providers(
    keys: Sequence[str], environment: Mapping[str, str], *, insecure_http: bool = False
) -> tuple[IdentityProvider, ...]:
    """Those named by `keys`, each from its OIDC_<KEY>_… variables; raises WrongProvider."""
    return tuple(_read(key.strip().lower(), environment, insecure_http) for key in keys if key.strip())


def _read(key: str, environment: Mapping[str, str], insecure_http: bool) -> IdentityProvider:
    prefix = f"OIDC_{key.upper().replace('-', '_')}_"
    if not _KEY.fullmatch(key):
        raise WrongProvider(f"OIDC_PROVIDERS: « {key} » must be lower case letters, digits and hyphens.")
    fields: dict[str, Any] = {"key": key, "name": key, **_PRESETS.get(key, {})}
    for variable in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET"):
        fields[variable.lower()] = environment.get(prefix + variable, "").strip()
        if not fields[variable.lower()]:
            raise WrongProvider(f"{prefix}{variable} must be set.")
    fields["issuer"] = fields["issuer"].rstrip("/")
    for variable, name in _FIELDS.items():
        if (said := environment.get(prefix + variable)) is not None:
            fields[name] = _value(name, said, prefix + variable)
    provider = IdentityProvider(**fields)
    _check_origins(provider, prefix, insecure_http)
    return provider


def _value(name: str, said: str, variable: str) -> object:
    if name in _LISTS:
        return tuple(said.replace(",", " ").split())
    if name == "name":
        return said
    if said.lower() not in _TRUE | _FALSE:
        raise WrongProvider(f"{variable} must be true or false.")
    return said.lower() in _TRUE


def _check_origins(provider: IdentityProvider, prefix: str, insecure_http: bool) -> None:
    """Tokens and claims travel there: only over TLS."""
    for address in (provider.issuer, *provider.other_origins):
        url = urlsplit(address)
        if not url.hostname or url.scheme not in {"https", *(["http"] if insecure_http else [])}:
            raise WrongProvider(f"{prefix}ISSUER and {prefix}ORIGINS must be https:// addresses.")
    if any(origin_of(origin) != origin for origin in provider.other_origins):
        raise WrongProvider(f"{prefix}ORIGINS must hold origins: https://host, without a path.")


def origin_of(address: str) -> str:
    url = urlsplit(address)
    return f"{url.scheme}://{url.netloc}"
