"""Bulk actions: frozen as a draft, previewed, confirmed, carried out by chunks, resumed when interrupted."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django.http import Http404
from django.utils import timezone

from accounts import mailing
from accounts.campaigns import MAILED, sends_link, transition_for
from accounts.contacts import contact_mails
from accounts.lifecycle import AgentAct, act_on, effect_on
from accounts.models import Account, AccountKind, Holding, Operation, OperationItem
from accounts.secrets import expiry_from, last_day
from accounts.transitions import ForbiddenTransition, SecretEffect, State, Transition
from establishments.access import Right, get_access
from establishments.models import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime

    from django.db.models import QuerySet

    from accounts.models.account import AccountQuerySet
    from establishments.access import Access
    from establishments.models import Agent

CHUNK_SIZE = settings.OPERATION_CHUNK
STALLED_AFTER = timedelta(seconds=60)
DRAFT_LIFETIME = timedelta(days=2)
_Status, _Channel = Operation.Status, OperationItem.Channel
UNDERWAY = (_Status.QUEUED, _Status.RUNNING, _Status.RENDERING)
# Why an operation was called off by the platform.
RIGHTS_ENDED = "rights"
# They change no account: what they made is recorded, with its numbers.
RECORDED_WHEN_MADE = (Operation.Kind.LIST, Operation.Kind.ISSUE_LIST, Operation.Kind.LEAFLET)
NOTIFICATIONS = (Operation.Kind.NOTIFY_SHEETS, Operation.Kind.NOTIFY_MAIL)


@dataclass(frozen=True, slots=True)
class Preview:
    """What confirming a draft would do, in numbers of accounts."""

    total: int
    effects: Mapping[SecretEffect, int]
    states: Mapping[str, int]
    # Accounts which changed since they were selected, and those whose state forbids the action.
    left_aside: int
    forbidden: int
    # Live letters of another establishment which a reset would void.
    foreign_letters: int
    deadline: date
    # How many of those acted on go by each channel, and how many are sent their activation link.
    channels: Mapping[str, int]
    links: int

    @property
    def drawn(self) -> int:
        return self.effects.get(SecretEffect.DRAWN, 0)

    @property
    def reset(self) -> int:
        return self.effects.get(SecretEffect.RESET, 0)

    @property
    def redrawn(self) -> int:
        return self.effects.get(SecretEffect.REDRAWN, 0)

    @property
    def kept(self) -> int:
        """Those told again the password they have; a link tells none."""
        return self.effects.get(SecretEffect.KEPT, 0) - self.links

    @property
    def by_mail(self) -> int:
        return self.channels.get(OperationItem.Channel.MAIL, 0)

    @property
    def on_paper(self) -> int:
        return self.channels.get(OperationItem.Channel.SHEET, 0)

    @property
    def letters_by_mail(self) -> int:
        return self.by_mail - self.links

    @property
    def acted_on(self) -> int:
        return self.total - self.left_aside - self.forbidden

    @property
    def notified(self) -> int:
        return self.acted_on - self.links


# What an agent needs for each kind of operation: a list changes no account.
RIGHTS: dict[str, Right] = dict.fromkeys(list[str](Operation.Kind), Right.ASSIST)
RIGHTS |= dict.fromkeys([Operation.Kind.LIST, Operation.Kind.ISSUE_LIST], Right.EXPORT)


def right_for(kind: str) -> Right:
    return RIGHTS[kind]


@transaction.atomic
def draft(
    access: Access,
    kind: Operation.Kind,
    population: AccountKind,
    accounts: AccountQuerySet,
    *,
    with_reset: bool = False,
    options: Mapping[str, object] | None = None,
) -> Operation:
    """Freeze `accounts`, each with its version, as a draft nobody but its author sees.

    Raises Http404 or PermissionDenied when the agent may not do that to that population.
    """
    access.require(right_for(kind), population)
    operation = Operation.objects.create(
        establishment=access.establishment,
        agent=access.agent,
        kind=kind,
        population=population,
        with_reset=with_reset and kind in NOTIFICATIONS,
        options=dict(options or {}),
    )
    chosen = list(accounts.filter(kind=population).values_list("pk", "version", "state"))
    channel_of = _channels(operation, [pk for pk, _, _ in chosen])
    OperationItem.objects.bulk_create(
        OperationItem(operation=operation, account_id=pk, version=version, channel=channel_of(pk, state))
        for pk, version, state in chosen
    )
    return operation


def _channels(operation: Operation, accounts: list[int]) -> Callable[[int, str], str]:
    """How each account is told, by its key and state: on paper, by mail where there is an address, or not."""
    if operation.kind == Operation.Kind.NOTIFY_SHEETS:
        return lambda pk, state: _Channel.SHEET
    if operation.kind not in MAILED:
        return lambda pk, state: ""
    reachable = contact_mails(operation.establishment, accounts)

    def channel(pk: int, state: str) -> str:
        if operation.kind == Operation.Kind.RELAUNCH and state != State.NOTIFIED:
            return _Channel.MAIL if state == State.ACTIVATING else ""
        return _Channel.MAIL if pk in reachable else _Channel.SHEET

    return channel


# What a preview reads of each item: thousands of whole accounts are dear.
_PREVIEWED = (
    "operation",
    "version",
    "channel",
    "account__state",
    "account__version",
    "account__password",
    "account__sealed_secret",
    "account__secret_expires_at",
    "account__distributed_by",
)


def preview(operation: Operation) -> Preview:
    """Computed from the accounts as they are now, by the very rule that confirming will follow."""
    now = timezone.now()
    zone = operation.establishment.academy.zone
    effects: Counter[SecretEffect] = Counter()
    states: Counter[str] = Counter()
    channels: Counter[str] = Counter()
    left_aside = forbidden = foreign = links = 0
    items = operation.items.select_related("account").only(*_PREVIEWED)
    for item in items:
        account = item.account
        states[account.state] += 1
        try:
            effect = effect_on(account, transition_for(operation, account), now)
        except ForbiddenTransition:
            forbidden += 1
            continue
        if account.version != item.version:
            left_aside += 1
            continue
        effects[effect] += 1
        channels[item.channel] += 1
        links += sends_link(operation, account)
        foreign += effect == SecretEffect.RESET and _is_foreign_letter(account, operation, now)
    return Preview(
        total=states.total(),
        effects=effects,
        states=states,
        left_aside=left_aside,
        forbidden=forbidden,
        foreign_letters=foreign,
        deadline=last_day(expiry_from(now, zone), zone),
        channels=channels,
        links=links,
    )


def _is_foreign_letter(account: Account, operation: Operation, now: datetime) -> bool:
    by = account.distributed_by_id
    return by is not None and by != operation.establishment_id and account.has_live_secret(now)


@transaction.atomic
def confirm(operation: Operation, options: Mapping[str, Any] | None = None) -> bool:
    """Queue a draft, or schedule it when mails are to leave: they are held for settings.MAIL_HOLD.

    `options` is what the agent chose at the preview, added to what the draft holds. False when the draft
    was confirmed or cancelled before (double click, second tab).
    """
    now = timezone.now()
    changes: dict[str, Any] = {"confirmed_at": now, "options": {**operation.options, **(options or {})}}
    if settings.MAIL_HOLD and operation.items.filter(channel=OperationItem.Channel.MAIL).exists():
        starts_at = now + settings.MAIL_HOLD
        confirmed = _move(operation.pk, _Status.DRAFT, to=_Status.SCHEDULED, starts_at=starts_at, **changes)
    else:
        confirmed = _move(operation.pk, _Status.DRAFT, to=_Status.QUEUED, heartbeat_at=now, **changes)
    if confirmed and operation.kind not in RECORDED_WHEN_MADE:
        _record(EventKind.OPERATION_CONFIRMED, operation, operation.agent, told(operation))
    return confirmed


def told(operation: Operation) -> dict[str, Any]:
    """What the journal says of an operation, in one line for all its accounts."""
    return {
        "kind": operation.kind,
        "population": operation.population,
        "with_reset": operation.with_reset,
        "accounts": operation.items.count(),
    }


@transaction.atomic
def cancel(operation: Operation, *, by: Agent) -> bool:
    """Give a draft up, or call a scheduled operation off, which is recorded; False when it has begun."""
    if _move(operation.pk, _Status.SCHEDULED, to=_Status.CANCELLED):
        _record(EventKind.OPERATION_CANCELLED, operation, by)
        return True
    return _move(operation.pk, _Status.DRAFT, to=_Status.CANCELLED)


@transaction.atomic
def end_hold(operation: Operation, *, by: Agent | None) -> bool:
    """End the hold of a scheduled operation, in its time or forced by an agent, which is recorded.

    False when it was cancelled or started by another. Its agent's rights are read again: a mandate which
    ended meanwhile cancels it, nothing was applied.
    """
    if not _may_still(operation):
        stopped = {**operation.options, "stopped": RIGHTS_ENDED}
        if _move(operation.pk, _Status.SCHEDULED, to=_Status.CANCELLED, options=stopped):
            _record(EventKind.OPERATION_CANCELLED, operation, None)
        return False
    begun = _move(operation.pk, _Status.SCHEDULED, to=_Status.QUEUED, heartbeat_at=timezone.now())
    if begun and by:
        _record(EventKind.OPERATION_HASTENED, operation, by)
    return begun


def _record(
    kind: EventKind, operation: Operation, by: Agent | None, data: Mapping[str, Any] | None = None
) -> None:
    """What became of an operation, by an agent or by the platform."""
    Event.objects.create(
        kind=kind,
        establishment=operation.establishment,
        actor=Event.Actor.AGENT if by else Event.Actor.PLATFORM,
        agent=by,
        target_kind="operation",
        target_id=operation.pk,
        data=dict(data or {}),
    )


def _may_still(operation: Operation) -> bool:
    try:
        access = get_access(operation.agent, operation.establishment.uai)
    except Http404:
        return False
    return operation.agent.is_active and access.can(right_for(operation.kind), operation.population)


def scheduled_until(now: datetime) -> QuerySet[Operation]:
    """The scheduled operations whose hold is over."""
    held = Operation.objects.filter(status=_Status.SCHEDULED, starts_at__lte=now)
    return held.select_related("agent", "establishment__feed__academy").order_by("starts_at", "pk")


def retry(operation: Operation) -> bool:
    """Take up an interrupted operation: its pending accounts, or only its sheets."""
    now = timezone.now()
    return _move(operation.pk, _Status.FAILED, to=_Status.QUEUED, heartbeat_at=now) or _move(
        operation.pk, _Status.UNRENDERED, to=_Status.RENDERING, heartbeat_at=now
    )


def _move(pk: int, *sources: Operation.Status, to: Operation.Status, **changes: object) -> bool:
    moved = Operation.objects.filter(pk=pk, status__in=sources).update(status=to, **changes)
    return moved == 1


def run(pk: int) -> bool:
    """Carry out the pending items of a confirmed operation; safe to call twice, at once or again.

    True when its accounts are all done with. An unexpected error leaves it FAILED, to be taken up again.
    """
    if not start(pk):
        return False
    operation = Operation.objects.select_related("establishment__feed__academy", "agent").get(pk=pk)
    try:
        while _run_chunk(operation):
            beat(pk)
    except Exception:
        fail(pk)
        raise
    return not OperationItem.objects.filter(operation=operation, status=OperationItem.Status.PENDING).exists()


def start(pk: int) -> bool:
    """Set a confirmed operation going, or going again; False when it is over."""
    return _move(pk, _Status.QUEUED, _Status.RUNNING, to=_Status.RUNNING, heartbeat_at=timezone.now())


def fail(pk: int) -> None:
    """An unexpected error stopped the operation: its page offers to take it up again."""
    _move(pk, _Status.RUNNING, to=_Status.FAILED)


def beat(pk: int) -> None:
    """Tell that a worker is at work on the operation."""
    Operation.objects.filter(pk=pk).update(heartbeat_at=timezone.now())


@transaction.atomic
def _run_chunk(operation: Operation) -> bool:
    """Act on one chunk: accounts, events and items in one transaction. False when none was left."""
    items = list(
        OperationItem.objects.filter(operation=operation, status=OperationItem.Status.PENDING)
        .select_for_update(skip_locked=True, of=("self",))
        .select_related("account")
        .order_by("account_id")[:CHUNK_SIZE]
    )
    if not items:
        return False
    _lock([item.account_id for item in items])
    here = _still_here(operation, [item.account_id for item in items])
    mails = mailing.choose_channels(operation, items)
    unchanged = [
        i.account
        for i in items
        if i.account_id in here and i.account.version == i.version and not _is_unreachable(i, operation)
    ]
    done = _act(operation, unchanged)
    _settle(items, done, here, operation)
    mailing.promise(operation, [item for item in items if item.account_id in done], mails)
    return True


def _lock(accounts: list[int]) -> None:
    """In one order for everybody: bulk actions which share accounts wait for each other, not in a circle."""
    locked = Account.objects.select_for_update(no_key=True).filter(pk__in=accounts).order_by("pk")
    list(locked.values_list("pk"))


def _is_unreachable(item: OperationItem, operation: Operation) -> bool:
    return operation.kind in MAILED and not item.channel


def _act(operation: Operation, accounts: Iterable[Account]) -> dict[int, SecretEffect]:
    """Act on the accounts, those of one transition at once."""
    by_transition: dict[Transition, list[Account]] = defaultdict(list)
    for account in accounts:
        by_transition[transition_for(operation, account)].append(account)
    done: dict[int, SecretEffect] = {}
    for transition, each in by_transition.items():
        act = AgentAct(transition, operation.agent, operation.establishment, timezone.now(), operation.pk)
        done |= act_on(each, act)
    return done


def _still_here(operation: Operation, pks: Iterable[int]) -> set[int]:
    held = Holding.objects.filter(
        account__in=pks, establishment=operation.establishment, account__closed_at__isnull=True
    )
    return set(held.values_list("account_id", flat=True))


_SETTLE = """
UPDATE accounts_operationitem item
SET status = new.status, effect = new.effect, reason = new.reason, channel = new.channel
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
     AS new (id, channel, status, effect, reason)
WHERE item.id = new.id
"""


def _settle(
    items: list[OperationItem], done: Mapping[int, SecretEffect], here: set[int], operation: Operation
) -> None:
    outcomes = [_outcome(item, done, here, operation) for item in items]
    with connection.cursor() as cursor:
        keys, channels = [item.pk for item in items], [item.channel for item in items]
        cursor.execute(_SETTLE, [keys, channels, *map(list, zip(*outcomes, strict=True))])


def _outcome(
    item: OperationItem, done: Mapping[int, SecretEffect], here: set[int], operation: Operation
) -> tuple[str, str, str]:
    if item.account_id in done:
        return OperationItem.Status.DONE, done[item.account_id], ""
    if item.account_id not in here:
        reason = OperationItem.Reason.GONE
    elif item.account.version != item.version:
        reason = OperationItem.Reason.CHANGED
    elif not _is_allowed(item.account, operation):
        reason = OperationItem.Reason.FORBIDDEN
    elif _is_unreachable(item, operation):
        reason = OperationItem.Reason.UNREACHABLE
    else:
        reason = OperationItem.Reason.CHANGED
    return OperationItem.Status.LEFT_ASIDE, "", reason


def _is_allowed(account: Account, operation: Operation) -> bool:
    try:
        effect_on(account, transition_for(operation, account), timezone.now())
    except ForbiddenTransition:
        return False
    return True


def stalled(now: datetime | None = None) -> list[Operation]:
    """Operations underway that no worker has touched for a minute, each claimed by this call."""
    limit = (now or timezone.now()) - STALLED_AFTER
    claimed = []
    for operation in Operation.objects.filter(status__in=UNDERWAY, heartbeat_at__lt=limit):
        still = Operation.objects.filter(pk=operation.pk, heartbeat_at=operation.heartbeat_at)
        if still.update(heartbeat_at=timezone.now()):
            claimed.append(operation)
    return claimed


def purge_drafts(now: datetime | None = None) -> int:
    """Delete the drafts nobody confirmed for two days, or given up; what was called off stays told."""
    limit = (now or timezone.now()) - DRAFT_LIFETIME
    old = Operation.objects.filter(
        status__in=[_Status.DRAFT, _Status.CANCELLED], confirmed_at__isnull=True, created_at__lt=limit
    )
    return old.delete()[0]
