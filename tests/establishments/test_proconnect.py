"""ProConnect: signed userinfo, known agents, a sign-out at both; and answers nobody should believe."""

import pytest
from django.urls import reverse

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
        return signing.follow(client.post(reverse("federation_sign_in", args=["proconnect"])).url)

    signing.knows("sub-1", email=MAIL, email_verified=True)
    return leave_and_come_back


def is_signed_in(client):
    return "_auth_user_id" in client.session


def test_an_agent_comes_in_by_proconnect_and_leaves_both(client, signing, back, director):
    door = client.get(reverse("account_login")).text
    assert "S’identifier avec ProConnect" in door
    assert "Qu’est-ce que ProConnect" in door
    assert client.get(back(), follow=True).status_code == 200
    assert client.session["_auth_user_id"] == str(director.pk)

    returned = signing.follow(client.post(reverse("account_logout")).url)
    assert "Vous êtes déconnecté." in client.get(returned, follow=True).text
    assert not is_signed_in(client)


def test_claims_of_ours_from_a_provider_without_them_open_nothing(client, signing, back):
    school = EstablishmentFactory.create()
    claims = {"FrEduRneResp": f"{school.uai}$UAJ$PU$N$T3$CLG$340", "FrEduFonctAdm": "DIR"}
    signing.knows("sub-2", email="else@example.org", email_verified=True, **claims)
    refused = client.get(back())
    assert refused.status_code == 403
    assert "votre adresse professionnelle n’est celle d’aucun agent" in refused.text
    signing.knows("sub-1", email=MAIL, email_verified=True, **claims)
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
