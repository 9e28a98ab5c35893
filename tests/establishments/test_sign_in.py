"""The door of the console: mail and password, throttled; a forgotten password; sessions that end."""

import re

import pytest
from django.core import mail
from django.urls import reverse

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
