"""A pupil comes from an ENT, on a telephone; the collège sees it in another browser."""

import pytest
from playwright.sync_api import expect

from accounts.models import EntPartner
from accounts.secrets import seal_secret
from tests.e2e.director import sign_in
from tests.factories import student_account
from tests.signing_provider import SECRET

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"width": 390, "height": 844}
CHOSEN = "Coquelicots-des-champs-2"


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_a_pupil_activates_from_the_ent_and_the_college_sees_it(
    new_page, signing, school, assert_accessible, browser_watch
):
    browser_watch.allow("422")
    secret = seal_secret(SECRET)
    ent = EntPartner.objects.create(
        label="Mon Collège en ligne", issuer=signing.url, client_id="console", sealed_secret=secret
    )
    ent.establishments.set([school])
    account = student_account(school, record={"jointure": "7001"}, identifier="z.martin")
    signing.knows("sub-1", ENTPersonJointure="7001")
    console, page = new_page(), new_page(viewport=PHONE)
    sign_in(console)
    console.goto(f"/etablissements/{school.uai}/comptes/{account.pk}/")
    expect(console.get_by_text("Non notifié").first).to_be_visible()

    page.goto("/activation/")
    page.get_by_role("link", name="J’ai un compte dans l’ENT").click()
    assert_accessible(page)
    assert overflow(page) == 0
    page.get_by_role("button", name="Mon Collège en ligne").click()
    expect(page.get_by_text("z.martin", exact=True)).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Nouveau mot de passe").fill("motdepasse")
    page.get_by_role("button", name="Activer mon compte").click()
    expect(page.get_by_text("Des réponses sont à revoir")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Nouveau mot de passe").fill(CHOSEN)
    page.get_by_label("Le même, une seconde fois").fill(CHOSEN)
    page.get_by_role("button", name="Activer mon compte").click()

    expect(page.get_by_role("heading", name="Votre compte est activé")).to_be_visible()
    assert_accessible(page)
    assert overflow(page) == 0
    console.reload()
    expect(console.get_by_text("Activé", exact=True).first).to_be_visible()
    expect(console.get_by_text("ENT", exact=True).first).to_be_visible()
