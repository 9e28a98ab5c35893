"""Where the accounts of an establishment stand, and what calls for its director: one query for all of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, OuterRef, Q, Subquery

from accounts.contacts import HAS_MAIL
from accounts.models import STATE_LABELS, Account, AccountKind, Holding, Operation, OperationItem, kinds_of
from accounts.rows import HAS_MOBILE, RowQuerySet, deadlines
from accounts.transitions import State
from establishments.access import Right
from establishments.models import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from establishments.access import Access
    from establishments.models import Agent, Feed

RECENT = timedelta(days=30)
SHOWN = 6
BAR_WIDTH = 1000
_COUNTED = ("expired", "expiring_soon", "expiring_later", "slow", "unreachable", "able", "unable")
UNOPENED = (State.NOT_NOTIFIED, State.NOTIFIED)
SINGLE_ACTS = (
    EventKind.ACCOUNT_NOTIFY,
    EventKind.ACCOUNT_NOTIFY_RESET,
    EventKind.ACCOUNT_SHEET_REPRINT,
    EventKind.ACCOUNT_PASSWORD_RESET,
    EventKind.ACCOUNT_ACTIVATION_RESENT,
)


@dataclass(frozen=True, slots=True)
class StateCount:
    """`start` and `width` place it on a bar of BAR_WIDTH."""

    state: str
    label: str
    accounts: int
    start: int
    width: int


@dataclass(slots=True)
class Standing:
    """The accounts of one population, each counted once however many children it holds here."""

    kind: AccountKind
    states: Counter[str] = field(default_factory=Counter)
    expired: int = 0
    expiring_soon: int = 0
    expiring_later: int = 0
    slow: int = 0
    unreachable: int = 0
    # Not yet active: those who can register by themselves, and those never notified who cannot.
    able: int = 0
    unable: int = 0

    @property
    def total(self) -> int:
        return self.states.total()

    @property
    def active_percent(self) -> int:
        return 100 * self.states[State.ACTIVE] // self.total if self.total else 0

    @property
    def by_state(self) -> Iterator[StateCount]:
        """In the order of the lifecycle; the widths add up to the bar."""
        before = 0
        for state, label in STATE_LABELS.items():
            accounts = self.states[state]
            start, end = (BAR_WIDTH * n // (self.total or 1) for n in (before, before + accounts))
            yield StateCount(state, label, accounts, start, end - start)
            before += accounts


def standings(access: Access, now: datetime) -> list[Standing]:
    """One for each population the agent sees here, those without accounts included."""
    found = {kind: Standing(kind) for kind in kinds_of(access)}
    for row in _counted(access, now):
        standing = found[row["kind"]]
        standing.states[row["account__state"]] = row["accounts"]
        for name in _COUNTED:
            setattr(standing, name, getattr(standing, name) + row[name])
    return sorted(found.values(), key=lambda standing: standing.kind)


def _counted(access: Access, now: datetime) -> Iterable[Mapping[str, Any]]:
    here = RowQuerySet(Holding).filter(
        establishment=access.establishment, kind__in=kinds_of(access), account__closed_at__isnull=True
    )
    due = deadlines(now)
    of_responsables = Q(kind=AccountKind.RESPONSABLE)

    def accounts(condition: Q | None = None) -> Count:
        return Count("account", distinct=True, filter=condition)

    return (
        here.order_by()
        .values("kind", "account__state")
        .annotate(
            accounts=accounts(),
            expired=accounts(due["passe"]),
            expiring_soon=accounts(due["15"]),
            expiring_later=accounts(due["30"]),
            slow=accounts(due["activation"]),
            unreachable=accounts(of_responsables & ~HAS_MAIL & ~HAS_MOBILE),
            able=accounts(of_responsables & HAS_MOBILE & Q(account__state__in=UNOPENED)),
            unable=accounts(of_responsables & ~HAS_MOBILE & Q(account__state=State.NOT_NOTIFIED)),
        )
    )


def first_steps(access: Access, found: Iterable[Standing]) -> Standing | None:
    """The responsables' standing when the agent may still open accounts: leaflets first, then sheets."""
    return next(
        (
            standing
            for standing in found
            if standing.kind == AccountKind.RESPONSABLE
            and (standing.able or standing.unable)
            and access.can(Right.ASSIST, standing.kind)
        ),
        None,
    )


@dataclass(frozen=True, slots=True)
class Attention:
    """So many accounts, what of them, what to do, and the filters of the list which shows them."""

    accounts: int
    what: str
    advice: str
    filters: str
    # Whether « Relancer » answers it.
    can_relaunch: bool = True


def attention(standing: Standing, feed: Feed) -> list[Attention]:
    """The most pressing first; nothing for what concerns no account."""
    whose = "d’élève{s}" if standing.kind == AccountKind.STUDENT else "de responsable{s}"
    lines = [
        Attention(
            standing.expired,
            _plural(standing.expired, f"courrier{{s}} {whose} expiré{{s}}"),
            "Le mot de passe provisoire ne fonctionne plus : relancer en attribue un nouveau.",
            "expire=passe&tri=notification",
        ),
        Attention(
            standing.expiring_soon,
            _plural(standing.expiring_soon, f"courrier{{s}} {whose} à échéance dans les 15 jours"),
            "Rappelez aux familles d’activer leur compte.",
            "expire=15&tri=notification",
        ),
        Attention(
            standing.expiring_later,
            _plural(standing.expiring_later, f"courrier{{s}} {whose} à échéance entre 16 et 30 jours"),
            "",
            "expire=30&tri=notification",
        ),
        Attention(
            standing.slow,
            _plural(standing.slow, f"compte{{s}} {whose} en cours d’activation depuis plus de 7 jours"),
            "Le lien reçu par courriel n’a pas été ouvert.",
            "expire=activation",
        ),
        Attention(
            standing.unreachable,
            _plural(standing.unreachable, "responsable{s} sans adresse mail ni mobile"),
            f"À compléter dans {feed.source}. En attendant, seul le papier les joint.",
            "mail=sans&mobile=sans",
            can_relaunch=False,
        ),
    ]
    return [line for line in lines if line.accounts]


def _plural(count: int, words: str) -> str:
    return words.format(s="s" if count >= 2 else "")


@dataclass(frozen=True, slots=True)
class Recent:
    """Something done here: a bulk action, or a single act on an account the agent still sees."""

    at: datetime
    agent: Agent
    operation: Operation | None = None
    act: str = ""
    account: Account | None = None


def recent(access: Access, now: datetime) -> list[Recent]:
    """The latest first. Acts of other establishments are not told here, nor what families did."""
    done = [*_recent_operations(access), *_recent_acts(access, now)]
    return sorted(done, key=lambda each: each.at, reverse=True)[:SHOWN]


def _recent_operations(access: Access) -> Iterator[Recent]:
    items = OperationItem.objects.filter(operation=OuterRef("pk")).order_by().values("operation")
    total = Subquery(items.annotate(accounts=Count("pk")).values("accounts"))
    # A draft is nothing done; neither is one given up.
    confirmed = Operation.objects.visible_to(access).filter(confirmed_at__isnull=False)
    for operation in confirmed.select_related("agent").annotate(total=total).order_by("-created_at")[:SHOWN]:
        yield Recent(operation.confirmed_at or operation.created_at, operation.agent, operation)


def _recent_acts(access: Access, now: datetime) -> Iterator[Recent]:
    events = list(
        Event.objects.filter(
            establishment=access.establishment,
            actor=Event.Actor.AGENT,
            kind__in=SINGLE_ACTS,
            target_kind="account",
            at__gte=now - RECENT,
        )
        .filter(Q(data__operation=None) | Q(data__operation__isnull=True))
        .select_related("agent")
        .order_by("-at", "-pk")[:SHOWN]
    )
    accounts = Account.objects.visible_to(access).in_bulk([event.target_id for event in events])
    for event in events:
        if event.agent and (account := accounts.get(event.target_id)):
            yield Recent(event.at, event.agent, act=event.get_kind_display(), account=account)
