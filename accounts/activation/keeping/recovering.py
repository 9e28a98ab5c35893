"""« Identifiant perdu », « Mot de passe perdu »: asked on a page which looks for nobody, answered here.

The page seals what was typed and answers the same to all; a worker looks for the account, and writes to its
own validated address or number alone: nobody else's is ever written to.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone

from accounts import lifecycle
from accounts.activation import session
from accounts.activation.keeping import family_links, family_mails
from accounts.activation.keeping.credentials import normalized
from accounts.activation.keeping.same_person import active_of_mail, active_of_mobile, named
from accounts.activation.sms import codes
from accounts.models import Account, FamilyLink, RecoveryRequest
from accounts.transitions import State
from establishments.models import Event, EventKind
from notifications.keyring import keyring
from notifications.sms.sending import send

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

# Nobody waits longer for an answer; a request no worker took by then is forgotten.
LIFETIME = timedelta(hours=1)
# However many ask, an account is written to once in that time.
PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was typed. `mail` or `number` (E.164), one of them; a password by SMS brings its `code`."""

    identifier: str = ""
    surname: str = ""
    given_name: str = ""
    mail: str = ""
    number: str = ""
    code: str = ""

    @property
    def is_password(self) -> bool:
        return bool(self.identifier)


def ask(wanted: Wanted) -> UUID:
    """Keep it for a worker (accounts.tasks.answer_recovery); the key of the request."""
    sealed = keyring().encrypt(json.dumps(asdict(wanted)).encode()).decode()
    return RecoveryRequest.objects.create(sealed=sealed).pk


@transaction.atomic
def answer(pk: UUID) -> None:
    """Write to the account, if there is one; nothing the second time."""
    request = RecoveryRequest.objects.select_for_update().filter(pk=pk).first()
    if request is None:
        return
    request.delete()
    if timezone.now() - request.created_at > LIFETIME:
        return
    try:
        wanted = Wanted(**json.loads(keyring().decrypt(request.sealed.encode())))
    except InvalidToken:
        return
    (_answer_password if wanted.is_password else _answer_identifier)(wanted)


def _answer_password(wanted: Wanted) -> None:
    account = account_of(wanted, lock=True)
    if account is None or _was_answered_lately(account):
        return
    Event.objects.create(
        kind=EventKind.ACCOUNT_RECOVERY_ASKED,
        actor=Event.Actor.FAMILY,
        target_kind="account",
        target_id=account.pk,
        data={"by": "mail" if wanted.mail else "sms"},
    )
    if wanted.mail:
        family_links.draw(account, FamilyLink.Purpose.PASSWORD, account.mail)
        family_mails.promise(account, family_mails.PASSWORD, account.mail)
    else:
        send(account.mobile, codes.words_of(wanted.code), expires_at=timezone.now() + codes.LIFETIME)


def _was_answered_lately(account: Account) -> bool:
    return Event.objects.filter(
        target_kind="account",
        target_id=account.pk,
        kind=EventKind.ACCOUNT_RECOVERY_ASKED,
        at__gt=timezone.now() - PAUSE,
    ).exists()


def _answer_identifier(wanted: Wanted) -> None:
    """One mail, or one SMS, names all the accounts of that person."""
    known = active_of_mail(wanted.mail) if wanted.mail else active_of_mobile(wanted.number)
    found = named(known, wanted.surname, wanted.given_name)
    if not found or _was_told_lately(found[0]):
        return
    if wanted.mail:
        family_mails.promise(found[0], family_mails.IDENTIFIERS, found[0].mail)
        return
    told = ", ".join(account.identifier for account in found)
    words = f"{settings.OPERATOR_NAME} : votre identifiant est {told}"
    send(found[0].mobile, words, expires_at=timezone.now() + LIFETIME)


def _was_told_lately(account: Account) -> bool:
    return not cache.add(f"identifiers-told:{account.pk}", 1, PAUSE.total_seconds())


def account_of(wanted: Wanted, *, lock: bool = False) -> Account | None:
    """The active account of that identifiant, if its own validated address or number is the one given."""
    accounts = Account.objects.select_for_update(no_key=True) if lock else Account.objects.all()
    active = accounts.filter(state=State.ACTIVE, closed_at__isnull=True)
    account = active.filter(identifier=normalized(wanted.identifier)).first()
    if account is None:
        return None
    if wanted.mail:
        is_its_own = account.mail != "" and account.mail.lower() == wanted.mail.lower()
    else:
        is_its_own = account.mobile != "" and account.mobile == wanted.number
    return account if is_its_own else None


@transaction.atomic
def choose_by_link(token: str, password_hash: str) -> Account:
    """The link's use is the password's change: both, once. Raises LinkRefused."""
    account = family_links.use(token, FamilyLink.Purpose.PASSWORD).account
    _replace(account, password_hash)
    return account


@transaction.atomic
def choose_by_code(wanted: Wanted, stamp: str, password_hash: str) -> Account | None:
    """Once the code was given; None when the account changed since (`stamp`), or is no more."""
    account = account_of(wanted, lock=True)
    if account is None or session.stamp_of(account) != stamp:
        return None
    _replace(account, password_hash)
    return account


def _replace(account: Account, password_hash: str) -> None:
    lifecycle.change_password(account, password_hash=password_hash)
    session.end_all(account)
    if account.mail:
        family_mails.promise(account, family_mails.PASSWORD_TOLD, account.mail)


def forget(now: datetime) -> int:
    """Those which no worker took."""
    return RecoveryRequest.objects.filter(created_at__lt=now - LIFETIME).delete()[0]
