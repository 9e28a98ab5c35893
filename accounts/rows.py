"""The rows of the lists: one per child and holder of an account, narrowed, ordered and counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Case, Count, Exists, F, OrderBy, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone

from accounts.campaigns import CAMPAIGNS
from accounts.contacts import HAS_MAIL
from accounts.models import (
    ORIGIN_LABELS,
    STATE_LABELS,
    AccountKind,
    AccountMail,
    Holding,
    Operation,
    OperationItem,
)
from accounts.transitions import State
from establishments.names import search_terms
from notifications.models import Delivery

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from establishments.access import Access
    from establishments.models import Establishment

HAS_MOBILE = ~Q(account__mobile="") | Q(responsable__mobile__gt="")
_NAME_KEYS = (
    "surname_key",
    "given_name_key",
    "responsable__surname_key",
    "responsable__given_name_key",
)
# What became of a mail, by the name it has in addresses, and in words.
MAIL_OUTCOMES: dict[str, tuple[Delivery.Status, ...]] = {
    "attente": (Delivery.Status.PENDING,),
    "envoye": (Delivery.Status.SENT,),
    "echec": (Delivery.Status.FAILED,),
    "refuse": (Delivery.Status.REFUSED, Delivery.Status.BOUNCED),
    "annule": (Delivery.Status.CANCELLED,),
}
MAIL_LABELS = {
    "attente": "En attente",
    "envoye": "Envoyé",
    "echec": "Échec",
    "refuse": "Adresse refusée",
    "annule": "Sans objet",
}
NO_CLASS = "aucune"
NO_FORMATION = "aucun"
SOON = timedelta(days=15)
LATER = timedelta(days=30)
SLOW_ACTIVATION = timedelta(days=7)


def deadlines(now: datetime) -> dict[str, Q]:
    """What waits for the family, by the name it has in addresses."""
    soon, later = now + SOON, now + LATER
    provisional = Q(account__password="", account__secret_expires_at__gt=now)
    return {
        "passe": Q(account__password="", account__secret_expires_at__lte=now),
        "15": provisional & Q(account__secret_expires_at__lte=soon),
        "30": provisional & Q(account__secret_expires_at__gt=soon, account__secret_expires_at__lte=later),
        "jamais": Q(account__state=State.NOTIFIED, account__times_distributed=1),
        "activation": Q(
            account__state=State.ACTIVATING, account__activating_since__lte=now - SLOW_ACTIVATION
        ),
    }


def _rank(field: str, values: Collection[str]) -> Case:
    return Case(*(When(**{field: value, "then": Value(rank)}) for rank, value in enumerate(values)))


# What each column sorts by: stored keys, and the order of the lifecycle for states.
ORDERS: dict[str, tuple[F | Case, ...]] = {
    "eleve": (F("surname_key"), F("given_name_key")),
    "classe": (F("student__school_class__label_key"),),
    "mef": (F("student__mef__label"),),
    "niveau": (F("student__level"),),
    "responsable": (F("responsable__surname_key"), F("responsable__given_name_key")),
    "identifiant": (F("account__identifier"),),
    "messagerie": (Case(When(HAS_MAIL, then=0), default=1),),
    "statut": (_rank("account__state", STATE_LABELS),),
    "origine": (_rank("account__origin", ORIGIN_LABELS),),
    "notification": (F("account__distributed_at"),),
    "connexion": (F("account__last_sign_in_at"),),
}
# What a list shows of a row, read as plain values: fifty rows are not worth two hundred models.
_SHOWN = (
    "pk",
    "account_id",
    "account__identifier",
    "account__state",
    "account__origin",
    "account__mail",
    "account__sealed_secret",
    "account__secret_expires_at",
    "account__password",
    "account__distributed_at",
    "account__last_sign_in_at",
    "student__surname",
    "student__given_name",
    "student__level",
    "student__school_class__label",
    "student__mef__label",
    "responsable__surname",
    "responsable__given_name",
    "responsable__mail",
)
DEFAULT_ORDER = "eleve"
# The responsables of one pupil come in a fixed order, which costs no join.
_TIES: tuple[F | Case, ...] = (*ORDERS["eleve"], F("student_id"), F("pk"))


_NOTIFIED = OperationItem.objects.filter(status=OperationItem.Status.DONE)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: the keys of its rows in their order, and how many accounts they show."""

    rows: list[int]
    accounts: int


class RowQuerySet(QuerySet[Holding]):
    def matching(self, query: str) -> RowQuerySet:
        """Rows where each word of `query` is part of a name of the pupil or of the responsable."""
        terms = search_terms(query)
        if query.strip() and not terms:
            return self.none()
        found = self
        for term in terms:
            found = found.filter(reduce(or_, (Q(**{f"{key}__contains": term}) for key in _NAME_KEYS)))
        return found

    def of_classes(self, classes: Collection[str]) -> RowQuerySet:
        """Of the classes of these keys; NO_CLASS stands for pupils placed in none."""
        keys = [key for key in classes if key != NO_CLASS]
        wanted = Q(student__school_class__in=keys)
        if NO_CLASS in classes:
            wanted |= Q(student__school_class__isnull=True)
        return self.filter(wanted)

    def of_mefs(self, mefs: Collection[str]) -> RowQuerySet:
        """Of the MEF of these keys; NO_FORMATION stands for pupils who follow none."""
        wanted = Q(student__mef__in=[int(mef) for mef in mefs if mef != NO_FORMATION])
        if NO_FORMATION in mefs:
            wanted |= Q(student__mef__isnull=True)
        return self.filter(wanted)

    def of_levels(self, levels: Collection[str]) -> RowQuerySet:
        return self.filter(student__level__in=["" if level == NO_FORMATION else level for level in levels])

    def of_campaign(self, operation: str) -> RowQuerySet:
        """Of the accounts that the operation of this key notified, wherever they stand since."""
        return self.filter(account__in=_NOTIFIED.filter(operation=int(operation)).values("account"))

    def in_states(self, states: Collection[str]) -> RowQuerySet:
        return self.filter(account__state__in=states)

    def of_origins(self, origins: Collection[str]) -> RowQuerySet:
        return self.filter(account__origin__in=origins)

    def due(self, deadline: str) -> RowQuerySet:
        """Under one of the `deadlines`."""
        return self.filter(deadlines(timezone.now())[deadline])

    def expiring_before(self, day: date) -> RowQuerySet:
        """Whose provisional password still works, and stops before `day` in the current time zone."""
        limit = datetime.combine(day, time.min, tzinfo=timezone.get_current_timezone())
        return self.filter(
            account__password="",
            account__secret_expires_at__gt=timezone.now(),
            account__secret_expires_at__lte=limit,
        )

    def last_mailed(self, outcome: str) -> RowQuerySet:
        """Those whose last mail, of the establishment or to activate, stands so: one of MAIL_OUTCOMES."""
        mails = AccountMail.objects.filter(
            Q(establishment=OuterRef("establishment_id")) | Q(establishment__isnull=True),
            account=OuterRef("account_id"),
        )
        last = Subquery(mails.order_by("-pk").values("delivery__status")[:1])
        return self.alias(last_mail=last).filter(last_mail__in=MAIL_OUTCOMES[outcome])

    def with_mail(self, is_present: bool) -> RowQuerySet:
        return self.filter(HAS_MAIL if is_present else ~HAS_MAIL)

    def with_mobile(self, is_present: bool) -> RowQuerySet:
        return self.filter(HAS_MOBILE if is_present else ~HAS_MOBILE)

    def able_to_register(self) -> RowQuerySet:
        """Of responsables who can activate their account by themselves: a mobile, and not yet active."""
        return self.filter(HAS_MOBILE, kind=AccountKind.RESPONSABLE).exclude(account__state=State.ACTIVE)

    def in_order(self, name: str, *, descending: bool = False) -> RowQuerySet:
        """By a column of ORDERS, unknown values last; the same rows always come in the same order."""
        column = [OrderBy(key, descending=descending, nulls_last=True) for key in ORDERS[name]]
        return self.order_by(*column, *_TIES)

    def found(self) -> Found:
        """Found in one pass and brought as one array: thousands of keys are dear as thousands of rows."""
        rows = ArrayAgg("pk", order_by=self.query.order_by, default=Value([]))
        return Found(**self.order_by().aggregate(rows=rows, accounts=Count("account", distinct=True)))

    def accounts(self) -> frozenset[int]:
        """The keys of the accounts, each once."""
        return frozenset(self.order_by().values_list("account_id", flat=True))

    def detailed(self, keys: Sequence[int]) -> list[dict[str, Any]]:
        """The rows of these keys, in their order, with all a list shows of them."""
        rows = {row["pk"]: row for row in self.filter(pk__in=keys).order_by().values(*_SHOWN)}
        return [rows[key] for key in keys if key in rows]


def rows_seen_by(access: Access, population: AccountKind) -> RowQuerySet:
    """The rows of a population the agent has been checked to see, in the establishment they act in."""
    return RowQuerySet(Holding).filter(establishment=access.establishment, kind=population)


def campaigns_of(establishment: Establishment) -> QuerySet[Operation]:
    """Its bulk notifications and relaunches which reached at least one account."""
    campaigns = Operation.objects.filter(establishment=establishment, kind__in=CAMPAIGNS)
    return campaigns.filter(Exists(_NOTIFIED.filter(operation=OuterRef("pk"))))
