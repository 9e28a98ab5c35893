"""MétéoStat in a real browser: from the nation to a circonscription, on a screen and on a phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.director import MAIL
from tests.factories import PASSWORD, AgentFactory, StatisticsRoleFactory
from tests.statistics.meteostat.counted import (
    BOBIGNY,
    CRETEIL,
    NATION,
    NOISY,
    TREMBLAY,
    count,
    nights,
    november,
    territories,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def nation():
    territories()
    nights(*map(november, range(1, 15)))
    for where, size in ((NATION, 900), (CRETEIL, 600), (BOBIGNY, 300), (NOISY, 120), (TREMBLAY, 12)):
        for degree in (0, 1, 2):
            for day in range(1, 15, 2):
                active = size * day // 30
                count(
                    where,
                    november(day),
                    degree=degree,
                    not_notified=size - 2 * active,
                    active_establishment=active,
                    active_franceconnect=active,
                )
    StatisticsRoleFactory.create(agent=AgentFactory.create(email=MAIL, password=PASSWORD))


def sign_in(page):
    page.goto("/connexion/")
    page.get_by_label("Adresse mail").fill(MAIL)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/meteostat/**")


def heading(page):
    return page.get_by_role("heading", level=1)


def test_from_the_nation_to_a_circonscription_and_back(page, nation, assert_accessible):
    sign_in(page)
    expect(heading(page)).to_contain_text("France")
    assert_accessible(page)

    page.get_by_role("link", name=re.compile("Responsables 1er degré")).click()
    for name in ("Créteil", "Seine-Saint-Denis", "NOISY"):
        page.get_by_role("link", name=name, exact=True).click()
        expect(heading(page)).to_contain_text(name)
    assert_accessible(page)

    page.get_by_role("textbox", name="Du").fill("2026-11-05")
    page.get_by_label("Un point").select_option("par jour")
    page.get_by_role("button", name="Afficher").click()
    expect(page.get_by_role("heading", name="Évolution du 05/11/2026 au 14/11/2026")).to_be_visible()
    page.get_by_text("Les mêmes chiffres, jour par jour").click()
    expect(page.get_by_role("row", name="13/11/2026 120 104 86,7")).to_be_visible()
    assert_accessible(page)

    page.get_by_role("link", name="Comparaison des circonscriptions : Seine-Saint-Denis").click()
    expect(page.get_by_role("textbox", name="Du")).to_have_value("2026-11-05")
    page.get_by_role("link", name="Taux d’activation").click()
    expect(page.get_by_role("link", name="Taux d’activation")).to_have_attribute("aria-current", "true")
    expect(page.get_by_text("1 territoire de moins de 50 comptes")).to_be_visible()


def test_on_a_phone_every_level_fits_and_is_accessible(new_page, nation, assert_accessible):
    page = new_page(viewport={"width": 390, "height": 844})
    sign_in(page)
    for address in ("nation/", "academies/24/?du=2026-12-31", f"circonscriptions/{TREMBLAY[1]}/"):
        page.goto(f"/meteostat/{address}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert_accessible(page)
