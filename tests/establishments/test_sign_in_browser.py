"""Passkeys through the browser's own dialogue, and the end of a session as the agent meets it."""

import time

import pytest
from django.contrib.sessions.backends.cached_db import SessionStore

from establishments.models import AgentSession
from tests.factories import PASSWORD, MandateFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def director():
    return MandateFactory.create().agent


@pytest.fixture
def outside(settings):
    """No network is the administration's."""
    settings.ADMIN_NETWORKS = []


def give_authenticator(page):
    """A virtual one, as a laptop's fingerprint reader: it keeps keys and verifies who is there."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def sign_in(page, agent):
    page.goto("/connexion/")
    page.get_by_label("Adresse mail").fill(agent.email)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()


def test_a_passkey_is_enrolled_opens_the_console_alone_and_stands_after_a_password(
    page, director, outside, assert_accessible
):
    give_authenticator(page)
    sign_in(page, director)
    page.get_by_role("heading", name="Ajouter un second facteur").wait_for()
    assert_accessible(page)
    page.get_by_role("link", name="Ajouter une clé d’accès").click()
    page.get_by_role("button", name="Enregistrer la clé").click()
    page.get_by_role("heading", name="Codes de secours").wait_for()
    assert_accessible(page)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Télécharger").click()
    codes = page.locator("#codes li").all_inner_texts()
    assert all(code in saved.value.path().read_text() for code in codes)

    page.goto("/securite/")
    assert_accessible(page)
    page.get_by_role("button", name="Se déconnecter").click()
    page.get_by_role("button", name="Utiliser une clé d’accès").click()
    page.get_by_role("heading", name="Où en sont les comptes").wait_for()

    page.get_by_role("button", name="Se déconnecter").click()
    sign_in(page, director)
    page.get_by_role("heading", name="Vérification").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Utiliser une clé d’accès").click()
    page.get_by_role("heading", name="Où en sont les comptes").wait_for()


def age_session(agent, seconds):
    store = SessionStore(AgentSession.objects.get(agent=agent).session_key)
    store["seen_at"] = time.time() - seconds
    store.save()


def pretend_idle(page, seconds):
    """As if nothing had been asked for so long: the page counts from there."""
    page.evaluate(
        "idle => localStorage.setItem('session-activity', String(Date.now() / 1000 - idle))", seconds
    )


def test_the_end_is_announced_put_off_then_met_without_losing_what_was_typed(
    page, director, assert_accessible
):
    place = director.mandates.get().establishment
    sign_in(page, director)
    page.goto(f"/etablissements/{place.uai}/reglages/")
    pretend_idle(page, 3600 - 200)
    stay = page.get_by_role("button", name="Rester connecté")
    stay.wait_for()
    assert_accessible(page)
    page.keyboard.press("Enter")
    stay.wait_for(state="hidden")

    page.locator("main input[type=checkbox]").first.check(force=True)
    age_session(director, 2 * 3600)
    pretend_idle(page, 3600)
    page.get_by_role("heading", name="Votre session a pris fin").wait_for()
    page.get_by_role("button", name="Me reconnecter").click()
    page.get_by_label("Adresse mail").fill(director.email)
    page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Se connecter", exact=True).click()
    page.get_by_role("heading", name="Votre saisie n’a pas été perdue").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Envoyer maintenant").click()
    page.get_by_text("Dernière modification").wait_for()
    assert page.locator("main input[type=checkbox]").first.is_checked()
