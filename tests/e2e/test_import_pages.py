"""The imports of an académie in a real browser: on a wide screen and on a phone, for who follows them."""

import os
import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from aaf_import.models import Anomaly, ImportRun
from establishments.models import AcademyRole
from tests.e2e.director import MAIL
from tests.factories import PASSWORD, AcademyRoleFactory, AgentFactory, EstablishmentFactory, FeedFactory

pytestmark = pytest.mark.django_db(transaction=True)
COUNTS = {
    name: {"created": 1200, "updated": 31, "unchanged": 84_210, "left": 12}
    for name in ("establishments", "classes", "students", "responsables", "responsibilities", "agents")
}


def played() -> ImportRun:
    now = timezone.now()
    feed = FeedFactory.create(degree=2, applied_at=now - timedelta(hours=3), extract_date=now.date())
    FeedFactory.create(degree=1, applied_at=now - timedelta(hours=40), extract_date=now.date())
    college = EstablishmentFactory.create(feed=feed, name="Les Érables")
    for _ in range(22):
        ImportRun.objects.create(academy="24", degree=2, kind="complet", status="APPLIED", finished_at=now)
    refusal = "3 120 élèves sur 40 000 ne sont plus dans l’extrait : il est sans doute incomplet."
    ImportRun.objects.create(
        academy="24", degree=1, kind="complet", status="REFUSED", message=refusal, finished_at=now
    )
    run = ImportRun.objects.create(
        academy="24",
        degree=2,
        kind="complet",
        status="APPLIED",
        feed=feed,
        extract_date=now.date(),
        finished_at=now,
        counts=COUNTS,
        anomaly_counts={"INE_MISSING": 3},
    )
    Anomaly.objects.bulk_create(
        Anomaly(run=run, code="INE_MISSING", category="Eleve", establishment=college, sentence="…")
        for _ in range(3)
    )
    return run


def test_from_the_feeds_to_the_anomalies_of_a_run(new_page, assert_accessible):
    run = played()
    AcademyRoleFactory.create(agent=AgentFactory.create(email=MAIL), kind=AcademyRole.Kind.IMPORTS)
    page = new_page(viewport={"width": 390, "height": 844})
    page.goto("/connexion/")
    page.get_by_label(re.compile("mail", re.IGNORECASE)).fill(MAIL)
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/imports/")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto("/imports/")
        expect(page.get_by_text("En retard")).to_be_visible()
        assert_whole(page, assert_accessible, f"list-{width}")
        page.get_by_role("link", name="Page suivante").click()
        expect(page.locator("#runs")).to_contain_text("page 2 sur 2")
        page.goto(f"/imports/{run.pk}/")
        expect(page.get_by_role("row", name="Les Érables")).to_contain_text("3")
        assert_whole(page, assert_accessible, f"run-{width}")


def assert_whole(page, assert_accessible, name):
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert_accessible(page)
