"""Writes a world into the database, every field of every person with a mark of its own."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import time_machine
from django.db import transaction

from accounts import models as a
from accounts.secrets import expiry_from, seal_secret
from establishments import models as e
from notifications.documents import store_document
from notifications.models import Delivery
from tests import factories as f
from tests.oracle import world as w
from tests.oracle.world import STUDENT, mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.oracle.world import World

HOUR = timedelta(hours=1)
MONTH = timedelta(days=30)
YEAR = timedelta(days=365)
# Of a bulk action which is in no list.
NO_OPERATION = 999_999_999


class Planted:
    """The rows of a world, each kind by its number there."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.schools = [self._school(n, each) for n, each in enumerate(world.schools)]
        self.rooms = [self._rooms(n, each) for n, each in enumerate(world.schools)]
        self.pupils = [self._pupil(n, each) for n, each in enumerate(world.pupils)]
        self.records = [self._record(n, each) for n, each in enumerate(world.records)]
        e.Responsibility.objects.bulk_create(self._link(each) for each in world.links)
        self.accounts = [self._account(n, each) for n, each in enumerate(world.accounts)]
        self.agents = [self._agent(n, each) for n, each in enumerate(world.agents)]
        self.sessions = [self._session(n) for n in range(len(world.agents))]
        self.delegations = [self._delegation(each) for each in world.delegations]
        self._grant()
        self._past()
        self.operations = [self._operation(n, each) for n, each in enumerate(world.operations)]

    def _feed(self, academy: str, degree: int) -> e.Feed:
        feed = f.FeedFactory.create(academy=f.AcademyFactory.create(code=academy), degree=degree)
        if feed.applied_at is None:
            feed.applied_at = self.world.now
            feed.save()
        return feed

    def _school(self, number: int, school: w.School) -> e.Establishment:
        return f.EstablishmentFactory.create(
            feed=self._feed(*school.feed),
            name=mark(w.SCHOOL, number),
            is_offered=school.is_offered,
            kind="CLG" if school.degree == 2 else "E.E.PU",
        )

    def _rooms(self, number: int, school: w.School) -> list[e.SchoolClass]:
        at = self.schools[number]
        return [
            f.SchoolClassFactory.create(establishment=at, key=str(room), label=w.room_mark(number, room))
            for room in range(school.rooms)
        ]

    def _pupil(self, number: int, pupil: w.Pupil) -> e.Student:
        now = self.world.now
        return f.StudentFactory.create(
            establishment=self.schools[pupil.school],
            school_class=None if pupil.room is None else self.rooms[pupil.school][pupil.room],
            surname=mark(w.PUPIL_SURNAME, number),
            given_name=mark(w.PUPIL_GIVEN_NAME, number).capitalize(),
            jointure=mark(w.PUPIL_KEY, number),
            ine=w.ine(number),
            birth_date=w.birth_date(number),
            eligible_at=now - YEAR if pupil.is_eligible else None,
            left_at=now - MONTH if pupil.has_left else None,
        )

    def _record(self, number: int, record: w.Record) -> e.Responsable:
        return f.ResponsableFactory.create(
            feed=self._feed(*record.feed),
            surname=mark(w.SURNAME, number),
            given_name=mark(w.GIVEN_NAME, number).capitalize(),
            jointure=mark(w.RECORD_KEY, number),
            address=f"1 RUE {mark(w.ADDRESS, number)}",
            mail=f"{mark(w.MAIL, number).lower()}@example.org" if record.has_mail else "",
            mobile=w.mobile(number) if record.has_mobile else "",
        )

    def _link(self, link: w.Link) -> e.Responsibility:
        return e.Responsibility(
            student=self.pupils[link.pupil],
            responsable=self.records[link.record],
            kinship="10",
            is_legal=link.is_legal,
            ended_at=self.world.now - MONTH if link.is_ended else None,
        )

    def _account(self, number: int, account: w.Account) -> a.Account:
        row = f.AccountFactory.create(
            identifier=f"x.{mark(w.IDENTIFIER, number).lower()}",
            kind=account.kind,
            state=account.state,
            closed_at=self.world.now - MONTH if account.is_closed else None,
            distributed_by=None if account.distributed_by is None else self.schools[account.distributed_by],
            **self._contacts(number, account),
            **self._password(number, account),
        )
        records: list[Any] = self.pupils if account.kind == STUDENT else self.records
        name = "student" if account.kind == STUDENT else "responsable"
        a.AccountSource.objects.bulk_create(
            a.AccountSource(
                account=row,
                **{name: records[source]},
                reason="CREATED",
                closed_at=self.world.now - MONTH if source in account.past else None,
            )
            for source in [*account.sources, *account.past]
        )
        return row

    def _contacts(self, number: int, account: w.Account) -> dict[str, Any]:
        found = {}
        if account.state == "ACTIVATING":
            found["pending_mail"] = f"{mark(w.PENDING_MAIL, number).lower()}@example.org"
        if account.state == "ACTIVE":
            validated = f"{mark(w.VALIDATED_MAIL, number).lower()}@example.org"
            found["mail"] = validated if account.has_validated_mail else ""
        if account.has_validated_mobile:
            found["mobile"] = w.mobile(w.VALIDATED_MOBILE + number)
        return found

    def _password(self, number: int, account: w.Account) -> dict[str, Any]:
        """« live » and « dead » passwords of who had chosen one were asked to be reset."""
        if account.password in ("", "chosen"):
            return {}
        if account.password == "none":
            return {"password": "", "franceconnect_sub": str(number)}
        at = self.world.now - (MONTH if account.password == "live" else YEAR)
        found = {
            "password": "",
            "sealed_secret": seal_secret(mark(w.SECRET, number)),
            "secret_drawn_at": at,
            "secret_expires_at": expiry_from(at, self.schools[0].academy.zone),
        }
        if account.is_closed:
            found["sealed_secret"] = ""
        return found if account.state == "NOTIFIED" else found | {"reset_requested_at": at}

    def _agent(self, number: int, agent: w.Agent) -> e.Agent:
        return f.AgentFactory.create(
            surname=mark(w.AGENT, number),
            email=f"{mark(w.AGENT_MAIL, number).lower()}@example.org",
            is_active=agent.is_active,
        )

    def _session(self, agent: int) -> e.AgentSession:
        """Open elsewhere, since two hours: in the journal of where its agent acted then."""
        e.Event.objects.create(
            kind="agent:sign-in",
            at=self.world.now - 2 * HOUR,
            actor="AGENT",
            agent=self.agents[agent],
            target_kind="agent",
            target_id=self.agents[agent].pk,
        )
        return e.AgentSession.objects.create(
            agent=self.agents[agent],
            session_key=f"planted{agent}",
            address=w.session_address(agent),
            opened_at=self.world.now - 2 * HOUR,
            seen_at=self.world.now - HOUR,
        )

    def _delegation(self, delegation: w.Delegation) -> e.Delegation:
        granter = delegation.granted_by
        return f.DelegationFactory.create(
            agent=self.agents[delegation.agent],
            establishment=self.schools[delegation.school],
            granted_by=None if granter is None else self.agents[granter],
            source="CLAIMS" if granter is None else "GRANTED",
            profile=delegation.profile,
            population=delegation.population,
            begins_on=delegation.first_day,
            ends_on=delegation.last_day,
            ended_at=self.world.now - HOUR if delegation.is_ended else None,
        )

    def _grant(self) -> None:
        world, ended = self.world, self.world.now - HOUR
        for m in world.mandates:
            f.MandateFactory.create(
                agent=self.agents[m.agent],
                establishment=self.schools[m.school],
                role=m.role,
                source=m.source,
                may_delegate=m.may_delegate,
                started_at=world.now - YEAR,
                ended_at=ended if m.is_ended else None,
            )
        for r in world.roles:
            e.AcademyRole.objects.create(
                agent=self.agents[r.agent],
                academy_id=r.academy,
                kind="ASSISTANCE",
                ended_at=ended if r.is_ended else None,
            )
        for number, v in enumerate(world.visits):
            e.Visit.objects.create(
                agent=self.agents[v.agent],
                establishment=self.schools[v.school],
                reason=f"Appel {mark(w.REASON, number)}",
                started_at=world.now - 2 * HOUR,
                ends_at=world.now + (-HOUR if v.is_over else HOUR),
            )

    def _past(self) -> None:
        now = self.world.now
        for deed in self.world.deeds:
            e.Event.objects.create(
                kind="account:notify",
                at=now - MONTH / 2,
                establishment=self.schools[deed.school],
                actor="AGENT",
                agent=self.agents[deed.agent],
                target_kind="account",
                target_id=self.accounts[deed.account].pk,
                data={"operation": NO_OPERATION} if deed.in_bulk else {},
            )
        for number, mail in enumerate(self.world.mails):
            delivery = Delivery.objects.create(
                recipient=f"{mark(w.MAILED_TO, number).lower()}@example.org",
                subject="Votre compte",
                status="sent",
                attempts=1,
                sent_at=now,
                message_id=f"<{number}@example.org>",
                reference_kind="operation-item",
                reference_id=str(number),
                created_at=now,
            )
            a.AccountMail.objects.create(
                account=self.accounts[mail.account],
                establishment=self.schools[mail.school],
                delivery=delivery,
            )
        for pupil in self.world.issues:
            a.DataIssue.objects.create(
                establishment=self.pupils[pupil].establishment,
                kind="BIRTH_DATE_DOUBTFUL",
                student=self.pupils[pupil],
                opened_at=now,
            )

    def _operation(self, number: int, operation: w.Operation) -> a.Operation:
        now = self.world.now
        is_list = operation.kind == "LIST"
        row = a.Operation.objects.create(
            establishment=self.schools[operation.school],
            agent=self.agents[operation.agent],
            kind=operation.kind,
            population=operation.population,
            status=operation.status,
            confirmed_at=None if operation.status == "DRAFT" else now,
            starts_at=now if operation.status == "SCHEDULED" else None,
            options={"format": "csv", "with_secrets": operation.with_secrets} if is_list else {},
            document=self._document(number) if operation.has_document else None,
        )
        a.OperationItem.objects.bulk_create(
            a.OperationItem(operation=row, account=self.accounts[account], version=0)
            for account in operation.accounts
        )
        return row

    def _document(self, number: int) -> Any:
        content = mark(w.DOCUMENT, number).encode()
        return store_document(content, name="liste.csv", content_type="text/csv", lifetime=MONTH)


@contextmanager
def planted(world: World) -> Iterator[Planted]:
    """The world in the database, at its hour, until the end of the block."""
    with time_machine.travel(world.now, tick=False), transaction.atomic():
        yield Planted(world)
        transaction.set_rollback(True)
