"""The family's own page once signed in: a card for each thing it may look at or change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.activation.access import signed_in
from accounts.activation.federated.linking import linked_since, may_link
from accounts.activation.keeping import family_links
from accounts.activation.left_out import sorted_out
from accounts.activation.mails import zone_of
from accounts.models import AccountKind, FamilyLink
from accounts.transitions import State
from establishments.phones import displayed_phone
from establishments.templatetags.french import day
from notifications.sms.gateways import is_offered

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.activation.session import SignedInRequest
    from accounts.models import Account


@dataclass(frozen=True, slots=True)
class Card:
    """`detail` is what the account holds now; `note`, what it waits for."""

    url_name: str
    title: str
    detail: str
    note: str = ""


@require_safe
@signed_in
def home(request: SignedInRequest) -> HttpResponse:
    account = request.account
    if account.state == State.ACTIVATING:
        return redirect("activation_waiting")
    context = {"account": account, "cards": cards(account)}
    return render(request, "accounts/activation/keeping/home.html", context)


def cards(account: Account) -> list[Card]:
    """In the order of use."""
    return [
        _children(account),
        _mail(account),
        *([_mobile(account)] if is_offered() else []),
        Card("family_password", "Mot de passe", "Choisi par vous" if account.password else "Aucun"),
        *([_franceconnect(account)] if may_link(account) else []),
        Card("family_connections", "Mes connexions", "Les appareils connectés, et les dernières connexions"),
    ]


def _children(account: Account) -> Card:
    children, left_out = sorted_out(account)
    if account.kind == AccountKind.STUDENT:
        return Card(
            "family_children", "Ma scolarité", children[0].place if children else "Aucune en ce moment"
        )
    names = ", ".join(child.pupil.given_name for child in children)
    note = "Il manque un enfant" if left_out else ""
    return Card("family_children", "Mes enfants", names or "Aucun enfant en ce moment", note)


def _mail(account: Account) -> Card:
    link = family_links.awaited(account, FamilyLink.Purpose.MAIL)
    note = f"{link.mail} attend d’être confirmée" if link else ""
    return Card("family_mail", "Adresse mail", account.mail or "Aucune", note)


def _mobile(account: Account) -> Card:
    shown = displayed_phone(account.mobile) if account.mobile else "Aucun"
    return Card("family_mobile", "Téléphone portable", shown)


def _franceconnect(account: Account) -> Card:
    return Card("family_franceconnect", "FranceConnect", _said_of_franceconnect(account))


def _said_of_franceconnect(account: Account) -> str:
    if account.franceconnect_sub is None:
        return "Votre compte n’est pas lié à FranceConnect"
    since = linked_since(account)
    if since is None:
        return "Votre compte est lié à FranceConnect"
    with timezone.override(zone_of(account)):
        return f"Votre compte est lié à FranceConnect depuis le {day(since)}"
