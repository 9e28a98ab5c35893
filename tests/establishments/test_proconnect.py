"""ProConnect: signed userinfo, known agents, a sign-out at both; and answers nobody should believe."""

import json
import socket
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from establishments.federation.transport import ProviderSession, RefusedExchange
from establishments.models import Agent, Mandate
from tests.factories import EstablishmentFactory, MandateFactory

pytestmark = pytest.mark.django_db
MAIL = "maud.principal@example.org"


@pytest.fixture
def director():
    return MandateFactory.create(agent__email=MAIL).agent


@pytest.fixture
def back(client, signing, director):
    """The click, then what the provider does: the address it sends back to."""

    def leave_and_come_back():
        return signing.follow(leave(client))

    signing.knows("sub-1", email=MAIL)
    return leave_and_come_back


def leave(client):
    return client.post(reverse("federation_sign_in", args=["proconnect"])).context["address"]


def is_signed_in(client):
    return "_auth_user_id" in client.session


def test_an_agent_comes_in_by_proconnect_and_leaves_both(client, signing, back, director):
    door = client.get(reverse("account_login")).text
    assert "S’identifier avec ProConnect" in door
    assert "Qu’est-ce que ProConnect" in door
    assert client.get(back(), follow=True).status_code == 200
    assert client.session["_auth_user_id"] == str(director.pk)

    returned = signing.follow(client.post(reverse("account_logout")).context["address"])
    assert "Vous êtes déconnecté." in client.get(returned, follow=True).text
    assert not is_signed_in(client)


def test_what_is_asked_is_what_proconnect_documents_and_no_more(client, signing, declare):
    asked = parse_qs(urlsplit(leave(client)).query)
    assert set(asked) == {"response_type", "client_id", "redirect_uri", "scope", "state", "nonce"}
    assert len(asked["state"][0]) == len(asked["nonce"][0]) == 32
    declare(key="proconnect", name="ProConnect", issuer=signing.url, uses_pkce=False, acr=("eidas2",))
    [claims] = parse_qs(urlsplit(leave(client)).query)["claims"]
    assert json.loads(claims) == {"id_token": {"acr": {"essential": True, "values": ["eidas2"]}}}


@pytest.mark.parametrize(
    ("mail", "claims"),
    [
        (MAIL, {"email_verified": False}),
        (MAIL, {"email_verified": None}),
        ("maud.principal@sub.example.org", {}),
        ("maud.principal@other.example", {}),
    ],
)
def test_a_mail_is_believed_unverified_only_of_the_domains_said(client, signing, back, mail, claims):
    if mail != MAIL:
        MandateFactory.create(agent__email=mail)
    signing.knows("sub-1", email=mail, **claims)
    assert client.get(back()).status_code == 403
    assert not is_signed_in(client)


def test_a_code_is_bound_to_the_browser_which_asked_where_pkce_is_used(client, signing, declare, director):
    declare(
        key="proconnect",
        name="ProConnect",
        issuer=signing.url,
        is_userinfo_signed=True,
        mail_domains=("example.org",),
    )
    signing.knows("sub-1", email=MAIL)
    stolen, other = Client(), client
    code = parse_qs(urlsplit(signing.follow(leave(stolen))).query)["code"][0]
    mine = urlsplit(signing.follow(leave(other)))
    state = parse_qs(mine.query)["state"][0]
    assert other.get(mine.path, {"code": code, "state": state}).status_code == 502
    assert other.get(signing.follow(leave(other))).status_code == 302
    assert is_signed_in(other)


def test_claims_of_ours_from_a_provider_without_them_open_nothing(client, signing, back):
    school = EstablishmentFactory.create()
    claims = {"FrEduRneResp": f"{school.uai}$UAJ$PU$N$T3$CLG$340", "FrEduFonctAdm": "DIR"}
    signing.knows("sub-2", email="else@example.org", **claims)
    refused = client.get(back())
    assert refused.status_code == 403
    assert "votre adresse professionnelle n’est celle d’aucun agent" in refused.text
    signing.knows("sub-1", email=MAIL, **claims)
    client.get(back())
    assert is_signed_in(client)
    assert not Mandate.objects.filter(source="CLAIMS").exists()
    assert Agent.objects.count() == 1


@pytest.mark.parametrize(
    "fault",
    [
        *(
            f"{token} {fault}"
            for token in ("id_token", "userinfo")
            for fault in (
                "unsigned",
                "other key",
                "signed with our secret",
                "other audience",
                "other issuer",
                "other subject",
                "expired",
            )
        ),
        "id_token other nonce",
        "userinfo plain",
        "moved /userinfo",
        "moved /jwks",
    ],
)
def test_an_answer_which_cannot_be_verified_lets_nobody_in(client, signing, back, fault):
    address = back()
    signing.fails(fault)
    refused = client.get(address)
    assert (refused.status_code, is_signed_in(client)) == (502, False)
    assert "n’a pas pu être vérifiée" in refused.text
    signing.fails("")
    assert client.get(back()).status_code == 302
    assert is_signed_in(client)


@pytest.mark.parametrize("fault", ["other issuer", "endpoint elsewhere", "huge"])
def test_a_provider_which_describes_itself_wrongly_is_not_followed(client, signing, fault):
    signing.fails(fault)
    assert client.post(reverse("federation_sign_in", args=["proconnect"])).status_code == 502


@pytest.mark.parametrize("path", ["/userinfo", "/jwks", "/.well-known/openid-configuration"])
def test_a_provider_which_fails_in_between_is_said_to_be_down(client, signing, back, path):
    address = back()
    signing.fails(f"down {path}")
    down = client.get(address)
    assert (down.status_code, is_signed_in(client)) == (503, False)
    assert "Le service d’identification ne répond pas" in down.text


def test_an_invented_code_lets_nobody_in(client, signing, back):
    assert client.get(back().replace("code=code-", "code=other-")).status_code == 502
    assert not is_signed_in(client)


def test_a_provider_which_never_answers_is_said_to_be_down(client, declare, settings):
    settings.OIDC_TIMEOUT = 0.1
    with socket.create_server(("127.0.0.1", 0)) as silent:
        declare(key="proconnect", name="ProConnect", issuer=f"http://localhost:{silent.getsockname()[1]}")
        assert client.post(reverse("federation_sign_in", args=["proconnect"])).status_code == 503


def test_nothing_is_asked_of_who_was_not_declared(signing):
    for address in (
        signing.url.replace("localhost", "127.0.0.1"),
        "http://169.254.169.254/",
        "file:///etc/passwd",
    ):
        with ProviderSession() as session, pytest.raises(RefusedExchange):
            session.get(address)
