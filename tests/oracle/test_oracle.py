"""The oracle notices what is broken: each promise of isolation is broken on purpose, and the look fails."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.db import connection
from django.db.models import Count

from accounts import exports, overview, profile
from accounts.models import AccountKind, Operation
from establishments.access import Right
from establishments.models import Delegation
from tests.oracle.examples import COLLEGE, ECOLE, FILAOS, LYCEE, NEIGHBOURS
from tests.oracle.planting import planted
from tests.oracle.reading import Reader
from tests.oracle.rules import Oracle
from tests.oracle.walking import Walk

pytestmark = pytest.mark.django_db

Patch = pytest.MonkeyPatch


def no_population(patch: Patch) -> None:
    patch.setattr("accounts.models.account.kinds_of", lambda access: list(AccountKind))


def _held_without(condition: str, instead: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_viewdef('accounts_holding')")
        [definition] = cursor.fetchone()
        assert condition in definition
        broken = definition.replace(condition, instead)
        cursor.execute(f"CREATE OR REPLACE VIEW accounts_holding AS {broken}")


def ended_links(patch: Patch) -> None:
    _held_without("link.ended_at IS NULL", "TRUE")


def links_which_are_not_legal(patch: Patch) -> None:
    _held_without("link.is_legal", "TRUE")


def closed_accounts(patch: Patch) -> None:
    _held_without("closed.closed_at IS NOT NULL", "FALSE")


def addresses_of_every_record(patch: Patch) -> None:
    def read(account, access, **options):
        found = profile.read_profile(account, access, **options)
        return replace(found, addresses=[record.address_lines for record in found.records])

    patch.setattr("accounts.views.account.read_profile", read)


def siblings_twice(patch: Patch) -> None:
    patch.setattr(overview, "Count", lambda name, **how: Count(name, filter=how.get("filter")))


def acts_signed_for_everybody(patch: Patch) -> None:
    author = profile._author
    patch.setattr(profile, "_author", lambda event, is_own: author(event, is_own=True))


def delegations_for_ever(patch: Patch) -> None:
    in_force = type(Delegation.objects.all())
    patch.setattr(in_force, "in_force", lambda found, on=None: found.filter(ended_at=None))


def drafts_of_colleagues(patch: Patch) -> None:
    def visible_to(operations, access):
        return operations.filter(establishment=access.establishment, population__in=access.populations)

    patch.setattr(type(Operation.objects.all()), "visible_to", visible_to)


def lists_with_passwords_for_all(patch: Patch) -> None:
    patch.setitem(exports.RIGHTS_TO_OPEN, exports.Bearing.LIST_WITH_SECRETS, Right.CONSULT)


@pytest.mark.parametrize(
    ("broken", "agent", "school", "place"),
    [
        (no_population, 2, COLLEGE, "account_pages"),
        (ended_links, 0, COLLEGE, "lists"),
        (links_which_are_not_legal, 0, COLLEGE, "statistics"),
        (closed_accounts, 0, COLLEGE, "exported_lists"),
        (addresses_of_every_record, 2, ECOLE, "account_pages"),
        (siblings_twice, 0, COLLEGE, "home"),
        (acts_signed_for_everybody, 1, LYCEE, "account_pages"),
        (delegations_for_ever, 1, FILAOS, "the_door"),
        (drafts_of_colleagues, 2, COLLEGE, "operations"),
        (lists_with_passwords_for_all, 2, COLLEGE, "documents"),
    ],
)
def test_what_is_broken_is_noticed(
    monkeypatch: Patch, broken: Callable[[Patch], None], agent: int, school: int, place: str
) -> None:
    with planted(NEIGHBOURS) as rows:
        walk = Walk(Oracle(NEIGHBOURS), rows, Reader(rows), agent, school)
        walk.look(place)
        broken(monkeypatch)
        with pytest.raises(AssertionError):
            walk.look(place)
