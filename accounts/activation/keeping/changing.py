"""What a family changes of its active account, each told where the account was reached until then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import lifecycle
from accounts.activation.federated import linking
from accounts.activation.keeping import family_links, family_mails
from accounts.activation.keeping.recovering import LIFETIME
from accounts.models import Account, FamilyLink
from accounts.tasks import send_mails
from notifications.sms.gateways import is_offered
from notifications.sms.sending import send

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.activation.federated.linking import ToLink


@transaction.atomic
def ask_new_mail(account: Account, mail: str) -> FamilyLink:
    """Mail the new address its link; nothing changes before its button."""
    link = family_links.draw(_locked().get(pk=account.pk), FamilyLink.Purpose.MAIL, mail)
    family_mails.promise(account, family_mails.NEW_MAIL, mail)
    transaction.on_commit(send_mails.delay)
    return link


@transaction.atomic
def confirm_new_mail(token: str) -> None:
    """The former address is told. Raises LinkRefused."""
    link = family_links.use(token, FamilyLink.Purpose.MAIL)
    former = link.account.mail
    lifecycle.change_mail(link.account, mail=link.mail)
    # The one who reads the former address chooses no password there any more.
    family_links.give_up(link.account, FamilyLink.Purpose.PASSWORD)
    if former:
        family_mails.promise(link.account, family_mails.MAIL_TOLD, former)
        transaction.on_commit(send_mails.delay)


@transaction.atomic
def change_mobile(account: Account, number: str) -> None:
    """Its code was given. Raises ForbiddenTransition."""
    account = _locked().get(pk=account.pk)
    former = account.mobile
    lifecycle.change_mobile(account, mobile=number)
    if former and is_offered():
        words = f"{settings.OPERATOR_NAME} : un autre numéro remplace celui-ci pour votre compte."
        send(former, words, expires_at=timezone.now() + LIFETIME)
    _tell(account, family_mails.MOBILE_TOLD)


@transaction.atomic
def change_password(account: Account, password_hash: str) -> None:
    """Raises ForbiddenTransition, also when the account changed since it was read."""
    lifecycle.change_password(account, password_hash=password_hash)
    _tell(account, family_mails.PASSWORD_TOLD)


@transaction.atomic
def link_franceconnect(account: Account, to_link: ToLink) -> None:
    """Raises Taken, OtherPerson, ForbiddenTransition."""
    if linking.link(to_link):
        _tell(account, family_mails.LINK_TOLD)


@transaction.atomic
def unlink_franceconnect(account: Account) -> None:
    """Raises NoPassword, ForbiddenTransition."""
    if linking.unlink(account):
        _tell(account, family_mails.UNLINK_TOLD)


def _tell(account: Account, kind: str) -> None:
    if account.mail:
        family_mails.promise(account, kind, account.mail)
        transaction.on_commit(send_mails.delay)


def _locked() -> QuerySet[Account]:
    return Account.objects.select_for_update(no_key=True)
