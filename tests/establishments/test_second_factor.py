"""The second factor: due outside administrative networks, enrolled or given before anything else opens."""

import re
from io import StringIO
from ipaddress import ip_network
from urllib.parse import urlsplit

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from establishments.invitations import token_for
from establishments.models import AgentSession, Event, EventKind
from tests.factories import PASSWORD, AgentFactory, EstablishmentFactory, MandateFactory

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
OFFICE, HOME = "10.20.0.7", "203.0.113.9"


@pytest.fixture(autouse=True)
def one_administrative_network(settings):
    settings.ADMIN_NETWORKS = [ip_network("10.20.0.0/16")]


@pytest.fixture
def director():
    return MandateFactory.create().agent


@pytest.fixture
def enrolled(director):
    totp.TOTP.activate(director, SECRET)
    RecoveryCodes.activate(director)
    return director


def current_code(secret=SECRET, shift=0):
    counters = list(totp.yield_hotp_counters_from_time())
    return totp.format_hotp_value(totp.hotp_value(secret, counters[len(counters) // 2] + shift))


def browser(address):
    return Client(REMOTE_ADDR=address)


def sign_in(client, agent):
    return client.post(reverse("account_login"), {"login": agent.email, "password": PASSWORD}, follow=True)


def path_of(response):
    return urlsplit(response.redirect_chain[-1][0]).path


def is_inside(client):
    answer = client.get(reverse("mfa_index"))
    return answer.status_code == 200


def test_in_an_administrative_network_the_password_is_enough(enrolled):
    client = browser(OFFICE)
    sign_in(client, enrolled)
    assert is_inside(client)


def test_outside_the_code_comes_after_the_password(enrolled):
    client = browser(HOME)
    asked = sign_in(client, enrolled)
    assert path_of(asked) == reverse("mfa_authenticate")
    assert not is_inside(client)
    client.post(reverse("mfa_authenticate"), {"code": current_code()})
    assert is_inside(client)


def test_a_recovery_code_opens_once(enrolled):
    code = RecoveryCodes(Authenticator.objects.get(user=enrolled, type="recovery_codes")).get_unused_codes()[
        0
    ]
    for expected in (True, False):
        client = browser(HOME)
        sign_in(client, enrolled)
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert is_inside(client) is expected


def test_a_code_seen_over_the_shoulder_does_not_serve_again(enrolled):
    code = current_code()
    for expected in (True, False):
        client = browser(HOME)
        sign_in(client, enrolled)
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert is_inside(client) is expected


def test_one_may_go_back_to_the_password(enrolled):
    client = browser(HOME)
    sign_in(client, enrolled)
    assert client.post(reverse("sign_in_abandon")).url == reverse("account_login")
    assert client.get(reverse("account_login")).status_code == 200


def test_five_wrong_codes_close_the_door_even_to_the_right_one_and_the_journal_says_so_once(enrolled, caplog):
    client = browser(HOME)
    sign_in(client, enrolled)
    for _ in range(7):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert caplog.text.count("sign-in failed: second factor") == 7
    refused = client.post(reverse("mfa_authenticate"), {"code": current_code()})
    assert "Trop de tentatives" in refused.text
    assert not is_inside(client)
    event = Event.objects.get(kind=EventKind.AGENT_SIGN_IN_REFUSED)
    assert (event.target_kind, event.target_id, event.establishment) == ("agent", enrolled.pk, None)


def test_a_closed_password_throttle_is_in_the_journal(director):
    client = browser(OFFICE)
    for _ in range(8):
        client.post(reverse("account_login"), {"login": director.email, "password": "autre chose de long"})
    assert Event.objects.filter(kind=EventKind.AGENT_SIGN_IN_REFUSED, target_id=director.pk).count() == 1


def test_without_a_factor_nothing_opens_but_enrolling_one(director):
    client = browser(HOME)
    assert path_of(sign_in(client, director)) == reverse("second_factor_start")
    place = director.mandates.get().establishment
    for page in (
        reverse("home"),
        reverse("mfa_index"),
        reverse("establishment", args=[place.uai]),
        reverse("responsable_list", args=[place.uai]),
        reverse("account_change_password"),
        reverse("mfa_view_recovery_codes"),
    ):
        assert urlsplit(client.get(page).url).path == reverse("second_factor_start"), page
        posted = client.post(page)
        assert urlsplit(posted.url).path == reverse("second_factor_start"), page


@pytest.mark.django_db(transaction=True)
def test_enrolling_an_application_opens_the_console_and_shows_the_codes_once(director):
    client = browser(HOME)
    sign_in(client, director)
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200
    assert 'src="data:image/svg+xml;base64,' in page.text
    code = current_code(page.context["form"].secret)
    enrolled = client.post(reverse("mfa_activate_totp"), {"code": code})
    assert enrolled.url == reverse("mfa_view_recovery_codes")
    done = client.get(enrolled.url)
    codes = done.context["unused_codes"]
    assert len(codes) == 10
    assert all(code in done.text for code in codes)
    again = client.get(reverse("mfa_view_recovery_codes"))
    assert not any(code in again.text for code in codes)
    assert is_inside(client)
    assert Event.objects.filter(kind=EventKind.AGENT_FACTOR_ADDED, agent=director).count() == 2
    assert "application d’authentification vient d’être ajoutée" in mail.outbox[0].body


def test_a_wrong_code_enrols_nothing(director):
    client = browser(HOME)
    sign_in(client, director)
    client.get(reverse("mfa_activate_totp"))
    assert client.post(reverse("mfa_activate_totp"), {"code": "000000"}).status_code == 200
    assert not Authenticator.objects.filter(user=director).exists()
    assert not is_inside(client)


def test_secrets_of_factors_are_encrypted_at_rest(enrolled):
    held = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert SECRET not in held


def test_an_invitation_opens_nothing_more_than_enrolment():
    agent = AgentFactory.create(password=None)
    MandateFactory.create(agent=agent)
    client = browser(HOME)
    chosen = {"new_password1": "une phrase bien à moi", "new_password2": "une phrase bien à moi"}
    response = client.post(reverse("invitation", args=[token_for(agent)]), chosen, follow=True)
    assert path_of(response) == reverse("second_factor_start")


def test_an_invitation_does_not_get_round_the_factor_already_held():
    agent = AgentFactory.create(password=None)
    totp.TOTP.activate(agent, SECRET)
    client = browser(HOME)
    chosen = {"new_password1": "une phrase bien à moi", "new_password2": "une phrase bien à moi"}
    response = client.post(reverse("invitation", args=[token_for(agent)]), chosen, follow=True)
    assert path_of(response) == reverse("mfa_authenticate")


def test_a_forgotten_password_does_not_get_round_the_factor(enrolled):
    client = browser(HOME)
    client.post(reverse("account_reset_password"), {"email": enrolled.email})
    link = re.search(r"https?://[^/\s]+(/\S+)", mail.outbox[0].body)[1]
    form = client.get(link, follow=True).redirect_chain[-1][0]
    client.post(form, {"password1": "une phrase bien à moi", "password2": "une phrase bien à moi"})
    assert not is_inside(client)
    enrolled.refresh_from_db()
    assert enrolled.check_password("une phrase bien à moi")
    login = {"login": enrolled.email, "password": "une phrase bien à moi"}
    assert path_of(client.post(reverse("account_login"), login, follow=True)) == reverse("mfa_authenticate")
    assert not is_inside(client)


def test_a_session_which_moves_outside_is_asked_for_its_factor_then_goes_on(enrolled):
    client = browser(OFFICE)
    sign_in(client, enrolled)
    asked = client.get(reverse("mfa_index"), REMOTE_ADDR=HOME)
    assert asked.url == f"{reverse('mfa_reauthenticate')}?next=/securite/"
    # Neither the password nor the enrolment of another factor is a way round.
    for way in ("account_reauthenticate", "mfa_add_webauthn", "mfa_activate_totp", "second_factor_start"):
        assert urlsplit(client.get(reverse(way), REMOTE_ADDR=HOME).url).path == reverse("mfa_reauthenticate")
    given = client.post(asked.url, {"code": current_code(), "next": "/securite/"}, REMOTE_ADDR=HOME)
    assert given.url == "/securite/"
    assert client.get(reverse("mfa_index"), REMOTE_ADDR=HOME).status_code == 200


def test_a_fragment_of_a_session_which_moved_reloads_the_page(enrolled):
    client = browser(OFFICE)
    sign_in(client, enrolled)
    answer = client.get(reverse("establishments"), REMOTE_ADDR=HOME, headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"


def test_a_forged_header_brings_nobody_inside(enrolled, settings):
    client = browser(HOME)
    assert path_of(
        client.post(
            reverse("account_login"),
            {"login": enrolled.email, "password": PASSWORD},
            follow=True,
            headers={"X-Forwarded-For": OFFICE},
        )
    ) == reverse("mfa_authenticate")


@pytest.mark.parametrize(
    ("proxies", "told", "inside"),
    [
        (1, OFFICE, True),
        (1, f"{OFFICE}, {HOME}", False),
        (2, f"{OFFICE}, {HOME}, 192.0.2.1", False),
        (2, f"{HOME}, {OFFICE}, 192.0.2.1", True),
        (2, OFFICE, False),
        (1, "", False),
        (1, "::ffff:10.20.0.7", True),
        (1, "n’importe quoi", False),
    ],
)
def test_behind_proxies_only_what_they_wrote_counts(enrolled, settings, proxies, told, inside):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    client = Client(REMOTE_ADDR=OFFICE, headers={"X-Forwarded-For": told})
    sign_in(client, enrolled)
    assert is_inside(client) is inside


def test_the_only_factor_stays_where_one_is_required(enrolled):
    client = browser(HOME)
    sign_in(client, enrolled)
    client.post(reverse("mfa_authenticate"), {"code": current_code()})
    refused = client.post(reverse("mfa_deactivate_totp"))
    assert "votre seul second facteur" in refused.text
    assert Authenticator.objects.filter(user=enrolled, type="totp").exists()


def test_removing_it_in_the_administration_leads_to_a_new_one_outside(enrolled):
    client = browser(OFFICE)
    sign_in(client, enrolled)
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.filter(user=enrolled).exists()
    assert urlsplit(client.get("/", REMOTE_ADDR=HOME).url).path == reverse("second_factor_start")
    assert Event.objects.filter(kind=EventKind.AGENT_FACTOR_REMOVED, agent=enrolled).exists()


def test_touching_ones_factors_long_after_the_sign_in_asks_who_is_there(enrolled):
    client = browser(OFFICE)
    sign_in(client, enrolled)
    session = client.session
    session["account_authentication_methods"][0]["at"] -= 600
    session.save()
    for page in ("mfa_deactivate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes"):
        assert urlsplit(client.get(reverse(page)).url).path == reverse("account_reauthenticate"), page


@pytest.mark.django_db(transaction=True)
def test_new_codes_replace_the_old_ones(enrolled):
    old = Authenticator.objects.get(user=enrolled, type="recovery_codes").wrap().get_unused_codes()
    client = browser(OFFICE)
    sign_in(client, enrolled)
    assert "10 codes encore valables" in client.get(reverse("mfa_generate_recovery_codes")).text
    shown = client.post(reverse("mfa_generate_recovery_codes"), follow=True)
    assert not set(old) & set(shown.context["unused_codes"])
    assert all(re.fullmatch("[0-9]{8}", code) for code in shown.context["unused_codes"])
    assert "nouveaux codes de secours" in mail.outbox[0].subject


def test_losing_everything_is_mended_by_a_command(enrolled):
    client = browser(OFFICE)
    sign_in(client, enrolled)
    out = StringIO()
    call_command("reset_second_factor", enrolled.email.upper(), stdout=out)
    assert "Seconds facteurs : 1. Rien n’a été retiré" in out.getvalue()
    assert is_inside(client)
    call_command("reset_second_factor", enrolled.email, "--wet-run", stdout=out)
    assert not Authenticator.objects.filter(user=enrolled).exists()
    assert not AgentSession.objects.filter(agent=enrolled).exists()
    assert not is_inside(client)
    event = Event.objects.get(kind=EventKind.AGENT_FACTOR_REMOVED)
    assert (event.actor, event.agent, event.target_id) == ("PLATFORM", None, enrolled.pk)
    with pytest.raises(CommandError, match="Aucun agent"):
        call_command("reset_second_factor", "personne@example.org")


def test_a_sign_in_is_told_to_each_establishment_the_agent_sees():
    agent = AgentFactory.create()
    places = {MandateFactory.create(agent=agent).establishment for _ in range(3)}
    EstablishmentFactory.create()
    client = browser(OFFICE)
    sign_in(client, agent)
    events = Event.objects.filter(kind=EventKind.AGENT_SIGNED_IN)
    assert {event.establishment for event in events} == places
    assert {(event.agent, event.target_kind, event.target_id) for event in events} == {
        (agent, "agent", agent.pk)
    }


def test_a_sign_in_without_establishment_and_a_sign_out_are_told_once():
    agent = AgentFactory.create()
    client = browser(OFFICE)
    sign_in(client, agent)
    client.post(reverse("account_logout"))
    told = Event.objects.filter(agent=agent).order_by("pk").values_list("kind", "establishment")
    assert list(told) == [(EventKind.AGENT_SIGNED_IN, None), (EventKind.AGENT_SIGNED_OUT, None)]
