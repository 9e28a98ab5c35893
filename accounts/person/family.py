"""All that is held on a responsable or a pupil, and nothing that is held on anybody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone

from accounts.activation.keeping import family_mails
from accounts.activation.mails import MOVED
from accounts.models import Account, DataIssue, FamilyLink, FamilySession, OperationItem, PasswordLink
from accounts.passwords import Standing, password_standing
from accounts.person.telling import Dossier, Row, told
from establishments.models import Event, EventKind, Responsable, Responsibility, Student
from notifications.models import Delivery

if TYPE_CHECKING:
    from django.db.models import QuerySet

_PASSWORDS = {
    Standing.UNDRAWN: "aucun, le compte n’a pas été notifié",
    Standing.PROVISIONAL: "provisoire",
    Standing.EXPIRED: "provisoire, expiré",
    Standing.CHOSEN: "choisi par la personne, gardé sous une forme qui ne se lit pas",
    Standing.NONE: "aucun",
}
# Where an ended or refused link's child goes to school now is not this person's to know.
_OF_A_CHILD = ("ine", "birth_date", "establishment_id", "school_class_id", "mef_id", "level", "arrived_at")
_OF_ITS_RECORD = ("feed_id", "jointure", "source_id", "eligible_at", "left_at")


class Ambiguous(Exception):
    """What was asked names several persons, or nobody; the message is a French sentence."""


@dataclass(frozen=True, slots=True)
class Person:
    """One human: accounts, and the records these stand for now; one whose join was undone is another's."""

    accounts: list[Account]
    records: list[Responsable] | list[Student]

    @property
    def target(self) -> tuple[str, int]:
        """As an event names it."""
        if self.accounts:
            return "account", self.accounts[0].pk
        return ("student" if isinstance(self.records[0], Student) else "responsable"), self.records[0].pk


def person_of_account(identifier: str) -> Person:
    account = Account.objects.filter(identifier=identifier, anonymised_at__isnull=True).first()
    if account is None:
        raise Ambiguous("Aucun compte n’a cet identifiant.")
    is_open = {"sources__account": account, "sources__closed_at__isnull": True}
    students, responsables = Student.objects.filter(**is_open), Responsable.objects.filter(**is_open)
    return Person([account], list(students) or list(responsables))


def person_of_ine(ine: str) -> Person:
    """The pupil's records of every feed; raises Ambiguous when they are not of one birth date."""
    found = Student.objects.filter(ine=ine, erased_at__isnull=True) if ine else Student.objects.none()
    accounts = list(
        Account.objects.filter(sources__student__in=found, sources__closed_at__isnull=True).distinct()
    )
    of_accounts = Q(sources__account__in=accounts, sources__closed_at__isnull=True)
    students = list(Student.objects.filter(Q(pk__in=found) | of_accounts).order_by("pk").distinct())
    if not students:
        raise Ambiguous("Aucun élève n’a cet INE.")
    if len({student.birth_date for student in students}) > 1:
        raise Ambiguous("Plusieurs élèves ont cet INE : demandez par l’identifiant du compte.")
    return Person(accounts, students)


def dossier_of(person: Person) -> Dossier:
    accounts = [account.pk for account in person.accounts]
    return {
        "Comptes": [_account(account) for account in person.accounts],
        "Sources de données": [
            told(source) for account in person.accounts for source in account.sources.order_by("pk")
        ],
        "Fiches de l’annuaire académique": [told(record) for record in person.records],
        **_links(person),
        "Courriels": _mails(accounts),
        "Liens vers un mot de passe": [
            told(link) for link in PasswordLink.objects.filter(account__in=accounts).order_by("created_at")
        ],
        "Liens demandés par la famille": [
            told(link) for link in FamilyLink.objects.filter(account__in=accounts).order_by("pk")
        ],
        "Sessions": [
            told(session)
            for session in FamilySession.objects.filter(account__in=accounts).order_by("opened_at", "pk")
        ],
        "Constats sur les données": [told(issue) for issue in _issues(person)],
        "Opérations": _operations(accounts),
        "Historique": [_event(event) for event in _events(person)],
    }


def _account(account: Account) -> Row:
    row = told(account) | {"Mot de passe": _PASSWORDS[password_standing(account, timezone.now())]}
    absence = getattr(account, "absence", None)
    return row | (told(absence) if absence else {})


def _links(person: Person) -> Dossier:
    keys = [record.pk for record in person.records]
    links = Responsibility.objects.select_related(
        "student__establishment", "student__school_class", "student__mef", "responsable"
    ).order_by("pk")
    if person.records and isinstance(person.records[0], Student):
        # Who they are is theirs.
        return {"Liens avec des responsables": [told(link) for link in links.filter(student__in=keys)]}
    return {"Enfants": [_child(link) for link in links.filter(responsable__in=keys)]}


def _child(link: Responsibility) -> Row:
    in_force = link.is_legal and link.ended_at is None and link.student.left_at is None
    left_out = _OF_ITS_RECORD if in_force else (*_OF_ITS_RECORD, *_OF_A_CHILD)
    return told(link.student, leaving_out=left_out) | told(link)


def _mails(accounts: list[int]) -> list[Row]:
    notices = Q(
        reference_kind__in=[MOVED, *family_mails.SUBJECTS], reference_id__in=[str(pk) for pk in accounts]
    )
    found = Delivery.objects.filter(Q(account_mail__account__in=accounts) | notices)
    rows = []
    for delivery in found.select_related("account_mail__establishment").order_by("created_at", "pk"):
        mail = getattr(delivery, "account_mail", None)
        rows.append(told(delivery) | (told(mail) if mail else {}))
    return rows


def _issues(person: Person) -> QuerySet[DataIssue]:
    mine = Q(student__in=[r.pk for r in person.records if isinstance(r, Student)]) | Q(
        responsable__in=[r.pk for r in person.records if isinstance(r, Responsable)]
    )
    return DataIssue.objects.filter(mine).select_related("establishment").order_by("opened_at", "pk")


def _operations(accounts: list[int]) -> list[Row]:
    items = OperationItem.objects.filter(account__in=accounts).exclude(operation__confirmed_at=None)
    related = items.select_related("operation__establishment").order_by("operation__confirmed_at", "pk")
    return [told(item.operation) | told(item) for item in related]


def _events(person: Person) -> QuerySet[Event]:
    mine = Q(target_kind="account", target_id__in=[account.pk for account in person.accounts])
    for record in person.records:
        mine |= Q(target_kind=record._meta.model_name, target_id=record.pk)
    return Event.objects.filter(mine).select_related("establishment").order_by("at", "pk")


def _event(event: Event) -> Row:
    """Agents are told by the place they act in. A child who left took its school along."""
    left_out = ["establishment_id"] if event.kind == EventKind.ACCOUNT_CHILD_DETACHED else []
    return told(event, leaving_out=left_out)
