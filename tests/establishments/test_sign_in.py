"""The door of the console: mail and password, throttled; a forgotten password; sessions that end."""

import re
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from establishments.models import Event, EventKind
from tests.factories import PASSWORD, AgentFactory, MandateFactory

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "encore une longue phrase"


@pytest.fixture
def director():
    return MandateFactory.create().agent


def sign_in(client, email, password=PASSWORD, **extra):
    return client.post(reverse("account_login"), {"login": email, "password": password, **extra})


def is_signed_in(client):
    return client.get("/").status_code != 302 or reverse("account_login") not in client.get("/").url


def test_mail_and_password_open_the_console(client, director):
    response = sign_in(client, director.email)
    assert response.url == reverse("home")
    assert is_signed_in(client)


def test_the_mail_is_read_in_either_case(client, director):
    sign_in(client, f" {director.email.upper()} ")
    assert is_signed_in(client)


def test_the_page_asked_for_comes_after_sign_in(client, director):
    page = reverse("establishment", args=[director.mandates.get().establishment.uai])
    refused = client.get(page)
    assert refused.url == f"{reverse('account_login')}?next={page}"
    form = client.get(refused.url)
    assert f'value="{page}"' in form.text
    assert sign_in(client, director.email, next=page).url == page


def test_never_sent_to_another_site_after_sign_in(client, director):
    assert sign_in(client, director.email, next="https://example.org/").url == reverse("home")


def test_a_wrong_password_and_an_unknown_mail_are_told_alike(client, director):
    wrong = sign_in(client, director.email, "autre chose de long")
    unknown = sign_in(client, "personne@example.org")
    sentence = "L’adresse e-mail ou le mot de passe sont incorrects."
    assert sentence in wrong.text
    assert sentence in unknown.text
    assert not is_signed_in(client)


def test_five_wrong_passwords_close_the_door_for_a_while(client, director):
    for _ in range(5):
        sign_in(client, director.email, "autre chose de long")
    response = sign_in(client, director.email)
    assert not is_signed_in(client)
    assert "Trop de tentatives" in response.text


def test_an_inactive_agent_stays_outside(client):
    agent = AgentFactory.create(is_active=False)
    sign_in(client, agent.email)
    assert not is_signed_in(client)


def test_an_agent_who_never_chose_a_password_cannot_sign_in_with_an_empty_one(client):
    agent = AgentFactory.create(password=None)
    sign_in(client, agent.email, "")
    assert not is_signed_in(client)


def test_signing_out_takes_a_click_then_ends_the_session(client, director):
    client.force_login(director)
    assert client.get(reverse("account_logout")).status_code == 200
    assert is_signed_in(client)
    response = client.post(reverse("account_logout"), follow=True)
    assert "Vous êtes déconnecté." in response.text
    assert not is_signed_in(client)


def test_the_door_says_why_it_stands_before_the_page_asked_for(client):
    asked = client.get("/etablissements/0010001A/responsables/", follow=True)
    assert "la page demandée s’ouvrira ensuite" in asked.text
    assert "la page demandée" not in client.get("/", follow=True).text


def test_a_fragment_asked_after_the_session_ended_reloads_the_page(client):
    response = client.get(reverse("establishments"), headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Refresh"], response.content) == (200, "true", b"")


def test_nobody_signs_up(client):
    assert client.get("/accounts/signup/").status_code == 404


def ask_reset(client, email):
    return client.post(reverse("account_reset_password"), {"email": email})


def mailed_link():
    (message,) = mail.outbox
    assert message.subject == "Console « Administration des comptes » : choisir un nouveau mot de passe"
    return re.search(r"https?://[^/\s]+(/\S+)", message.body)[1]


def test_a_forgotten_password_is_replaced_by_the_mailed_link_once(client, director):
    ask_reset(client, director.email)
    link = mailed_link()
    form = client.get(link, follow=True)
    chosen = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    done = client.post(form.redirect_chain[-1][0], chosen, follow=True)
    assert "Votre nouveau mot de passe est enregistré." in done.text
    sign_in(client, director.email, NEW_PASSWORD)
    assert is_signed_in(client)
    client.logout()
    assert "Ce lien n’est plus valable" in client.get(link, follow=True).text


def test_a_weak_new_password_is_refused(client, director):
    ask_reset(client, director.email)
    form = client.get(mailed_link(), follow=True)
    weak = {"password1": "court", "password2": "court"}
    refused = client.post(form.redirect_chain[-1][0], weak, follow=True)
    assert "au minimum 12 caractères" in refused.text
    director.refresh_from_db()
    assert director.check_password(PASSWORD)


def test_an_unknown_address_is_answered_alike_and_gets_no_mail(client, director):
    known = ask_reset(client, director.email)
    unknown = ask_reset(client, "personne@example.org")
    assert known.url == unknown.url == reverse("account_reset_password_done")
    assert [message.to for message in mail.outbox] == [[director.email]]


def test_a_failed_sign_in_leaves_a_line_which_names_nobody(client, director, caplog):
    sign_in(client, director.email, "autre chose de long")
    sign_in(client, "personne@example.org")
    told = [
        record.getMessage() for record in caplog.records if record.name == "establishments.sign_in_journal"
    ]
    assert told == ["sign-in failed: password, known address", "sign-in failed: password, unknown address"]


def test_a_sign_out_empties_the_browser(client, director):
    client.force_login(director)
    answer = client.post(reverse("account_logout"))
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_a_long_password_of_small_letters_is_taken_and_verified_whole(client, director):
    client.force_login(director)
    long = "phrase sans capitale ni chiffre ".replace(" ", "") * 4
    change = reverse("account_change_password")
    chosen = {"password1": long, "password2": long}
    assert client.post(change, {"oldpassword": "pas le mien", **chosen}).status_code == 200
    assert client.post(change, {"oldpassword": PASSWORD, **chosen}).status_code == 302
    client.post(reverse("account_logout"))
    for near in (long[:-1], long.upper(), f"{long} "):
        sign_in(client, director.email, near)
        assert not is_signed_in(client), near
    with time_machine.travel(timezone.now() + timedelta(days=1200)):
        sign_in(client, director.email, long)
        assert is_signed_in(client)


@pytest.mark.parametrize(
    "password",
    [
        "123qweasdzxc",
        "EduConnect-2026!",
        "Établissement 1234",
        "console.Académie.26",
        "Guichet2026-Guichet",
    ],
)
def test_common_passwords_and_words_of_the_service_are_refused(password, settings):
    settings.OPERATOR_NAME = "Le Guichet"
    with pytest.raises(ValidationError):
        validate_password(password)


def test_a_sentence_may_hold_a_word_of_the_service():
    validate_password("mon école préférée au bord de la mer")


def test_a_command_ends_the_sessions_of_an_agent_or_of_everyone(director):
    agents = [director, *(MandateFactory.create().agent for _ in range(2))]
    browsers = [Client() for _ in agents]
    for browser, agent in zip(browsers, agents, strict=True):
        sign_in(browser, agent.email)
    out = StringIO()
    call_command("end_sessions", director.email.upper(), stdout=out)
    assert "Sessions : 1. Aucune" in out.getvalue()
    assert is_signed_in(browsers[0])
    call_command("end_sessions", director.email, "--wet-run", stdout=out)
    assert [is_signed_in(browser) for browser in browsers] == [False, True, True]
    call_command("end_sessions", "--everyone", "--wet-run", stdout=out)
    assert not any(is_signed_in(browser) for browser in browsers)
    events = Event.objects.filter(kind=EventKind.AGENT_SESSIONS_ENDED, actor="PLATFORM")
    assert sorted(events.values_list("target_id", flat=True)) == sorted(agent.pk for agent in agents)
    with pytest.raises(CommandError, match="Aucun agent"):
        call_command("end_sessions", "personne@example.org")


def test_an_agent_made_inactive_is_out_at_once(client, director):
    sign_in(client, director.email)
    director.is_active = False
    director.save()
    assert not is_signed_in(client)


def test_the_key_of_a_session_is_drawn_and_long(director):
    browsers = [Client() for _ in range(3)]
    for browser in browsers:
        sign_in(browser, director.email)
    keys = {browser.session.session_key for browser in browsers}
    assert len(keys) == 3
    assert all(re.fullmatch("[a-z0-9]{32}", key) for key in keys)
