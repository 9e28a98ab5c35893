"""Encrypts again, with the first of the keys, provisional passwords, agents' second factors, secrets of ENT.

Walked by key in short commits: killed and run again, it does what is left. Each UPDATE is conditional on the
very text it read, so that a password reset meanwhile is never overwritten.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db import connection
from django.utils import timezone

from accounts.models import Account, EntPartner
from establishments.models import Event, EventKind
from notifications.rotation import OnDone, Tally, rotate_documents

BATCH = 500
# The mark of a Fernet token: the rest of what a second factor holds (keys of passkeys) is no secret.
_TOKEN = "gAAAA"

# A link which shows the password once knows it by its encrypted text: it follows. The version stays, as the
# password is the same.
_RENEW = """
WITH renewed AS (
    UPDATE accounts_account account SET sealed_secret = new.sealed
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[])
         AS new (id, former, sealed, former_hash, sealed_hash)
    WHERE account.id = new.id AND account.sealed_secret = new.former
    RETURNING account.id, new.former_hash, new.sealed_hash
), followed AS (
    UPDATE accounts_passwordlink link SET secret_hash = renewed.sealed_hash
    FROM renewed WHERE link.account_id = renewed.id AND link.secret_hash = renewed.former_hash
)
SELECT count(*) FROM renewed
"""


def rotate_passwords(*, check: bool, on_done: OnDone) -> Tally:
    tally, after = Tally(), 0
    sealed = Account.objects.exclude(sealed_secret="").order_by("pk").values_list("pk", "sealed_secret")
    while rows := list(sealed.filter(pk__gt=after)[:BATCH]):
        after = rows[-1][0]
        changes = [
            (pk, former, renewed)
            for pk, former in rows
            if (renewed := tally.resealed(former, check=check)) is not None
        ]
        if changes:
            _renew(changes, tally)
        on_done(len(rows))
    return tally


def _renew(changes: list[tuple[int, str, str]], tally: Tally) -> None:
    keys, formers, renewed = (list(column) for column in zip(*changes, strict=True))
    with connection.cursor() as cursor:
        hashes = [[_hash(text) for text in texts] for texts in (formers, renewed)]
        cursor.execute(_RENEW, [keys, formers, renewed, *hashes])
        [done] = cursor.fetchone()
    tally.renewed += done
    tally.left += len(changes) - done


def _hash(sealed: object) -> str:
    """As accounts.password_links names a secret."""
    return hashlib.sha256(str(sealed).encode()).hexdigest()


def rotate_factors(*, check: bool, on_done: OnDone) -> Tally:
    """Of agents: TOTP secrets and seeds of recovery codes, wherever a factor's data holds one."""
    tally = Tally()
    if not apps.is_installed("allauth.mfa"):
        return tally
    factors = apps.get_app_config("mfa").get_model("Authenticator")._default_manager
    for pk, former in factors.order_by("pk").values_list("pk", "data"):
        renewed = resealed_data(former, lambda token: tally.resealed(token, check=check))
        if renewed != former:
            done = factors.filter(pk=pk, data=former).update(data=renewed)
            tally.renewed += done
            tally.left += 1 - done
        on_done(1)
    return tally


def resealed_data(data: Any, reseal: Callable[[str], str | None]) -> Any:
    """`data` with each encrypted text in it replaced by what `reseal` says, when it says something."""
    match data:
        case dict():
            return {name: resealed_data(value, reseal) for name, value in data.items()}
        case list():
            return [resealed_data(value, reseal) for value in data]
        case str() if data.startswith(_TOKEN):
            return reseal(data) or data
        case _:
            return data


def rotate_ents(*, check: bool, on_done: OnDone) -> Tally:
    """The secrets by which we are known to the ENT."""
    tally = Tally()
    for pk, former in EntPartner.objects.order_by("pk").values_list("pk", "sealed_secret"):
        if (renewed := tally.resealed(former, check=check)) is not None:
            done = EntPartner.objects.filter(pk=pk, sealed_secret=former).update(sealed_secret=renewed)
            tally.renewed += done
            tally.left += 1 - done
        on_done(1)
    return tally


KINDS: dict[str, Callable[..., Tally]] = {
    "mots de passe provisoires": rotate_passwords,
    "documents": rotate_documents,
    "seconds facteurs": rotate_factors,
    "secrets des ENT": rotate_ents,
}


def record(tallies: dict[str, Tally]) -> None:
    """That everything was gone through, and in numbers what came of it."""
    Event.objects.create(
        kind=EventKind.SECRETS_ROTATED,
        at=timezone.now(),
        actor=Event.Actor.PLATFORM,
        target_kind="platform",
        target_id=0,
        data={
            name: {"renewed": tally.renewed, "unreadable": tally.unreadable}
            for name, tally in tallies.items()
        },
    )
