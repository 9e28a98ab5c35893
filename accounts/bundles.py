"""How an agent wants an operation's sheets on paper, and the parts they are cut into."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from accounts.models import OperationPart

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from accounts.letters import Recipient
    from accounts.models import Operation

# What Operation.options holds them under: other choices may live beside.
KEY = "bundle"
BY_CLASS, BY_NAME = "class", "name"
# By sheets a page: small enough for a first progress within two seconds, large enough to amortise a start.
SHEETS_A_PART = {1: 25, 2: 48, 8: 96}


@dataclass(frozen=True, slots=True)
class Bundle:
    """`order` is BY_CLASS (then by pupil) or BY_NAME, of whom the sheets are addressed to."""

    sheets_a_page: int = 1
    order: str = BY_CLASS
    has_cover: bool = False
    has_signing: bool = False
    has_blank_backs: bool = False
    is_archive: bool = False

    @property
    def is_by_class(self) -> bool:
        """Whether each class makes a bundle of its own."""
        return self.order == BY_CLASS or self.is_archive

    @property
    def has_front(self) -> bool:
        return self.has_cover or self.has_signing

    @property
    def is_cut_by_class(self) -> bool:
        """Whether a class begins a new part: not a bare run of whole pages, which is cut anywhere."""
        return self.is_by_class and (self.has_front or self.is_archive or self.sheets_a_page > 1)

    @property
    def options(self) -> dict[str, Any]:
        return {KEY: asdict(self)}


def bundle_of(operation: Operation) -> Bundle:
    """What was chosen for the operation, else one whole letter a page, class after class."""
    return Bundle(**operation.options.get(KEY, {}))


def in_order(found: Sequence[Recipient], bundle: Bundle) -> list[Recipient]:
    if bundle.order == BY_CLASS:
        return sorted(found, key=lambda recipient: recipient.order)
    if not bundle.is_by_class:
        return sorted(found, key=lambda recipient: recipient.name_order)
    return sorted(found, key=lambda recipient: (recipient.class_order, recipient.name_order))


def cut(operation: Operation, found: Sequence[Recipient], bundle: Bundle) -> Iterator[OperationPart]:
    """The parts of an operation in printing order: what comes before a class, then its sheets."""
    position = 0
    for school_class, recipients in _groups(found, bundle):
        accounts = [recipient.account.pk for recipient in recipients]
        runs = [[], *_runs(accounts, bundle)] if bundle.has_front else _runs(accounts, bundle)
        for run in runs:
            yield OperationPart(
                operation=operation,
                position=position,
                school_class_id=school_class,
                is_front=not run,
                accounts=run,
            )
            position += 1


def _groups(found: Sequence[Recipient], bundle: Bundle) -> Iterator[tuple[int | None, Sequence[Recipient]]]:
    if not bundle.is_cut_by_class:
        yield None, found
        return
    for school_class, recipients in groupby(found, key=lambda r: r.eldest.student.school_class_id):
        yield school_class, list(recipients)


def _runs(accounts: list[int], bundle: Bundle) -> list[list[int]]:
    size = SHEETS_A_PART[bundle.sheets_a_page]
    return [accounts[start : start + size] for start in range(0, len(accounts), size)]
