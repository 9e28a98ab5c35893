"""A passkey alone opens the console only when its owner was verified, whatever challenge was signed."""

import json
import struct
from hashlib import sha256

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.test import Client
from django.urls import reverse
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from tests.factories import PASSWORD, AgentFactory, MandateFactory

pytestmark = pytest.mark.django_db
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
KEY_ID = b"a key of the agent"
CREATED = b'{"type":"webauthn.create","challenge":"","origin":""}'
SITE = sha256(b"testserver").digest()


class SecurityKey:
    """What a key does, in software: one credential, signing for whoever holds it."""

    def __init__(self, agent):
        self.agent = agent
        self.private = ec.generate_private_key(ec.SECP256R1())
        public = ES256.from_cryptography_key(self.private.public_key())
        credential = AttestedCredentialData.create(bytes(16), KEY_ID, public)
        held = AuthenticatorData.create(SITE, PRESENT | VERIFIED | ATTESTED, 0, bytes(credential))
        attestation = AttestationObject.create("none", held, {})
        Authenticator.objects.create(
            user=agent,
            type=Authenticator.Type.WEBAUTHN,
            data={
                "name": "Clé",
                "credential": self._told(
                    {
                        "clientDataJSON": websafe_encode(
                            b'{"type":"webauthn.create","challenge":"","origin":""}'
                        ),
                        "attestationObject": websafe_encode(bytes(attestation)),
                    }
                ),
            },
        )

    def _told(self, response):
        key = websafe_encode(KEY_ID)
        return {
            "type": "public-key",
            "id": key,
            "rawId": key,
            "response": response,
            "clientExtensionResults": {},
        }

    def sign(self, options, flags):
        challenge = options["publicKey"]["challenge"]
        client_data = json.dumps(
            {"type": "webauthn.get", "challenge": challenge, "origin": "http://testserver"}
        ).encode()
        data = SITE + struct.pack(">BI", flags, 1)
        signature = self.private.sign(data + sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return json.dumps(
            self._told(
                {
                    "clientDataJSON": websafe_encode(client_data),
                    "authenticatorData": websafe_encode(data),
                    "signature": websafe_encode(signature),
                    "userHandle": websafe_encode(user_pk_to_url_str(self.agent).encode()),
                }
            )
        )


@pytest.fixture(autouse=True)
def outside(settings):
    settings.ADMIN_NETWORKS = []


@pytest.fixture
def key():
    return SecurityKey(MandateFactory.create().agent)


def is_inside(client):
    return client.get(reverse("mfa_index")).status_code == 200


def options_of_the_door(client):
    answer = client.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})
    return answer.json()["request_options"]


def test_with_its_owner_verified_it_stands_for_password_and_factor(client, key):
    credential = key.sign(options_of_the_door(client), PRESENT | VERIFIED)
    client.post(reverse("mfa_login_webauthn"), {"credential": credential})
    assert is_inside(client)


def test_a_stolen_key_touched_by_anyone_does_not(client, key, caplog):
    credential = key.sign(options_of_the_door(client), PRESENT)
    client.post(reverse("mfa_login_webauthn"), {"credential": credential})
    assert not is_inside(client)
    assert "sign-in failed: passkey" in caplog.text


def test_nor_with_the_challenge_of_another_page_which_does_not_ask_for_it(key):
    thief = AgentFactory.create()
    TOTP.activate(thief, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    client = Client()
    client.post(reverse("account_login"), {"login": thief.email, "password": PASSWORD})
    lenient = client.get(reverse("mfa_authenticate")).context["js_data"]["request_options"]
    credential = key.sign(json.loads(json.dumps(lenient, default=dict)), PRESENT)
    client.post(reverse("sign_in_abandon"))
    client.post(reverse("mfa_login_webauthn"), {"credential": credential})
    assert not is_inside(client)
