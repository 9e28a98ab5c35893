"""The mails of an active account: its links, its identifiants when they are lost, and each change told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts.activation.keeping import family_links
from accounts.activation.keeping.same_person import accounts_like
from accounts.activation.mails import account_of, mail_of
from accounts.mail_reasons import LINK_VOID
from accounts.models import FamilyLink
from notifications import deliveries
from notifications.deliveries import Promise
from notifications.mails import Mail, Undeliverable
from notifications.models import Delivery

if TYPE_CHECKING:
    from accounts.models import Account

PASSWORD, NEW_MAIL, IDENTIFIERS = "family:password", "family:new-mail", "family:identifiers"
MAIL_TOLD, MOBILE_TOLD, PASSWORD_TOLD, CHILD_TOLD, LINK_TOLD, UNLINK_TOLD = (
    "family:told:mail",
    "family:told:mobile",
    "family:told:password",
    "family:told:child",
    "family:told:link",
    "family:told:unlink",
)
SUBJECTS = {
    PASSWORD: "Choisissez un nouveau mot de passe",
    NEW_MAIL: "Confirmez votre nouvelle adresse mail",
    IDENTIFIERS: "Votre identifiant",
    MAIL_TOLD: "L’adresse mail de votre compte a changé",
    MOBILE_TOLD: "Le téléphone portable de votre compte a changé",
    PASSWORD_TOLD: "Le mot de passe de votre compte a changé",
    CHILD_TOLD: "Un autre compte a été réuni au vôtre",
    LINK_TOLD: "Votre compte est lié à FranceConnect",
    UNLINK_TOLD: "Votre compte n’est plus lié à FranceConnect",
}
_LINKS = {PASSWORD: FamilyLink.Purpose.PASSWORD, NEW_MAIL: FamilyLink.Purpose.MAIL}
_TEMPLATES = {PASSWORD: "family_password", NEW_MAIL: "family_new_mail"}
# What each change is called, in the mail which tells it.
_CHANGES = {
    MAIL_TOLD: "l’adresse mail de votre compte a été remplacée par une autre",
    MOBILE_TOLD: "le numéro de téléphone portable de votre compte a été changé",
    PASSWORD_TOLD: "le mot de passe de votre compte a été changé",
    CHILD_TOLD: "un autre compte a été réuni au vôtre, avec les enfants qui en dépendaient",
    LINK_TOLD: "votre compte a été lié à FranceConnect, qui permet désormais de s’y connecter",
    UNLINK_TOLD: "votre compte a été délié de FranceConnect, qui ne permet plus de s’y connecter",
}


def promise(account: Account, kind: str, recipient: str) -> None:
    """Queue one, in the caller's transaction; its words are made when it leaves."""
    deliveries.promise([Promise(recipient, SUBJECTS[kind], (kind, str(account.pk)))], timezone.now())


def compose(delivery: Delivery) -> Mail:
    """Raises Undeliverable when there is nothing to say any more."""
    account = account_of(delivery)
    if account.closed_at:
        raise Undeliverable(Delivery.Status.CANCELLED, LINK_VOID)
    if delivery.reference_kind in _LINKS:
        return _link(account, delivery)
    if delivery.reference_kind == IDENTIFIERS:
        context: dict[str, object] = {
            "identifiers": [each.identifier for each in accounts_like(account, delivery.recipient)],
            "sign_in": settings.PUBLIC_URL + reverse("family_sign_in"),
        }
        return mail_of(account, delivery, "family_identifiers", context)
    context = {
        "change": _CHANGES[delivery.reference_kind],
        "at": delivery.created_at,
        "recovery": settings.PUBLIC_URL + reverse("family_lost_password"),
        "to_former": delivery.reference_kind == MAIL_TOLD,
    }
    return mail_of(account, delivery, "family_told", context)


def _link(account: Account, delivery: Delivery) -> Mail:
    kind = delivery.reference_kind
    link = family_links.awaited(account, _LINKS[kind])
    if link is None or link.mail != delivery.recipient:
        raise Undeliverable(Delivery.Status.CANCELLED, LINK_VOID)
    context = {
        "link": family_links.address_of(link),
        "deadline": family_links.deadline_of(link),
        "identifier": account.identifier,
    }
    return mail_of(account, delivery, _TEMPLATES[kind], context)


COMPOSERS = dict.fromkeys(SUBJECTS, compose)
