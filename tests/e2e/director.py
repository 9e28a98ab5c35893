"""The director whom most browser tests follow, and the door."""

import re

from playwright.sync_api import Page

from tests.factories import PASSWORD

MAIL = "directrice@example.org"


def sign_in(page: Page) -> None:
    """By the form, up to the home of the only establishment."""
    page.goto("/connexion/")
    page.get_by_label(re.compile("mail", re.IGNORECASE)).fill(MAIL)
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/etablissements/**")
