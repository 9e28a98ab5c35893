"""FranceConnect: how it is asked, whom it names, and which accounts they may be once their mobile is proven.

FranceConnect v2, eIDAS low, and of the identity only what the records can be compared with: no birth date, no
place, no mail (docs/adr/0017).
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import accumulate, product
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts import lifecycle
from accounts.activation.federated.openid import IdentificationFailed, Partner, ending_address
from accounts.activation.left_out import leave_out
from accounts.activation.sms.proving import Person, proofs
from accounts.activation.sms.self_registration import (
    Opened,
    Opening,
    opened_by,
    show_duplicates,
    tell_wrong_dates,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import date

    from accounts.activation.federated.openid import Identity

SCOPES = ("openid", "given_name", "family_name", "preferred_username")
LEVELS = ("eidas1", "eidas2", "eidas3")
_FIRST_ONES = 3


class Taken(Exception):
    """The account is linked to another identity, or this identity to another account."""


def is_offered() -> bool:
    return bool(settings.FRANCECONNECT_ISSUER)


def partner() -> Partner:
    return Partner(
        key="franceconnect",
        issuer=settings.FRANCECONNECT_ISSUER,
        client_id=settings.FRANCECONNECT_CLIENT_ID,
        client_secret=settings.FRANCECONNECT_CLIENT_SECRET,
        scopes=SCOPES,
        levels=LEVELS,
    )


def return_address() -> str:
    return settings.PUBLIC_URL + reverse("franceconnect_return")


def names_of(identity: Identity) -> dict[str, list[str]]:
    """What the records may call the person: any of the surnames with any of the given names.

    The name of birth and the one in use; the first given name, or the first ones: « Jean Pierre Louis » is
    the Jean, the Jean-Pierre or the Jean-Pierre-Louis of a school's record.
    """
    surnames = [identity.text(claim) for claim in ("family_name", "preferred_username")]
    given_names = list(accumulate(identity.text("given_name").split()[:_FIRST_ONES], "{} {}".format))
    return {"surnames": [name for name in dict.fromkeys(surnames) if name], "given_names": given_names}


@transaction.atomic
def link(sub: str, names: dict[str, list[str]], number: str, birth_dates: Collection[date]) -> Opened:
    """Activate or link the one account which names, proven mobile and dates open.

    An active account keeps its password. Of several, the schools are shown a duplicate; of none whose date
    is right, those of the account are told. Raises Taken.
    """
    found = proofs(persons_of(names, number), birth_dates, lock=True)
    opened = opened_by(found)
    if opened.opening == Opening.NOTHING:
        tell_wrong_dates(found)
    elif opened.opening == Opening.SEVERAL:
        show_duplicates(opened)
    else:
        [proof] = opened.proven
        if proof.account.franceconnect_sub not in (None, sub):
            raise Taken
        if proof.account.franceconnect_sub is None:
            with used_once():
                lifecycle.use_franceconnect(proof.account, sub=sub, mobile=number)
        if opened.opening == Opening.ONE:
            # An active account was opened by other proofs: its children stay.
            leave_out(proof.account, proof.left_out)
    return opened


@contextmanager
def used_once() -> Iterator[None]:
    """An identity which another account took meanwhile is told as Taken."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError:
        raise Taken from None


def persons_of(names: dict[str, list[str]], number: str) -> list[Person]:
    """Whoever the records may call so."""
    pairs = product(names["surnames"], names["given_names"])
    return [Person(surname, given_name, number) for surname, given_name in pairs]


def sign_out_address(id_token: str, state: str) -> str:
    """Where to leave FranceConnect too, as its rules want; empty when it cannot be reached."""
    back = settings.PUBLIC_URL + reverse("franceconnect_signed_out")
    try:
        return ending_address(partner(), id_token, back, state)
    except IdentificationFailed:
        return ""
