"""/imports/: what those who follow the imports of an académie read there, and what they never do."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from aaf_import.models import Anomaly, ImportRun
from establishments.models import AcademyRole
from tests.factories import (
    AcademyFactory,
    AcademyRoleFactory,
    AgentFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
)

pytestmark = pytest.mark.django_db


def follower(academy: str = "24") -> Client:
    role = AcademyRoleFactory.create(
        academy=AcademyFactory.create(code=academy), kind=AcademyRole.Kind.IMPORTS
    )
    client = Client()
    client.force_login(role.agent)
    return client


def run_of(academy: str = "24", **fields: Any) -> ImportRun:
    given = {"status": "APPLIED", "finished_at": timezone.now()} | fields
    return ImportRun.objects.create(academy=academy, degree=2, kind="complet", **given)


def test_one_reads_the_feeds_and_runs_of_ones_own_académies() -> None:
    FeedFactory.create(applied_at=None)
    mine = run_of(status="REFUSED", message="Il manque une partie de l’extrait.")
    theirs = run_of("28")
    client = follower()
    page = client.get(reverse("import_list"))
    assert [run.pk for run in page.context["page"]] == [mine.pk]
    assert "Il manque une partie de l’extrait." in page.text
    assert "En retard" in page.text
    assert client.get(reverse("import_run", args=[mine.pk])).status_code == 200
    assert client.get(reverse("import_run", args=[theirs.pk])).status_code == 404


def test_anomalies_are_counted_by_kind_and_by_establishment_and_name_nobody() -> None:
    feed = FeedFactory.create()
    places = EstablishmentFactory.create_batch(2, feed=feed)
    run = run_of(feed=feed, anomaly_counts={"INE_MISSING": 3}, counts={"students": {"created": 12}})
    for place in (places[0], places[0], places[1]):
        Anomaly.objects.create(
            run=run,
            code="INE_MISSING",
            category="Eleve",
            jointure="70001",
            establishment=place,
            sentence="Léa CONFIDENTIELLE n’a pas d’INE.",
        )
    page = follower().get(reverse("import_run", args=[run.pk]))
    numbers = [(row["establishment__uai"], row["number"]) for row in page.context["places"]]
    assert numbers == [(places[0].uai, 2), (places[1].uai, 1)]
    for text in (page.text, follower().get(reverse("import_list")).text):
        assert "CONFIDENTIELLE" not in text
        assert "70001" not in text


def test_runs_are_paged_and_a_fragment_is_the_page_s_own() -> None:
    for _ in range(25):
        run_of()
    client = follower()
    assert len(client.get(reverse("import_list"), {"page": "2"}).context["page"].object_list) == 5
    fragment = client.get(reverse("import_list"), {"page": "2"}, headers={"HX-Request": "true"}).text
    assert "<html" not in fragment
    assert 'id="runs"' in fragment


def test_the_number_of_queries_does_not_grow_with_feeds_and_runs(django_assert_max_num_queries: Any) -> None:
    client = follower()
    for degree in (1, 2):
        FeedFactory.create(degree=degree)
    for _ in range(20):
        run_of()
    with django_assert_max_num_queries(16):
        client.get(reverse("import_list"))


def test_following_imports_opens_no_establishment_and_directing_one_no_import() -> None:
    school = EstablishmentFactory.create()
    client = follower()
    assert client.get(reverse("establishment", args=[school.uai])).status_code == 404
    assert client.get(reverse("assistance_home")).status_code == 404
    director = Client()
    director.force_login(MandateFactory.create(establishment=school).agent)
    assert director.get(reverse("import_list")).status_code == 404


def test_home_leads_to_the_imports_of_who_has_nothing_else() -> None:
    assert follower().get("/").headers["Location"] == reverse("import_list")


def test_a_role_which_ended_opens_nothing() -> None:
    agent = AgentFactory.create()
    AcademyRoleFactory.create(agent=agent, kind=AcademyRole.Kind.IMPORTS, ended_at=timezone.now())
    client = Client()
    client.force_login(agent)
    assert client.get(reverse("import_list")).status_code == 404


def test_a_feed_never_imported_and_no_run_are_said() -> None:
    page = follower().get(reverse("import_list")).text
    assert "Aucun extrait de l’académie n’a encore été importé." in page
    assert "Aucun passage." in page
