"""One page of a list of accounts: its headers, its lines and its totals, ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.paginator import Page, Paginator
from django.utils import timezone

from accounts.forms import PAGE_SIZES
from accounts.passwords import Standing, password_deadline, password_standing

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from accounts.forms import AccountFilterForm
    from accounts.models import Holding
    from accounts.rows import RowQuerySet


@dataclass(frozen=True, slots=True)
class Header:
    """A column and the address that sorts by it; `sort` is what aria-sort says, empty for the others."""

    name: str
    label: str
    address: str
    sort: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it is shown. `deadline` is the last day of a provisional password, `is_dead`: it is over."""

    holding: Holding
    has_mail: bool
    deadline: date | None
    is_dead: bool

    @property
    def class_label(self) -> str:
        school_class = self.holding.student.school_class
        return school_class.label if school_class else ""

    @property
    def formation(self) -> str:
        """The MEF of a pupil of the 2nd degré, the level of one of the 1er."""
        student = self.holding.student
        return student.mef.label if student.mef else student.level


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


def read_listing(form: AccountFilterForm, seen: RowQuerySet, page: str | None, zone: ZoneInfo) -> Listing:
    """The page `page` (the nearest one there is) of what `form` finds among the rows `seen`."""
    found = form.filter(seen).found()
    current = Paginator(found.rows, form.page_size).get_page(page)
    now = timezone.now()
    lines = [_line(holding, now, zone) for holding in seen.detailed(list(current.object_list))]
    return Listing(form, current, lines, rows=len(found.rows), accounts=len(found.accounts))


def _line(holding: Holding, now: datetime, zone: ZoneInfo) -> Line:
    account, responsable = holding.account, holding.responsable
    standing = password_standing(account, now)
    return Line(
        holding,
        has_mail=bool(account.mail or (responsable and responsable.mail)),
        deadline=password_deadline(account, standing, zone),
        is_dead=standing == Standing.EXPIRED,
    )
