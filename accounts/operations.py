"""Bulk actions: frozen as a draft, previewed, confirmed, carried out by chunks, resumed when interrupted."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.lifecycle import AgentAct, act_on, effect_on
from accounts.models import Account, AccountKind, Holding, Operation, OperationItem
from accounts.secrets import expiry_from, last_day
from accounts.transitions import ForbiddenTransition, SecretEffect, Transition
from establishments.access import Right

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from accounts.models.account import AccountQuerySet
    from establishments.access import Access

CHUNK_SIZE = settings.OPERATION_CHUNK
STALLED_AFTER = timedelta(seconds=60)
DRAFT_LIFETIME = timedelta(days=2)
_Status = Operation.Status
UNDERWAY = (_Status.QUEUED, _Status.RUNNING, _Status.RENDERING)
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
        return self.effects.get(SecretEffect.KEPT, 0)

    @property
    def acted_on(self) -> int:
        return self.total - self.left_aside - self.forbidden


# What an agent needs for each kind of operation, ASSIST for those which are not named.
RIGHTS: dict[str, Right] = {Operation.Kind.LIST: Right.CONSULT}


def right_for(kind: str) -> Right:
    return RIGHTS.get(kind, Right.ASSIST)


def transition_for(operation: Operation, account: Account) -> Transition:
    """What the operation does to this account; effect_on tells whether its state allows it."""
    if operation.kind == Operation.Kind.RESET:
        return Transition.RESET_PASSWORD
    return Transition.NOTIFY_WITH_RESET if operation.with_reset else Transition.NOTIFY


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
    channel = OperationItem.Channel.SHEET if kind == Operation.Kind.NOTIFY_SHEETS else ""
    OperationItem.objects.bulk_create(
        OperationItem(operation=operation, account_id=pk, version=version, channel=channel)
        for pk, version in accounts.filter(kind=population).values_list("pk", "version")
    )
    return operation


def preview(operation: Operation) -> Preview:
    """Computed from the accounts as they are now, by the very rule that confirming will follow."""
    now = timezone.now()
    zone = operation.establishment.academy.zone
    effects: Counter[SecretEffect] = Counter()
    states: Counter[str] = Counter()
    left_aside = forbidden = foreign = 0
    items = operation.items.select_related("account")
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
        foreign += effect == SecretEffect.RESET and _is_foreign_letter(account, operation, now)
    return Preview(
        total=states.total(),
        effects=effects,
        states=states,
        left_aside=left_aside,
        forbidden=forbidden,
        foreign_letters=foreign,
        deadline=last_day(expiry_from(now, zone), zone),
    )


def _is_foreign_letter(account: Account, operation: Operation, now: datetime) -> bool:
    by = account.distributed_by_id
    return by is not None and by != operation.establishment_id and account.has_live_secret(now)


def confirm(operation: Operation, options: Mapping[str, Any] | None = None) -> bool:
    """Queue a draft; False when it was confirmed or cancelled before (double click, second tab).

    `options` is what the agent chose at the preview, added to what the draft holds.
    """
    now = timezone.now()
    chosen = {**operation.options, **(options or {})}
    return _move(
        operation.pk, _Status.DRAFT, to=_Status.QUEUED, confirmed_at=now, heartbeat_at=now, options=chosen
    )


def cancel(operation: Operation) -> bool:
    """Give a draft up; False when it was confirmed before."""
    return _move(operation.pk, _Status.DRAFT, to=_Status.CANCELLED)


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
    here = _still_here(operation, [item.account_id for item in items])
    unchanged = [i.account for i in items if i.account_id in here and i.account.version == i.version]
    _settle(items, _act(operation, unchanged), here, operation)
    return True


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
UPDATE accounts_operationitem item SET status = new.status, effect = new.effect, reason = new.reason
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS new (id, status, effect, reason)
WHERE item.id = new.id
"""


def _settle(
    items: list[OperationItem], done: Mapping[int, SecretEffect], here: set[int], operation: Operation
) -> None:
    outcomes = [_outcome(item, done, here, operation) for item in items]
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [[item.pk for item in items], *map(list, zip(*outcomes, strict=True))])


def _outcome(
    item: OperationItem, done: Mapping[int, SecretEffect], here: set[int], operation: Operation
) -> tuple[str, str, str]:
    if item.account_id in done:
        return OperationItem.Status.DONE, done[item.account_id], ""
    if item.account_id not in here:
        reason = OperationItem.Reason.GONE
    elif item.account.version != item.version or _is_allowed(item.account, operation):
        reason = OperationItem.Reason.CHANGED
    else:
        reason = OperationItem.Reason.FORBIDDEN
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
    """Delete drafts nobody confirmed for two days, and cancelled ones."""
    limit = (now or timezone.now()) - DRAFT_LIFETIME
    old = Operation.objects.filter(
        Q(status=_Status.DRAFT) | Q(status=_Status.CANCELLED), created_at__lt=limit
    )
    return old.delete()[0]
