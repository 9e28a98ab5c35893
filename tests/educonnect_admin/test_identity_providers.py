"""How the environment declares the providers agents sign in by."""

import pytest

from establishments.identity_providers import IdentityProvider, WrongProvider, read_identity_providers

FIM = {
    "OIDC_FIM_ISSUER": "https://fim.example.org/oidc/",
    "OIDC_FIM_CLIENT_ID": "console",
    "OIDC_FIM_CLIENT_SECRET": "secret",
}


def read(*keys, insecure_http=False, **environment):
    return read_identity_providers(keys, FIM | environment, insecure_http=insecure_http)


def test_there_is_none_by_default():
    assert read() == ()
    assert read("") == ()


def test_the_federation_has_claims_and_a_second_factor_unless_said_otherwise():
    [fim] = read("FIM")
    assert (fim.key, fim.issuer, fim.origins) == (
        "fim",
        "https://fim.example.org/oidc",
        ("https://fim.example.org",),
    )
    assert (fim.has_claims, fim.has_second_factor, fim.is_userinfo_signed) == (True, True, False)
    [strict] = read("fim", OIDC_FIM_SECOND_FACTOR="false", OIDC_FIM_ACR="one two")
    assert (strict.has_second_factor, strict.acr) == (False, ("one", "two"))


def test_proconnect_signs_its_userinfo_and_opens_nothing_by_itself():
    settings = {
        f"OIDC_PROCONNECT_{name}": "https://pc.example.org"
        for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET")
    }
    fim, proconnect = read("fim", "proconnect", **settings)
    assert fim.key == "fim"
    assert (proconnect.is_userinfo_signed, proconnect.has_claims, proconnect.has_second_factor) == (
        True,
        False,
        False,
    )


def test_another_provider_can_be_declared():
    names = {"ISSUER": "https://other.example.org", "CLIENT_ID": "i", "CLIENT_SECRET": "s"}
    environment = {f"OIDC_ACADEMIC_IDP_{name}": value for name, value in names.items()}
    [other] = read("academic-idp", **environment, OIDC_ACADEMIC_IDP_NAME="l’académie")
    assert (other.name, other.has_claims) == ("l’académie", False)


@pytest.mark.parametrize(
    ("keys", "environment"),
    [
        (["fim", "proconnect"], {}),
        (["f/m"], {}),
        (["fim"], {"OIDC_FIM_CLIENT_SECRET": " "}),
        (["fim"], {"OIDC_FIM_ISSUER": "http://fim.example.org"}),
        (["fim"], {"OIDC_FIM_ISSUER": "https:///path"}),
        (["fim"], {"OIDC_FIM_ORIGINS": "https://a.example.org/path"}),
        (["fim"], {"OIDC_FIM_SECOND_FACTOR": "maybe"}),
    ],
)
def test_a_provider_declared_wrongly_stops_the_start(keys, environment):
    with pytest.raises(WrongProvider):
        read(*keys, **environment)


def test_plain_http_is_for_tests_only():
    assert read("fim", OIDC_FIM_ISSUER="http://localhost:9400", insecure_http=True)


@pytest.mark.parametrize(
    ("trusted", "levels", "reached", "counts"),
    [
        (True, (), None, True),
        (True, ("eidas2", "eidas3"), "eidas2", True),
        (True, ("eidas2",), "eidas1", False),
        (True, ("eidas2",), None, False),
        (False, (), "eidas2", False),
    ],
)
def test_a_level_which_is_asked_for_must_be_reached(trusted, levels, reached, counts):
    provider = IdentityProvider("p", "https://p", "id", "secret", "P", has_second_factor=trusted, acr=levels)
    assert provider.trusts(reached) is counts
