"""The lines of « À traiter »: each issue with who it is about, their class and the accounts it holds back."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.contacts import has_mail
from accounts.joining.children import each_once
from accounts.models import AccountKind, DataIssue, Holding, kinds_of
from accounts.rows import deadlines, rows_seen_by
from accounts.transitions import State
from establishments.access import Right
from establishments.models import Responsable
from establishments.templatetags.french import number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.issue_form import IssueForm
    from accounts.models.data_issue import DataIssueQuerySet
    from establishments.access import Access

LINES_A_PAGE = 50
NAMED = 5
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class KindCount:
    kind: str
    label: str
    lines: int


@dataclass(frozen=True, slots=True)
class Families:
    """Accounts which a correction lets reach, not active yet: those with a contact mail, and the others."""

    by_mail: list[int]
    on_paper: list[int]

    @property
    def by_mail_keys(self) -> str:
        return ",".join(map(str, self.by_mail))

    @property
    def on_paper_keys(self) -> str:
        return ",".join(map(str, self.on_paper))


@dataclass(frozen=True, slots=True)
class Line:
    """`account` is the key of the page to open, 0 when the agent sees none; `pupils` are those of a
    responsable here, none for the line of a pupil; `twin` the other holder of a probable duplicate.
    """

    issue: DataIssue
    account: int
    classes: list[str]
    pupils: list[str]
    families: Families
    twin: str = ""

    @property
    def who(self) -> str:
        name = self.issue.record.full_name
        return f"{name} et {self.twin}" if self.twin not in ("", name) else name

    @property
    def class_label(self) -> str:
        return _bounded(self.classes, "autre classe")

    @property
    def pupils_label(self) -> str:
        return _bounded(self.pupils, "autre élève")

    @property
    def named_pupils(self) -> str:
        return ", ".join(self.pupils[: len(self.pupils) - self.unnamed_pupils])

    @property
    def unnamed_pupils(self) -> int:
        return _unnamed(self.pupils)

    @property
    def is_of_pupil(self) -> bool:
        return self.issue.student_id is not None


def _bounded(names: list[str], other: str) -> str:
    """The first of them, and how many others: an institution answers for dozens."""
    if more := _unnamed(names):
        return f"{', '.join(names[:NAMED])} et {number(more)} {other.replace(' ', 's ')}s"
    return ", ".join(names)


def _unnamed(names: list[str]) -> int:
    """None when it would be for one name alone."""
    return more if (more := len(names) - NAMED) > 1 else 0


def counts(form: IssueForm) -> list[KindCount]:
    """How many lines of each kind the other filters find, the most numerous first."""
    found = Counter(form.of_any_kind().count_by_kind())
    labels = dict(DataIssue.Kind.choices)
    return [KindCount(kind, labels[kind], lines) for kind, lines in found.most_common()]


def read_page(form: IssueForm, found: list[KindCount], number: str | None) -> Page[int]:
    """Keys of lines, in their order; the total is that of the counts already made."""
    chosen = form.cleaned_data.get("constat")
    keys = in_order(form.found(), solved=form.wants_solved).values_list("pk", flat=True)
    paginator = Paginator(keys, LINES_A_PAGE)
    paginator.count = sum(each.lines for each in found if chosen in ("", each.kind))
    return paginator.get_page(number)


def in_order(issues: DataIssueQuerySet, *, solved: bool) -> DataIssueQuerySet:
    """The newest first, those of one night by name."""
    names = [Coalesce(f"responsable__{key}", f"student__{key}") for key in ("surname_key", "given_name_key")]
    return issues.order_by("-solved_at" if solved else "-opened_at", *names, "pk")


def lines_of_page(access: Access, page: Page[int]) -> list[Line]:
    """The lines whose keys the page holds, in its order."""
    issues = read(DataIssue.objects.all()).in_bulk(list(page))
    return lines_of(access, [issues[key] for key in page if key in issues])


def read(issues: DataIssueQuerySet) -> DataIssueQuerySet:
    """With the records they are about."""
    return issues.select_related("responsable", "student__school_class", "duplicate")


def contesting_names(issue: DataIssue) -> list[str]:
    """Those who say that the relation is not theirs, while their record has them answer for the pupil."""
    records = Responsable.objects.filter(
        pk__in=issue.contested_by,
        responsibilities__student=issue.student_id,
        responsibilities__is_legal=True,
        responsibilities__ended_at__isnull=True,
    )
    return [record.full_name for record in records.order_by("surname_key", "given_name_key", "pk").distinct()]


def lines_of(access: Access, issues: Iterable[DataIssue]) -> list[Line]:
    """What the accounts of the establishment tell of the records of `issues`, read in one query."""
    issues = list(issues)
    for issue in issues:
        issue.establishment = access.establishment
    held = _Held(_held(access, issues))
    return [held.line(issue) for issue in issues]


class _Held:
    """What accounts hold in an establishment, by what lines are about."""

    def __init__(self, rows: Iterable[Holding]) -> None:
        self.of_responsable = defaultdict[int, list[Holding]](list)
        self.of_student = defaultdict[int, list[Holding]](list)
        self.of_account = defaultdict[int, list[Holding]](list)
        for row in rows:
            self.of_student[row.student_id].append(row)
            self.of_account[row.account_id].append(row)
            if row.responsable_id:
                self.of_responsable[row.responsable_id].append(row)

    def line(self, issue: DataIssue) -> Line:
        if issue.duplicate:
            pair = self.of_account[issue.duplicate.first_id], self.of_account[issue.duplicate.second_id]
            return _of_pair(issue, *pair)
        if issue.responsable_id:
            return _of_responsable(issue, self.of_responsable[issue.responsable_id])
        return _of_pupil(issue, self.of_student[issue.student_id or 0])


def _held(access: Access, issues: list[DataIssue]) -> Iterable[Holding]:
    """A pupil's own row too; those of a responsable alone are of that responsable."""
    responsables = [issue.responsable_id for issue in issues if issue.responsable_id]
    students = [issue.student_id for issue in issues if issue.student_id]
    pairs = [issue.duplicate for issue in issues if issue.duplicate]
    accounts = [key for pair in pairs for key in (pair.first_id, pair.second_id)]
    return (
        Holding.objects.filter(
            Q(responsable__in=responsables) | Q(student__in=students) | Q(account__in=accounts)
        )
        .filter(establishment=access.establishment, kind__in=kinds_of(access))
        .select_related("account", "student__school_class", "responsable")
        .order_by("surname_key", "given_name_key", "student_id", "account_id")
    )


def _of_responsable(issue: DataIssue, rows: list[Holding]) -> Line:
    pupils = each_once(row.student for row in rows)
    classes = dict.fromkeys(pupil.school_class.label for pupil in pupils if pupil.school_class)
    return Line(
        issue,
        account=rows[0].account_id if rows else 0,
        classes=list(classes),
        pupils=[pupil.full_name for pupil in pupils],
        families=_families(rows),
    )


def _of_pair(issue: DataIssue, first: list[Holding], second: list[Holding]) -> Line:
    """It opens the page which compares the two, and there is nobody to tell."""
    line = _of_responsable(issue, [row for row in (*first, *second) if row.responsable_id])
    other = next((row.responsable.full_name for row in second if row.responsable), "")
    return replace(line, account=0, twin=other, families=Families([], []))


def _of_pupil(issue: DataIssue, rows: list[Holding]) -> Line:
    assert issue.student is not None
    own = next((row.account_id for row in rows if row.kind == AccountKind.STUDENT), 0)
    pupil = issue.student
    is_here = pupil.left_at is None and pupil.establishment_id == issue.establishment_id
    school_class = pupil.school_class if is_here else None
    return Line(
        issue,
        account=own,
        classes=[school_class.label] if school_class else [],
        pupils=[],
        families=_families(
            row for row in rows if row.kind == AccountKind.RESPONSABLE and not issue.is_contested
        ),
    )


def _families(rows: Iterable[Holding]) -> Families:
    """Of the accounts which these rows are of."""
    return _reached(
        (row.account_id, row.account.state, row.account.mail, row.responsable.mail if row.responsable else "")
        for row in rows
    )


def _reached(rows: Iterable[tuple[int, str, str, str | None]]) -> Families:
    """Accounts which are not active, by key, state, validated address and that of a record: one is enough."""
    reached: dict[int, bool] = {}
    for key, state, validated, recorded in rows:
        if state != State.ACTIVE:
            reached[key] = reached.get(key, False) or has_mail(validated, recorded)
    by_mail = [key for key, has_one in reached.items() if has_one]
    return Families(by_mail, [key for key, has_one in reached.items() if not has_one])


def families_of_the_week(access: Access) -> Families:
    """Those whom the corrections of the last seven days let reach, if the agent may notify them."""
    if not access.can(Right.ASSIST, AccountKind.RESPONSABLE):
        return Families([], [])
    solved = DataIssue.objects.visible_to(access).solved_since(timezone.now() - WEEK).order_by()
    solved = solved.exclude(kind__in=[DataIssue.Kind.DUPLICATE, DataIssue.Kind.RELATION_CONTESTED])
    records = list(solved.values_list("responsable", "student"))
    responsables = {responsable for responsable, _ in records if responsable}
    students = {student for _, student in records if student}
    rows = rows_seen_by(access, AccountKind.RESPONSABLE).filter(
        Q(responsable__in=responsables) | Q(student__in=students)
    )
    shown = rows.order_by("account_id").values_list(
        "account_id", "account__state", "account__mail", "responsable__mail"
    )
    return _reached(shown)


@dataclass(frozen=True, slots=True)
class ToDoHere:
    """What is not in the school's own software: done in the console, on the list these filters open."""

    kind: str
    accounts: int
    filters: str = "expire=passe&tri=notification"


def expired_letters(access: Access) -> list[ToDoHere]:
    """Notified accounts whose provisional password is dead, by population: derived, never stored."""
    expired = Holding.objects.filter(
        deadlines(timezone.now())["passe"], establishment=access.establishment, kind__in=kinds_of(access)
    )
    counted = expired.order_by().values_list("kind").annotate(Count("account", distinct=True))
    return [ToDoHere(kind, accounts) for kind, accounts in sorted(counted)]
