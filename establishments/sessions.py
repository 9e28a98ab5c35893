"""Sessions of agents: how long they last, which are open, and how they end.

Idle and absolute limits are kept in the session itself (`opened_at`, `seen_at`). A request that a page makes
by itself says so with AUTOMATIC and is no activity: a console left open does not stay open for ever.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from establishments.models import AgentSession
from establishments.networks import client_address

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest

    from establishments.models import Agent

AUTOMATIC = "X-Automatic"
# Activity is written at most so often, in seconds; a session is never ended before what its page announced.
_GRAIN = 60
_OPENED, _SEEN, _ROW, _KEY = "opened_at", "seen_at", "agent_session", "agent_session_key"
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def begin(request: HttpRequest, agent: Agent) -> None:
    """At sign-in, by whatever door; an agent who signs in again without leaving keeps one row."""
    session, now = request.session, time.time()
    if session.session_key and session.get(_KEY) == session.session_key:
        session.update({_OPENED: now, _SEEN: now})
        moment = datetime.fromtimestamp(now, UTC)
        AgentSession.objects.filter(pk=_row(session)).update(opened_at=moment, seen_at=moment)
        return
    if session.session_key is None:
        session.create()
    address = client_address(request)
    row = AgentSession.objects.create(
        agent=agent,
        session_key=session.session_key or "",
        address=str(address) if address else None,
        browser=request.META.get("HTTP_USER_AGENT", "")[:200],
    )
    session.update({_OPENED: now, _SEEN: now, _ROW: row.pk, _KEY: session.session_key})


def is_over(session: SessionBase) -> bool:
    """Left idle, or open, for longer than the settings allow."""
    now = time.time()
    idle = now - session.get(_SEEN, now) > settings.SESSION_IDLE.total_seconds() + _GRAIN
    return idle or seconds_left(session) <= 0


def seconds_left(session: SessionBase) -> int:
    """Until the session ends whatever the agent does."""
    opened: float = session.get(_OPENED, time.time())
    return int(opened + settings.SESSION_LIFETIME.total_seconds() - time.time())


def touch(request: HttpRequest, agent: Agent) -> bool:
    """Note that the agent is there, once in a while, and that the cookie's key was renewed.

    False when the session was closed from elsewhere and outlived it: its row is gone, nobody could close it.
    """
    session, now = request.session, time.time()
    if _ROW not in session:
        begin(request, agent)
        return True
    renewed = session.get(_KEY) != session.session_key
    if not renewed and (AUTOMATIC in request.headers or now - session[_SEEN] < _GRAIN):
        return True
    if AUTOMATIC not in request.headers:
        session[_SEEN] = now
    session[_KEY] = session.session_key
    known = AgentSession.objects.filter(pk=session[_ROW], agent=agent).update(
        session_key=session.session_key, seen_at=datetime.fromtimestamp(session[_SEEN], UTC)
    )
    return known == 1


def _row(session: SessionBase) -> int:
    return int(session.get(_ROW, 0))


def close(session: SessionBase) -> None:
    """The row of a session which its own browser leaves."""
    AgentSession.objects.filter(pk=_row(session)).delete()


def open_sessions(agent: Agent, current: SessionBase) -> list[dict[str, Any]]:
    """Those still alive, this one first; rows of dead ones stay until the nightly sweep."""
    rows = alive(agent).order_by("-seen_at", "-pk")
    told = [
        {
            "pk": row.pk,
            "browser": browser_in_words(row.browser),
            "address": row.address,
            "opened_at": row.opened_at,
            "seen_at": row.seen_at,
            "is_current": row.pk == current.get(_ROW),
        }
        for row in rows
    ]
    return sorted(told, key=lambda each: not each["is_current"])


def alive(agent: Agent) -> Any:
    now = timezone.now()
    return agent.sessions.filter(
        seen_at__gt=now - settings.SESSION_IDLE, opened_at__gt=now - settings.SESSION_LIFETIME
    )


def browser_in_words(told: str) -> str:
    """« Firefox sur Windows »: enough to know one's own machines."""
    browser = next((name for mark, name in _BROWSERS if mark in told), "Navigateur inconnu")
    system = next((name for mark, name in _SYSTEMS if mark in told), None)
    return f"{browser} sur {system}" if system else browser


def end_one(agent: Agent, pk: int, current: SessionBase) -> int:
    """Another of the agent's sessions; one leaves one's own by signing out."""
    return _end(agent.sessions.filter(pk=pk).exclude(pk=_row(current)))


def end_others(agent: Agent, current: SessionBase) -> int:
    """Every session of the agent but this one; how many were open."""
    return _end(agent.sessions.exclude(pk=_row(current)))


def end_all(agent: Agent) -> int:
    return _end(agent.sessions.all())


def sweep() -> int:
    """Forget the rows of sessions past every limit; how many."""
    done, _ = AgentSession.objects.filter(opened_at__lt=timezone.now() - settings.SESSION_LIFETIME).delete()
    return done


def _end(rows: Any) -> int:
    keys = list(rows.values_list("session_key", flat=True))
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for key in keys:
        store(key).delete()
    rows.delete()
    return len(keys)


def limits(request: HttpRequest) -> dict[str, object]:
    """For every page of who is signed in: what the warning before the end counts from."""
    agent = getattr(request, "user", None)
    if agent is None or not agent.is_authenticated:
        return {}
    return {
        "session_limits": {
            "idle": int(settings.SESSION_IDLE.total_seconds()),
            "left": seconds_left(request.session),
        }
    }
