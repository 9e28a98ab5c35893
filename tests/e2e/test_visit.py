"""A visit of the academic assistance in a real browser, on a phone: from the search to the way out."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.director import MAIL
from tests.factories import (
    PASSWORD,
    AcademyRoleFactory,
    AgentFactory,
    EstablishmentFactory,
    responsable_account,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_from_the_search_to_the_end_of_a_visit(new_page, browser_watch, assert_accessible):
    browser_watch.allow("422")
    college = EstablishmentFactory.create(name="Les Érables")
    responsable_account(college)
    AcademyRoleFactory.create(agent=AgentFactory.create(email=MAIL), academy=college.academy)
    page = new_page(viewport={"width": 390, "height": 844})
    page.goto("/connexion/")
    page.get_by_label(re.compile("mail", re.IGNORECASE)).fill(MAIL)
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/assistance-academique/")
    assert_accessible(page)

    page.get_by_label("Chercher un établissement").press_sequentially("érab")
    expect(page.locator("#announcements")).to_have_text("1 établissement")
    page.get_by_role("link", name="Les Érables").click()
    page.get_by_role("button", name="Ouvrir la consultation").click()
    expect(page.get_by_text("Choisissez un motif.")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Motif").select_option(label="Une famille a appelé l’assistance")
    page.get_by_label("Précisions").fill("Ticket 4821, courriel jamais arrivé")
    page.get_by_role("button", name="Ouvrir la consultation").click()

    expect(page.get_by_role("region", name="Consultation en cours")).to_contain_text("Ticket 4821")
    assert_accessible(page)
    page.get_by_role("link", name="Responsables").first.click()
    expect(page.get_by_role("row")).not_to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert_accessible(page)
    page.get_by_role("button", name="Terminer la consultation").click()
    expect(page.get_by_text("Consultation terminée le")).to_be_visible()
