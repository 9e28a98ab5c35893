"""Bringing together grows as the records do: no step compares all with all, whatever the planner is told."""

import json

import pytest
from django.db import connection
from django.utils import timezone

from accounts.joining import duplicates, matching
from accounts.joining.duplicates import refresh_duplicates
from accounts.joining.matching import KNOWN, NEW, judge
from accounts.models import AccountSource, Duplicate
from tests.factories import EstablishmentFactory, responsable_account

pytestmark = pytest.mark.django_db
ROWS = {"Function Scan", "Values Scan", "Result", "WorkTable Scan"}


class Explained(list):
    """The plans of the statements which read many rows, as they were executed."""

    def __call__(self, execute, sql, params, many, context):
        text = str(sql).strip()
        if text.startswith(("CREATE TEMP TABLE joining_", "CREATE TEMP TABLE duplicate_", "WITH block")):
            with connection.cursor() as cursor:
                cursor.cursor.execute(f"EXPLAIN (FORMAT JSON) {text}", params)
                (plan,) = cursor.cursor.fetchone()
            self.append((text[:60], plan if isinstance(plan, list) else json.loads(plan)))
        return execute(sql, params, many, context)


def loops_over_tables(plan):
    """The nested loops of a plan whose inner side is neither one row, nor the values of one row."""
    found = []
    if plan["Node Type"] == "Nested Loop":
        inner = plan["Plans"][1]
        if inner["Node Type"] not in ROWS:
            found.append((plan["Plans"][0]["Node Type"], inner["Node Type"], inner.get("Relation Name")))
    for child in plan.get("Plans", ()):
        found += loops_over_tables(child)
    return found


@pytest.fixture
def schools():
    """Two, with the same families: each record has its namesake in the other."""
    pair = [EstablishmentFactory.create() for _ in range(2)]
    for school in pair:
        for number in range(5):
            record = {"surname": f"DURAND{'ABCDE'[number]}", "mobile": f"+3363998000{number}", "mail": ""}
            responsable_account(school, record=record)
    return pair


def test_no_step_loops_over_two_tables_when_records_are_many(schools, monkeypatch):
    monkeypatch.setattr(matching, "SET_BASED_FROM", 0)
    feed = schools[0].feed
    records = list(AccountSource.objects.values_list("responsable", flat=True))
    plans = Explained()
    with connection.execute_wrapper(plans), connection.cursor() as cursor:
        judge(cursor, feed, KNOWN, records)
        assert len(matching.verdicts(cursor)) == 10
        judge(cursor, feed, NEW)
        refresh_duplicates(feed, now=timezone.now())

    steps = {sql for sql, _ in plans}
    assert len(steps) == 7, steps
    for sql, (plan,) in plans:
        if "joining_subject" not in sql:
            assert not loops_over_tables(plan["Plan"]), sql


def test_a_number_that_a_crowd_has_joins_nobody(schools):
    for _ in range(matching.CROWD):
        responsable_account(schools[0], record={"surname": "DURANDA", "mobile": "+33639980000", "mail": ""})
    records = list(AccountSource.objects.values_list("responsable", flat=True))
    with connection.cursor() as cursor:
        judge(cursor, schools[0].feed, KNOWN, records)
        assert {verdict.doubt for verdict in matching.verdicts(cursor)} == {""}
        cursor.execute("SELECT count(*) FROM joining_subject WHERE mobile = '+33639980000'")
        assert cursor.fetchone() == (0,)


def test_a_crowd_of_namesakes_makes_no_pairs(schools):
    for _ in range(duplicates.CROWD):
        responsable_account(schools[0], record={"surname": "DURANDA", "mobile": "+33639980000", "mail": ""})
    refresh_duplicates(schools[0].feed, now=timezone.now())
    assert not Duplicate.objects.exists()
