"""The list of a school of 2,000 pupils among 300,000 persons, beside Django admin's changelist."""

import time
from collections.abc import Iterator

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench import changelist
from bench.database import fresh_database
from bench.figures import Figure
from bench.population import OF_AN_ACADEMY, populate
from establishments.models import Agent, Establishment, Mandate
from statistics import median

REQUESTS = 40


def measure() -> Iterator[Figure]:
    with fresh_database():
        school = populate(OF_AN_ACADEMY)
        client = signed_in(school)
        address = reverse("responsable_list", args=[school.uai])
        page = median_of(client, address)
        yield Figure(f"List of 2,000 pupils among {OF_AN_ACADEMY.persons:,} persons", page, "ms", limit=100)
        yield Figure("… its queries", queries_of(client, address), "", limit=12)
        yield Figure("… searched by name", median_of(client, f"{address}?q=mar+eli"), "ms", limit=100)
        yield Figure("… its fragment, the last page", median_of(client, f"{address}?page=80", "true"), "ms")
        admin = _changelist(client, school)
        yield Figure("Django admin's changelist of the same rows", admin, "ms")
        yield Figure("The list over that changelist", page / admin, "×", limit=1)


def signed_in(school: Establishment) -> Client:
    agent = Agent.objects.create_user("directeur@example.org", surname="EXEMPLE")
    Mandate.objects.create(agent=agent, establishment=school, role="DIRECTOR", source="AAF")
    client = Client(HTTP_HOST="localhost")
    client.force_login(agent)
    return client


def median_of(client: Client, address: str, htmx: str = "") -> float:
    """Of the whole view, in milliseconds, once warm."""
    headers = {"HX-Request": htmx} if htmx else {}
    durations = []
    for _ in range(REQUESTS + 2):
        started = time.perf_counter()
        response = client.get(address, headers=headers)
        durations.append((time.perf_counter() - started) * 1000)
        assert response.status_code == 200, response.status_code
    return median(durations[2:])


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        client.get(address)
    return len(queries)


def _changelist(client: Client, school: Establishment) -> float:
    changelist.HoldingAdmin.school = school
    installed = [*settings.INSTALLED_APPS, *changelist.INSTALLED]
    with override_settings(INSTALLED_APPS=installed, ROOT_URLCONF="bench.changelist"):
        return median_of(client, "/admin/accounts/holding/")
