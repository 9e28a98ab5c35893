"""Signing in by the ministry's federation: a real provider process, from the door to the establishment."""

import html
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.account.internal.flows.login import get_authentication_records
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse

from establishments.models import Agent, Delegation, Event, EventKind, Mandate
from tests.establishments.written_claims import delegation, directs
from tests.factories import AgentFactory, DelegationFactory, EstablishmentFactory, MandateFactory
from tests.oidc_provider import free_port

pytestmark = pytest.mark.django_db
MAIL = "maud.principal@example.org"


@pytest.fixture
def school():
    return EstablishmentFactory.create()


def leave(client, provider="fim", **data):
    """The click on the button: the address at the provider."""
    return client.post(reverse("federation_sign_in", args=[provider]), data).context["address"]


def sign_in(client, ministry, sub="sub-1", **data):
    return client.get(ministry.authorise(leave(client, **data), sub), follow=True)


def is_signed_in(client):
    return "_auth_user_id" in client.session


def page_of(school):
    return reverse("establishment", args=[school.uai])


def test_a_head_nobody_knew_comes_from_the_door_to_the_establishment_and_out(client, ministry, school):
    ministry.knows(
        "sub-1",
        email=MAIL,
        email_verified=True,
        family_name="PRINCIPAL",
        given_name="Maud",
        **directs(school),
    )
    door = client.get(reverse("account_login"))
    assert "S’identifier avec le compte du ministère (ARENA)" in door.text

    arrived = sign_in(client, ministry)

    assert arrived.redirect_chain[-1][0] == page_of(school)
    assert "Maud PRINCIPAL" in arrived.text
    agent = Agent.objects.get()
    assert (agent.email, agent.has_usable_password()) == (MAIL, False)
    assert [(held.role, held.source) for held in agent.mandates.in_force()] == [("DIRECTOR", "CLAIMS")]

    leaving = urlsplit(client.post(reverse("account_logout")).context["address"])
    asked = parse_qs(leaving.query)
    assert f"{leaving.scheme}://{leaving.netloc}" == ministry.url
    assert asked["post_logout_redirect_uri"] == ["http://testserver/deconnexion/retour/"]
    assert asked["id_token_hint"][0].count(".") == 2
    assert not is_signed_in(client)
    back = client.get(reverse("federation_signed_out"), {"state": asked["state"][0]}, follow=True)
    assert "Vous êtes déconnecté." in back.text


def test_back_from_a_sign_out_nobody_asked_for_nothing_is_said(client):
    back = client.get(reverse("federation_signed_out"), {"state": "é"}, follow=True)
    assert back.redirect_chain == [(reverse("account_login"), 302)]
    assert "Vous êtes déconnecté" not in back.text


def test_the_request_carries_a_state_a_nonce_and_a_challenge_and_nothing_the_visitor_adds(client, ministry):
    address = reverse("federation_sign_in", args=["fim"])
    response = client.post(
        f"{address}?scope=admin&auth_params=nonce%3Dmine&process=connect", {"nonce": "mine"}
    )
    asked = parse_qs(urlsplit(response.context["address"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == ["http://testserver/connexion/fim/retour/"]
    assert len(asked["state"][0]) == len(asked["nonce"][0]) == 32
    assert set(asked["scope"][0].split()) == {"openid", "profile", "email"}


def test_only_a_click_leads_to_the_provider(client, ministry):
    address = reverse("federation_sign_in", args=["fim"])
    assert client.get(address).url == reverse("account_login")
    assert Client(enforce_csrf_checks=True).post(address).status_code == 403


def test_the_provider_is_not_asked_without_end(client, ministry, settings):
    settings.ACCOUNT_RATE_LIMITS = {"login": "2/m/ip"}
    address = reverse("federation_sign_in", args=["fim"])
    assert [client.post(address).status_code for _ in range(3)] == [200, 200, 429]


def test_the_page_between_leaves_at_once_and_forms_still_lead_to_us_alone(client, ministry):
    between = client.post(reverse("federation_sign_in", args=["fim"]))
    address = html.escape(between.context["address"])
    assert f'<meta http-equiv="refresh" content="0;url={address}">' in between.text
    assert f'href="{address}"' in between.text
    assert "form-action 'self';" in between.headers["Content-Security-Policy"] + ";"
    assert "no-store" in between.headers["Cache-Control"]


def test_without_a_provider_there_is_no_button_and_no_address(client):
    assert "S’identifier avec" not in client.get(reverse("account_login")).text
    for name in ("federation_sign_in", "federation_return"):
        assert client.get(reverse(name, args=["fim"])).status_code == 404
        assert client.get(reverse(name, args=["openid_connect"])).status_code == 404


def test_the_page_asked_for_comes_after_and_never_another_site(client, ministry, school):
    ministry.knows("sub-1", **directs(school))
    asked = page_of(school) + "responsables/"
    assert f'value="{asked}"' in client.get(f"{reverse('account_login')}?next={asked}").text
    assert sign_in(client, ministry, next=asked).redirect_chain[0][0] == asked
    client.logout()
    assert sign_in(client, ministry, next="https://example.org/").redirect_chain[0][0] == "/"


def test_an_agent_is_known_by_a_verified_mail_then_by_the_subject_alone(client, ministry, school):
    agent = MandateFactory.create(establishment=school, agent__email=MAIL).agent
    ministry.knows("sub-1", email=MAIL.upper(), email_verified=True)
    sign_in(client, ministry)
    assert client.session["_auth_user_id"] == str(agent.pk)
    client.logout()
    ministry.knows("sub-1", email="changed@example.org", email_verified=False)
    sign_in(client, ministry)
    assert client.session["_auth_user_id"] == str(agent.pk)
    assert Agent.objects.count() == 1
    assert SocialAccount.objects.get().extra_data == {}


def test_an_agent_of_the_extracts_who_never_signed_in_is_known_by_the_extracts_mail(client, ministry, school):
    agent = MandateFactory.create(establishment=school, agent__email=None, agent__contact_mail=MAIL).agent
    ministry.knows("sub-1", email=MAIL, email_verified=True)
    sign_in(client, ministry)
    assert client.session["_auth_user_id"] == str(agent.pk)


@pytest.mark.parametrize("verified", [False, None, "true", 1, ["true"]])
def test_a_mail_which_is_not_verified_is_nobodys(client, ministry, school, verified):
    MandateFactory.create(establishment=school, agent__email=MAIL)
    ministry.knows("sub-1", email=MAIL, email_verified=verified)
    refused = sign_in(client, ministry)
    assert (refused.status_code, is_signed_in(client)) == (403, False)
    assert "Aucun établissement ne vous est ouvert" in refused.text


def test_a_mail_of_two_agents_of_a_school_or_of_who_signs_in_otherwise_lets_nobody_in(
    client, ministry, school
):
    cases = {
        "two@example.org": [None, None],
        "other@example.org": ["chosen@example.org"],
        school.mail: [None],
    }
    for mail, emails in cases.items():
        for email in emails:
            AgentFactory.create(email=email, contact_mail=mail)
        ministry.knows("sub-1", email=mail, email_verified=True, **directs(school))
        refused = sign_in(client, ministry)
        assert (refused.status_code, is_signed_in(client)) == (403, False), mail
        assert "Votre adresse ne suffit pas à vous reconnaître" in refused.text


def test_who_inherits_the_address_of_an_agent_does_not_come_in_as_that_agent(client, ministry, school):
    MandateFactory.create(establishment=school, agent__email=MAIL)
    ministry.knows("sub-1", email=MAIL, email_verified=True)
    ministry.knows("sub-2", email=MAIL, email_verified=True)
    sign_in(client, ministry, "sub-1")
    refused = sign_in(Client(), ministry, "sub-2")
    assert (refused.status_code, SocialAccount.objects.count()) == (403, 1)
    assert "Cette adresse est déjà reliée à une autre identité" in refused.text


def test_who_directs_nothing_is_told_what_to_do_and_not_created(client, ministry, school):
    for claims in ({}, directs(), directs(school, function="ENS"), delegation(school, end="01/01/2021")):
        ministry.knows("sub-1", email=MAIL, email_verified=True, **claims)
        refused = sign_in(client, ministry)
        assert (refused.status_code, is_signed_in(client)) == (403, False)
        assert "demandez-lui une délégation" in refused.text
    assert not Agent.objects.exists()
    assert not Event.objects.exists()


def test_an_agent_whose_access_is_closed_stays_outside(client, ministry, school):
    AgentFactory.create(email=MAIL, is_active=False)
    ministry.knows("sub-1", email=MAIL, email_verified=True, **directs(school))
    refused = sign_in(client, ministry)
    assert "Votre accès à la console a été fermé" in refused.text
    assert not is_signed_in(client)
    assert not Mandate.objects.exists()


def test_a_delegation_of_the_federation_opens_what_the_settings_say(client, ministry, school):
    ministry.knows("sub-1", name="Ana DÉLÉGUÉE", **delegation(school))
    assert sign_in(client, ministry).redirect_chain[-1][0] == page_of(school)
    held = Delegation.objects.get()
    assert (held.source, held.profile, held.population) == ("CLAIMS", "ASSIST", "BOTH")
    assert held.granted_by is None
    granted = Event.objects.get(kind=EventKind.DELEGATION_GRANTED)
    assert (granted.establishment, granted.actor, granted.agent) == (school, "PLATFORM", None)
    assert client.get(reverse("establishment_settings", args=[school.uai])).status_code == 403


def test_what_the_claims_take_away_is_lost_at_once_in_the_sessions_which_are_open(ministry):
    kept, lost, deputed, granted = EstablishmentFactory.create_batch(4)
    first, second = Client(), Client()
    ministry.knows("sub-1", **directs(kept, lost), **delegation(deputed))
    sign_in(first, ministry)
    agent = Agent.objects.get()
    DelegationFactory.create(agent=agent, establishment=granted)
    aaf = MandateFactory.create(agent=agent, establishment=lost, role=Mandate.Role.DEPUTY)
    for school in (kept, lost, deputed, granted):
        assert first.get(page_of(school)).status_code == 200
    aaf.ended_at = aaf.started_at
    aaf.save()

    ministry.knows("sub-1", **directs(kept))
    sign_in(second, ministry)

    statuses = [first.get(page_of(school)).status_code for school in (kept, lost, deputed, granted)]
    assert statuses == [200, 404, 404, 200]
    told = Event.objects.filter(kind__in=[EventKind.MANDATE_ENDED, EventKind.DELEGATION_ENDED])
    assert {(event.kind, event.establishment_id) for event in told} == {
        (EventKind.MANDATE_ENDED, lost.pk),
        (EventKind.DELEGATION_ENDED, deputed.pk),
    }


def test_a_provider_which_is_down_is_said_plainly_and_tried_again(client, declare, ministry, school):
    url = ministry.url
    declare(
        key="fim", name="le compte du ministère", issuer=f"http://localhost:{free_port()}", has_claims=True
    )
    down = client.post(reverse("federation_sign_in", args=["fim"]))
    assert down.status_code == 503
    assert "Le service d’identification ne répond pas" in down.text
    assert "Réessayer" in down.text
    declare(key="fim", name="le compte du ministère", issuer=url, has_claims=True)
    ministry.knows("sub-1", **directs(school))
    assert sign_in(client, ministry).status_code == 200


def test_a_provider_which_goes_down_in_between_is_said_plainly(client, declare, ministry):
    back = ministry.authorise(leave(client), "sub-1")
    declare(
        key="fim", name="le compte du ministère", issuer=f"http://localhost:{free_port()}", has_claims=True
    )
    assert client.get(back).status_code == 503


def test_a_provider_which_is_down_does_not_keep_a_session_open(client, declare, ministry, school):
    ministry.knows("sub-1", **directs(school))
    sign_in(client, ministry)
    declare(key="fim", name="le compte du ministère", issuer=f"http://localhost:{free_port()}")
    out = client.post(reverse("account_logout"), follow=True)
    assert "Vous êtes déconnecté de la console. Si votre poste est partagé" in out.text
    assert not is_signed_in(client)


def test_who_gives_up_there_is_back_at_the_door(client, ministry):
    back = client.get(f"{ministry.deny(leave(client))}&state={_state(leave(client))}", follow=True)
    assert "Vous avez interrompu l’identification." in back.text


def _state(address):
    return parse_qs(urlsplit(address).query)["state"][0]


def test_an_answer_serves_once_and_in_the_browser_which_asked(client, ministry, school):
    ministry.knows("sub-1", **directs(school))
    back = ministry.authorise(leave(client), "sub-1")
    for other, address in ((Client(), back), (client, back.replace("state=", "state=x"))):
        refused = other.get(address)
        assert (refused.status_code, is_signed_in(other)) == (400, False)
        assert "Cette identification a expiré" in refused.text
    assert client.get(back).status_code == 302
    client.logout()
    assert client.get(back).status_code == 400
    assert not is_signed_in(client)


def test_the_answer_of_one_provider_is_not_taken_for_anothers(client, ministry, signing):
    back = ministry.authorise(leave(client), "sub-1")
    assert client.get(back.replace("/fim/", "/proconnect/")).status_code == 400


def test_another_agent_who_signs_in_in_the_same_browser_takes_the_session_over(client, ministry, school):
    client.force_login(AgentFactory.create())
    ministry.knows("sub-1", **directs(school))
    sign_in(client, ministry)
    assert client.session["_auth_user_id"] == str(Agent.objects.get(mandates__source="CLAIMS").pk)
    assert client.post(reverse("account_logout")).context["address"].startswith(ministry.url)


@pytest.mark.parametrize("is_trusted", [True, False])
def test_the_second_factor_of_a_trusted_provider_counts_as_ours_for_its_agent(
    client, ministry, declare, school, rf, is_trusted
):
    declare(key="fim", name="FIM", issuer=ministry.url, has_claims=True, has_second_factor=is_trusted)
    ministry.knows("sub-1", **directs(school))
    sign_in(client, ministry)
    request = rf.get("/")
    request.session = client.session
    methods = {record["method"] for record in get_authentication_records(request, Agent.objects.get())}
    assert methods == {"socialaccount"} | ({"mfa"} if is_trusted else set())
    assert get_authentication_records(request, AgentFactory.create()) == []
