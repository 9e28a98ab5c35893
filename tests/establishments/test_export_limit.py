"""An agent who takes everything away is slowed down."""

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.models import Operation
from tests.factories import MandateFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def director(client, settings):
    settings.EXPORT_RATE = 2
    agent = MandateFactory.create().agent
    client.force_login(agent)
    return agent


def export(client, agent):
    place = agent.mandates.first().establishment
    return client.get(reverse("statistics_export", args=[place.uai]))


def test_one_too_many_is_refused_with_when_to_come_back(client, director):
    with time_machine.travel(timezone.now().replace(minute=20, second=0, microsecond=0), tick=False):
        assert [export(client, director).status_code for _ in range(2)] == [200, 200]
        refused = export(client, director)
    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "2401"
    assert "Vous pourrez reprendre dans 41 minutes" in refused.text


def test_another_agent_is_not_concerned(client, director):
    for _ in range(3):
        export(client, director)
    other = MandateFactory.create().agent
    client.force_login(other)
    assert export(client, other).status_code == 200


def test_a_list_too_many_is_not_made_and_stays_to_be_confirmed(client, director, settings):
    settings.EXPORT_RATE = 0
    place = director.mandates.first().establishment
    operation = Operation.objects.create(
        establishment=place,
        agent=director,
        kind=Operation.Kind.LIST,
        population="RESPONSABLE",
        options={"format": "csv", "with_secrets": False},
    )
    refused = client.post(reverse("operation_confirm", args=[place.uai, operation.pk]), {"format": "csv"})
    assert refused.status_code == 429
    operation.refresh_from_db()
    assert operation.status == Operation.Status.DRAFT
