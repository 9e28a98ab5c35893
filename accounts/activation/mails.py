"""The mails of an activation: promised with the change they tell, made when they leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.activation.links import link_deadline, link_for
from accounts.mail_reasons import LINK_VOID, NO_ADDRESS
from accounts.models import Account, AccountMail
from accounts.transitions import State
from establishments.models import Event, EventKind
from establishments.phones import displayed_phone
from notifications import deliveries
from notifications.deliveries import Promise
from notifications.envelope import is_address
from notifications.mails import Mail, Undeliverable
from notifications.models import Delivery

if TYPE_CHECKING:
    from collections.abc import Iterable

LINK, MOVED = "activation:link", "activation:moved"
LINK_SUBJECT = "Activez votre compte : confirmez votre adresse mail"
MOVED_SUBJECT = "Une autre adresse mail a été donnée pour votre compte"


def promise_links(accounts: Iterable[Account]) -> list[Delivery]:
    """Queue the current link of accounts being activated, to the address which each waits to confirm.

    It is the account's mail, whichever school asked for it: all those which see the account see its fate.
    """
    told = list(accounts)
    queued = deliveries.promise(
        [Promise(each.pending_mail, LINK_SUBJECT, (LINK, _link_key(each))) for each in told], timezone.now()
    )
    AccountMail.objects.bulk_create(
        AccountMail(account=account, delivery=delivery)
        for account, delivery in zip(told, queued, strict=True)
    )
    return queued


def promise_notice(account: Account, former_mail: str) -> None:
    """Queue the mail which tells the former address that another one replaces it."""
    deliveries.promise([Promise(former_mail, MOVED_SUBJECT, (MOVED, str(account.pk)))], timezone.now())


def compose_link(delivery: Delivery) -> Mail:
    """Raises Undeliverable once another link, or the family, has made it void."""
    account = account_of(delivery)
    if (
        account.state != State.ACTIVATING
        or account.closed_at
        or account.pending_mail != delivery.recipient
        or _link_key(account) != delivery.reference_id
    ):
        raise Undeliverable(Delivery.Status.CANCELLED, LINK_VOID)
    context = {"link": link_for(account), "deadline": link_deadline(account)}
    return mail_of(account, delivery, "activation_link", context)


def compose_notice(delivery: Delivery) -> Mail:
    """Names the school which acted, whom to call, and nobody else."""
    account = account_of(delivery)
    resent = Event.objects.filter(
        target_kind="account",
        target_id=account.pk,
        kind=EventKind.ACCOUNT_ACTIVATION_RESENT,
        actor=Event.Actor.AGENT,
    )
    school = resent.select_related("establishment").latest("at", "pk").establishment
    assert school is not None, "an agent acts in an establishment"
    phone = displayed_phone(school.phone) if school.phone else ""
    return mail_of(account, delivery, "activation_moved", {"school": school, "phone": phone})


def _link_key(account: Account) -> str:
    return f"{account.pk}:{account.activation_link_number}"


def account_of(delivery: Delivery) -> Account:
    """Its reference begins with the account's key."""
    return Account.objects.get(pk=int(delivery.reference_id.partition(":")[0]))


def mail_of(account: Account, delivery: Delivery, name: str, context: dict[str, object]) -> Mail:
    """Of the two templates called `name`; the family reads its own clock."""
    if not is_address(delivery.recipient):
        raise Undeliverable(Delivery.Status.FAILED, NO_ADDRESS)
    context |= {"operator_name": settings.OPERATOR_NAME}
    with timezone.override(zone_of(account)):
        return Mail(
            recipient=delivery.recipient,
            sender_name=settings.OPERATOR_NAME,
            reply_to="",
            subject=delivery.subject,
            text=render_to_string(f"accounts/mails/{name}.txt", context),
            html=render_to_string(f"accounts/mails/{name}.html", context),
        )


def zone_of(account: Account) -> str:
    """The clock the family reads: that of a school where it has a child."""
    held = account.holdings.select_related("establishment__feed__academy").order_by("student_id").first()
    return held.establishment.academy.time_zone if held else settings.TIME_ZONE
