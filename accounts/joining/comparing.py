"""Two accounts of one establishment side by side, as it may see them: its own records alone, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from accounts.joining.rules import NotJoinable, Pair, choose
from accounts.joining.scoring import DOUBTS, REASONS, Reason
from accounts.models import AccountKind, Duplicate, Holding, Joining
from accounts.profile import Profile, read_profile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from accounts.models import Account
    from establishments.access import Access
    from establishments.models import Establishment


@dataclass(frozen=True, slots=True)
class Comparison:
    """`refusal` says why the two cannot be brought together; `pair` is what it would do otherwise."""

    duplicate: Duplicate
    sides: tuple[Profile, Profile]
    pair: Pair | None
    refusal: str

    @property
    def reasons(self) -> list[Reason]:
        return reasons_of(self.duplicate)

    @property
    def agreeing(self) -> frozenset[str]:
        return frozenset(self.duplicate.reasons)


def reasons_of(duplicate: Duplicate) -> list[Reason]:
    """Those which count for it first."""
    return [REASONS[code] for code in duplicate.reasons if code in REASONS]


def doubts_of(duplicate: Duplicate) -> list[str]:
    """In words, whether of one establishment or of two."""
    labels = {code: reason.label for code, reason in REASONS.items()} | DOUBTS
    if duplicate.establishment_id:
        labels = {code: reason.label for code, reason in REASONS.items()}
    return [labels[code] for code in duplicate.reasons if code in labels]


def open_duplicates(establishment: Establishment) -> QuerySet[Duplicate]:
    """Undecided, of two accounts which still hold a child there; the most probable first."""
    undecided = Duplicate.objects.filter(establishment=establishment, decision="", closed_at=None)
    for side in ("first", "second"):
        here = Holding.objects.filter(
            account=OuterRef(side), establishment=establishment, kind=AccountKind.RESPONSABLE
        )
        undecided = undecided.filter(Exists(here))
    return undecided.order_by("-score", "pk")


def compare(duplicate: Duplicate, access: Access) -> Comparison:
    """`duplicate` has been found open where `access` is."""
    sides = (read_profile(duplicate.first, access), read_profile(duplicate.second, access))
    try:
        return Comparison(duplicate, sides, choose(duplicate.first, duplicate.second), "")
    except NotJoinable as refused:
        return Comparison(duplicate, sides, None, str(refused))


def names_here(duplicates: Iterable[Duplicate], establishment: Establishment) -> dict[int, list[str]]:
    """By account, the responsable's name there and the children's, in one query."""
    keys = {key for each in duplicates for key in (each.first_id, each.second_id)}
    held = Holding.objects.filter(account__in=keys, establishment=establishment)
    found: dict[int, list[str]] = {}
    for holding in held.select_related("responsable", "student").order_by("student__birth_date", "pk"):
        names = found.setdefault(holding.account_id, [str(holding.responsable or "")])
        names.append(str(holding.student))
    return found


def joinings_of(account: Account) -> QuerySet[Joining]:
    """What was brought to the account and can be taken out of it again, the latest first."""
    standing = Joining.objects.filter(account=account, undone_at=None, sources__closed_at=None)
    return standing.select_related("former").distinct().order_by("-at", "-pk")
