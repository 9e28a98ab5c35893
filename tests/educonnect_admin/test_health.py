"""What an orchestrator is told."""

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from redis.exceptions import ConnectionError as RedisConnectionError

from educonnect_admin import health

pytestmark = pytest.mark.django_db


def test_alive_needs_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/sante/vivant")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_when_database_redis_and_schema_are_there(client):
    response = client.get("/sante/pret")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "database": "ok", "redis": "ok", "migrations": "ok"}
    assert "no-store" in response.headers["Cache-Control"]


def failing(error):
    def check():
        raise error

    return check


@pytest.mark.parametrize(
    ("name", "error"), [("database", OperationalError("refused")), ("redis", RedisConnectionError("refused"))]
)
def test_not_ready_without_a_server_and_it_says_which(client, monkeypatch, name, error):
    monkeypatch.setitem(health._CHECKS, name, failing(error))
    response = client.get("/sante/pret")
    assert response.status_code == 503
    assert [key for key, value in response.json().items() if value == "échec"] == [name]


def test_not_ready_while_a_migration_waits(client):
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM django_migrations WHERE id ="
            " (SELECT max(id) FROM django_migrations WHERE app = 'establishments')"
        )
    response = client.get("/sante/pret")
    assert (response.status_code, response.json()["migrations"]) == (503, "échec")


def test_the_cache_is_really_asked(client, monkeypatch):
    monkeypatch.setattr(cache, "get", lambda key: None)
    assert client.get("/sante/pret").json()["redis"] == "échec"
