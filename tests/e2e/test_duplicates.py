"""Duplicates in a real browser: from the home page to one account, and back to two, phone included."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.joining.duplicates import refresh_duplicates
from tests.e2e.director import sign_in
from tests.factories import responsable_account

pytestmark = pytest.mark.django_db(transaction=True)
SAME = {"surname": "LE GOFF", "given_name": "Anne", "mobile": "+33639980001", "mail": ""}


def test_a_director_joins_a_pair_then_undoes_it(page, school, assert_accessible):
    for state in ("ACTIVE", "NOTIFIED"):
        responsable_account(school, record=SAME, state=state)
    refresh_duplicates(school.feed, now=timezone.now())
    sign_in(page)

    page.get_by_role("link", name="1 doublon probable").click()
    assert_accessible(page)
    page.set_viewport_size({"width": 390, "height": 800})
    page.get_by_role("link", name="LE GOFF Anne", exact=True).click()
    expect(page.get_by_role("heading", name="Une personne, ou deux")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert_accessible(page)

    page.get_by_role("link", name="C’est la même personne").click()
    assert_accessible(page)
    page.get_by_role("button", name="Réunir les deux comptes").click()
    expect(page.get_by_text("Les deux comptes sont réunis")).to_be_visible()
    expect(page.get_by_text("À renotifier")).to_be_visible()
    assert_accessible(page)

    page.get_by_role("link", name="Défaire").click()
    assert_accessible(page)
    page.get_by_role("button", name="Défaire le rapprochement").click()
    expect(page.get_by_text("Le rapprochement est défait")).to_be_visible()
