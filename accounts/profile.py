"""What an establishment may see of one account: the three blocks of its page, and its history (design §6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils import timezone

from accounts.activation.links import link_deadline, link_sent_at
from accounts.joining.children import each_once
from accounts.models import DataIssue, Holding
from accounts.passwords import Standing, password_deadline, password_standing
from accounts.secrets import open_secret
from accounts.transitions import SecretEffect, State
from establishments.access import Right
from establishments.models import Event, EventKind

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

    from accounts.models import Account
    from establishments.access import Access
    from establishments.models import Establishment, Responsable, Student

# What the page does not list: what it says at its head, and what has a page of its own.
_ELSEWHERE = (DataIssue.Kind.TO_RENOTIFY, DataIssue.Kind.DUPLICATE)


@dataclass(frozen=True, slots=True)
class Password:
    """`clear` is the provisional password, empty unless it was asked for; `can_be_shown`: it may be."""

    standing: Standing
    clear: str
    deadline: date | None
    is_readable: bool = True
    can_be_shown: bool = False


@dataclass(frozen=True, slots=True)
class Contact:
    """What the family validated beside what the records of this establishment say, with their source.

    `to_report` : the school's own software does not know what the family validated.
    """

    validated: str
    recorded: list[tuple[str, str]]
    to_report: str


@dataclass(frozen=True, slots=True)
class PendingLink:
    """The activation mail a family has yet to answer."""

    sent_at: datetime
    deadline: datetime
    is_expired: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """Contacts, address and names come from the records of the acting establishment, and no other."""

    account: Account
    holder: Responsable | Student
    password: Password
    mail: Contact
    mobile: Contact
    addresses: list[list[str]]
    records: list[Responsable | Student]
    records_here: list[Responsable] | list[Student]
    children_here: list[Student]
    children_elsewhere: list[Student]
    is_distributed_elsewhere: bool
    pending_link: PendingLink | None
    issues: list[DataIssue]
    must_be_renotified: bool


def read_profile(account: Account, access: Access, *, with_password: bool = False) -> Profile:
    """In a constant number of queries; `account` has been found visible to `access`."""
    here = access.establishment
    holdings = list(
        Holding.objects.filter(account=account, kind=account.kind)
        .select_related("student__school_class", "student__establishment", "responsable__feed")
        .order_by("student__birth_date", "student__given_name_key", "pk")
    )
    own = [holding for holding in holdings if holding.establishment_id == here.pk]
    records = list(
        {holding.responsable.pk: holding.responsable for holding in own if holding.responsable}.values()
    )
    children = each_once(holding.student for holding in own)
    issues = _issues(records or children, here)
    return Profile(
        account=account,
        holder=records[0] if records else children[0],
        password=_password(account, access, with_password=with_password),
        mail=_contact(account.mail, [(r.mail, r.feed.source) for r in records], str.casefold),
        mobile=_contact(account.mobile, [(r.mobile or r.mobile_raw, r.feed.source) for r in records], str),
        addresses=_distinct([record.address_lines for record in records]),
        records=_open_records(account),
        records_here=records or children,
        children_here=children,
        children_elsewhere=each_once(
            (h.student for h in holdings if h.establishment_id != here.pk), but=children
        ),
        is_distributed_elsewhere=account.distributed_by_id not in (None, here.pk),
        pending_link=_pending_link(account),
        issues=[issue for issue in issues if issue.kind not in _ELSEWHERE],
        must_be_renotified=any(issue.kind == DataIssue.Kind.TO_RENOTIFY for issue in issues),
    )


@transaction.atomic
def show_password(account: Account, access: Access) -> Profile:
    """The same with the provisional password in clear; who saw it, and when, is recorded."""
    profile = read_profile(account, access, with_password=True)
    if profile.password.clear:
        Event.objects.create(
            kind=EventKind.ACCOUNT_SECRET_SHOWN,
            establishment=access.establishment,
            actor=Event.Actor.AGENT,
            agent=access.agent,
            target_kind="account",
            target_id=account.pk,
        )
    return profile


def _issues(records: list[Responsable] | list[Student], here: Establishment) -> list[DataIssue]:
    """What `here` has to correct, or to do again, about the holder and, for a responsable, the children."""
    found = DataIssue.objects.unsolved().filter(establishment=here).about(records)
    related = found.select_related("responsable", "student", "establishment__feed")
    return list(related.order_by("student", "kind"))


def _distinct(values: list[Any]) -> list[Any]:
    """Without repeats nor empty ones, in the same order: one child may be linked by two records."""
    return [value for index, value in enumerate(values) if value and value not in values[:index]]


def _pending_link(account: Account) -> PendingLink | None:
    if account.state != State.ACTIVATING:
        return None
    deadline = link_deadline(account)
    return PendingLink(link_sent_at(account), deadline, is_expired=deadline <= timezone.now())


def _password(account: Account, access: Access, *, with_password: bool) -> Password:
    standing = password_standing(account, timezone.now())
    deadline = password_deadline(account, standing, access.establishment.academy.zone)
    if standing != Standing.PROVISIONAL or not access.can(Right.ASSIST, account.kind):
        return Password(standing, "", deadline)
    try:
        clear = open_secret(account.sealed_secret)
    except InvalidToken:
        return Password(standing, "", deadline, is_readable=False)
    return Password(standing, clear if with_password else "", deadline, can_be_shown=True)


def _contact(validated: str, recorded: list[tuple[str, str]], key: Any) -> Contact:
    known = _distinct([(value, source) for value, source in recorded if value])
    missing = validated and recorded and key(validated) not in {key(value) for value, _ in known}
    return Contact(validated, known, recorded[0][1] if missing else "")


def _open_records(account: Account) -> list[Responsable | Student]:
    """Every record the account stands for, whatever the school: the guide's « sources de données »."""
    opened = account.sources.filter(closed_at__isnull=True).order_by("opened_at", "pk")
    sources = opened.select_related("responsable__feed__academy", "student__feed__academy")
    return [record for source in sources if (record := source.responsable or source.student)]


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the history; `operation` is the pk of a bulk action of this establishment, or none."""

    event: Event
    by: str
    detail: str
    operation: int | None


_DETAILS = {
    SecretEffect.DRAWN: "premier mot de passe provisoire",
    SecretEffect.REDRAWN: "mot de passe expiré, remplacé",
    SecretEffect.KEPT: "mot de passe conservé",
}


def history_of(account: Account) -> QuerySet[Event]:
    """What was done to the account, the latest first."""
    events = Event.objects.filter(target_kind="account", target_id=account.pk)
    return events.select_related("agent").order_by("-at", "-pk")


def deed(event: Event, establishment: Establishment) -> Deed:
    """An event as `establishment` may read it: another's agents are not named, nor its operations."""
    is_own = event.establishment_id == establishment.pk
    return Deed(
        event,
        by=_author(event, is_own=is_own),
        detail=_detail(event, is_own=is_own),
        operation=event.data.get("operation") if is_own else None,
    )


def _detail(event: Event, *, is_own: bool) -> str:
    if event.kind == EventKind.ACCOUNT_RELATION_CHECKED and is_own:
        return f"«\N{NO-BREAK SPACE}{event.data['reason']}\N{NO-BREAK SPACE}»"
    if event.data.get("to_new_address"):
        return "à une nouvelle adresse"
    if event.kind == EventKind.ACCOUNT_REMINDED:
        return f"{event.data['days_ahead']} jours avant"
    return _DETAILS.get(event.data.get("effect"), "") if event.kind == EventKind.ACCOUNT_NOTIFY else ""


def _author(event: Event, *, is_own: bool) -> str:
    if event.actor == Event.Actor.FAMILY:
        return "la famille"
    if event.actor == Event.Actor.PLATFORM:
        return "la plateforme"
    if event.establishment_id is None:
        return "l’académie"
    return event.agent.full_name if is_own and event.agent else "un autre établissement"
