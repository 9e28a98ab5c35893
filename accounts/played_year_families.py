"""The families of the played year (demo only): they come in by the services of their pages.

What pages alone do is not played: codes sent by SMS, what a browser holds. A password is hashed once, since
Argon2 takes its time on purpose.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import time_machine
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts import lifecycle
from accounts.activation import links
from accounts.activation.children import asked_about, children_of, recorded_mail
from accounts.activation.contesting import contest
from accounts.activation.federated import franceconnect
from accounts.activation.federated.ent import NobodyMeant, account_meant
from accounts.activation.federated.openid import Identity
from accounts.activation.hashing import hash_password
from accounts.activation.keeping import credentials
from accounts.activation.keeping.credentials import Standing
from accounts.activation.letter import starting
from accounts.activation.letter.starting import Answers, WrongBirthDate, answered_for
from accounts.activation.session import stamp_of
from accounts.activation.sms import self_registration
from accounts.activation.sms.proving import Person
from accounts.activation.sms.self_registration import Opening
from accounts.models import Account, AccountKind, EntPartner, Holding
from accounts.secrets import open_secret, seal_secret
from accounts.transitions import State
from establishments.models import Academy, Degree
from notifications.models import Delivery

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import date

    from accounts.activation.children import Child
    from establishments.models import Establishment, Responsable

_SENT = Delivery.Status.SENT
ENT_CLIENT = "demonstration"
# How they come in, once told: shares of those who do.
BY_LETTER, BY_SMS, BY_FRANCECONNECT, BY_ENT = "letter", "sms", "franceconnect", "ent"
WAYS = {BY_LETTER: 60, BY_SMS: 20, BY_FRANCECONNECT: 15, BY_ENT: 5}
SHARE_WHO_CONFIRM = 0.85
SHARE_WHO_ASK_ANOTHER_LINK = 0.1
SHARE_WHO_CONTEST = 0.03
# Of letters, of ways by mobile: a date typed wrong; and of the first, those who then give up.
SHARE_WHO_MISTYPE = 0.06
SHARE_WHO_GIVE_UP = 0.5
SHARE_WHO_FORGET_A_CHILD = 0.15


def declare_ent() -> None:
    """Of one académie of the 2nd degré; the demonstration's provider says at its start where it answers."""
    for academy in Academy.objects.filter(feeds__degree=Degree.SECOND).order_by("code")[:1]:
        EntPartner.objects.get_or_create(
            client_id=f"{ENT_CLIENT}-{academy.code}",
            defaults={
                "label": "ENT de démonstration",
                "issuer": "http://localhost",
                "sealed_secret": seal_secret(get_random_string(40)),
                "academy": academy,
            },
        )


def mails_leave() -> None:
    """Those of the story are told to have left; nobody reads them, so none is made."""
    waiting = Delivery.objects.filter(status=Delivery.Status.PENDING)
    waiting.update(status=_SENT, sent_at=timezone.now(), next_attempt_at=None, attempts=1)


class Families:
    """Those of one establishment."""

    def __init__(self, dice: random.Random, school: Establishment) -> None:
        self.dice, self.school = dice, school
        self.password_hash = hash_password("une phrase choisie par la famille")
        ents = EntPartner.objects.enabled().filter(academy=school.feed.academy_id)
        self.ent = ents.first() if school.feed.degree == Degree.SECOND else None

    def come_in(self, pk: int) -> None:
        """By one of the ways open to them, if they have not yet."""
        account = Account.objects.get(pk=pk)
        if account.state not in {State.NOT_NOTIFIED, State.NOTIFIED}:
            return
        way = self.dice.choices(list(WAYS), weights=list(WAYS.values()))[0]
        is_responsable = account.kind == AccountKind.RESPONSABLE
        if way == BY_ENT and self.ent:
            self._from_ent(account, self.ent)
        elif way == BY_SMS and is_responsable:
            self.by_sms(account)
        elif way == BY_FRANCECONNECT and is_responsable:
            self._by_franceconnect(account)
        elif account.has_live_secret(timezone.now()):
            self._by_letter(account)

    def choose_password(self, account: Account) -> None:
        """With the provisional one of a reset."""
        if self._has_its_letter(account):
            lifecycle.choose_password(account, password_hash=self.password_hash)

    def by_sms(self, account: Account) -> None:
        """Their number was proved by a code."""
        record = _record_of(account)
        if record is None:
            return
        person = Person(record.surname, record.given_name, record.mobile)
        dates = self._dates(children_of(account))
        if self_registration.try_dates(person, dates).opening in {Opening.ONE, Opening.SEVERAL}:
            self_registration.register(person, dates, self.password_hash)

    def _by_franceconnect(self, account: Account) -> None:
        record = _record_of(account)
        if record is None:
            return
        said = {"family_name": record.birth_surname or record.surname, "given_name": record.given_name}
        identity = Identity(f"demo-{account.pk}", said, "")
        dates = self._dates(children_of(account))
        with suppress(franceconnect.Taken):
            franceconnect.link(identity.subject, franceconnect.names_of(identity), record.mobile, dates)

    def _from_ent(self, account: Account, ent: EntPartner) -> None:
        held = Holding.objects.filter(account=account, establishment=self.school)
        holding = held.select_related("responsable", "student").order_by("student_id")[0]
        person = holding.responsable or holding.student
        said = {ent.jointure_claim: f"{self.school.feed.academy_id}${person.jointure}"}
        with suppress(NobodyMeant):
            meant = account_meant(ent, Identity(f"demo-{account.pk}", said, ""))
            if meant.state != State.ACTIVE:
                lifecycle.come_from_ent(meant, password_hash=self.password_hash)

    def _by_letter(self, account: Account) -> None:
        children = children_of(account)
        if not (children and self._has_its_letter(account)):
            return
        contested = self._contested(account, children)
        of_family = answered_for(children, contested)
        if not of_family:
            contest(account, children)
            return
        mail = recorded_mail(children) or f"{account.identifier}@familles.example.org"
        answers = Answers(stamp_of(account), contested, self.password_hash, mail)
        if self._starts(account, answers, asked_about(account, of_family).pupil.birth_date):
            self._open_link(account.pk)

    def _has_its_letter(self, account: Account) -> bool:
        verified = credentials.verify(account.identifier, open_secret(account.sealed_secret))
        return verified.standing == Standing.PROVISIONAL

    def _contested(self, account: Account, children: Sequence[Child]) -> list[int]:
        if account.kind != AccountKind.RESPONSABLE or self.dice.random() >= SHARE_WHO_CONTEST:
            return []
        return [self.dice.choice(list(children)).key]

    def _starts(self, account: Account, answers: Answers, birth_date: date) -> bool:
        """Whether the right date is given in the end; the school is told of each wrong one."""
        tries = [birth_date]
        if self.dice.random() < SHARE_WHO_MISTYPE:
            gives_up = self.dice.random() < SHARE_WHO_GIVE_UP
            tries = [birth_date + timedelta(days=1)] + ([] if gives_up else tries)
        for given in tries:
            with suppress(WrongBirthDate):
                starting.start(account.pk, answers, given)
                mails_leave()
                return True
        return False

    def _open_link(self, pk: int) -> None:
        """Some minutes later, sometimes after another was asked for; or never."""
        begun = timezone.now()
        with time_machine.travel(begun + timedelta(minutes=self.dice.randint(2, 90)), tick=False):
            account = Account.objects.get(pk=pk)
            if self.dice.random() < SHARE_WHO_ASK_ANOTHER_LINK:
                starting.send_again(account, mail=account.pending_mail)
                mails_leave()
                account.refresh_from_db()
            if self.dice.random() < SHARE_WHO_CONFIRM:
                links.confirm(links.token_for(account))

    def _dates(self, children: Sequence[Child]) -> list[date]:
        """What they type: all, or with one child forgotten, or all wrong."""
        dates = sorted({child.pupil.birth_date for child in children})
        if self.dice.random() < SHARE_WHO_MISTYPE:
            return [each + timedelta(days=1) for each in dates]
        if len(dates) > 1 and self.dice.random() < SHARE_WHO_FORGET_A_CHILD:
            return dates[1:]
        return dates


def _record_of(account: Account) -> Responsable | None:
    """The one whose mobile a school knows."""
    held = Holding.objects.filter(account=account, responsable__mobile__gt="")
    first = held.select_related("responsable").order_by("responsable_id", "student_id").first()
    return first.responsable if first else None
