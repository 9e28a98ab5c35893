"""The oracle notices what is broken: each promise of isolation is broken on purpose, and the look fails."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.db import connection
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404

from accounts import exports, journal, overview, profile
from accounts.models import Account, AccountKind, Operation
from establishments import access, kept_forms, sessions, visits
from establishments.access import Right
from establishments.delegations import people
from establishments.delegations import views as delegation_views
from establishments.models import Agent, AgentSession, Delegation, Establishment, Mandate, Visit
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


def granters_whatever_became_of_them(patch: Patch) -> None:
    patch.setattr(type(Delegation.objects.all()), "_is_orphaned", staticmethod(lambda: Q(pk=None)))


def deputies_who_all_grant(patch: Patch) -> None:
    mandates = type(Mandate.objects.all())
    patch.setattr(mandates, "which_may_delegate", mandates.in_force)


def deputies_who_all_delegate(patch: Patch) -> None:
    rights = access.rights_of_mandate
    patch.setattr(access, "rights_of_mandate", lambda role, may_delegate: rights(role, may_delegate=True))


def delegates_who_read_the_journal(patch: Patch) -> None:
    held = access._PROFILE_RIGHTS["CONSULT"] | {Right.READ_JOURNAL}
    patch.setitem(access._PROFILE_RIGHTS, "CONSULT", held)


def visitors_who_take_documents(patch: Patch) -> None:
    held = frozenset({Right.CONSULT, Right.EXPORT})
    patch.setattr(access, "rights_of_visit", lambda: {"RESPONSABLE": held, "STUDENT": held})


def _journal_without(condition: str) -> Callable[[Patch], None]:
    def broken(patch: Patch) -> None:
        one = journal._one

        def without(conditions: list[str], way: str) -> str:
            assert any(condition in each for each in [*conditions, journal._OWN_AFFAIRS])
            return one([each.replace(condition, "TRUE") for each in conditions], way)

        patch.setattr(journal, "_one", without)

    return broken


journal_of_every_establishment = _journal_without("e.establishment_id = %(establishment)s")
details_which_nobody_asked_for = _journal_without(journal._ACTS)
sign_ins_between_two_delegations = _journal_without("present.days @> e.at")


def accounts_which_left_named(patch: Patch) -> None:
    patch.setattr(type(Account.objects.all()), "visible_to", lambda accounts, access: accounts.all())


def delegates_of_the_nation(patch: Patch) -> None:
    patch.setattr(people, "linked_with", lambda establishment: Agent.objects.filter(is_active=True))


def addresses_in_part(patch: Patch) -> None:
    find = people.find

    def begun(query: str, establishment: Establishment) -> list[Agent]:
        return (
            list(Agent.objects.filter(email__startswith=query))
            if "@" in query
            else find(query, establishment)
        )

    patch.setattr(people, "find", begun)


def delegations_of_every_establishment(patch: Patch) -> None:
    def open_one(access: access.Access, pk: int) -> Delegation:
        return get_object_or_404(Delegation.objects.not_over().exclude(granted_by=None), pk=pk)

    patch.setattr(delegation_views, "_open_delegation", open_one)


def visits_to_every_establishment(patch: Patch) -> None:
    patch.setattr(visits, "visits_to", lambda establishment: Visit.objects.order_by("pk"))


def assistance_of_the_nation(patch: Patch) -> None:
    establishments = type(Establishment.objects.all())
    patch.setattr(establishments, "assisted_by", lambda found, agent: found.filter(is_offered=True))


def sessions_of_everybody(patch: Patch) -> None:
    patch.setattr(sessions, "alive", lambda agent: AgentSession.objects.all())


def sessions_which_anyone_ends(patch: Patch) -> None:
    def end_one(agent: Agent, pk: int, current: object) -> int:
        return sessions._end(AgentSession.objects.filter(pk=pk))

    patch.setattr(sessions, "end_one", end_one)


def forms_kept_for_whoever_comes(patch: Patch) -> None:
    kept_for = kept_forms.kept_for

    def of_its_author(session: SessionBase, agent: Agent) -> kept_forms.KeptForm | None:
        held = session.get("kept_form")
        return kept_for(session, Agent(pk=held["agent"]) if held else agent)

    patch.setattr(kept_forms, "kept_for", of_its_author)


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
        (delegations_for_ever, 4, COLLEGE, "the_door"),
        (drafts_of_colleagues, 2, COLLEGE, "operations"),
        (lists_with_passwords_for_all, 2, COLLEGE, "documents"),
        (granters_whatever_became_of_them, 0, ECOLE, "the_door"),
        (deputies_who_all_grant, 5, FILAOS, "the_door"),
        (deputies_who_all_grant, 1, FILAOS, "delegations"),
        (deputies_who_all_delegate, 4, FILAOS, "delegations"),
        (delegates_who_read_the_journal, 2, COLLEGE, "journal"),
        (visitors_who_take_documents, 1, ECOLE, "documents"),
        (journal_of_every_establishment, 0, COLLEGE, "journal"),
        (journal_of_every_establishment, 0, COLLEGE, "exported_journal"),
        (details_which_nobody_asked_for, 0, COLLEGE, "journal"),
        (sign_ins_between_two_delegations, 0, COLLEGE, "journal"),
        (accounts_which_left_named, 0, COLLEGE, "exported_journal"),
        (delegates_of_the_nation, 0, COLLEGE, "delegates"),
        (addresses_in_part, 0, COLLEGE, "delegates"),
        (delegations_of_every_establishment, 0, COLLEGE, "delegations"),
        (visits_to_every_establishment, 0, COLLEGE, "visits"),
        (assistance_of_the_nation, 1, FILAOS, "academy"),
        (sessions_of_everybody, 0, COLLEGE, "oneself"),
        (sessions_which_anyone_ends, 0, COLLEGE, "oneself"),
        (forms_kept_for_whoever_comes, 0, COLLEGE, "kept_form"),
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
