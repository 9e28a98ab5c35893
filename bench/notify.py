"""Notifying 2,000 accounts with reset, without their PDF."""

import time
from collections.abc import Iterator

from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import operations
from accounts.models import Account, AccountKind, Operation
from bench.database import fresh_database
from bench.figures import Figure
from bench.population import Population, populate
from establishments.access import get_access
from establishments.models import Agent, Establishment, Mandate

ACCOUNTS = 2_000


def measure() -> Iterator[Figure]:
    with fresh_database():
        school = populate(Population(schools=2, pupils=2_000))
        seconds, _ = _notify(school, ACCOUNTS, operations.CHUNK_SIZE)
        yield Figure("Notify 2,000 accounts with reset, without the PDF", seconds, "s", limit=3)
        _, small = _notify(school, 100, 100)
        _, large = _notify(school, 400, 400)
        yield Figure("Queries of a chunk of 400, over those of a chunk of 100", large / small, "×", limit=1)


def _notify(school: Establishment, size: int, chunk: int) -> tuple[float, int]:
    operation = confirmed_operation(school, size)
    before, operations.CHUNK_SIZE = operations.CHUNK_SIZE, chunk
    started = time.perf_counter()
    with CaptureQueriesContext(connection) as queries:
        operations.run(operation.pk)
    seconds = time.perf_counter() - started
    operations.CHUNK_SIZE = before
    assert operation.items.filter(status="DONE").count() == size
    return seconds, len(queries)


def confirmed_operation(
    school: Establishment, size: int, kind: Operation.Kind = Operation.Kind.NOTIFY_SHEETS
) -> Operation:
    """By a director of the school, on its first `size` responsables."""
    operation = drafted_operation(school, size, kind)
    operations.confirm(operation)
    return operation


def drafted_operation(school: Establishment, size: int, kind: Operation.Kind) -> Operation:
    agent = Agent.objects.filter(mandates__establishment=school).first() or Agent.objects.create_user(
        "directeur@example.org", surname="EXEMPLE"
    )
    Mandate.objects.get_or_create(agent=agent, establishment=school, role="DIRECTOR", source="AAF")
    access = get_access(agent, school.uai)
    visible = Account.objects.visible_to(access).filter(kind=AccountKind.RESPONSABLE)
    chosen = visible.filter(pk__in=list(visible.order_by("pk").values_list("pk", flat=True)[:size]))
    return operations.draft(access, kind, AccountKind.RESPONSABLE, chosen, with_reset=True)
