"""What follows an import, killed or raced: nothing is lost or doubled, and nobody waits for an import."""

import random
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from aaf_import import importing
from aaf_import.importing import import_extract
from aaf_import.models import ImportRun
from accounts import operations
from accounts.joining.following import follow
from accounts.lifecycle import AgentAct, act_on, self_register
from accounts.models import Account, AccountKind, AccountSource, Duplicate, Joining, Operation, Recheck
from accounts.transitions import ForbiddenTransition, State, Transition
from establishments.access import get_access
from establishments.models import Establishment, Event, EventKind, Feed, Mandate, Responsable
from tests.aaf_import.builder import Extract, extract, ine_of, link
from tests.aaf_import.test_import_processes import schemas, start  # noqa: F401 - a fixture
from tests.aaf_import.test_nightly_run import asked, held, nobody_works
from tests.factories import CHOSEN_PASSWORD_HASH, AgentFactory, MandateFactory, content_of

pytestmark = pytest.mark.django_db(transaction=True)
Eventually = Callable[[Callable[[], Any]], Any]
Start = Callable[[Path], "subprocess.Popen[str]"]
OTHER, OTHER_UAI = "4302", "0949002Z"
PAIRS = 8
SURNAMES = ["ALBA", "BORI", "CADE", "DUNE", "EDAR", "FABE", "GINO", "HELO"]
_VALIDATED = "UPDATE accounts_account SET mail = 'b@example.org', version = version + 1 WHERE id = %s"
_ROW = "SELECT FROM accounts_account WHERE id = {} FOR NO KEY UPDATE"
_PUPILS = "SELECT FROM accounts_account WHERE kind = 'STUDENT' FOR NO KEY UPDATE"
_FEEDS = "SELECT FROM establishments_feed FOR NO KEY UPDATE"


def two_colleges(*, is_corrected: bool = False, mail: str = "") -> Extract:
    """A parent of each name in both, one once the mobiles are corrected; a pupil gets another key."""
    built = extract().school(OTHER, uai=OTHER_UAI)
    for number, surname in enumerate(SURNAMES):
        mobile = f"06 39 98 01 {number:02}"
        built.pupil(f"7100{number}", link(f"8100{number}"))
        built.responsable(f"8100{number}", sn=surname, mobile=mobile, mail=mail)
        there = {"ENTPersonStructRattach": OTHER, "ENTEleveClasses": f"{OTHER}$6A"}
        built.pupil(f"7200{number}", link(f"8200{number}"), **there)
        late = mobile if is_corrected else f"06 39 98 02 {number:02}"
        built.responsable(f"8200{number}", sn=surname, mobile=late)
    if not is_corrected:
        built.pupil("73001", link("81000"), ENTEleveINE=ine_of(73009))
    return built.pupil("73009", link("81000"))


def waiting() -> int:
    """For anything: a row which somebody holds is waited for by the name of their transaction."""
    return int(
        asked(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        )
    )


def account_of(jointure: str, degree: int = 2) -> Account:
    record = {"responsable__jointure": jointure, "responsable__feed__degree": degree}
    return AccountSource.objects.get(closed_at=None, **record).account


def check_whole() -> None:
    """Each pair, and the two records of the pupil, are one account's; each was brought together once."""
    for number in range(PAIRS):
        assert account_of(f"8100{number}") == account_of(f"8200{number}")
    assert Joining.objects.count() == Account.objects.exclude(merged_into=None).count() == PAIRS + 1
    assert Event.objects.filter(kind=EventKind.ACCOUNT_JOINED).count() == PAIRS + 1
    assert Account.objects.filter(kind="STUDENT", merged_into=None).count() == 2 * PAIRS + 1
    assert AccountSource.objects.filter(closed_at=None).count() == 2 * PAIRS + 2 * PAIRS + 2
    assert not Recheck.objects.exists()


def test_killed_at_random_moments_what_follows_an_import_is_done_by_the_next(
    tmp_path: Path,
    start: Start,  # noqa: F811 - the fixture
    eventually: Eventually,
) -> None:
    import_extract(two_colleges().write(tmp_path / "first"), processes=1)
    assert Account.objects.count() == 4 * PAIRS + 2
    night = two_colleges(is_corrected=True).write(tmp_path / "second", day="20260106")
    moments = random.Random(20260106)
    # In the order in which they are looked at.
    corrected = Responsable.objects.filter(jointure__startswith="82").order_by("pk")
    accounts = [record.sources.get().account_id for record in corrected]
    further = sorted(moments.sample(range(1, PAIRS), 2))
    for statement in [_PUPILS, *(_ROW.format(accounts[place]) for place in further)]:
        with held(statement):
            child = start(night)
            eventually(waiting)
            child.send_signal(signal.SIGKILL)
            child.wait()
        eventually(nobody_works)
        open_sources = AccountSource.objects.filter(closed_at=None)
        assert open_sources.count() == 4 * PAIRS + 2, "half of a joining"
        assert Joining.objects.count() == Account.objects.exclude(merged_into=None).count()

    import_extract(night, processes=1)

    check_whole()
    assert not ImportRun.objects.filter(status=ImportRun.Status.RUNNING).exists()
    assert schemas() == 0


def test_killed_anywhere_a_run_and_what_follows_it_end_whole(
    tmp_path: Path,
    start: Start,  # noqa: F811 - the fixture
    eventually: Eventually,
) -> None:
    import_extract(two_colleges().write(tmp_path / "first"), processes=1)
    night = two_colleges(is_corrected=True).write(tmp_path / "second", day="20260106")
    moments = random.Random(5)
    for _ in range(3):
        child = start(night)
        running = ImportRun.objects.filter(status=ImportRun.Status.RUNNING)
        eventually(lambda child=child, running=running: running.exists() or child.poll() is not None)
        threading.Event().wait(moments.uniform(0, 0.4))
        child.kill()
        child.wait()
        eventually(nobody_works)
    import_extract(night, processes=1)
    check_whole()


@contextmanager
def at_once(*works: Callable[[], None]) -> Iterator[None]:
    """Each in a thread with its own connection, begun in this order; an error of one is this test's."""
    errors: list[BaseException] = []

    def work(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(task,)) for task in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for thread in threads:
            thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    assert not errors, errors


@pytest.fixture
def not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_follow", lambda identity: None)


@pytest.mark.parametrize("number", [0, 5])
def test_a_reset_and_an_activation_race_with_the_joining_of_that_very_account(
    tmp_path: Path, not_followed: None, eventually: Eventually, number: int
) -> None:
    import_extract(two_colleges().write(tmp_path / "first"), processes=1)
    one, other = account_of(f"8100{number}"), account_of(f"8200{number}")
    Account.objects.filter(pk__in=[one.pk, other.pk]).update(
        state=State.NOTIFIED, **content_of(State.NOTIFIED)
    )
    school = Establishment.objects.get(uai=OTHER_UAI)
    director = AgentFactory.create()
    MandateFactory.create(agent=director, establishment=school, source=Mandate.Source.GRANTED)
    access = get_access(director, school.uai)
    reset = operations.draft(
        access, Operation.Kind.RESET, AccountKind.RESPONSABLE, Account.objects.filter(pk=other.pk)
    )
    assert operations.confirm(reset)
    import_extract(two_colleges(is_corrected=True).write(tmp_path / "second", day="20260106"), processes=1)
    feed = Feed.objects.get()
    registered: list[bool] = []

    def register() -> None:
        account = Account.objects.get(pk=other.pk)
        try:
            self_register(account, password_hash=CHOSEN_PASSWORD_HASH, mobile="+33639980999")
            registered.append(True)
        except ForbiddenTransition:
            registered.append(False)

    tasks = [lambda: follow(feed), lambda: operations.run(reset.pk) and None, register]
    with held(_ROW.format(other.pk)) as holder, at_once(*(tasks if number else tasks[::-1])):
        eventually(lambda: waiting() >= 3)
        holder.commit()
    one.refresh_from_db()
    other.refresh_from_db()
    assert account_of(f"8100{number}") == account_of(f"8200{number}")
    kept, closed = (one, other) if other.merged_into_id else (other, one)
    assert (closed.merged_into_id, kept.merged_into_id, kept.closed_at) == (kept.pk, None, None)
    assert closed.sealed_secret == ""
    # Whoever came before the joining counts in it; whoever came after is told that the account changed.
    assert registered
    assert not registered[0] or other.state == State.ACTIVE
    if registered[0] and other.merged_into_id:
        raise AssertionError("an active account was closed for one which is not")
    assert operations.Operation.objects.get(pk=reset.pk).items.exclude(status="PENDING").count() == 1


def test_two_feeds_are_followed_at_once(tmp_path: Path, not_followed: None, eventually: Eventually) -> None:
    """Both know the same pairs, each from its own side."""
    for day, mobile in (("20260105", "06 39 98 03"), ("20260106", "06 39 98 01")):
        ecole, college = extract(1), extract()
        ecole.entries["EtabEducNat"].clear()
        ecole.school(uai="0949003A")
        for number, surname in enumerate(SURNAMES):
            ecole.pupil(f"7100{number}", link(f"8100{number}", degree=1))
            mobiles = {"ENTPersRelEleveTelMobile": f"{mobile} {number:02}"}
            ecole.responsable(f"8100{number}", ENTPersonNom=surname, **mobiles)
            shared = "06 39 98 01" if day == "20260106" else "06 39 98 04"
            college.pupil(f"7200{number}", link(f"8200{number}"))
            college.responsable(f"8200{number}", sn=surname, mobile=f"{shared} {number:02}")
        import_extract(ecole.write(tmp_path / f"1D{day}", day=day), processes=1)
        import_extract(college.write(tmp_path / f"2D{day}", day=day), processes=1)
    assert Recheck.objects.count() == 2 * PAIRS
    first, second = Feed.objects.order_by("degree")
    with (
        held(_ROW.format(account_of("81000", 1).pk)) as holder,
        at_once(lambda: follow(first), lambda: follow(second)),
    ):
        eventually(lambda: waiting() == 2)
        holder.commit()
    for number in range(PAIRS):
        assert account_of(f"8100{number}", 1) == account_of(f"8200{number}")
    assert Joining.objects.count() == PAIRS
    assert not Recheck.objects.exists()


def test_what_a_family_does_while_its_joining_waits_is_judged_again(
    tmp_path: Path, not_followed: None, eventually: Eventually
) -> None:
    """A mail validated at that very moment speaks against the joining which had been judged sure."""
    for day, is_corrected in (("20260105", False), ("20260106", True)):
        built = two_colleges(is_corrected=is_corrected, mail="parent@example.org")
        import_extract(built.write(tmp_path / day, day=day), processes=1)
    other = account_of("82000")
    active = {**content_of(State.ACTIVE), "mail": "parent@example.org"}
    Account.objects.filter(pk=other.pk).update(state=State.ACTIVE, **active)
    with (
        held(_ROW.format(other.pk)) as holder,
        at_once(lambda: follow(Feed.objects.get())),
    ):
        eventually(lambda: waiting() == 1)
        holder.execute(_VALIDATED, [other.pk])
        holder.commit()
    assert account_of("81000") != account_of("82000")
    assert Duplicate.objects.get(establishment=None).reasons == ["mail"]
    assert account_of("81001") == account_of("82001")
    assert not Recheck.objects.exists()


def test_what_an_import_asks_for_again_while_it_is_looked_at_is_not_forgotten(
    tmp_path: Path, not_followed: None, eventually: Eventually
) -> None:
    """The correction of the correction comes while the first of all waits."""
    import_extract(two_colleges().write(tmp_path / "first"), processes=1)
    import_extract(two_colleges(is_corrected=True).write(tmp_path / "second", day="20260106"), processes=1)
    again = two_colleges(is_corrected=True).write(
        tmp_path / "third", day="20260107", edit=lambda text: text.replace("39 98 01 03", "39 98 01 33")
    )
    with (
        held(_ROW.format(account_of("81000").pk)) as holder,
        at_once(lambda: follow(Feed.objects.get())),
    ):
        eventually(lambda: waiting() == 1)
        import_extract(again, processes=1)
        holder.commit()
    assert set(Recheck.objects.values_list("responsable__jointure", flat=True)) == {"81003", "82003"}
    follow(Feed.objects.get())
    assert not Recheck.objects.exists()


def test_what_follows_waits_for_no_import_which_asks_for_a_record_again(
    tmp_path: Path, not_followed: None
) -> None:
    import_extract(two_colleges().write(tmp_path / "first"), processes=1)
    import_extract(two_colleges(is_corrected=True).write(tmp_path / "second", day="20260106"), processes=1)
    asked_again = "UPDATE accounts_recheck SET asked = asked + 1 WHERE responsable_id = {}"
    record = Recheck.objects.latest("pk").pk
    with held(asked_again.format(record)) as holder:
        follow(Feed.objects.get())
        holder.commit()
    assert list(Recheck.objects.values_list("pk", flat=True)) == [record]
    follow(Feed.objects.get())
    check_whole()


def test_a_reset_goes_on_while_a_night_which_corrects_that_family_is_about_to_commit(
    tmp_path: Path,
    start: Start,  # noqa: F811 - the fixture
    eventually: Eventually,
) -> None:
    """The import has written all that it writes, and waits for its last line."""
    import_extract(two_colleges().write(tmp_path / "first"), processes=1)
    corrected = account_of("82000")
    Account.objects.filter(kind="RESPONSABLE").update(state=State.NOTIFIED, **content_of(State.NOTIFIED))
    school = Establishment.objects.get(uai=OTHER_UAI)
    director = AgentFactory.create()
    MandateFactory.create(agent=director, establishment=school, source=Mandate.Source.GRANTED)
    client = Client()
    client.force_login(director)
    access = get_access(director, school.uai)
    drafted = operations.draft(
        access, Operation.Kind.RESET, AccountKind.RESPONSABLE, Account.objects.filter(pk=corrected.pk)
    )
    night = two_colleges(is_corrected=True).write(tmp_path / "second", day="20260106")
    with held(_FEEDS):
        child = start(night)
        eventually(waiting)
        with connection.cursor() as cursor:
            # Waiting on the import would end as an error here.
            cursor.execute("SET lock_timeout = '2s'")
        try:
            for name in ("responsable_list", "student_list", "establishment"):
                assert client.get(reverse(name, args=[school.uai])).status_code == 200
            assert operations.confirm(drafted)
            assert operations.run(drafted.pk)
            told = AgentAct(Transition.NOTIFY_WITH_RESET, director, school, timezone.now())
            family = list(Account.objects.filter(kind="RESPONSABLE").exclude(pk=corrected.pk))
            assert len(act_on(family, told)) == 2 * PAIRS - 1
            active = account_of("82003")
            self_register(active, password_hash=CHOSEN_PASSWORD_HASH, mobile="+33639980998")
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = 0")
        corrected.refresh_from_db()
        assert corrected.reset_requested_at is not None
        assert child.poll() is None
        assert Feed.objects.get().extract_date.day == 5, "not committed"
    _, error = child.communicate(timeout=60)
    assert child.returncode == 0, error
    check_whole()
    assert account_of("81003") == active
