"""Reads the case of one account: from its profile, and from the records of the acting school."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Max

from accounts.activation.mails import LINK
from accounts.assistance.case import Case, Hidden, HiddenChild, Mail, Number, Twin
from accounts.joining.children import are_one
from accounts.models import AccountKind, AccountMail, Holding
from accounts.models.data_issue import DataIssueKind
from establishments.models import Event, EventKind, Responsable, Responsibility, Student
from notifications.models import NOT_DELIVERED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from accounts.models import Account
    from accounts.profile import Profile
    from establishments.access import Access


def read_case(profile: Profile, access: Access) -> Case:
    """In a constant number of queries; nothing here comes from the records of another school."""
    account = profile.account
    here = access.establishment
    records = [record for record in profile.records_here if isinstance(record, Responsable)]

    def local(moment: datetime | None) -> date | None:
        return here.academy.local_date(moment) if moment else None

    return Case(
        identifier=account.identifier,
        state=account.state_now,
        standing=profile.password.standing,
        is_responsable=account.kind == AccountKind.RESPONSABLE,
        source=here.feed.source,
        address=settings.ACTIVATION_URL,
        distributed_on=local(account.distributed_at),
        deadline=profile.password.deadline,
        reset_on=local(account.reset_requested_at),
        mailed_on=local(_mailed_at(account)),
        is_mail_undelivered=_is_undelivered(account),
        activated_on=local(account.activated_at),
        last_sign_in_on=local(account.last_sign_in_at),
        mobile=_number(profile, records),
        mail=Mail(account.mail, account.pending_mail, _each(record.mail for record in records)),
        children_elsewhere=tuple(_child(child) for child in profile.children_elsewhere),
        doubtful_births=_each(
            issue.record.full_name
            for issue in profile.issues
            if issue.kind == DataIssueKind.BIRTH_DATE_DOUBTFUL
        ),
        hidden=tuple(_hidden(profile, records, access)),
        twins=tuple(_twins(account, records, access)),
    )


def _mailed_at(account: Account) -> datetime | None:
    """When the last activation mail left."""
    resent = Event.objects.filter(
        target_kind="account", target_id=account.pk, kind=EventKind.ACCOUNT_ACTIVATION_RESENT
    ).aggregate(at=Max("at"))["at"]
    return max(filter(None, [account.activating_since, resent]), default=None)


def _is_undelivered(account: Account) -> bool:
    """Whether the last activation mail failed, was refused or came back."""
    mails = AccountMail.objects.filter(account=account, delivery__reference_kind=LINK)
    last = mails.order_by("-pk").values_list("delivery__status", flat=True).first()
    return last in NOT_DELIVERED


def _number(profile: Profile, records: list[Responsable]) -> Number:
    return Number(
        profile.account.mobile,
        _each(record.mobile for record in records),
        _each(record.mobile_raw for record in records if not record.mobile),
        any(issue.kind == DataIssueKind.MOBILE_SHARED for issue in profile.issues),
    )


def _each(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))


def _child(child: Student) -> str:
    return f"{child.full_name} ({child.establishment})" if child.establishment else child.full_name


def _hidden(profile: Profile, records: list[Responsable], access: Access) -> Iterable[HiddenChild]:
    """The pupils of this school that these records name, now or once, and that the account does not show."""
    links = (
        Responsibility.objects.filter(responsable__in=records, student__establishment=access.establishment)
        .exclude(student__in=profile.children_here)
        .select_related("student")
        .order_by("student__birth_date", "student__given_name_key", "pk")
    )
    shown = (*profile.children_here, *profile.children_elsewhere)
    for link in links:
        if not any(are_one(link.student, child) for child in shown):
            yield HiddenChild(link.student.full_name, _because(link))


def _because(link: Responsibility) -> Hidden:
    reasons = {
        Hidden.LEFT: link.student.left_at is not None,
        Hidden.UNLINKED: link.ended_at is not None,
        Hidden.NOT_LEGAL: not link.is_legal,
        Hidden.NO_INE: link.student.eligible_at is None and not link.student.ine,
        Hidden.NO_CLASS: link.student.eligible_at is None and link.student.school_class_id is None,
    }
    return next((reason for reason, holds in reasons.items() if holds), Hidden.NEW)


def _twins(account: Account, records: list[Responsable], access: Access) -> Iterable[Twin]:
    """The other accounts here whose holder has the same name, by its keys, with their children of here."""
    namesakes: dict[int, list[Holding]] = {}
    for name in {(record.surname_key, record.given_name_key) for record in records}:
        found = Holding.objects.filter(
            establishment=access.establishment,
            kind=AccountKind.RESPONSABLE,
            responsable__surname_key=name[0],
            responsable__given_name_key=name[1],
        ).exclude(account=account)
        related = found.select_related("account", "responsable", "student")
        for holding in related.order_by("account__identifier", "student__birth_date", "pk"):
            namesakes.setdefault(holding.account_id, []).append(holding)
    ways = _ways(account, records)
    for pk, holdings in namesakes.items():
        other = holdings[0].account
        others = [holding.responsable for holding in holdings if holding.responsable]
        children = dict.fromkeys(holding.student.full_name for holding in holdings)
        yield Twin(pk, other.identifier, tuple(children), bool(ways & _ways(other, others)))


def _ways(account: Account, records: list[Responsable]) -> set[str]:
    """Every mobile and mail the holder can be reached at."""
    known = {account.mobile, account.mail.casefold()}
    for record in records:
        known |= {record.mobile, record.mail.casefold()}
    return known - {""}
