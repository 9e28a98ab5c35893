"""The state-transition service: the only code that changes an account's state or password.

Every change is one UPDATE conditional on the version (and state) its author saw, with its event, in one
transaction. What agents do is set-based; what a family does concerns one account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Account
from accounts.secrets import draw_secret, expiry_from, seal_secret
from accounts.transitions import (
    ForbiddenTransition,
    SecretEffect,
    State,
    Transition,
    secret_effect,
    target_origin,
    target_state,
)
from establishments.models import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from establishments.models import Agent, Establishment

_DRAWS = {SecretEffect.DRAWN, SecretEffect.RESET, SecretEffect.REDRAWN}
_FIRSTS = {SecretEffect.DRAWN, SecretEffect.REDRAWN}
_DISTRIBUTES = {Transition.NOTIFY, Transition.NOTIFY_WITH_RESET}


@dataclass(frozen=True, slots=True)
class AgentAct:
    """Who acts on accounts, where and when; `operation` is the pk of the bulk action, for the history.

    `new_mail` replaces the address to confirm when the activation mail is sent again: to one account only.
    """

    transition: Transition
    by: Agent
    establishment: Establishment
    at: datetime
    operation: int | None = None
    new_mail: str = ""


@dataclass(frozen=True, slots=True)
class AccountChange:
    account: Account
    state: State
    effect: SecretEffect
    sealed_secret: str


def effect_on(account: Account, transition: Transition, at: datetime) -> SecretEffect:
    """What `transition` would do to the password of `account`; raises ForbiddenTransition."""
    return secret_effect(transition, account.state_now, is_dead=account.has_dead_secret(at))


def act_on(accounts: Iterable[Account], act: AgentAct) -> dict[int, SecretEffect]:
    """Carry out `act` on the accounts as they were read, and return what was done, by account pk.

    Accounts which the table forbids, or which changed since they were read, are absent from the result.
    The number of queries does not depend on the number of accounts.
    """
    changes = [change for account in accounts if (change := _change(account, act))]
    with transaction.atomic():
        done = _apply(changes, act)
        Event.objects.bulk_create(_event(act, change) for change in changes if change.account.pk in done)
    return {change.account.pk: change.effect for change in changes if change.account.pk in done}


def _change(account: Account, act: AgentAct) -> AccountChange | None:
    try:
        effect = effect_on(account, act.transition, act.at)
    except ForbiddenTransition:
        return None
    sealed = seal_secret(draw_secret()) if effect in _DRAWS else ""
    return AccountChange(account, target_state(act.transition, account.state_now), effect, sealed)


_APPLY = """
UPDATE accounts_account a
SET state = new.state,
    origin = new.origin,
    version = a.version + 1,
    sealed_secret = CASE WHEN new.sealed <> '' THEN new.sealed ELSE a.sealed_secret END,
    secret_drawn_at = CASE WHEN new.sealed <> '' THEN %(at)s ELSE a.secret_drawn_at END,
    secret_expires_at = CASE
        WHEN new.sealed <> '' OR (%(distributes)s AND a.sealed_secret <> '') THEN %(expires_at)s
        ELSE a.secret_expires_at END,
    password = CASE WHEN new.is_reset THEN '' ELSE a.password END,
    reset_requested_at = CASE WHEN new.is_reset THEN %(at)s ELSE a.reset_requested_at END,
    distributed_at = CASE WHEN %(distributes)s THEN %(at)s ELSE a.distributed_at END,
    times_distributed = CASE
        WHEN NOT %(distributes)s THEN a.times_distributed
        WHEN new.is_first THEN 1 ELSE a.times_distributed + 1 END,
    distributed_by_id = CASE WHEN %(distributes)s THEN %(establishment)s ELSE a.distributed_by_id END,
    activation_link_number = a.activation_link_number + CASE WHEN %(resends)s THEN 1 ELSE 0 END,
    activation_link_at = CASE WHEN %(resends)s THEN %(at)s ELSE a.activation_link_at END,
    pending_mail = CASE WHEN %(new_mail)s <> '' THEN %(new_mail)s ELSE a.pending_mail END
FROM unnest(%(ids)s::bigint[], %(versions)s::int[], %(states)s::text[], %(origins)s::text[],
            %(sealed)s::text[], %(resets)s::boolean[], %(firsts)s::boolean[])
     AS new (id, version, state, origin, sealed, is_reset, is_first)
WHERE a.id = new.id AND a.version = new.version AND a.closed_at IS NULL
RETURNING a.id
"""


def _apply(changes: Sequence[AccountChange], act: AgentAct) -> set[int]:
    parameters: dict[str, Any] = {
        "at": act.at,
        "expires_at": expiry_from(act.at, act.establishment.academy.zone),
        "distributes": act.transition in _DISTRIBUTES,
        "resends": act.transition == Transition.RESEND_ACTIVATION,
        "new_mail": act.new_mail,
        "establishment": act.establishment.pk,
        "ids": [change.account.pk for change in changes],
        "versions": [change.account.version for change in changes],
        "states": [change.state.value for change in changes],
        "origins": [_origin(change.account, act.transition) for change in changes],
        "sealed": [change.sealed_secret for change in changes],
        "resets": [change.effect == SecretEffect.RESET for change in changes],
        "firsts": [change.effect in _FIRSTS for change in changes],
    }
    with connection.cursor() as cursor:
        cursor.execute(_APPLY, parameters)
        return {row[0] for row in cursor.fetchall()}


def _origin(account: Account, transition: Transition) -> str:
    return target_origin(transition, account.state_now, account.origin_now).value


_AGENT_EVENTS = {
    Transition.NOTIFY: EventKind.ACCOUNT_NOTIFY,
    Transition.NOTIFY_WITH_RESET: EventKind.ACCOUNT_NOTIFY,
    Transition.RESET_PASSWORD: EventKind.ACCOUNT_PASSWORD_RESET,
    Transition.RESEND_ACTIVATION: EventKind.ACCOUNT_ACTIVATION_RESENT,
}


def _event(act: AgentAct, change: AccountChange) -> Event:
    kind = _AGENT_EVENTS[act.transition]
    if kind == EventKind.ACCOUNT_NOTIFY and change.effect == SecretEffect.RESET:
        kind = EventKind.ACCOUNT_NOTIFY_RESET
    return Event(
        kind=kind,
        at=act.at,
        establishment=act.establishment,
        actor=Event.Actor.AGENT,
        agent=act.by,
        target_kind="account",
        target_id=change.account.pk,
        data={"effect": change.effect, "operation": act.operation}
        | ({"to_new_address": True} if act.new_mail else {}),
    )


def start_activation(account: Account, *, password_hash: str, mail: str) -> None:
    """The first sign-in with the provisional password: one is chosen, an address waits to be confirmed.

    Raises ForbiddenTransition, also when the account changed since it was read.
    """
    now = timezone.now()
    _move(
        account,
        Transition.START_ACTIVATION,
        EventKind.ACCOUNT_ACTIVATION_STARTED,
        **_chosen(password_hash),
        pending_mail=mail,
        activating_since=now,
        activation_link_number=F("activation_link_number") + 1,
        activation_link_at=now,
        last_sign_in_at=now,
    )


def ask_another_link(account: Account, *, mail: str) -> None:
    """The family did not receive the first one, or corrects the address which waits: a new link voids it."""
    _move(
        account,
        Transition.RESEND_ACTIVATION,
        EventKind.ACCOUNT_ACTIVATION_RESENT,
        pending_mail=mail,
        activation_link_number=F("activation_link_number") + 1,
        activation_link_at=timezone.now(),
    )


def confirm_mail(account: Account) -> None:
    """The button behind the mailed link: the pending address becomes the account's."""
    _move(
        account,
        Transition.CONFIRM_MAIL,
        EventKind.ACCOUNT_ACTIVATION_MAIL,
        mail=account.pending_mail,
        pending_mail="",
        activating_since=None,
        activated_at=timezone.now(),
    )


def self_register(account: Account, *, password_hash: str, mobile: str) -> None:
    """A responsable who proved a mobile by SMS and the children's birth dates."""
    _move(
        account,
        Transition.SELF_REGISTER,
        EventKind.ACCOUNT_ACTIVATION_SMS,
        **_chosen(password_hash),
        **_activated(),
        mobile=mobile,
    )


def use_franceconnect(account: Account, *, sub: str, mobile: str) -> None:
    """Activates the account, or links an active one, whose password then stays."""
    if account.state == State.ACTIVE:
        link_franceconnect(account, sub=sub)
        return
    _move(
        account,
        Transition.FRANCECONNECT,
        EventKind.ACCOUNT_ACTIVATION_FRANCECONNECT,
        **_chosen(""),
        **_activated(),
        franceconnect_sub=sub,
        mobile=mobile,
    )


def link_franceconnect(account: Account, *, sub: str) -> None:
    """An active account opens by FranceConnect too. Raises ForbiddenTransition."""
    _move(account, Transition.FRANCECONNECT, EventKind.ACCOUNT_FRANCECONNECT_LINKED, franceconnect_sub=sub)


def unlink_franceconnect(account: Account) -> None:
    """By the family, whose own password stays. Raises ForbiddenTransition."""
    kind = EventKind.ACCOUNT_FRANCECONNECT_UNLINKED
    _move(account, Transition.CHANGE_CONTACT, kind, franceconnect_sub=None)


def come_from_ent(account: Account, *, password_hash: str) -> None:
    """The 2nd degré's transition from an ENT: the identifiant is given, a password chosen."""
    _move(
        account,
        Transition.COME_FROM_ENT,
        EventKind.ACCOUNT_ACTIVATION_ENT,
        **_chosen(password_hash),
        **_activated(),
    )


def choose_password(account: Account, *, password_hash: str) -> None:
    """After a reset, at the next sign-in: the provisional secret gives way to a chosen password."""
    _move(
        account,
        Transition.CHOOSE_PASSWORD,
        EventKind.ACCOUNT_PASSWORD_CHOSEN,
        **_chosen(password_hash),
        last_sign_in_at=timezone.now(),
    )


def change_password(account: Account, *, password_hash: str) -> None:
    """The family replaces its password, known or lost; nobody signs in by this."""
    _move(account, Transition.CHOOSE_PASSWORD, EventKind.ACCOUNT_PASSWORD_CHOSEN, **_chosen(password_hash))


def change_mail(account: Account, *, mail: str) -> None:
    """The button behind the link mailed to the new address. Raises ForbiddenTransition."""
    _move(account, Transition.CHANGE_CONTACT, EventKind.ACCOUNT_MAIL_CHANGED, mail=mail)


def change_mobile(account: Account, *, mobile: str) -> None:
    """The code sent to the new number was given. Raises ForbiddenTransition."""
    _move(account, Transition.CHANGE_CONTACT, EventKind.ACCOUNT_MOBILE_CHANGED, mobile=mobile)


def may_sign_in(account: Account, now: datetime) -> bool:
    """Whether the family's side lets this account in, by whatever way it has; the one place which says so.

    Not once closed, nor before it was told of; without a current child it may, and the page says so.
    """
    if account.closed_at or account.state == State.NOT_NOTIFIED:
        return False
    return bool(account.password or account.franceconnect_sub or account.has_live_secret(now))


def record_sign_in(account: Account) -> None:
    """The date lists show; not a change of the account, so neither version nor event."""
    Account.objects.filter(pk=account.pk).update(last_sign_in_at=timezone.now())


def _chosen(password_hash: str) -> dict[str, Any]:
    """A chosen password erases the secret, and the request to reset."""
    return {
        "password": password_hash,
        "sealed_secret": "",
        "secret_drawn_at": None,
        "secret_expires_at": None,
        "reset_requested_at": None,
    }


def _activated() -> dict[str, Any]:
    """Activation by another way voids the pending link."""
    now = timezone.now()
    return {"pending_mail": "", "activating_since": None, "activated_at": now, "last_sign_in_at": now}


@transaction.atomic
def _move(account: Account, transition: Transition, kind: EventKind, **changes: Any) -> None:
    source = account.state_now
    target = target_state(transition, source)
    origin = target_origin(transition, source, account.origin_now)
    moved = Account.objects.filter(
        pk=account.pk, state=source, version=account.version, closed_at__isnull=True
    ).update(state=target, origin=origin, version=F("version") + 1, **changes)
    if not moved:
        raise ForbiddenTransition(transition, source)
    Event.objects.create(
        kind=kind, at=timezone.now(), actor=Event.Actor.FAMILY, target_kind="account", target_id=account.pk
    )
    account.refresh_from_db()


_ERASE = """
WITH erased AS (
    UPDATE accounts_account SET sealed_secret = ''
    WHERE id IN (
        SELECT id FROM accounts_account
        WHERE sealed_secret <> '' AND secret_expires_at <= %(now)s
        ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING id, distributed_by_id)
INSERT INTO establishments_event (kind, at, establishment_id, actor, agent_id, target_kind, target_id, data)
SELECT %(kind)s, %(now)s, distributed_by_id, 'PLATFORM', NULL, 'account', id, '{}'::jsonb FROM erased
"""
ERASE_BATCH = 10_000


def erase_dead_secrets() -> int:
    """Erase the provisional secrets whose last day is over, in batches, and return how many.

    The version does not move: a dead secret erased is nothing new to whoever had selected the account.
    """
    erased = 0
    while True:
        with connection.cursor() as cursor:
            parameters: dict[str, Any] = {
                "now": timezone.now(),
                "limit": ERASE_BATCH,
                "kind": EventKind.ACCOUNT_SECRET_EXPIRED.value,
            }
            cursor.execute(_ERASE, parameters)
            count: int = cursor.rowcount
        erased += count
        if count < ERASE_BATCH:
            return erased
