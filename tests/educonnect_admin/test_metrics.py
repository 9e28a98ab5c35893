"""What Prometheus reads: from where, what it counts, and that nobody is in it."""

import re
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from redis.exceptions import ConnectionError as RedisConnectionError

from aaf_import.models import ImportRun
from establishments import counters
from establishments.counters import sample
from notifications.models import Delivery
from statistics.snapshots import take_snapshots
from tests.factories import PASSWORD, FeedFactory, MandateFactory, responsable_account

pytestmark = pytest.mark.django_db
_LINE = re.compile(r'(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? -?[\d.e+-]+)')


def read(client: Client | None = None) -> str:
    answer = (client or Client()).get("/sante/metriques")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return str(answer.text)


def values(text: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_only_the_networks_of_the_settings_read_them(settings):
    settings.METRICS_NETWORKS = [ip_network("10.1.0.0/16")]
    assert Client().get("/sante/metriques").status_code == 404
    assert Client(REMOTE_ADDR="10.1.2.3").get("/sante/metriques").status_code == 200


def test_behind_a_proxy_the_header_of_a_stranger_is_not_believed(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    forged = Client(HTTP_X_FORWARDED_FOR="127.0.0.1, 203.0.113.9")
    assert forged.get("/sante/metriques").status_code == 404
    assert Client(HTTP_X_FORWARDED_FOR="127.0.0.1").get("/sante/metriques").status_code == 200


def test_imports_queues_mails_and_accounts_are_counted(settings, tmp_path: Path):
    settings.AAF_INBOX = tmp_path
    (tmp_path / "24-2D" / "night").mkdir(parents=True)
    now = timezone.now()
    feed = FeedFactory.create(applied_at=now - timedelta(hours=2))
    ImportRun.objects.create(kind="complet", feed=feed, status="REFUSED", message="…", finished_at=now)
    account = responsable_account(MandateFactory.create(establishment__feed=feed).establishment)
    Delivery.objects.create(
        recipient="personne.secrete@example.org",
        status="failed",
        subject="…",
        created_at=now,
        last_error="absent",
    )
    take_snapshots()

    told = values(read())

    assert told['educonnect_import_runs{status="refused"}'] == 1
    assert 7000 < told['educonnect_import_age_seconds{feed="24-2D"}'] < 8000
    assert told['educonnect_deliveries_waiting{folder="24-2D"}'] == 1
    assert told['educonnect_mails{status="failed"}'] == 1
    state = account.state.lower()
    assert told[f'educonnect_accounts{{academy="24",kind="responsable",state="{state}"}}'] == 1
    assert told["educonnect_documents"] == told["educonnect_tasks_waiting"] == 0


def test_requests_are_counted_by_route_and_histograms_add_up():
    agent = MandateFactory.create().agent
    client = Client()
    client.force_login(agent)
    uai = agent.mandates.get().establishment.uai
    for query in ("DUPONT", "MARTIN"):
        assert client.get(f"/etablissements/{uai}/responsables/?q={query}").status_code == 200
    client.get("/chemin/DUPONT")

    text = read()

    told = values(text)
    assert told['educonnect_requests_total{route="responsable_list",method="GET",status="2xx"}'] == 2
    assert told['educonnect_requests_total{route="unknown",method="GET",status="4xx"}'] == 1
    duration = "educonnect_request_duration_seconds"
    assert told[f'{duration}_count{{route="responsable_list"}}'] == 2
    assert told[f'{duration}_bucket{{route="responsable_list",le="+Inf"}}'] == 2
    assert told[f'{duration}_sum{{route="responsable_list"}}'] > 0
    for word in ("DUPONT", "MARTIN", uai, agent.email):
        assert word not in text


def test_every_line_is_one_that_prometheus_reads():
    Client().get("/connexion/")
    lines = read().splitlines()
    assert [line for line in lines if not _LINE.fullmatch(line)] == []
    helped = [line.split()[2] for line in lines if line.startswith("# HELP")]
    assert len(helped) == len(set(helped))


def test_labels_are_escaped():
    assert sample("a", folder='x"y\\z\n') == 'a{folder="x\\"y\\\\z\\n"}'


def test_closed_throttles_are_counted(settings):
    agent = MandateFactory.create().agent
    for _ in range(7):
        Client().post("/connexion/", {"login": agent.email, "password": f"not {PASSWORD}"})
    assert values(read())["educonnect_sign_ins_refused_total"] >= 1


def test_without_redis_requests_are_answered_uncounted(monkeypatch):
    def away():
        raise RedisConnectionError("refused")

    monkeypatch.setattr(counters, "_redis", away)
    assert Client().get("/sante/vivant").status_code == 200


def test_two_processes_are_one_count():
    counters.add([("of_a_test", 1)])
    counters._redis.cache_clear()
    counters.add([("of_a_test", 2)])
    assert counters.read()["of_a_test"] == 3
    cache.clear()
