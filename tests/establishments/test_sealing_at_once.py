"""Sealing beside other transactions: what they have not committed yet, and another worker."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from establishments import seals
from establishments.models import Event, JournalSeal

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


def record(days_ago):
    Event.objects.create(
        kind="account:notify",
        actor="PLATFORM",
        target_kind="account",
        target_id=1,
        at=datetime.now(UTC) - days_ago * DAY,
    )


def test_a_day_is_not_sealed_while_a_transaction_of_its_time_runs(monkeypatch):
    record(days_ago=1)
    other = connection.copy()
    other.set_autocommit(False)
    with other.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        begun = cursor.fetchone()[0]
    end = seals.bounds_of(begun.astimezone(UTC).date())[0]
    monkeypatch.setattr(seals, "SETTLED_AFTER", begun - end + timedelta(microseconds=1))

    assert seals.seal_past_days() == []
    other.rollback()
    other.close()
    assert [seal.events for seal in seals.seal_past_days()] == [1]


def test_two_workers_at_once_make_one_seal_a_day():
    record(days_ago=40)
    begin, made = threading.Barrier(2), []

    def work():
        begin.wait()
        made.extend(seals.seal_past_days())
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(made) == len({seal.day for seal in made}) == JournalSeal.objects.count() >= 38
