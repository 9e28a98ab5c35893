"""A director delegates with the keyboard's own tools: a form, its errors, a confirmation."""

from datetime import timedelta

import pytest
from django.utils import timezone

from establishments.models import Delegation
from tests.e2e.director import sign_in
from tests.factories import AgentFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_director_grants_on_a_phone_then_ends(new_page, browser_watch, assert_accessible, school):
    browser_watch.allow("422")
    AgentFactory.create(given_name="Camille", surname="COLLÈGUE", email="camille@example.org")
    page = new_page(viewport={"width": 390, "height": 844})
    sign_in(page)
    page.get_by_role("link", name="Délégations").click()
    page.get_by_role("link", name="Accorder une délégation").click()
    page.get_by_label("À qui").fill("camille@example.org")
    page.get_by_role("button", name="Rechercher").click()
    page.get_by_role("link", name="Camille COLLÈGUE").click()
    page.get_by_role("radio", name="Assister Consulter").check(force=True)
    page.get_by_role("button", name="Accorder la délégation").click()
    assert page.get_by_text("Choisissez pour quels comptes.").is_visible()
    assert_accessible(page)
    page.get_by_label("Responsables", exact=True).check(force=True)
    page.get_by_role("button", name="Accorder la délégation").click()
    page.get_by_text("Délégation accordée à Camille COLLÈGUE").wait_for()
    assert_accessible(page)
    granted = Delegation.objects.get()
    assert (granted.profile, granted.population) == ("ASSIST", "RESPONSABLES")
    assert granted.ends_on > timezone.localdate() + timedelta(days=50)

    page.get_by_role("link", name="Terminer").click()
    page.get_by_role("button", name="Terminer la délégation").click()
    page.get_by_text("La délégation de Camille COLLÈGUE est terminée").wait_for()
    assert page.get_by_text("Terminées depuis moins de trois mois").is_visible()
