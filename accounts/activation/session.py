"""The session of a family: its own cookie, its own keys, an open row of each; nothing of the console's.

Before anyone is signed in it holds the answers of the steps (accounts.activation.steps). A signed in one
dies by itself when left idle or open too long, and as soon as the account's credentials change elsewhere.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.sessions.backends.cache import SessionStore as CacheStore
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts import lifecycle
from accounts.models import Account, FamilySession
from establishments.networks import client_address
from establishments.sessions import browser_in_words

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.db.models import QuerySet

_SALT = "accounts.activation.session"
# Activity is written at most so often, in seconds.
_GRAIN = 60
_ACCOUNT, _STAMP, _ROW = "family_account", "family_stamp", "family_session"
_OPENED, _SEEN, _PROVED = "opened_at", "seen_at", "proved_at"
# How many former sessions are told.
_TOLD = 10


class SessionStore(CacheStore):
    """Kept under keys which no session of an agent has, nor may be read as one."""

    cache_key_prefix = "accounts.activation.sessions"

    def get_session_cookie_age(self) -> int:
        return int(settings.FAMILY_SESSION_LIFETIME.total_seconds())

    @classmethod
    def get_session_store_class(cls) -> type[SessionStore]:
        return cls


class FamilyRequest(HttpRequest):
    """For annotations only: a request below one of settings.FAMILY_PATHS, as the middleware made it.

    `account` is who is signed in. `family` is the session, which `session` is too on these paths.
    """

    family: SessionBase
    account: Account | None
    remembered: int | None


class SignedInRequest(FamilyRequest):
    """For annotations only: that of a view which access.signed_in guards."""

    account: Account


def sign_in(request: FamilyRequest, account: Account, way: FamilySession.Way) -> None:
    """Open the session of `account`, under a new key: what a stranger may have put there is left behind."""
    session, now = request.family, time.time()
    FamilySession.objects.filter(pk=session.get(_ROW, 0)).delete()
    session.flush()
    session.create()
    address = client_address(request)
    row = FamilySession.objects.create(
        account=account,
        session_key=session.session_key or "",
        way=way,
        address=str(address) if address else None,
        browser=request.META.get("HTTP_USER_AGENT", "")[:200],
    )
    session.update({_ACCOUNT: account.pk, _ROW: row.pk, _OPENED: now, _SEEN: now, _PROVED: now})
    request.account, request.remembered = account, account.pk
    lifecycle.record_sign_in(account)
    refresh(request)


def refresh(request: FamilyRequest) -> None:
    """Keep this session open after the account's own password was changed in it; the others end."""
    assert request.account is not None, "nobody is signed in"
    request.account.refresh_from_db()
    request.family[_STAMP] = stamp_of(request.account)


def prove(request: SignedInRequest) -> None:
    """The password was given again in this session."""
    request.family[_PROVED] = time.time()


def is_proved(request: SignedInRequest) -> bool:
    """Whether who is there gave the password lately enough to change what matters."""
    lifetime = settings.FAMILY_PROOF_LIFETIME.total_seconds()
    return bool(time.time() - request.family.get(_PROVED, 0) < lifetime)


def sign_out(request: FamilyRequest) -> None:
    FamilySession.objects.filter(pk=request.family.get(_ROW, 0)).update(ended_at=timezone.now())
    request.family.flush()
    request.account = None


def stamp_of(account: Account) -> str:
    """Changes with the password, chosen or provisional: a reset by a school ends what was open."""
    seed = f"{account.pk} {account.password} {account.sealed_secret}"
    return salted_hmac(_SALT, seed, algorithm="sha256").hexdigest()


def has_account(session: SessionBase) -> bool:
    return _ACCOUNT in session


def account_of(session: SessionBase) -> Account | None:
    """Who is signed in, and still may be."""
    account = Account.objects.filter(pk=session[_ACCOUNT], closed_at__isnull=True).first()
    if account is None or _is_over(session):
        return None
    if not constant_time_compare(session.get(_STAMP, ""), stamp_of(account)):
        return None
    return account if _touch(session) else None


def _is_over(session: SessionBase) -> bool:
    now = time.time()
    idle = now - session[_SEEN] > settings.FAMILY_SESSION_IDLE.total_seconds() + _GRAIN
    return bool(idle or now - session[_OPENED] > settings.FAMILY_SESSION_LIFETIME.total_seconds())


def _touch(session: SessionBase) -> bool:
    """Note that the family is there, once in a while; False when the session was closed from elsewhere."""
    now = time.time()
    if now - session[_SEEN] < _GRAIN:
        return True
    session[_SEEN] = now
    rows = FamilySession.objects.filter(pk=session[_ROW], ended_at__isnull=True)
    return bool(rows.update(seen_at=datetime.fromtimestamp(now, UTC)))


def open_sessions(request: SignedInRequest) -> list[dict[str, Any]]:
    """Those still alive, this one first."""
    current = request.family.get(_ROW)
    told = [
        _told(row) | {"is_current": row.pk == current}
        for row in _alive(request.account).order_by("-seen_at", "-pk")
    ]
    return sorted(told, key=lambda each: not each["is_current"])


def former_sessions(account: Account) -> list[dict[str, Any]]:
    """The last which are over, the latest first."""
    over = account.family_sessions.exclude(pk__in=_alive(account).values("pk"))
    return [_told(row) for row in over.order_by("-opened_at", "-pk")[:_TOLD]]


def _told(row: FamilySession) -> dict[str, Any]:
    return {
        "pk": row.pk,
        "browser": browser_in_words(row.browser),
        "address": row.address,
        "way": row.get_way_display(),
        "opened_at": row.opened_at,
        "seen_at": row.seen_at,
    }


def end_one(request: SignedInRequest, pk: int) -> int:
    """Another of the account's sessions; one leaves one's own by signing out."""
    return _end(request.account.family_sessions.filter(pk=pk).exclude(pk=request.family[_ROW]))


def end_others(request: SignedInRequest) -> int:
    """Every session of the account but this one; how many were open."""
    return _end(request.account.family_sessions.exclude(pk=request.family[_ROW]))


def end_all(account: Account) -> int:
    """Wherever they are open."""
    return _end(account.family_sessions.all())


def sweep() -> int:
    """Forget the rows of old sessions; how many."""
    oldest = timezone.now() - max(settings.FAMILY_SIGN_INS_KEPT, settings.FAMILY_SESSION_LIFETIME)
    return FamilySession.objects.filter(opened_at__lt=oldest).delete()[0]


def _alive(account: Account) -> QuerySet[FamilySession]:
    now = timezone.now()
    return account.family_sessions.filter(
        ended_at__isnull=True,
        seen_at__gt=now - settings.FAMILY_SESSION_IDLE,
        opened_at__gt=now - settings.FAMILY_SESSION_LIFETIME,
    )


def _end(rows: QuerySet[FamilySession]) -> int:
    rows = rows.filter(ended_at__isnull=True)
    keys = list(rows.values_list("session_key", flat=True))
    for key in keys:
        SessionStore(key).delete()
    rows.update(ended_at=timezone.now())
    return len(keys)
