"""Sending the activation mail: when the family begins its activation, and again when an agent asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts.activation.mails import promise_links, promise_notice
from accounts.lifecycle import AgentAct, act_on
from accounts.tasks import send_mails
from accounts.transitions import ForbiddenTransition, Transition

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models import Account
    from establishments.access import Access


def send_activation_mails(accounts: Iterable[Account]) -> None:
    """Mail each its current link, once the transaction which drew it is committed."""
    promise_links(accounts)
    transaction.on_commit(send_mails.delay)


@transaction.atomic
def resend(account: Account, access: Access, *, to: str) -> bool:
    """Draw a new link and mail it to `to`, which becomes the address to confirm; True when it is another.

    The former address is told. Raises ForbiddenTransition, also when the account changed since it was read.
    """
    former = account.pending_mail
    new_mail = "" if to.casefold() == former.casefold() else to
    act = AgentAct(
        Transition.RESEND_ACTIVATION, access.agent, access.establishment, timezone.now(), new_mail=new_mail
    )
    if not act_on([account], act):
        raise ForbiddenTransition(act.transition, account.state_now)
    account.refresh_from_db()
    send_activation_mails([account])
    if new_mail:
        promise_notice(account, former)
    return bool(new_mail)
