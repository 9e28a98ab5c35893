"""A school year and the start of the next, played by the real services under a moved clock (demo only).

Agents notify, families activate or do not, letters expire, passwords are reset: what gives lists, badges,
deadlines and history a life. The same seed, on the same day and data, plays the same story.
"""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

import time_machine
from django.db import connection, transaction
from django.utils import timezone

from accounts import exports, lifecycle, operations, printing, reminders
from accounts.choices import change_settings
from accounts.models import (
    Account,
    AccountKind,
    AccountSource,
    EstablishmentSettings,
    Operation,
)
from accounts.played_year_families import Families, declare_ent, mails_leave
from accounts.profile import show_password
from accounts.transitions import State
from establishments import academy_roles, demo, demo_delegations, visits
from establishments.access import Access, get_access
from establishments.models import (
    Agent,
    Delegation,
    Establishment,
    Feed,
    Mandate,
    StatisticsRole,
    Student,
)
from establishments.months import make_month
from establishments.verification import month_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

DELEGATE_MAIL = "delegue.eleves@example.org"
ASSISTANCE_MAIL = "assistance.academique@example.org"
# Who reads numbers only: of the nation, and of the department of the director one can be.
NATIONAL_MAIL = "statistiques.nationales@example.org"
DEPARTMENT_MAIL = "statistiques.departement@example.org"
VISIT_REASON = "L’établissement demande de l’aide : ticket 4821, des feuilles ne s’ouvrent pas"
SHARE_NOTIFIED_LAST_YEAR = 0.7
SHARE_WHO_COME_IN = 0.45
SHARE_WHO_SIGN_IN_AGAIN = 0.8
SHARE_WHO_FORGET = 0.04
REMINDED_NIGHTS = 24


class AlreadyPlayed(Exception):
    """The accounts have a history already: playing on top of it would not be a story."""


@dataclass(frozen=True, slots=True)
class Season:
    """`start` is the first of September of last school year; `today` ends the story."""

    start: date
    today: date

    def after(self, days: int) -> date:
        return self.start + timedelta(days=days)

    @property
    def autumn(self) -> date:
        """The start of this school year."""
        return self.start.replace(year=self.start.year + 1)


def season_on(today: date) -> Season:
    first_year = today.year - 1 if today.month >= 9 else today.year - 2
    return Season(date(first_year, 9, 1), today)


def play(seed: int, on_progress: Callable[[str], None]) -> dict[str, int]:
    """Play the whole story and return the number of accounts in each state; raises AlreadyPlayed."""
    if Operation.objects.exists():
        raise AlreadyPlayed
    season = season_on(timezone.localdate())
    _age_the_data(season)
    month = season.start
    while month <= season.today:
        make_month(month)
        month = month_of(month, 1)
    declare_ent()
    schools = Establishment.objects.filter(is_offered=True, mandates__in=Mandate.objects.in_force())
    for school in schools.distinct().order_by("uai"):
        on_progress(str(school))
        with transaction.atomic():
            _School(school, season, random.Random(f"{seed}:{school.uai}")).play()  # noqa: S311 - a story, not a secret
            # The story did it all in its time: workers have nothing of it left to do.
            connection.run_on_commit.clear()
    _remind(season)
    directed = _directed_colleges()
    if directed:
        _appoint_delegate(directed[0])
        colleges = [mandate.establishment for mandate in directed]
        _visit([each for each in colleges if each.academy == colleges[0].academy], season)
        _read_statistics(colleges[0])
    return {state.value: Account.objects.in_state(state).count() for state in State}


def _age_the_data(season: Season) -> None:
    """The extracts were imported a minute ago; the story says on the first day of last year."""
    first_day = _noon(season.start)
    Account.objects.update(created_at=first_day)
    AccountSource.objects.update(opened_at=first_day)
    Student.objects.update(arrived_at=first_day)
    Student.objects.filter(eligible_at__isnull=False).update(eligible_at=first_day)
    last_night = datetime.combine(season.today, time(3, 10), tzinfo=UTC)
    if last_night > timezone.now():
        last_night -= timedelta(days=1)
    Feed.objects.update(applied_at=last_night)


def _remind(season: Season) -> None:
    """The nights of the last weeks, where establishments chose reminders."""
    for ago in range(REMINDED_NIGHTS, 0, -1):
        with _clock_at(_noon(season.today - timedelta(days=ago)) - timedelta(hours=6)):
            reminders.promise_due(timezone.now())
            mails_leave()


def _directed_colleges() -> list[Mandate]:
    """By the mandate of each director."""
    directors = Mandate.objects.in_force().filter(role=Mandate.Role.DIRECTOR, establishment__is_offered=True)
    colleges = directors.filter(establishment__kind="CLG").select_related("establishment__feed__academy")
    return list(colleges.order_by("establishment__uai", "pk"))


def _appoint_delegate(director: Mandate) -> None:
    """A delegate for pupils only: one of the demo's people."""
    delegate = Agent.objects.create_user(DELEGATE_MAIL, surname="DÉLÉGUÉ", given_name="Camille", title="M.")
    Delegation.objects.create(
        agent=delegate,
        establishment=director.establishment,
        granted_by=director.agent,
        profile=Delegation.Profile.ASSIST,
        population=Delegation.Population.STUDENTS,
        begins_on=timezone.localdate() - timedelta(days=60),
    )
    demo_delegations.play(_of_persona() or director)


def _of_persona() -> Mandate | None:
    """The mandate of the director whom the demonstration offers to be."""
    people = {person.role: person.agent for person in demo.personas()}
    agent = people.get("Direction d’un collège")
    mandates = agent.mandates.in_force() if agent else Mandate.objects.none()
    return mandates.select_related("agent", "establishment__feed__academy").first()


def _visit(colleges: Sequence[Establishment], season: Season) -> None:
    """The assistance of the académie, another of the demo's people, came to each three days ago."""
    agent = Agent.objects.create_user(ASSISTANCE_MAIL, surname="ASSISTANCE", given_name="Noa", title="Mme")
    came = _noon(season.today) - timedelta(days=3)
    for college in colleges:
        with _clock_at(came - timedelta(days=60)):
            academy_roles.grant(agent, college.academy)
        with _clock_at(came):
            visits.begin(agent, college, VISIT_REASON)
        with _clock_at(came + timedelta(minutes=25)):
            visits.leave(agent, college)


def _read_statistics(college: Establishment) -> None:
    """Two more of the demo's people; the numbers of a department are those of the college's."""
    of_nation = Agent.objects.create_user(NATIONAL_MAIL, surname="NATIONALE", given_name="Lou", title="Mme")
    StatisticsRole.objects.create(agent=of_nation, level=StatisticsRole.Level.NATION, code="FR")
    if college.department_id:
        of_department = Agent.objects.create_user(
            DEPARTMENT_MAIL, surname="DÉPARTEMENT", given_name="Sacha", title="M."
        )
        StatisticsRole.objects.create(
            agent=of_department, level=StatisticsRole.Level.DEPARTMENT, code=college.department_id
        )


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=UTC)


@contextmanager
def _clock_at(moment: datetime) -> Iterator[None]:
    with time_machine.travel(moment, tick=False):
        yield


class _School:
    """One establishment's two autumns."""

    def __init__(self, school: Establishment, season: Season, dice: random.Random) -> None:
        self.school, self.season, self.dice = school, season, dice
        mandate = school.mandates.in_force().order_by("role", "pk").select_related("agent")[0]
        self.access: Access = get_access(mandate.agent, school.uai)
        self.families = Families(dice, school)

    def play(self) -> None:
        self._last_year()
        self._winter()
        self._this_year()

    def _last_year(self) -> None:
        self._self_register(self._all(State.NOT_NOTIFIED), share=0.06, since=self.season.after(5), days=40)
        chosen = self._some(self._all(State.NOT_NOTIFIED), SHARE_NOTIFIED_LAST_YEAR)
        self._notify(chosen, self.season.after(self.dice.randint(8, 20)))
        self._come_in(chosen, since=self.season.after(21), days=75)

    def _winter(self) -> None:
        with _clock_at(_noon(self.season.after(125))):
            lifecycle.erase_dead_secrets()
        dead = self._some(self._all(State.NOTIFIED), 0.4)
        self._notify(dead, self.season.after(self.dice.randint(130, 150)))
        self._come_in(dead, since=self.season.after(151), days=70)
        self._forget(self.season.after(200))

    def _this_year(self) -> None:
        today, autumn = self.season.today, self.season.autumn
        if today <= autumn + timedelta(days=3):
            return
        with _clock_at(_noon(autumn)):
            lifecycle.erase_dead_secrets()
        span = (today - autumn).days
        # Two campaigns: the letters of the first are about to expire when the year is old enough.
        first = self._some(self._all(State.NOT_NOTIFIED), 0.5) + self._some(self._all(State.NOTIFIED), 0.35)
        first_day = max(autumn + timedelta(days=2), today - timedelta(days=self.dice.randint(76, 88)))
        self._notify(first, first_day)
        self._come_in(first, since=first_day + timedelta(days=1), days=max(span - 5, 2))
        second = self._some(self._all(State.NOT_NOTIFIED), 0.4)
        second_day = max(first_day + timedelta(days=1), today - timedelta(days=self.dice.randint(20, 70)))
        self._notify(second, min(second_day, today - timedelta(days=1)))
        self._come_in(second, since=second_day + timedelta(days=1), days=15)
        self._forget(today - timedelta(days=4))
        self._office_work(today - timedelta(days=12), first + second)

    def _office_work(self, day: date, told: Sequence[int]) -> None:
        """Families call, a password is read to some of them; a list for the teachers, a setting changed."""
        notified = Account.objects.filter(pk__in=told, state=State.NOTIFIED).exclude(sealed_secret="")
        for account in notified.order_by("pk")[:6]:
            with _clock_at(self._day(day, 8)):
                show_password(account, self.access)
        with _clock_at(_noon(day + timedelta(days=1))):
            population = AccountKind(self.access.populations[0])
            listed = Account.objects.visible_to(self.access).filter(pk__in=told, kind=population)
            options = exports.ListOptions(exports.ListFormat.CSV).as_json()
            operation = operations.draft(
                self.access, Operation.Kind.LIST, population, listed, options=options
            )
            operations.confirm(operation)
            exports.make_list(operation.pk)
        with _clock_at(_noon(self.season.today - timedelta(days=REMINDED_NIGHTS + 1))):
            chosen = EstablishmentSettings(establishment=self.school, sends_reminders=True)
            change_settings(chosen, ["sends_reminders"], by=self.access.agent)

    def _all(self, state: State) -> list[int]:
        accounts = Account.objects.visible_to(self.access).in_state(state)
        return list(accounts.order_by("pk").values_list("pk", flat=True))

    def _some(self, accounts: Sequence[int], share: float) -> list[int]:
        return [pk for pk in accounts if self.dice.random() < share]

    def _notify(self, accounts: Sequence[int], day: date, *, with_reset: bool = False) -> None:
        for population in (AccountKind.RESPONSABLE, AccountKind.STUDENT):
            chosen = Account.objects.visible_to(self.access).filter(pk__in=accounts, kind=population)
            if not chosen.exists():
                continue
            with _clock_at(_noon(day) + timedelta(minutes=self.dice.randint(0, 240))):
                operation = operations.draft(
                    self.access, Operation.Kind.NOTIFY_SHEETS, population, chosen, with_reset=with_reset
                )
                operations.confirm(operation)
                operations.run(operation.pk)
                printing.plan_sheets(operation.pk)
                # Handed out on paper that day; its document has lived its seven days since.
                Operation.objects.filter(pk=operation.pk).update(
                    status=Operation.Status.DONE, finished_at=timezone.now()
                )

    def _come_in(self, accounts: Sequence[int], *, since: date, days: int) -> None:
        """Some of the families told come in, one after the other, over `days`."""
        arrivals = sorted((self._day(since, days), pk) for pk in self._some(accounts, SHARE_WHO_COME_IN))
        for moment, pk in arrivals:
            with _clock_at(moment):
                self.families.come_in(pk)

    def _self_register(self, accounts: Sequence[int], *, share: float, since: date, days: int) -> None:
        chosen = Account.objects.filter(pk__in=self._some(accounts, share), kind=AccountKind.RESPONSABLE)
        for account in chosen.order_by("pk"):
            with _clock_at(self._day(since, days)):
                self.families.by_sms(account)

    def _day(self, since: date, days: int) -> datetime:
        """Early rather than late, never later than an hour ago."""
        moment = _noon(since) + timedelta(
            days=days * self.dice.random() ** 2, minutes=self.dice.randint(0, 600)
        )
        return min(moment, datetime.combine(self.season.today, time(5), tzinfo=UTC))

    def _forget(self, day: date) -> None:
        """A few active families lose their password: the school resets it on a new sheet; most come back."""
        active = self._all(State.ACTIVE)
        for account in Account.objects.filter(pk__in=self._some(active, SHARE_WHO_SIGN_IN_AGAIN)):
            with _clock_at(self._day(day - timedelta(days=40), 38)):
                lifecycle.record_sign_in(account)
        forgetful = self._some(active, SHARE_WHO_FORGET)
        self._notify(forgetful, day, with_reset=True)
        back = Account.objects.filter(pk__in=self._some(forgetful, 0.7), state=State.ACTIVE)
        for account in back.exclude(sealed_secret=""):
            with _clock_at(self._day(day + timedelta(days=1), 2)):
                self.families.choose_password(account)
