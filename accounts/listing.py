"""One page of a list of accounts: its headers, its lines and its totals, ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils import timezone

from accounts.contacts import has_mail
from accounts.forms import PAGE_SIZES
from accounts.models import ORIGIN_LABELS, STATE_LABELS
from accounts.passwords import Standing, account_of, password_deadline, password_standing

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from accounts.forms import AccountFilterForm
    from accounts.rows import RowQuerySet
    from establishments.models import Establishment


@dataclass(frozen=True, slots=True)
class Header:
    """A column and the address that sorts by it; `sort` is what aria-sort says, empty for the others."""

    name: str
    label: str
    address: str
    sort: str


class Line(TypedDict):
    """A row as it is shown, of an account's pk. `deadline` is the last day of a provisional password,
    `is_dead`: it is over. `formation` is the MEF in the 2nd degré, the level in the 1er.

    A dictionary, because templates read one twice as fast as an object.
    """

    account: int
    address: str
    student: str
    class_label: str
    formation: str
    holder: str
    identifier: str
    has_mail: bool
    state: str
    state_label: str
    is_dead: bool
    origin_label: str
    distributed_at: datetime | None
    deadline: date | None
    last_sign_in_at: datetime | None


@dataclass(frozen=True, slots=True)
class Listing:
    """`page` holds keys of rows, `lines` the rows themselves; totals are those of the whole search."""

    form: AccountFilterForm
    page: Page[int]
    lines: list[Line]
    rows: int
    accounts: int

    @property
    def headers(self) -> list[Header]:
        return [self._header(name, label) for name, label in self.form.columns.items()]

    def _header(self, name: str, label: str) -> Header:
        order = self.form.order
        is_ascending = order == name
        sort = "ascending" if is_ascending else "descending" if order == f"-{name}" else ""
        return Header(name, label, "?" + self.form.query(tri=f"-{name}" if is_ascending else name), sort)

    @property
    def page_sizes(self) -> list[tuple[int, str]]:
        """How many rows a page may have, with the address of each."""
        return [(size, "?" + self.form.query(lignes=str(size))) for size in sorted(PAGE_SIZES)]

    @property
    def address(self) -> str:
        """Where this page of this list is, without what says nothing."""
        return "?" + self.form.query(page=str(self.page.number) if self.page.number > 1 else "")


def read_listing(form: AccountFilterForm, seen: RowQuerySet, page: str | None, at: Establishment) -> Listing:
    """The page `page` (the nearest one there is) of what `form` finds among the rows `seen`."""
    found = form.filter(seen).found()
    current = Paginator(found.rows, form.page_size).get_page(page)
    now, zone = timezone.now(), at.academy.zone
    # Reversed once: reversing fifty addresses takes longer than reading their rows.
    account_pages = reverse("account", args=[at.uai, 0]).removesuffix("0/")
    rows = seen.detailed(list(current.object_list))
    lines = [_line(row, f"{account_pages}{row['account_id']}/", now, zone) for row in rows]
    return Listing(form, current, lines, rows=len(found.rows), accounts=found.accounts)


def _line(row: dict[str, Any], address: str, now: datetime, zone: ZoneInfo) -> Line:
    account = account_of(row)
    standing = password_standing(account, now)
    student = _name(row, "student")
    return Line(
        account=row["account_id"],
        address=address,
        student=student,
        class_label=row["student__school_class__label"] or "–",
        formation=row["student__mef__label"] or row["student__level"] or "–",
        holder=_name(row, "responsable") or student,
        identifier=row["account__identifier"],
        has_mail=has_mail(row["account__mail"], row["responsable__mail"]),
        state=row["account__state"],
        state_label=STATE_LABELS[row["account__state"]],
        is_dead=standing == Standing.EXPIRED,
        origin_label=ORIGIN_LABELS[row["account__origin"]],
        distributed_at=row["account__distributed_at"],
        deadline=password_deadline(account, standing, zone),
        last_sign_in_at=row["account__last_sign_in_at"],
    )


def _name(row: dict[str, Any], person: str) -> str:
    """« LE GOFF Éloïse »; empty when there is nobody."""
    return f"{row[f'{person}__surname'] or ''} {row[f'{person}__given_name'] or ''}".strip()
