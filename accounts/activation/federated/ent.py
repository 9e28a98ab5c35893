"""Coming from an ENT: which one, of whom it may speak, and whose account its words mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q
from django.urls import reverse

from accounts.activation.federated.openid import Partner
from accounts.models import Account, AccountKind, EntPartner, Holding
from accounts.secrets import open_secret
from establishments.models import Academy, Feed, Responsable, Student

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from accounts.activation.federated.openid import Identity


class NobodyMeant(Exception):
    """The ENT named no one, no one it may speak of, or two people at once."""


def offered_academies() -> QuerySet[Academy]:
    """Those where an ENT is offered."""
    enabled = EntPartner.objects.enabled()
    return Academy.objects.filter(
        Q(ent_partners__in=enabled) | Q(feeds__establishments__ent_partners__in=enabled)
    ).distinct()


def offered_in(academy: Academy) -> Sequence[EntPartner]:
    enabled = EntPartner.objects.enabled().prefetch_related("establishments")
    here = enabled.filter(Q(academy=academy) | Q(establishments__feed__academy=academy))
    return list(here.distinct().order_by("label", "pk"))


def partner_of(declared: EntPartner) -> Partner:
    return Partner(
        key=f"ent-{declared.pk}",
        issuer=declared.issuer,
        client_id=declared.client_id,
        client_secret=open_secret(declared.sealed_secret),
    )


def return_address(declared: EntPartner) -> str:
    """Its own, so that no answer of another ENT is taken for its (RFC 9700, 4.4)."""
    return settings.PUBLIC_URL + reverse("ent_return", args=[declared.pk])


def account_meant(declared: EntPartner, identity: Identity) -> Account:
    """The account of the person named, by an AAF jointure (« 24$123456 », or « 123456 ») or an INE.

    A pupil named by both is who has both. Raises NobodyMeant: outside the scope, nobody is known.
    """
    academy, _, jointure = identity.text(declared.jointure_claim).rpartition("$")
    ine = identity.text(declared.ine_claim).upper()
    feeds = Feed.objects.filter(establishments__in=declared.scope()).distinct()
    if academy:
        feeds = feeds.filter(academy=academy)
    places = list(feeds.values_list("pk", flat=True))
    meant = _pupils(places, jointure, ine) | _responsables(places, jointure, ine)
    held = Holding.objects.filter(meant, establishment__in=declared.scope())
    accounts = set(held.values_list("account", flat=True))
    if len(accounts) != 1:
        raise NobodyMeant
    return Account.objects.get(pk=accounts.pop())


def _pupils(feeds: list[int], jointure: str, ine: str) -> Q:
    said = {name: value for name, value in (("jointure", jointure), ("ine", ine)) if value}
    found: Sequence[int] = ()
    if said:
        people = Student.objects.filter(feed__in=feeds, left_at__isnull=True, **said)
        found = list(people.values_list("pk", flat=True)[:2])
    return Q(kind=AccountKind.STUDENT, student__in=found)


def _responsables(feeds: list[int], jointure: str, ine: str) -> Q:
    """Who has an INE is a pupil."""
    found: Sequence[int] = ()
    if jointure and not ine:
        people = Responsable.objects.filter(feed__in=feeds, left_at__isnull=True, jointure=jointure)
        found = list(people.values_list("pk", flat=True)[:2])
    return Q(kind=AccountKind.RESPONSABLE, responsable__in=found)
