"""A human decides about duplicates while a night looks for them: neither waits in a circle for the other."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.joining.duplicates import join_same, refresh_duplicates
from accounts.joining.merging import By
from accounts.joining.rules import NotJoinable
from accounts.models import DataIssue, Duplicate, Joining
from establishments.models import Responsable
from tests.factories import MandateFactory, responsable_account

pytestmark = pytest.mark.django_db(transaction=True)
SAME = {"surname": "LE GOFF", "given_name": "Anne", "mobile": "+33639980001", "mail": ""}


@pytest.fixture
def by():
    """An agent of a school where three accounts are much the same: three pairs to decide."""
    mandate = MandateFactory.create()
    for _ in range(3):
        responsable_account(mandate.establishment, record=SAME)
    night(mandate.establishment.feed)
    return By(mandate.agent, mandate.establishment)


def night(feed):
    return refresh_duplicates(feed, now=timezone.now())


def night_elsewhere(feed):
    """On another connection; waiting on a human would end as an error."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")
    try:
        return night(feed)
    finally:
        connection.close()


def test_what_a_human_is_deciding_is_left_to_him_and_to_the_next_night(by):
    feed = by.establishment.feed
    last = Responsable.objects.latest("pk")
    Responsable.objects.filter(pk=last.pk).update(surname="DURAND", surname_key="DURAND", mobile="")
    taken, *_ = Duplicate.objects.filter(second__sources__responsable=last)
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Duplicate.objects.select_for_update().get(pk=taken.pk)
        list(DataIssue.objects.select_for_update().filter(duplicate__isnull=False))
        assert pool.submit(night_elsewhere, feed).result().closed == 1
    assert DataIssue.objects.unsolved().filter(kind="DUPLICATE").count() == 3

    assert night(feed).closed == 1

    taken.refresh_from_db()
    assert taken.closed_at is not None
    assert DataIssue.objects.unsolved().filter(kind="DUPLICATE").count() == 1


def test_of_two_agents_who_decide_at_once_about_one_account_one_is_told_that_it_was_decided(by):
    pairs = list(Duplicate.objects.order_by("pk"))
    barrier = threading.Barrier(len(pairs))

    def decide(pair):
        barrier.wait()
        try:
            join_same(pair, by)
        except NotJoinable:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(pairs)) as pool:
        decided = list(pool.map(decide, pairs))

    # Three accounts make one in two joinings; the pair whose account has gone was let go of.
    assert decided.count(True) == Joining.objects.count()
    assert decided.count(True) in (1, 2)
    assert decided.count(False) >= 1
