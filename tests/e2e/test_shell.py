"""The shell in a real browser: door, choice and home; by keyboard, on a phone, without scripts."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from playwright.sync_api import expect

from accounts.transitions import State
from establishments.invitations import token_for
from establishments.names import label_key
from tests.factories import (
    PASSWORD,
    AgentFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"viewport": {"width": 390, "height": 844}}
MAIL = "directrice@example.org"


@pytest.fixture
def director():
    return AgentFactory.create(email=MAIL)


@pytest.fixture
def college(director):
    college = EstablishmentFactory.create(name="Les Tilleuls")
    MandateFactory.create(agent=director, establishment=college)
    for state in State:
        responsable_account(college, state=state, record={"mail": "", "mobile": ""})
        student_account(college, state=state)
    return college


def sign_in(page):
    page.goto("/connexion/")
    page.get_by_label("Adresse mail").fill(MAIL)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("button", name="Se déconnecter")).to_be_visible()
    page.wait_for_load_state()


def directs_many(director, how_many=25):
    for number in range(how_many):
        name = f"École {number}"
        # Searched by UAI too: none of these holds the number of another school.
        uai = f"09499{'ABCDEFGHJKLMNPRSTUVWXYZAB'[number]}{number % 10}A"
        school = EstablishmentFactory.create(
            feed=FeedFactory.create(degree=1), kind="", name=name, uai=uai, search_key=label_key(name)
        )
        MandateFactory.create(agent=director, establishment=school)


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_every_page_of_the_shell_is_accessible_and_fits(
    new_page, browser_watch, college, director, assert_accessible, settings, options
):
    settings.DEMO_MODE = True
    browser_watch.allow("404|410")
    page = new_page(**options)

    def check(address):
        page.goto(address)
        assert_accessible(page)
        assert fits(page), address

    for address in (
        "/connexion/",
        "/mot-de-passe/",
        "/mot-de-passe/envoye/",
        "/plan-du-site/",
        "/accessibilite/",
        "/mentions-legales/",
        "/donnees-personnelles/",
        f"/invitation/{token_for(AgentFactory.create(password=None))}/",
        "/invitation/perimee/",
        "/nulle-part/",
    ):
        check(address)
    sign_in(page)
    assert_accessible(page)
    assert fits(page)
    directs_many(director)
    check("/etablissements/")
    check("/deconnexion/")


def test_a_refused_sign_in_is_tied_to_its_message(page, director, assert_accessible):
    page.goto("/connexion/")
    page.get_by_label("Adresse mail").fill(MAIL)
    page.get_by_label("Mot de passe").fill("autre chose de long")
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("alert")).to_contain_text("sont incorrects")
    assert_accessible(page)


def test_one_click_enters_as_a_person_of_the_demonstration(page, college, settings):
    settings.DEMO_MODE = True
    page.goto("/connexion/")
    page.get_by_role("button", name="Direction d’un collège").click()
    expect(page.get_by_role("heading", name="Où en sont les comptes")).to_be_visible()


def test_an_invited_agent_chooses_a_password_and_is_in(page, college):
    newcomer = AgentFactory.create(password=None)
    MandateFactory.create(agent=newcomer, establishment=college)
    page.goto(f"/invitation/{token_for(newcomer)}/")
    page.get_by_label("Mot de passe").fill("une phrase bien à moi")
    page.get_by_label("Le même").fill("une phrase bien à moi")
    page.get_by_role("button", name="Entrer dans la console").click()
    expect(page.get_by_text("Collège Les Tilleuls").first).to_be_visible()


def test_numbers_of_the_home_page_lead_to_what_they_count(page, college):
    sign_in(page)
    page.get_by_role("link", name=re.compile("Notifié et non activé")).first.click()
    expect(page).to_have_url(re.compile(r"/responsables/\?etat=NOTIFIED"))
    expect(page.get_by_role("link", name="Responsables", exact=True)).to_have_attribute(
        "aria-current", "page"
    )
    page.get_by_role("link", name="Accueil").first.click()
    page.get_by_role("link", name=re.compile("sans adresse mail ni mobile")).first.click()
    expect(page).to_have_url(re.compile(r"mail=sans&mobile=sans"))


def test_the_search_of_an_establishment_refreshes_alone_and_is_announced(page, director):
    directs_many(director)
    sign_in(page)
    expect(page.get_by_text("25 établissements")).to_be_visible()
    page.get_by_role("link", name="Page suivante").click()
    expect(page).to_have_url(re.compile("page=2"))
    page.get_by_label("Rechercher").fill("école 1")
    expect(page.get_by_role("link", name="École 1", exact=False).first).to_be_visible()
    page.get_by_label("Rechercher").fill("ecole 13")
    expect(page.locator("#results li")).to_have_count(1)
    expect(page.locator("#announcements")).to_have_text("1 établissement")
    expect(page).to_have_url(re.compile("q=ecole"))
    page.get_by_role("link", name="École 13").click()
    expect(page.get_by_role("link", name="Choisir un établissement")).to_be_visible()


def test_everything_works_without_scripts(new_page, director):
    directs_many(director)
    page = new_page(java_script_enabled=False, **PHONE)
    sign_in(page)
    page.get_by_label("Rechercher").fill("ecole 13")
    page.get_by_role("button", name="Rechercher").click()
    page.get_by_role("link", name="École 13").click()
    page.get_by_role("link", name="Responsables", exact=True).click()
    expect(page).to_have_url(re.compile("/responsables/$"))
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_text("Vous êtes déconnecté.")).to_be_visible()


def test_the_keyboard_skips_to_the_content(page, college):
    sign_in(page)
    page.goto(page.url)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Contenu")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    first = page.evaluate("document.activeElement.closest('main') !== null")
    assert first


def test_what_has_the_focus_is_outlined(page, college):
    sign_in(page)
    page.goto(page.url)
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")


def test_a_session_that_ended_reloads_to_the_sign_in_and_back(page, director):
    directs_many(director)
    sign_in(page)
    Session.objects.all().delete()
    cache.clear()
    page.get_by_label("Rechercher").fill("ecole 13")
    expect(page.get_by_role("heading", name="Connexion")).to_be_visible()
    expect(page).to_have_url(re.compile("next=/etablissements/"))


def test_a_console_that_fails_says_so_on_the_page(page, browser_watch, director):
    directs_many(director)
    sign_in(page)
    browser_watch.allow("Failed to load resource|Response Status Error Code 500")
    page.route("**/etablissements/?q=*", lambda route: route.fulfill(status=500, body="non"))
    # As a hand does: each letter asks again.
    page.get_by_label("Rechercher").press_sequentially("ecole 13", delay=50)
    expect(page.locator("#messages")).to_contain_text("n’a pas pu être mise à jour")
    page.unroute("**/etablissements/?q=*")
    page.get_by_label("Rechercher").fill("ecole 12")
    expect(page.locator("#results li")).to_have_count(1)
    expect(page.locator("#messages")).to_be_empty()
