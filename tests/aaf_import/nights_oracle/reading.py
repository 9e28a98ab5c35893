"""What the database says, in the oracle's terms."""

from __future__ import annotations

from collections import Counter
from typing import Any

from aaf_import.models import RecordChange
from accounts.models import Account, AccountSource, DataIssue, Duplicate, Joining, Recheck
from establishments.models import Event, EventKind, Feed, Responsable, Responsibility, Student
from tests.aaf_import.nights_oracle import rules
from tests.aaf_import.nights_oracle.rules import Oracle
from tests.aaf_import.nights_oracle.world import Key

_WRITTEN_BY_A_JOINING = {"version"}
_WRITTEN_BY_A_CLOSING = {
    "version",
    "closed_at",
    "merged_into_id",
    "sealed_secret",
    "secret_expires_at",
    "activation_link_number",
}


def key_of(record: Student | Responsable) -> Key:
    return (record.feed.academy_id, record.feed.degree), record.jointure


def order_of_records() -> dict[Key, int]:
    return {key_of(record): record.pk for record in Responsable.objects.select_related("feed__academy")}


def learn_accounts(oracle: Oracle) -> None:
    """Which rows are the accounts that the oracle has just made: each was made for one record."""
    known = {account.pk for account in oracle.accounts}
    sources = AccountSource.objects.exclude(account__in=known).order_by("account_id", "pk")
    sources = sources.select_related("student__feed", "responsable__feed", "account")
    made: dict[tuple[str, Key], int] = {}
    for source in sources:
        made.setdefault((source.account.kind, key_of(source.record)), source.account_id)
    for account in oracle.accounts:
        if not account.pk:
            account.pk = made[account.kind, account.born_of]


def rows_of_accounts() -> dict[int, dict[str, Any]]:
    return {row["id"]: row for row in Account.objects.values()}


def told_apart() -> dict[int, tuple[Any, ...]]:
    """What is said of each pair of accounts of different schools which were told apart."""
    decided = Duplicate.objects.filter(establishment=None, decision=Duplicate.Decision.DIFFERENT)
    return {pk: tuple(said) for pk, *said in decided.values_list("pk", "score", "reasons", "closed_at")}


def check(oracle: Oracle, feed: tuple[str, int], before: dict[int, dict[str, Any]]) -> None:
    found, expected = says(feed), tells(oracle, feed)
    for name, rows in expected.items():
        assert found[name] == rows, (name, _difference(found[name], rows))
    _check_rows(oracle, before)


def _difference(found: Any, expected: Any) -> str:
    if isinstance(found, dict):
        found, expected = set(found.items()), set(expected.items())
    if isinstance(found, Counter):
        return f"found {found - expected}, lacks {expected - found}"
    return f"found {found - expected}, lacks {expected - found}"


def _check_rows(oracle: Oracle, before: dict[int, dict[str, Any]]) -> None:
    """An import writes no account; what follows it, those brought together and those which come back."""
    after = rows_of_accounts()
    merged = {account.pk: account.merged_into.pk for account in oracle.accounts if account.merged_into}
    assert before.keys() <= after.keys()
    for pk, row in before.items():
        changed = {name for name in row if row[name] != after[pk][name]}
        if row["closed_at"] and not after[pk]["closed_at"]:
            assert changed == {"closed_at", "version"}, "a return"
        elif pk in merged and not row["merged_into_id"]:
            assert changed <= _WRITTEN_BY_A_CLOSING
        else:
            allowed = _WRITTEN_BY_A_JOINING if pk in merged.values() else set()
            assert changed <= allowed, (pk, changed)
    for account in oracle.accounts:
        assert after[account.pk]["identifier"].rstrip("0123456789") == account.base


def says(feed: tuple[str, int]) -> dict[str, Any]:
    pupils = Student.objects.select_related("feed__academy", "establishment", "school_class")
    links = Responsibility.objects.select_related("student__feed", "responsable__feed")
    sources = AccountSource.objects.filter(closed_at=None).select_related(
        "account", "student__feed", "responsable__feed"
    )
    unsolved = DataIssue.objects.unsolved().select_related(
        "establishment__feed", "student__feed", "responsable__feed", "duplicate"
    )
    own = Feed.objects.get(academy=feed[0], degree=feed[1])
    changes = RecordChange.objects.filter(at=own.applied_at, establishment__feed=own)
    changes = changes.select_related("establishment__feed", "student__feed", "responsable__feed")
    undecided = Duplicate.objects.filter(decision="", closed_at=None)
    return {
        "pupils": {
            key_of(each): (
                each.establishment and each.establishment.jointure,
                each.school_class.key if each.school_class else "",
                each.ine,
                f"{each.birth_date:%d/%m/%Y}",
                each.given_name,
                each.left_at is None,
                each.eligible_at is not None,
            )
            for each in pupils
        },
        "records": {
            key_of(each): (
                each.surname,
                each.birth_surname,
                each.given_name,
                each.mobile,
                each.mail.lower(),
                each.title,
                each.left_at is None,
            )
            for each in Responsable.objects.select_related("feed__academy")
        },
        "links": {
            (key_of(each.student), key_of(each.responsable)): (each.kinship, each.is_legal)
            for each in links.filter(ended_at=None)
        },
        "ended links": {
            (key_of(each.student), key_of(each.responsable)) for each in links.exclude(ended_at=None)
        },
        "accounts": {
            each.pk: (
                each.kind,
                each.state,
                each.mail,
                each.mobile,
                each.closed_at is not None,
                each.merged_into_id,
            )
            for each in Account.objects.all()
        },
        "sources": {
            (each.account.kind, key_of(each.record)): (each.account_id, each.reason) for each in sources
        },
        "issues": {
            (each.kind, _place(each.establishment), key_of(each.record))
            for each in unsolved.exclude(kind__in=["TO_RENOTIFY", "DUPLICATE"])
        },
        "to renotify": {
            (_place(each.establishment), key_of(each.record)) for each in unsolved.filter(kind="TO_RENOTIFY")
        },
        "duplicates": {
            (_place(each.establishment), frozenset({each.first_id, each.second_id})): frozenset(each.reasons)
            for each in undecided.filter(establishment__feed=own).select_related("establishment__feed")
        },
        "told duplicates": Counter(
            (_place(each.establishment), frozenset({each.duplicate.first_id, each.duplicate.second_id}))
            for each in unsolved.filter(kind="DUPLICATE", establishment__feed=own)
        ),
        "doubts": {
            frozenset({each.first_id, each.second_id}): each.reasons[0]
            for each in undecided.filter(establishment=None)
        },
        "joinings": Counter(Joining.objects.values_list("account", "former")),
        "told joinings": Event.objects.filter(kind=EventKind.ACCOUNT_JOINED).count(),
        "changes": Counter(
            (each.kind, _place(each.establishment), key_of(each.student or each.responsable))
            for each in changes
        ),
        "waiting": Recheck.objects.filter(responsable__feed=own).count(),
    }


def tells(oracle: Oracle, feed: tuple[str, int]) -> dict[str, Any]:
    told = {key: each.said for key, each in oracle.pupils.items()}
    return {
        "pupils": {
            key: (
                said.school,
                said.room,
                said.ine,
                said.birth_date,
                said.given_name,
                oracle.pupils[key].is_present,
                oracle.pupils[key].is_eligible,
            )
            for key, said in told.items()
        },
        "records": {
            key: (
                each.said.surname,
                each.said.birth_surname,
                each.said.given_name,
                rules.mobile(each.said.mobile),
                rules.mail(each.said.mail),
                each.said.title,
                each.is_present,
            )
            for key, each in oracle.records.items()
        },
        "links": {
            pair: (each.kinship, each.is_legal) for pair, each in oracle.links.items() if each.is_in_force
        },
        "ended links": {pair for pair, each in oracle.links.items() if not each.is_in_force},
        "accounts": {
            each.pk: (
                each.kind,
                each.state,
                each.mail,
                each.mobile,
                each.is_closed,
                each.merged_into.pk if each.merged_into else None,
            )
            for each in oracle.accounts
        },
        "sources": {who: (each.account.pk, each.reason) for who, each in oracle.sources.items()},
        "issues": oracle.issues,
        "to renotify": set(oracle.to_renotify),
        "duplicates": {key: why for key, why in oracle.duplicates.items() if key[0][0] == feed},
        "told duplicates": Counter(key for key in oracle.duplicates if key[0][0] == feed),
        "doubts": {pair: why for pair, why in oracle.doubts.items() if pair not in oracle.apart},
        "joinings": oracle.joinings,
        "told joinings": oracle.joinings.total(),
        "changes": Counter(oracle.changes),
        "waiting": 0,
    }


def _place(establishment: Any) -> tuple[tuple[str, int], str]:
    return (establishment.feed.academy_id, establishment.feed.degree), establishment.jointure
