"""What somebody tries at the door and behind it: each test does it, and finds it shut."""

import re

import pytest
from django.conf import settings as site
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import EstablishmentSettings, Operation
from tests.factories import (
    PASSWORD,
    AgentFactory,
    EstablishmentFactory,
    MandateFactory,
    responsable_account,
)
from tests.routes import BY_KEY, INSIDE, filled, routes

pytestmark = pytest.mark.django_db

DOOR = "/connexion/"
ELSEWHERE = [
    "https://example.org/",
    "//example.org/",
    "///example.org",
    "/\\example.org",
    "\\\\example.org",
    "http:example.org",
    "http:///example.org/",
    "https:example.org",
    "javascript:alert(1)",
    "data:text/html,x",
    " https://example.org",
    "\thttps://example.org",
    "https://testserver@example.org/",
    "https://testserver.example.org/",
]
FORGED = {
    "X-HTTP-Method-Override": "POST",
    "X-Forwarded-Host": "example.org",
    "X-Original-URL": "/etablissements/",
    "X-Rewrite-URL": "/etablissements/",
    "Forwarded": "host=example.org",
}


@pytest.fixture
def director():
    return MandateFactory.create().agent


@pytest.fixture
def school(director):
    return director.mandates.get().establishment


@pytest.fixture
def inside(client, director):
    client.force_login(director)
    return client


def knock(client, login, password="autre chose de long", **extra):
    return client.post(DOOR, {"login": login, "password": password}, **extra)


def is_inside(client):
    return client.get("/").headers.get("Location", "").split("?")[0] != DOOR


# Sign-in


def test_guessing_one_password_from_many_addresses_shuts_the_door(client, director):
    for number in range(5):
        Client().post(
            DOOR,
            {
                "login": director.email.upper() if number % 2 else director.email,
                "password": f"essai {number}",
            },
            REMOTE_ADDR=f"192.0.2.{number}",
        )
    knock(client, director.email, PASSWORD, REMOTE_ADDR="198.51.100.1")
    assert not is_inside(client)


def test_trying_one_password_on_many_agents_shuts_the_door(client, director):
    for number in range(30):
        knock(Client(), f"agent-essai{number}@example.org")
    answer = knock(client, director.email, PASSWORD)
    assert not is_inside(client)
    assert "Trop de tentatives" in answer.text or answer.status_code == 429


@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_an_address_that_the_client_invents_is_not_believed(client, director, settings, proxies):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    added = "203.0.113.9, 203.0.113.10"
    for number in range(30):
        forged = {"X-Forwarded-For": f"192.0.2.{number}, {added}", "X-Real-IP": f"192.0.2.{number}"}
        knock(Client(), f"agent-essai{number}@example.org", headers=forged)
    knock(client, director.email, PASSWORD, headers={"X-Forwarded-For": f"192.0.2.77, {added}"})
    assert not is_inside(client)


def test_a_session_prepared_by_somebody_else_is_not_the_one_that_signs_in(client, director):
    client.get(DOOR)
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies[site.SESSION_COOKIE_NAME] = planted = session.session_key
    knock(client, director.email, PASSWORD)
    assert is_inside(client)
    assert client.cookies[site.SESSION_COOKIE_NAME].value != planted
    thief = Client()
    thief.cookies[site.SESSION_COOKIE_NAME] = planted
    assert not is_inside(thief)


def test_a_session_stolen_before_the_sign_out_is_dead_after_it(client, director):
    knock(client, director.email, PASSWORD)
    thief = Client()
    thief.cookies[site.SESSION_COOKIE_NAME] = client.cookies[site.SESSION_COOKIE_NAME].value
    assert is_inside(thief)
    client.post(reverse("account_logout"))
    assert not is_inside(thief)


def test_a_session_dies_with_the_password_it_was_opened_by(client, director):
    knock(client, director.email, PASSWORD)
    director.set_password("une autre phrase longue")
    director.save()
    assert not is_inside(client)


# Forged requests


def test_no_form_of_another_site_is_taken(director, school):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(director)
    account = responsable_account(school)
    for name, path in routes():
        answer = browser.post(filled(path, uai=school.uai, pk=account.pk), {"csrfmiddlewaretoken": "a" * 64})
        # The address of a mailed link is a key, and nobody is signed in behind it.
        if name not in BY_KEY:
            assert answer.status_code == 403, path
            assert "connexion" not in answer.headers.get("Location", "")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace", "options"])
def test_no_other_verb_does_anything(inside, school, method):
    account = responsable_account(school)
    for _, path in routes():
        if path.startswith(INSIDE):
            address = filled(path, uai=school.uai, pk=account.pk)
            assert getattr(inside, method)(address).status_code == 405, path


def test_a_get_is_a_get_whatever_its_headers_say(inside, school):
    account = responsable_account(school)
    address = reverse("operation_create", args=[school.uai])
    data = {"population": "RESPONSABLE", "action": "notify_sheets", "accounts": account.pk, "_method": "POST"}
    assert inside.get(address, data, headers=FORGED).status_code == 405
    assert not Operation.objects.exists()


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nothing_sends_to_another_site(client, director, settings, target):
    settings.DEMO_MODE = True
    answers = [
        client.post(DOOR, {"login": director.email, "password": PASSWORD, "next": target}),
        client.get(DOOR, {"next": target}),
        client.get(f"{reverse('account_logout')}?next={target}"),
        client.post(reverse("account_logout"), {"next": target}),
        client.post(reverse("demo_sign_in"), {"agent": director.pk, "next": target}),
    ]
    assert [answer.status_code for answer in answers] == [302, 302, 200, 302, 302]
    for answer in answers:
        assert answer.headers.get("Location", "/") in {"/", DOOR, "/etablissements/"}


def test_the_link_of_a_forgotten_password_leads_here_whatever_host_was_asked(client, director, settings):
    settings.ALLOWED_HOSTS = ["testserver", ".example.org"]
    settings.PUBLIC_URL = "https://console.example.org"
    headers = FORGED | {"Host": "attacker.example.org"}
    client.post(reverse("account_reset_password"), {"email": director.email}, headers=headers)
    [message] = mail.outbox
    links = re.findall(r"https?://\S+", message.body + str(message.alternatives))
    assert links
    assert all(link.startswith("https://console.example.org/") for link in links)
    path = links[0].removeprefix("https://console.example.org")
    assert 'name="password1"' in client.get(path, follow=True).text


@pytest.mark.parametrize(
    "host", ["attacker.example.org", "testserver.example.org", "testserver@example.org", "", "a b"]
)
def test_a_host_which_is_not_ours_is_refused(client, host):
    assert client.get(DOOR, HTTP_HOST=host).status_code == 400


def test_the_host_that_a_header_claims_is_nowhere_in_a_page(inside, school):
    for name in ("establishment", "responsable_list", "statistics"):
        answer = inside.get(reverse(name, args=[school.uai]), headers=FORGED)
        assert answer.status_code == 200
        assert "//example.org" not in answer.text
    assert "//example.org" not in Client().get("/", headers=FORGED).headers["Location"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/../educonnect_admin/settings.py",
        "/static/%2e%2e/educonnect_admin/settings.py",
        "/static/..%2f..%2fetc/passwd",
        "/static/console/../../manage.py",
        "/static//etc/passwd",
        "/static/%00",
        "/static/%252e%252e/educonnect_admin/settings.py",
        "/static/",
        "/static/console/",
        "/etablissements/..%2f..%2fetc%2fpasswd/",
        "/etablissements/%2e%2e/",
    ],
)
def test_no_path_climbs_out(inside, path):
    answer = inside.get(path)
    assert answer.status_code in {302, 404}
    assert "SECRET_KEY" not in b"".join(answer).decode()


# Forged fields


def test_a_form_changes_what_it_shows_and_nothing_else(inside, director, school):
    neighbour = EstablishmentFactory.create()
    other = EstablishmentSettings.objects.create(establishment=neighbour)
    forged = {"establishment": neighbour.pk, "establishment_id": neighbour.pk, "pk": other.pk, "id": other.pk}
    inside.post(reverse("establishment_settings", args=[school.uai]), {"sends_reminders": "on", **forged})
    other.refresh_from_db()
    assert not other.sends_reminders
    assert EstablishmentSettings.objects.get(establishment=school).sends_reminders

    account = responsable_account(school)
    theirs = responsable_account(neighbour)
    stranger = AgentFactory.create()
    made = inside.post(
        reverse("operation_create", args=[school.uai]),
        {
            "population": "RESPONSABLE",
            "action": "notify_sheets",
            "accounts": f"{account.pk},{theirs.pk}",
            "agent": stranger.pk,
            "agent_id": stranger.pk,
            "status": "DONE",
            "kind": "LIST",
            "confirmed_at": "2026-01-01",
            "uai": neighbour.uai,
            **forged,
        },
    )
    operation = Operation.objects.get()
    assert made.url == reverse("operation", args=[school.uai, operation.pk])
    assert (operation.establishment, operation.agent, operation.status) == (school, director, "DRAFT")
    assert operation.kind == Operation.Kind.NOTIFY_SHEETS
    assert [item.account for item in operation.items.all()] == [account]


def test_of_a_field_given_twice_the_last_alone_counts(inside, school):
    account = responsable_account(school)
    inside.post(
        reverse("operation_create", args=[school.uai]),
        {"population": "RESPONSABLE", "action": ["notify_sheets", "reset"], "accounts": account.pk},
    )
    assert Operation.objects.get().kind == Operation.Kind.RESET


def test_resending_moves_one_account_to_one_address_and_no_state(inside, school):
    account = responsable_account(school, state="ACTIVATING")
    theirs = responsable_account(EstablishmentFactory.create(), state="ACTIVATING")
    inside.post(
        reverse("account_resend", args=[school.uai, account.pk]),
        {
            "mail": "neuve@example.org",
            "version": account.version,
            "account": theirs.pk,
            "pk": theirs.pk,
            "state": "ACTIVE",
            "password": "x",
            "identifier": "prise",
            "activation_link_number": 99,
        },
    )
    before = {name: getattr(account, name) for name in ("state", "identifier", "password")}
    account.refresh_from_db()
    assert account.pending_mail == "neuve@example.org"
    assert {name: getattr(account, name) for name in before} == before
    assert account.activation_link_number != 99
    theirs.refresh_from_db()
    assert theirs.pending_mail != "neuve@example.org"


@pytest.mark.parametrize("fragment", [{}, {"HX-Request": "true"}])
@pytest.mark.parametrize(
    "name", ["responsable_list", "student_list", "assistance", "statistics", "operation_list"]
)
def test_what_is_typed_in_an_address_is_text_on_the_page(inside, school, name, fragment):
    responsable_account(school)
    typed = "\"'><script>alert(1)</script>{{ 7|add:7 }}{% debug %}"
    fields = [
        "q",
        "classe",
        "etat",
        "page",
        "tri",
        "avant",
        "campagne",
        "par",
        "situation",
        "vu",
        "niveau",
        "mef",
    ]
    answer = inside.get(reverse(name, args=[school.uai]), dict.fromkeys(fields, typed), headers=fragment)
    assert answer.status_code == (404 if name == "statistics" else 200)
    assert "<script>alert" not in answer.text
    assert ">14<" not in answer.text
    assert "'>" not in answer.headers.get("HX-Push-Url", "")


@pytest.mark.parametrize(
    "address",
    ['"<script>alert(1)</script>"@example.org', "a@example.org\r\nBcc: b@example.org", "a@b.c,d@e.f"],
)
def test_an_address_which_is_more_than_one_is_refused(inside, school, address):
    account = responsable_account(school, state="ACTIVATING")
    page = reverse("account_resend", args=[school.uai, account.pk])
    refused = inside.post(page, {"mail": address, "version": account.version})
    assert refused.status_code == 422
    assert "<script>alert" not in refused.text
    mail.outbox.clear()
    cache.clear()
    Client().post(reverse("account_reset_password"), {"email": address})
    assert not mail.outbox
