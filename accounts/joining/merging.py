"""Makes one account of two, and undoes it: one transaction each, both accounts locked in the order of all.

An account closed here keeps its state; its letter, its links and its mails are dead. What it stood for
goes to the account which is kept, and comes back if the joining is undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.joining.rules import NotJoinable, Pair, choose
from accounts.mail_reasons import JOINED
from accounts.models import (
    Account,
    AccountKind,
    AccountSource,
    DataIssue,
    Duplicate,
    FormerSecret,
    Holding,
    Joining,
)
from accounts.precreation import create_account
from accounts.secrets import open_secret
from accounts.transitions import State
from establishments.models import Event, EventKind
from notifications.models import Delivery

if TYPE_CHECKING:
    from datetime import datetime

    from establishments.models import Agent, Establishment

_SALT = "accounts.joining"
# What the family validated, and what stands where there is none.
_SUB = "franceconnect_sub"
_NOTHING: dict[str, Any] = {"mail": "", "mobile": "", _SUB: None}


@dataclass(frozen=True, slots=True)
class By:
    """Who brings together, or takes apart, and where; nobody is the platform, or the family itself."""

    agent: Agent | None = None
    establishment: Establishment | None = None
    is_family: bool = False

    @property
    def actor(self) -> str:
        if self.agent:
            return Event.Actor.AGENT
        return Event.Actor.FAMILY if self.is_family else Event.Actor.PLATFORM


PLATFORM, FAMILY = By(), By(is_family=True)


@transaction.atomic
def merge(
    one: int, other: int, reason: AccountSource.Reason, by: By = PLATFORM, *, may_return: bool = False
) -> Joining:
    """Bring the accounts of these keys together, as they are now; raises NotJoinable, nothing done.

    `may_return`: one may have been closed for having no child; if kept, it is opened again as it was, unless
    the other was closed too.
    """
    pair = choose(*_locked(one, other))
    _check(pair, may_return=may_return)
    now = timezone.now()
    joining = Joining.objects.create(
        account=pair.kept,
        former=pair.closed,
        reason=reason,
        at=now,
        establishment=by.establishment,
        agent=by.agent,
    )
    if not by.is_family:
        _ask_to_renotify(pair.closed, now)
    _close(pair, now)
    _bring_validated(joining, pair)
    _move_sources(joining, now)
    _remember_differences(pair)
    if pair.kept.closed_at and not pair.closed.closed_at:
        _tell(joining, EventKind.ACCOUNT_REOPENED, pair.kept.pk, by, now)
    _tell(joining, EventKind.ACCOUNT_MERGED, pair.closed.pk, by, now)
    _tell(joining, EventKind.ACCOUNT_JOINED, pair.kept.pk, by, now)
    return joining


@transaction.atomic
def undo_merge(joining: Joining, by: By = PLATFORM) -> Account:
    """Give the records back to their former account, or to a new « Non notifié »; that account.

    The two are remembered as two persons. Raises NotJoinable when it was undone, or its records have
    moved on.
    """
    now = timezone.now()
    if not Joining.objects.filter(pk=joining.pk, undone_at=None).update(undone_at=now, undone_by=by.agent):
        raise NotJoinable("Ce rapprochement a déjà été défait.")
    keys = [pk for pk in (joining.account_id, joining.former_id) if pk]
    accounts = {account.pk: account for account in _locked(*keys)}
    sources = list(joining.sources.filter(closed_at=None, account=joining.account_id))
    if not sources:
        raise NotJoinable("Les fiches de ce rapprochement ne dépendent plus de ce compte.")
    former = accounts.get(joining.former_id or 0)
    if former and former.merged_into_id == joining.account_id and not former.anonymised_at:
        _reopen(former, _take_back_validated(joining, accounts[joining.account_id], former))
    else:
        former = create_account(sources[0].record, now=now)
    _give_back(sources, former, now)
    Account.objects.filter(pk=joining.account_id).update(version=F("version") + 1)
    _decide_different(joining.account_id, former.pk, by, now)
    for pk in (joining.account_id, former.pk):
        _tell(joining, EventKind.ACCOUNT_UNJOINED, pk, by, now)
    return former


def was_secret_of(closed: Account, given: str) -> bool:
    """Whether `given` was the provisional password of an account since brought together with another.

    Who types it is answered « utilisez l’identifiant de votre autre lettre »; it opens nothing.
    """
    former = FormerSecret.objects.filter(account=closed, expires_at__gt=timezone.now()).first()
    return former is not None and constant_time_compare(former.secret_hash, _hash(closed.pk, given))


def forget_former_secrets(now: datetime) -> int:
    """Delete the hashes of passwords which would be dead by now; how many."""
    return FormerSecret.objects.filter(expires_at__lte=now).delete()[0]


def _locked(*keys: int) -> list[Account]:
    """In one order for everybody (accounts.operations): no two wait for each other in a circle."""
    locked = Account.objects.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
    found = list(locked)
    if len(found) != len(keys):
        raise NotJoinable("Ces deux fiches ont déjà le même compte.")
    return found


def _check(pair: Pair, *, may_return: bool) -> None:
    for account in (pair.kept, pair.closed):
        is_closed = account.closed_at and not (may_return and account.merged_into_id is None)
        if is_closed or account.anonymised_at:
            raise NotJoinable("L’un des deux comptes est fermé.")
    first, second = sorted((pair.kept.pk, pair.closed.pk))
    different = Duplicate.objects.filter(first=first, second=second, decision=Duplicate.Decision.DIFFERENT)
    if different.exists():
        raise NotJoinable("Il a été dit que ce sont deux personnes.")


def _close(pair: Pair, now: datetime) -> None:
    closed = pair.closed
    _keep_hash(closed, now)
    dies_at = closed.secret_expires_at
    if closed.sealed_secret and dies_at is not None:
        dies_at = min(dies_at, now)
    voids_link = int(closed.state == State.ACTIVATING)
    done = Account.objects.filter(pk=closed.pk, version=closed.version).update(
        closed_at=now,
        merged_into=pair.kept,
        sealed_secret="",
        secret_expires_at=dies_at,
        activation_link_number=F("activation_link_number") + voids_link,
        version=F("version") + 1,
    )
    done += Account.objects.filter(pk=pair.kept.pk, version=pair.kept.version).update(
        closed_at=pair.closed.closed_at and pair.kept.closed_at, version=F("version") + 1
    )
    assert done == 2, "both are locked"
    pending = Delivery.objects.filter(account_mail__account=closed, status=Delivery.Status.PENDING)
    pending.filter(Q(leased_until=None) | Q(leased_until__lte=now)).update(
        status=Delivery.Status.CANCELLED, next_attempt_at=None, leased_until=None, last_error=JOINED
    )


def _bring_validated(joining: Joining, pair: Pair) -> None:
    """What the family validated on the closed account, and not on the kept one, is the kept one's too."""
    kept, closed = pair.kept, pair.closed
    brought = {name: getattr(closed, name) for name in _NOTHING if getattr(closed, name)}
    brought = {name: value for name, value in brought.items() if not getattr(kept, name)}
    if not brought:
        return
    if _SUB in brought:
        # It opens one account only.
        Account.objects.filter(pk=closed.pk).update(franceconnect_sub=None)
    Account.objects.filter(pk=kept.pk).update(**brought)
    joining.brought = list(brought)
    joining.save(update_fields=["brought"])


def _take_back_validated(joining: Joining, kept: Account, former: Account) -> dict[str, Any]:
    """What `joining` brought and the family has not changed since, taken from `kept`."""
    names = [each for each in joining.brought if each == _SUB or getattr(kept, each) == getattr(former, each)]
    taken = {name: getattr(kept, name) for name in names}
    Account.objects.filter(pk=kept.pk).update(**{name: _NOTHING[name] for name in names})
    return taken


def _keep_hash(closed: Account, now: datetime) -> None:
    if not closed.has_live_secret(now) or closed.secret_expires_at is None:
        return
    try:
        secret = open_secret(closed.sealed_secret)
    except InvalidToken:
        return
    FormerSecret.objects.update_or_create(
        account=closed,
        defaults={"secret_hash": _hash(closed.pk, secret), "expires_at": closed.secret_expires_at},
    )


def _hash(account: int, secret: str) -> str:
    return salted_hmac(_SALT, f"{account} {secret}", algorithm="sha256").hexdigest()


def _move_sources(joining: Joining, now: datetime) -> None:
    moved = list(AccountSource.objects.filter(account=joining.former, closed_at=None))
    AccountSource.objects.filter(pk__in=[source.pk for source in moved]).update(closed_at=now)
    AccountSource.objects.bulk_create(
        AccountSource(
            account=joining.account,
            responsable_id=source.responsable_id,
            student_id=source.student_id,
            opened_at=now,
            reason=joining.reason,
            joining=joining,
        )
        for source in moved
    )


def _remember_differences(pair: Pair) -> None:
    """Whoever was told apart from the closed account is told apart from the kept one."""
    told = Duplicate.objects.filter(decision=Duplicate.Decision.DIFFERENT)
    for row in told.filter(Q(first=pair.closed) | Q(second=pair.closed)):
        third = row.second_id if row.first_id == pair.closed.pk else row.first_id
        if third != pair.kept.pk:
            _write_different(pair.kept.pk, third, row.decided_by, row.decided_at or timezone.now())


def _decide_different(one: int, other: int, by: By, at: datetime) -> None:
    first, second = sorted((one, other))
    known = Duplicate.objects.filter(first=first, second=second)
    known.update(decision=Duplicate.Decision.DIFFERENT, decided_at=at, decided_by=by.agent)
    if not known.exists():
        _write_different(one, other, by.agent, at)


def _write_different(one: int, other: int, agent: Agent | None, at: datetime) -> None:
    first, second = sorted((one, other))
    Duplicate.objects.update_or_create(
        first_id=first,
        second_id=second,
        establishment=None,
        defaults={"decision": Duplicate.Decision.DIFFERENT, "decided_at": at, "decided_by": agent},
        create_defaults={
            "score": 0,
            "closed_at": at,
            "decision": Duplicate.Decision.DIFFERENT,
            "decided_at": at,
            "decided_by": agent,
        },
    )


def _ask_to_renotify(closed: Account, now: datetime) -> None:
    """Its letter is dead: each school where it held a child is told, if it had been notified."""
    if closed.state == State.NOT_NOTIFIED or closed.kind != AccountKind.RESPONSABLE:
        return
    held = Holding.objects.filter(account=closed).values_list("establishment", "responsable").distinct()
    issues = [
        DataIssue(
            establishment_id=place,
            responsable_id=record,
            kind=DataIssue.Kind.TO_RENOTIFY,
            opened_at=now,
        )
        for place, record in held
    ]
    DataIssue.objects.bulk_create(issues, ignore_conflicts=True)


def _reopen(former: Account, validated: dict[str, Any]) -> None:
    done = Account.objects.filter(pk=former.pk, version=former.version).update(
        closed_at=None, merged_into=None, version=F("version") + 1, **validated
    )
    assert done == 1, "it is locked"
    FormerSecret.objects.filter(account=former).delete()


def _give_back(sources: list[AccountSource], former: Account, now: datetime) -> None:
    """A record which an earlier joining had brought to `former` may still be taken out of that one."""
    AccountSource.objects.filter(pk__in=[source.pk for source in sources]).update(closed_at=now)
    before = {
        (source.responsable_id, source.student_id): source.joining_id
        for source in AccountSource.objects.filter(account=former).order_by("opened_at", "pk")
    }
    AccountSource.objects.bulk_create(
        AccountSource(
            account=former,
            responsable_id=source.responsable_id,
            student_id=source.student_id,
            opened_at=now,
            reason=AccountSource.Reason.UNDONE,
            joining_id=before.get((source.responsable_id, source.student_id)),
        )
        for source in sources
    )


def _tell(joining: Joining, kind: EventKind, account: int, by: By, at: datetime) -> None:
    Event.objects.create(
        kind=kind,
        at=at,
        establishment=by.establishment,
        actor=by.actor,
        agent=by.agent,
        target_kind="account",
        target_id=account,
        data={"joining": joining.pk},
    )
