"""The list of 2,000 responsables in each format, by one process: reading, rendering, storing."""

import time
from collections.abc import Iterator

from accounts import exports, operations
from accounts.exports import ListFormat, ListOptions
from accounts.models import Account, AccountKind, Holding, Operation
from bench.database import fresh_database
from bench.figures import Figure
from bench.notify import confirmed_operation
from bench.population import Population, populate
from establishments.access import get_access
from establishments.models import Establishment

ACCOUNTS = 2_000


def measure() -> Iterator[Figure]:
    with fresh_database():
        school = populate(Population(schools=1, pupils=2_700))
        notified = confirmed_operation(school, ACCOUNTS)
        operations.run(notified.pk)
        rows = Holding.objects.filter(account__operation_items__operation=notified).count()
        for each in ListFormat:
            seconds = _make(school, notified, each)
            yield Figure(f"A {each} of 2,000 accounts with passwords ({rows} rows)", seconds, "s")


def _make(school: Establishment, notified: Operation, format: ListFormat) -> float:
    access = get_access(notified.agent, school.uai)
    accounts = Account.objects.filter(operation_items__operation=notified)
    options = ListOptions(format, with_secrets=True).as_json()
    operation = operations.draft(
        access, Operation.Kind.LIST, AccountKind.RESPONSABLE, accounts, options=options
    )
    operations.confirm(operation)
    started = time.perf_counter()
    exports.make_list(operation.pk)
    seconds = time.perf_counter() - started
    assert operation.items.filter(status="DONE").count() == ACCOUNTS
    return seconds
