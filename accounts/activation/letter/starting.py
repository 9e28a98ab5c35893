"""The last step of a first sign-in: everything is checked again under the account's lock, then written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from accounts import lifecycle
from accounts.activation import contesting
from accounts.activation.children import asked_about, children_of
from accounts.activation.left_out import tell_schools
from accounts.activation.letter.sending import send_activation_mails
from accounts.activation.session import stamp_of
from accounts.models import Account
from accounts.transitions import State
from establishments.models import EventKind

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from accounts.activation.children import Child


class Overtaken(Exception):
    """The account is no longer what it was at the first step: another browser, a school, the calendar."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.state = state


class WrongBirthDate(Exception):
    """It is not that of the child in any of the records; the school is told."""


@dataclass(frozen=True, slots=True)
class Answers:
    """`stamp` is that of the account when its provisional password was given (session.stamp_of)."""

    stamp: str
    contested: Collection[int]
    password_hash: str
    mail: str


def still_waiting(account: Account | None, stamp: str) -> Account:
    """The account, if its provisional password still opens it; raises Overtaken."""
    if account is None or account.closed_at:
        raise Overtaken(State.NOT_NOTIFIED)
    is_same = stamp_of(account) == stamp and account.has_live_secret(timezone.now())
    if account.state != State.NOTIFIED or not is_same:
        raise Overtaken(account.state_now)
    return account


def answered_for(children: list[Child], contested: Collection[int]) -> list[Child]:
    return [child for child in children if child.key not in contested]


def start(pk: int, answers: Answers, birth_date: date) -> Account:
    """Begin the activation of the account and mail its link. Raises WrongBirthDate, Overtaken."""
    with transaction.atomic():
        locked = Account.objects.select_for_update(no_key=True).filter(pk=pk).first()
        account = still_waiting(locked, answers.stamp)
        children = children_of(account)
        of_family = answered_for(children, answers.contested)
        if not of_family:
            raise Overtaken(account.state_now)
        child = asked_about(account, of_family)
        if is_right := child.was_born(birth_date):
            contesting.contest(account, [each for each in children if each not in of_family])
            lifecycle.start_activation(account, password_hash=answers.password_hash, mail=answers.mail)
            send_activation_mails([account])
        else:
            tell_schools(account, [child], EventKind.ACCOUNT_BIRTH_DATE_REFUSED)
    if not is_right:
        raise WrongBirthDate
    return account


@transaction.atomic
def send_again(account: Account, *, mail: str) -> None:
    """A new link, to the same address or a corrected one. Raises ForbiddenTransition."""
    account = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    lifecycle.ask_another_link(account, mail=mail)
    send_activation_mails([account])
