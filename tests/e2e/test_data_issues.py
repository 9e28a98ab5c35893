"""« À traiter » in a real browser: filtered without a reload, by keyboard, on a screen and on a phone."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import DataIssue
from establishments.models import Responsable
from tests.e2e.director import sign_in
from tests.factories import StudentFactory, responsable_account

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_director_finds_what_to_correct_then_tells_the_family(page, school, director, assert_accessible):
    now = timezone.now()
    for _ in range(3):
        pupil = StudentFactory.create(establishment=school)
        DataIssue.objects.create(establishment=school, kind="INE_MISSING", student=pupil, opened_at=now)
    responsable_account(school, record={"surname": "ZOLA"})
    DataIssue.objects.create(
        establishment=school,
        kind="MAIL_MISSING",
        responsable=Responsable.objects.get(surname="ZOLA"),
        opened_at=now - timedelta(days=3),
        solved_at=now,
    )
    sign_in(page)
    page.get_by_role("link", name="À traiter", exact=True).click()
    expect(page.get_by_role("status").filter(has_text="3 lignes")).to_be_visible()
    assert_accessible(page)

    page.get_by_label("Constat", exact=True).select_option(label="Téléphone portable absent")
    expect(page.get_by_text("Aucune ligne de ce constat")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0

    page.get_by_role("link", name="Corrigés récemment").click()
    assert_accessible(page)
    page.get_by_role("button", name="Prévenir par courriel : ZOLA Anne").click()
    page.wait_for_url("**/operations/*/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()

    page.get_by_role("link", name="À traiter", exact=True).click()
    page.get_by_role("link", name="Dernières mises à jour").click()
    expect(page.get_by_text("Aucun changement depuis 30 jours.")).to_be_visible()
    assert_accessible(page)
