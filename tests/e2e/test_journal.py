"""The journal in a real browser: filtered without a reload, page after page, on a screen and on a phone."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from establishments.models import Event, EventKind
from tests.e2e.director import sign_in
from tests.factories import responsable_account

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_director_filters_the_journal_and_goes_from_page_to_page(page, school, director, assert_accessible):
    account = responsable_account(school)
    common = {"establishment": school, "actor": "AGENT", "agent": director, "at": timezone.now()}
    Event.objects.bulk_create(
        Event(kind=kind, target_kind=target, target_id=pk, **common)
        for kind, target, pk, times in (
            (EventKind.ACCOUNT_SECRET_SHOWN, "account", account.pk, 2),
            (EventKind.SETTING_CHANGED, "establishment", school.pk, 60),
        )
        for _ in range(times)
    )
    sign_in(page)
    page.get_by_role("link", name="Journal").click()
    expect(page.get_by_role("status").filter(has_text="63 actes")).to_be_visible()
    assert_accessible(page)

    page.get_by_role("link", name="Plus anciens").click()
    expect(page.get_by_role("link", name="Plus récents")).to_be_visible()
    expect(page.get_by_role("cell", name="Mot de passe provisoire affiché")).to_have_count(2)

    page.get_by_label("Actes", exact=True).select_option(label="Mots de passe vus")
    expect(page.get_by_role("status").filter(has_text="2 actes")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert_accessible(page)
    page.get_by_label("Identifiant du compte").fill("nul.part")
    page.get_by_role("button", name="Filtrer").click()
    expect(page.get_by_text("Aucun acte ne répond à ces filtres.")).to_be_visible()
