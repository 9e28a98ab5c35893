"""A form sent after the session ended: kept half an hour for the agent who sent it, and nobody else.

Its fields stay on the server, encrypted, in the cache; the browser's session only holds their number. Never
kept: files, passwords and codes, what the cross-site check refused.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography.fernet import InvalidToken
from django.core.cache import cache
from django.urls import resolve
from django.utils import timezone

from establishments.keys import open_text, seal_text
from establishments.models import Establishment

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase
    from django.http import HttpRequest

    from establishments.models import Agent

LIFETIME = timedelta(minutes=30)
_SESSION, _ENDED = "kept_form", "ended_session"
_NEVER = re.compile(r"csrf|pass(word)?|secret|credential|code", re.IGNORECASE)
# Pages of sign-in and security take nothing up again; those of an establishment do, however named.
_NOT_FROM = ("account_", "mfa_", "session", "second_factor", "kept_form", "demo_", "invitation")
_PURPOSES = {
    "operation_create": "Action sur une sélection de comptes",
    "operation_confirm": "Confirmation d’une opération",
    "account_password": "Affichage du mot de passe d’un compte",
    "account_resend": "Renvoi du courriel d’activation",
    "establishment_settings": "Réglages de l’établissement",
    "delegation_grant": "Délégation à accorder",
    "delegation_invite": "Délégation à accorder, avec une invitation",
    "delegation_change": "Modification d’une délégation",
    "delegation_end": "Fin d’une délégation",
    "deputy": "Droit d’un adjoint de déléguer",
    "journal_export": "Export du journal",
    "visit_begin": "Consultation d’un établissement",
}


@dataclass(frozen=True, slots=True)
class KeptForm:
    agent: int
    path: str
    fields: list[tuple[str, str]]
    kept_at: float
    has_files: bool

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.kept_at, UTC)

    @property
    def purpose(self) -> str:
        """What the page was for, in words."""
        return _PURPOSES.get(resolve(self.path.split("?")[0]).url_name or "", "Formulaire de la console")

    def establishment(self, agent: Agent) -> Establishment | None:
        uai = resolve(self.path.split("?")[0]).kwargs.get("uai", "")
        return Establishment.objects.visible_to(agent).filter(uai=uai.upper()).first()


def session_ended(session: SessionBase, agent: Agent) -> None:
    """Remember, in the browser's new session, whose session just reached its end."""
    session[_ENDED] = {"agent": agent.pk, "at": timezone.now().timestamp()}


def who_was_there(session: SessionBase) -> int | None:
    """The key of the agent whose session ended here less than LIFETIME ago."""
    ended = session.get(_ENDED)
    if ended is None or timezone.now().timestamp() - ended["at"] > LIFETIME.total_seconds():
        return None
    return int(ended["agent"])


def keep(request: HttpRequest, agent: int) -> bool:
    """Keep what was posted for `agent`; False on the pages where nothing is kept."""
    match = request.resolver_match
    if match is None or ("uai" not in match.kwargs and (match.url_name or "").startswith(_NOT_FROM)):
        return False
    fields = [
        (name, value) for name, values in request.POST.lists() if not _NEVER.search(name) for value in values
    ]
    form = KeptForm(
        agent, request.get_full_path(), fields, timezone.now().timestamp(), has_files=bool(request.FILES)
    )
    written = json.dumps(asdict(form))
    drop(request.session)
    number = secrets.token_urlsafe(16)
    cache.set(f"kept-form:{number}", seal_text(written), LIFETIME.total_seconds())
    request.session[_SESSION] = {"agent": agent, "number": number, "path": form.path}
    return True


def kept_for(session: SessionBase, agent: Agent) -> KeptForm | None:
    """The form of this very agent; another's is dropped as soon as someone else asks."""
    held = session.get(_SESSION)
    if held is None:
        return None
    sealed = cache.get(f"kept-form:{held['number']}") if held["agent"] == agent.pk else None
    form = _read(sealed) if sealed else None
    if form is None:
        drop(session)
    return form


def _read(sealed: str) -> KeptForm | None:
    """None for what no key of ours opens any more: nobody is kept out of the console by a form."""
    try:
        read = json.loads(open_text(sealed))
    except InvalidToken:
        return None
    return KeptForm(**read | {"fields": [tuple(pair) for pair in read["fields"]]})


def was_sent_again(request: HttpRequest) -> None:
    """Forget the form once it is on its way again, from the page that showed it or from its own."""
    held = request.session.get(_SESSION)
    if held is not None and held["path"] == request.get_full_path():
        drop(request.session)


def drop(session: SessionBase) -> None:
    held = session.pop(_SESSION, None)
    if held is not None:
        cache.delete(f"kept-form:{held['number']}")
