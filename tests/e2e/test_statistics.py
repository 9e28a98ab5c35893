"""Statistics in a real browser: from a number to its accounts, on a screen and on a phone."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.transitions import State
from statistics.snapshots import take_snapshots
from tests.e2e.director import sign_in
from tests.factories import (
    MandateFactory,
    SchoolClassFactory,
    responsable_account,
    student_account,
)
from tests.statistics.school import campaign

pytestmark = pytest.mark.django_db(transaction=True)

WEEK = timedelta(days=7)


@pytest.fixture
def school(director):
    school = MandateFactory.create(agent=director).establishment
    families = [responsable_account(school, children=2, state=state) for state in State]
    student_account(school, record={"school_class": SchoolClassFactory.create(establishment=school)})
    campaign(school, director, families[1:])
    take_snapshots(timezone.now() - WEEK)
    return school


def test_from_the_tab_to_the_accounts_that_a_number_counts(page, school, assert_accessible):
    sign_in(page)
    page.get_by_role("link", name="Statistiques").click()
    expect(page.get_by_role("heading", level=2)).to_have_text(
        ["Synthèse des comptes responsables de la structure", "Synthèse des comptes élèves de la structure"]
    )
    expect(
        page.get_by_text(re.compile(r"Dernière mise à jour le \d\d/\d\d/\d{4} à \d\d:\d\d"))
    ).to_be_visible()
    assert_accessible(page)

    page.get_by_role("link", name="Par classe").click()
    page.get_by_role("row", name=re.compile("Comptes distincts")).first.get_by_role("link").last.click()
    expect(page.locator(".list-totals")).to_contain_text("1 compte, 2 lignes")

    page.go_back()
    expect(page.get_by_text("4 comptes comptent plus d’une fois")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("link", name="Par campagne").click()
    page.get_by_role("row").nth(1).get_by_role("link").nth(1).click()
    expect(page.locator(".list-totals")).to_contain_text("3 comptes, 6 lignes")
    expect(page.get_by_label("Campagne")).to_have_value(re.compile(r"\d+"))
    page.get_by_label("Campagne").select_option(label="Toutes")
    expect(page.locator(".list-totals")).to_contain_text("4 comptes, 8 lignes")


def test_on_a_phone_every_page_fits_and_is_accessible(new_page, school, assert_accessible):
    page = new_page(viewport={"width": 390, "height": 800})
    sign_in(page)
    for way in ("", "par=classe", "par=mef", "par=campagne"):
        page.goto(f"/etablissements/{school.uai}/statistiques/?{way}")
        for closed in page.locator("details summary").all():
            closed.click()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, way
        assert_accessible(page)
