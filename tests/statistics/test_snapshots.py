"""The nightly count: a row when something changed, zeros when the last account left, a past for the demo."""

import itertools
import random
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import lifecycle, operations
from accounts.models import Account, AccountKind, AccountSource, Holding, Operation
from accounts.transitions import Origin, State
from establishments.access import get_access
from establishments.models import Department, District, Establishment
from statistics.columns import COLUMNS
from statistics.models import Snapshot, SnapshotRun, TerritorySnapshot
from statistics.snapshots import take_snapshots
from statistics.tasks import take_snapshots as task
from tests.factories import (
    CHOSEN_PASSWORD_HASH,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    ResponsableFactory,
    ResponsibilityFactory,
    StudentFactory,
    responsable_account,
    student_account,
)
from tests.statistics.school import fill

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
MORNING = datetime(2026, 10, 5, 4, 40, tzinfo=UTC)


@pytest.fixture
def college():
    return EstablishmentFactory.create()


def counts(snapshot):
    return {name: getattr(snapshot, name) for name in COLUMNS}


def latest(school, kind=AccountKind.RESPONSABLE):
    return Snapshot.objects.filter(establishment=school, kind=kind).latest("day")


@pytest.mark.parametrize("seed", range(3))
def test_every_account_is_in_one_column_of_each_of_its_establishments(college, seed):
    fill(college, seed)
    fill(EstablishmentFactory.create(), seed + 100)

    take_snapshots()

    for snapshot in Snapshot.objects.all():
        held = Holding.objects.filter(establishment=snapshot.establishment, kind=snapshot.kind)
        accounts = Account.objects.filter(pk__in=held.values("account"))
        for name, (state, origin) in COLUMNS.items():
            expected = accounts.filter(state=state, **({"origin": origin} if origin else {})).count()
            assert getattr(snapshot, name) == expected, (snapshot, name)
        assert sum(counts(snapshot).values()) == accounts.count() > 0
    assert Snapshot.objects.count() == 4


def test_the_columns_are_all_that_the_database_lets_an_account_be():
    possible = {(State.ACTIVE, origin) for origin in Origin if origin != Origin.NONE}
    assert set(COLUMNS.values()) == possible | {(state, None) for state in State if state != State.ACTIVE}


def test_a_night_without_a_change_writes_no_row_but_is_remembered(college):
    responsable_account(college)
    assert take_snapshots(MORNING) == 1
    assert take_snapshots(MORNING + DAY) == 0
    assert [run.taken_at for run in SnapshotRun.objects.order_by("taken_at")] == [MORNING, MORNING + DAY]
    assert latest(college).day == date(2026, 10, 5)


def test_a_change_is_written_the_night_after(college):
    responsable_account(college)
    take_snapshots(MORNING)
    responsable_account(college, state=State.ACTIVE, origin=Origin.FRANCECONNECT)
    take_snapshots(MORNING + DAY)
    assert counts(latest(college)) == dict.fromkeys(COLUMNS, 0) | {
        "not_notified": 1,
        "active_franceconnect": 1,
    }
    assert Snapshot.objects.count() == 2


def test_taken_again_the_same_day_the_later_count_stands(college):
    responsable_account(college)
    take_snapshots(MORNING)
    responsable_account(college)
    assert take_snapshots(MORNING + timedelta(hours=3)) == 1
    assert Snapshot.objects.get().not_notified == 2


def test_when_the_last_account_leaves_its_zeros_are_written_once(college):
    account = responsable_account(college)
    take_snapshots(MORNING)
    account.sources.update(closed_at=timezone.now())
    assert take_snapshots(MORNING + DAY) == 1
    assert take_snapshots(MORNING + 2 * DAY) == 0
    assert set(counts(latest(college)).values()) == {0}


def test_an_establishment_which_never_had_an_account_has_no_row(college):
    take_snapshots()
    assert not Snapshot.objects.exists()


@pytest.mark.parametrize(
    ("academy", "day"), [("24", date(2026, 10, 5)), ("28", date(2026, 10, 5)), ("41", date(2026, 10, 4))]
)
def test_the_day_is_that_of_the_academie(academy, day):
    school = EstablishmentFactory.create(feed=FeedFactory.create(academy__code=academy))
    responsable_account(school)
    take_snapshots(MORNING)
    assert Snapshot.objects.get().day == day


def test_the_number_of_queries_does_not_depend_on_the_establishments():
    def queries():
        with CaptureQueriesContext(connection) as captured:
            take_snapshots()
        return len(captured)

    responsable_account(EstablishmentFactory.create())
    one = queries()
    for _ in range(5):
        responsable_account(EstablishmentFactory.create())
    assert queries() == one


def test_the_command_and_the_nightly_task_count(college, capsys, settings):
    responsable_account(college)
    call_command("take_snapshots")
    assert capsys.readouterr().out == "changed=1\n"
    responsable_account(college)
    task()
    assert Snapshot.objects.get().not_notified == 2
    scheduled = {entry["task"]: entry["schedule"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert scheduled[task.name].hour == {6}


def play(schools, start):
    """Some weeks of the real services under a moved clock, for some accounts, a few held in two schools."""
    dice = random.Random(1)
    for number in range(12):
        account = responsable_account(schools[0], children=dice.randint(1, 2))
        if number % 3 == 0:
            hold_in(schools[1 + number % 2], account)
        student_account(schools[0])
        responsable_account(schools[1 + number % 2])
    AccountSource.objects.update(opened_at=start)
    agent = MandateFactory.create(establishment=schools[0]).agent
    for school in schools[1:]:
        MandateFactory.create(establishment=school, agent=agent)
    for week in range(4):
        for school in schools:
            with time_machine.travel(start + timedelta(days=3 + 7 * week), tick=False):
                notify(get_access(agent, school.uai), dice)
        for pk in Account.objects.exclude(state=State.ACTIVE).order_by("pk").values_list("pk", flat=True):
            moment = start + timedelta(days=4 + 7 * week, minutes=dice.randint(0, 6 * 24 * 60))
            with time_machine.travel(moment, tick=False):
                come_in(Account.objects.get(pk=pk), dice)


def hold_in(school, account):
    """The same person, with a child of another feed."""
    responsable = ResponsableFactory.create(feed=school.feed)
    ResponsibilityFactory.create(student=StudentFactory.create(establishment=school), responsable=responsable)
    AccountSource.objects.create(account=account, responsable=responsable, reason="JOINED")


def notify(access, dice):
    for population in access.populations:
        accounts = Account.objects.visible_to(access).filter(kind=population).order_by("pk")
        chosen = accounts.filter(pk__in=[account.pk for account in accounts if dice.random() < 0.4])
        if not chosen.exists():
            continue
        operation = operations.draft(
            access, Operation.Kind.NOTIFY_SHEETS, population, chosen, with_reset=dice.random() < 0.5
        )
        operations.confirm(operation)
        operations.run(operation.pk)


def come_in(account, dice):
    way = dice.random()
    if way < 0.1:
        lifecycle.come_from_ent(account, password_hash=CHOSEN_PASSWORD_HASH)
    elif way < 0.2 and account.kind == AccountKind.RESPONSABLE:
        lifecycle.self_register(account, password_hash=CHOSEN_PASSWORD_HASH, mobile="+33639980001")
    elif way < 0.5 and account.state == State.NOTIFIED:
        lifecycle.start_activation(account, password_hash=CHOSEN_PASSWORD_HASH, mail="a@example.org")
    elif way < 0.8 and account.state == State.ACTIVATING:
        lifecycle.confirm_mail(account)


@pytest.fixture
def neighbours(college):
    """A college, a school of a circonscription of the same département, a college of another académie."""
    department = Department.objects.create(code="093", name="Seine-Saint-Denis", academy=college.academy)
    Establishment.objects.filter(pk=college.pk).update(department=department)
    first_degree = FeedFactory.create(academy=college.academy, degree=1)
    district = District.objects.create(feed=first_degree, jointure="1", uai="0939001D", name="NORD")
    school = EstablishmentFactory.create(feed=first_degree, department=department, district=district)
    far = EstablishmentFactory.create(feed=FeedFactory.create(academy__code="28"))
    return [college, school, far]


# Twelve families of the college; of them two have a child in the school too, and two in the far college;
# six families more in each of these.
OF_TERRITORIES = {
    ("NATION", "FR", 0): 24,
    ("NATION", "FR", 1): 8,
    ("NATION", "FR", 2): 18,
    ("ACADEMY", "24", 0): 18,
    ("ACADEMY", "24", 1): 8,
    ("ACADEMY", "24", 2): 12,
    ("ACADEMY", "28", 0): 8,
    ("ACADEMY", "28", 2): 8,
    ("DEPARTMENT", "093", 0): 18,
    ("DEPARTMENT", "093", 1): 8,
    ("DEPARTMENT", "093", 2): 12,
    ("DISTRICT", "0939001D", 0): 8,
    ("DISTRICT", "0939001D", 1): 8,
}


SERIES = ("level", "code", "degree")


def accounts_of_territories():
    """Of responsables, the same each night, from the first on."""
    found = {}
    ordered = TerritorySnapshot.objects.filter(kind=AccountKind.RESPONSABLE).order_by(*SERIES, "day")
    for key, days in itertools.groupby(ordered, key=attrgetter(*SERIES)):
        rows = list(days)
        [found[key]] = {sum(counts(row).values()) for row in rows}
        assert rows[0].day == date(2026, 9, 2)
        assert all(counts(a) != counts(b) for a, b in itertools.pairwise(rows))
    return found


def test_the_past_of_a_played_year_is_what_its_nights_would_have_counted(college, neighbours, settings):
    settings.DEMO_MODE = True
    start = datetime(2026, 9, 1, 10, tzinfo=UTC)
    play(neighbours, start)
    afterwards = datetime(2026, 10, 4, 12, tzinfo=UTC)

    with time_machine.travel(afterwards, tick=False):
        call_command("rebuild_snapshots")
        last = {kind: counts(latest(college, kind)) for kind in AccountKind}
        written = set(TerritorySnapshot.objects.values_list("pk", flat=True))
        assert SnapshotRun.objects.count() == 32
        assert take_snapshots() == 0, "the last night is as the accounts are"
        assert set(TerritorySnapshot.objects.values_list("pk", flat=True)) == written

    assert accounts_of_territories() == OF_TERRITORIES
    for kind in AccountKind:
        assert sum(last[kind].values()) == 12
        days = Snapshot.objects.filter(establishment=college, kind=kind).order_by("day")
        assert counts(days[0]) == dict.fromkeys(COLUMNS, 0) | {"not_notified": 12}
        assert len(days) > 8
        assert all(sum(counts(day).values()) == 12 for day in days)
        assert all(counts(a) != counts(b) for a, b in itertools.pairwise(days))


def test_a_real_past_is_never_rebuilt(college, settings):
    with pytest.raises(CommandError, match="demo mode only"):
        call_command("rebuild_snapshots")
    settings.DEMO_MODE = True
    responsable_account(college)
    take_snapshots()
    with pytest.raises(CommandError, match="already"):
        call_command("rebuild_snapshots")
