"""What every page has, and what pages say when something is wrong."""

import re

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from tests.factories import DelegationFactory, EstablishmentFactory, FeedFactory, MandateFactory

pytestmark = pytest.mark.django_db
PAGES = [
    "site_map",
    "accessibility",
    "legal_notice",
    "personal_data",
    "account_login",
    "account_reset_password",
]


@pytest.mark.parametrize("name", PAGES)
def test_pages_for_everybody_ask_no_sign_in_and_link_each_other(client, name):
    response = client.get(reverse(name))
    assert response.status_code == 200
    for linked in PAGES[:4]:
        assert f'href="{reverse(linked)}"' in response.text


def test_the_policy_allows_nothing_from_elsewhere_nor_inline(client):
    policy = client.get(reverse("account_login")).headers["Content-Security-Policy"]
    directives = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    assert directives["default-src"] == directives["frame-ancestors"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["connect-src"] == "'self'"


def test_the_footer_is_honest_about_accessibility_and_tells_the_version(client):
    text = client.get(reverse("legal_notice")).text
    assert "Accessibilité : non conforme" in text
    assert "version 0.1.0" in text


def test_the_brand_is_the_operators_name_unless_the_state_says_otherwise(client, settings):
    settings.OPERATOR_NAME = "Académie de Nulle-Part"
    plain = client.get(reverse("account_login")).text
    assert "Académie de Nulle-Part" in plain
    assert "fr-logo" not in plain
    assert "console/font.css" in plain
    settings.STATE_BRAND = True
    branded = client.get(reverse("account_login")).text
    assert "fr-logo" in branded
    assert "console/font.css" not in branded


def open_home(client, agent, establishment):
    client.force_login(agent)
    return client.get(reverse("establishment", args=[establishment.uai]))


def tabs(response):
    names = ("Accueil", "Élèves", "Responsables", "Opérations")
    navigation = response.text.split('aria-label="Menu principal"')[1].split("</nav>")[0]
    return [name for name in names if f"{name}</a>" in navigation]


def test_the_header_tells_who_acts_as_what_and_where(client):
    mandate = MandateFactory.create()
    response = open_home(client, mandate.agent, mandate.establishment)
    for told in (mandate.agent.full_name, "Direction", mandate.establishment.uai, "FICTIVILLE"):
        assert told in response.text
    title = " ".join(re.search(r"<title>(.*?)</title>", response.text, re.DOTALL)[1].split())
    assert title == f"Accueil — {mandate.establishment} — Administration des comptes"


def test_the_tabs_are_those_of_the_degré(client):
    college = MandateFactory.create()
    assert tabs(open_home(client, college.agent, college.establishment)) == [
        "Accueil",
        "Élèves",
        "Responsables",
        "Opérations",
    ]
    school = EstablishmentFactory.create(feed=FeedFactory.create(degree=1))
    director = MandateFactory.create(establishment=school).agent
    assert tabs(open_home(client, director, school)) == ["Accueil", "Responsables", "Opérations"]


def test_a_delegate_for_pupils_has_no_tab_for_responsables(client):
    delegation = DelegationFactory.create(population="STUDENTS")
    assert tabs(open_home(client, delegation.agent, delegation.establishment)) == [
        "Accueil",
        "Élèves",
        "Opérations",
    ]


def test_what_does_not_exist_is_said_in_french(client):
    client.force_login(MandateFactory.create().agent)
    response = client.get("/etablissements/0000000X/")
    assert response.status_code == 404
    assert "Page introuvable" in response.text


def test_a_form_kept_open_too_long_is_explained():
    client = Client(enforce_csrf_checks=True)
    response = client.post(reverse("account_login"), {"login": "a@example.org", "password": "b"})
    assert response.status_code == 403
    assert "Page à recharger" in response.text


@pytest.mark.parametrize("template", ["403.html", "404.html", "429.html"])
def test_error_pages_hold_for_a_visitor(template, client):
    request = client.get(reverse("legal_notice")).wsgi_request
    assert "<h1>" in render_to_string(template, {"request": request}, request)


def test_the_last_resort_needs_nothing():
    assert "Une erreur est survenue" in render_to_string("500.html")
