"""Through the federation and back in a real browser, whose policy looks at where forms lead."""

import pytest
from playwright.sync_api import expect

from tests.establishments.written_claims import directs
from tests.factories import EstablishmentFactory

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
def federation(signing, declare):
    declare(
        key="fim",
        name="le compte du ministère (ARENA)",
        issuer=signing.url,
        has_claims=True,
        is_userinfo_signed=True,
    )
    return signing


def test_a_head_goes_to_the_federation_and_back_then_out_of_both(new_page, federation, assert_accessible):
    school = EstablishmentFactory.create()
    federation.knows("sub-1", family_name="PRINCIPAL", given_name="Maud", **directs(school))
    page = new_page(**PHONE)
    page.goto("/connexion/")
    assert_accessible(page)

    page.get_by_role("button", name="S’identifier avec le compte du ministère").click()

    page.wait_for_url(f"**/etablissements/{school.uai}/")
    expect(page.get_by_text("Maud PRINCIPAL")).to_be_visible()
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_text("Vous êtes déconnecté.")).to_be_visible()
    page.goto(f"/etablissements/{school.uai}/")
    expect(page.get_by_role("heading", name="Connexion")).to_be_visible()


def test_who_is_let_in_nowhere_reads_what_to_do(new_page, federation, browser_watch, assert_accessible):
    browser_watch.allow("403")
    federation.knows("sub-1", family_name="PRINCIPAL")
    page = new_page()
    page.goto("/connexion/")
    page.get_by_role("button", name="S’identifier avec le compte du ministère").click()
    expect(page.get_by_role("heading", name="Aucun établissement ne vous est ouvert")).to_be_visible()
    assert_accessible(page)
