"""How many accounts stand where, from the view which the lists read: each counts once a line."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Count, Q, Value
from django.http import Http404, QueryDict

from accounts.forms import AccountFilterForm
from accounts.models import Account, AccountKind, Holding, kinds_of
from accounts.rows import NO_CLASS, NO_FORMATION, RowQuerySet
from accounts.transitions import State
from establishments.models import Mef, SchoolClass
from statistics.tables import ORIGINS, Line, Table, list_address, page_address

if TYPE_CHECKING:
    from collections.abc import Iterable

    from establishments.access import Access

_LEVELS = ("TPS", "PS", "MS", "GS", "CP", "CE1", "CE2", "CM1", "CM2")
SCOPES = ("classe", "mef", "niveau", "campagne")


@dataclass(frozen=True, slots=True)
class Scope:
    """What is counted: `rows` of the lists, under the `filters` which show the same there."""

    rows: RowQuerySet
    kinds: list[AccountKind]
    filters: dict[str, str]
    label: str = ""


def read_scope(access: Access, data: QueryDict) -> Scope:
    """The whole establishment, or the class, MEF, level or campaign asked for; Http404 if there is none."""
    kinds = sorted(kinds_of(access))
    rows = RowQuerySet(Holding).filter(establishment=access.establishment, kind__in=kinds)
    name = next((name for name in SCOPES if data.get(name)), None)
    if name is None:
        return Scope(rows, kinds, {})
    value = str(data[name])
    filters = {name: value}
    query = QueryDict(mutable=True)
    query.update(filters)
    forms = {
        kind: AccountFilterForm(query, establishment=access.establishment, population=kind) for kind in kinds
    }
    able = {kind: form for kind, form in forms.items() if form.cleaned_data.get(name)}
    if not able:
        raise Http404
    form = next(iter(able.values()))
    label = dict(form.fields[name].choices)[value]  # type: ignore[attr-defined]
    return Scope(form.filter(rows), list(able), filters, label)


def summaries(access: Access, scope: Scope) -> list[Table]:
    """Origins by states, one table a population, all by one query."""
    return [table for table, _ in summaries_and_active(access, scope)]


def summaries_and_active(access: Access, scope: Scope) -> list[tuple[Table, list[int]]]:
    """The same, each with the keys of its activated accounts: finding who is held is what takes time."""
    active: dict[str, list[int]] = defaultdict(list)
    counted: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    accounts_held = Account.objects.filter(pk__in=scope.rows.order_by().values("account"))
    groups = accounts_held.values_list("kind", "origin", "state")
    keys = ArrayAgg("pk", filter=Q(state=State.ACTIVE), default=Value([]))
    for kind, origin, state, *found in groups.annotate(accounts=Count("pk"), keys=keys):
        counted[kind][origin][state] = found[0]
        active[kind] += found[1]
    return [(_summary(access, scope, kind, counted[kind]), active[kind]) for kind in scope.kinds]


def _summary(access: Access, scope: Scope, kind: AccountKind, counted: dict[str, Counter[str]]) -> Table:
    lines = [
        Line(label, counted[origin], list_address(access, kind, {**scope.filters, "origine": origin}))
        for origin, label in ORIGINS.items()
    ]
    total = sum((line.states for line in lines), Counter[str]())
    return Table(kind, Line("Total", total, list_address(access, kind, scope.filters)), lines)


@dataclass(frozen=True, slots=True)
class Spread:
    """A way to spread accounts over lines: by `expression`, which the filter `name` of the lists finds again.

    `no_key` is that filter's value for pupils who have none.
    """

    name: str
    label: str
    expression: str
    no_key: str
    no_label: str


BY_CLASS = Spread("classe", "Classe", "student.school_class_id", NO_CLASS, "Sans classe")
BY_MEF = Spread("mef", "MEF", "student.mef_id", NO_FORMATION, "Sans MEF")
BY_LEVEL = Spread("niveau", "Niveau", "NULLIF(student.level, '')", NO_FORMATION, "Sans niveau")

# Each account once with all its places, then once in each: the first of them counts it for the total.
_SPREAD = """
WITH held AS (
    SELECT holding.account_id, array_agg(DISTINCT {expression}) AS keys
    FROM accounts_holding holding
    JOIN establishments_student student
         ON student.id = holding.student_id AND student.establishment_id = holding.establishment_id
    WHERE holding.establishment_id = %(establishment)s AND holding.kind = ANY(%(kinds)s)
    GROUP BY holding.account_id)
SELECT account.kind, place.key, account.state, count(*), count(*) FILTER (WHERE place.rank = 1),
       count(*) FILTER (WHERE place.rank = 2)
FROM held JOIN accounts_account account ON account.id = held.account_id
CROSS JOIN LATERAL unnest(held.keys) WITH ORDINALITY AS place (key, rank)
GROUP BY account.kind, place.key, account.state
"""


class _Counts:
    """Of one population: the states of each place, those of all accounts, and how many are repeated."""

    def __init__(self) -> None:
        self.places: dict[Any, Counter[str]] = defaultdict(Counter)
        self.total: Counter[str] = Counter()
        self.repeated = 0


def spread_tables(access: Access, spread: Spread) -> list[Table]:
    """States by place, one table a population: one query counts, another names the places."""
    counts: dict[str, _Counts] = defaultdict(_Counts)
    parameters: dict[str, Any] = {
        "establishment": access.establishment.pk,
        "kinds": [kind.value for kind in kinds_of(access)],
    }
    with connection.cursor() as cursor:
        cursor.execute(_SPREAD.format(expression=spread.expression), parameters)
        for kind, key, state, accounts, distinct, repeated in cursor:
            counts[kind].places[key][state] = accounts
            counts[kind].total[state] += distinct
            counts[kind].repeated += repeated
    labels = _labels(spread, {key for each in counts.values() for key in each.places})
    return [_spread_table(access, spread, kind, counts[kind], labels) for kind in sorted(kinds_of(access))]


def _labels(spread: Spread, keys: set[Any]) -> dict[Any, str]:
    """The name of each place, in the order they are shown in: those who have none come last."""
    known = _known_labels(spread, keys - {None})
    return known | ({None: spread.no_label} if None in keys else {})


def _known_labels(spread: Spread, keys: Iterable[Any]) -> dict[Any, str]:
    if spread is BY_LEVEL:
        return {level: level for level in sorted(keys, key=_school_order)}
    if spread is BY_CLASS:
        classes = SchoolClass.objects.filter(pk__in=keys).order_by("label_key", "label")
        return dict(classes.values_list("pk", "label"))
    return dict(Mef.objects.filter(pk__in=keys).order_by("label", "code").values_list("pk", "label"))


def _school_order(level: str) -> tuple[int, str]:
    """The youngest first; levels nobody knows come after, by name."""
    return (_LEVELS.index(level) if level in _LEVELS else len(_LEVELS), level)


def _spread_table(
    access: Access, spread: Spread, kind: AccountKind, counts: _Counts, labels: dict[Any, str]
) -> Table:
    lines = []
    for key, label in labels.items():
        if key in counts.places:
            filters = {spread.name: spread.no_key if key is None else str(key)}
            address = page_address(access, filters)
            lines.append(Line(label, counts.places[key], list_address(access, kind, filters), address))
    total = Line("Comptes distincts", counts.total, list_address(access, kind, {}))
    return Table(kind, total, lines, counts.repeated)
