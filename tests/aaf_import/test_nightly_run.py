"""The night with a real worker: killed at any moment nothing is lost or doubled, and directors go on."""

import random
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from aaf_import.applying import APPLY_LOCK
from aaf_import.importing import import_extract
from aaf_import.models import ImportRun
from aaf_import.sweeping import INTERRUPTED
from aaf_import.tasks import import_inbox
from accounts.lifecycle import AgentAct, act_on
from accounts.models import Account
from accounts.transitions import Transition
from establishments.models import Establishment, Mandate, Responsibility, Student
from tests.aaf_import.builder import extract
from tests.aaf_import.test_import_processes import many, schemas, start  # noqa: F401 - a fixture
from tests.celery_worker import WorkerProcess
from tests.factories import AgentFactory, MandateFactory

pytestmark = pytest.mark.django_db(transaction=True)
Eventually = Callable[[Callable[[], Any]], Any]
_HERE = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
PUPILS = 150


def asked(question: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def is_somebody_waiting() -> bool:
    return bool(asked(f"SELECT count(*) FROM pg_locks WHERE NOT granted AND {_HERE}"))


def nobody_works() -> bool:
    return not asked(
        f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid() AND {_HERE}"
    )


@contextmanager
def held(statement: str) -> Generator[psycopg.Connection[Any], None, None]:
    """What the night needs is somebody else's, who gives it back at the end of the block, or by a commit."""
    target = connection.get_connection_params()
    keys = ("dbname", "user", "password", "host", "port")
    with psycopg.connect(**{key: target[key] for key in keys if target.get(key)}) as holder:
        holder.execute(statement)
        yield holder


BEFORE = f"SELECT pg_advisory_xact_lock({APPLY_LOCK})"
MIDDLE = "LOCK TABLE establishments_mandate IN SHARE MODE"
# Where the worker is when its end is near, and the most seconds it still has; then it dies at any moment.
KILLS = [(BEFORE, 0.0), (MIDDLE, 0.0), (BEFORE, 0.3), (MIDDLE, 0.1)]


def test_killed_at_random_moments_a_night_ends_whole_at_the_next_scan(
    celery_worker_process: WorkerProcess, eventually: Eventually
) -> None:
    folder = Path(settings.AAF_INBOX) / "24-2D"
    moments = random.Random(20260105)
    for night, (where, latest) in enumerate(KILLS):
        before = Student.objects.filter(left_at=None).count()
        pupils = PUPILS + 10 * night
        many(pupils).write(folder / f"night{night}", day=f"2026010{5 + night}", split=25)
        (folder / f"night{night}.ok").touch()
        with held(where) as holder:
            import_inbox.delay()
            eventually(is_somebody_waiting)
            if latest:
                holder.commit()
                threading.Event().wait(moments.uniform(0, latest))
            celery_worker_process.kill()
        eventually(nobody_works)

        assert Student.objects.filter(left_at=None).count() in (before, pupils), "half-applied"

        celery_worker_process.start()
        import_inbox.delay()
        # The report is the last thing written.
        eventually(lambda night=night: list((folder / "done").glob(f"*-night{night}.txt")))
        assert Student.objects.filter(left_at=None).count() == pupils
        assert Student.objects.count() == Responsibility.objects.filter(ended_at=None).count() == pupils
        assert Account.objects.count() == 2 * pupils
        assert not ImportRun.objects.filter(status=ImportRun.Status.RUNNING).exists()
        assert schemas() == 0
        assert sorted(path.name for path in folder.iterdir()) == ["done"]
    assert ImportRun.objects.filter(message=INTERRUPTED).count() >= 2


def test_two_feeds_delivered_the_same_night_are_both_applied(
    celery_worker_process: WorkerProcess, eventually: Eventually
) -> None:
    """Both are read at once: both wait for the lock under which one applies at a time."""
    inbox = Path(settings.AAF_INBOX)
    many(20).write(inbox / "24-2D" / "night")
    extract(1).school().responsable().pupil("70001", "80001$10").write(inbox / "24-1D" / "night")
    for name in ("24-1D", "24-2D"):
        (inbox / name / "night.ok").touch()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [APPLY_LOCK])
        import_inbox.delay()
        question = "SELECT count(*) = 2 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        eventually(lambda: asked(f"{question} AND {_HERE}"))
        cursor.execute("SELECT pg_advisory_unlock(%s)", [APPLY_LOCK])
    eventually(lambda: ImportRun.objects.filter(status=ImportRun.Status.APPLIED).count() == 2)


@pytest.fixture
def stopped_import(
    tmp_path: Path,
    start: Callable[[Path], subprocess.Popen[str]],  # noqa: F811 - the fixture
    eventually: Eventually,
) -> Generator[subprocess.Popen[str], None, None]:
    """A second night, stopped near the end of its transaction: mandates may be read and not written."""
    import_extract(many(40).write(tmp_path / "first"), processes=1)
    night = many(60).write(tmp_path / "second", day="20260106")
    with held(MIDDLE):
        child = start(night)
        eventually(is_somebody_waiting)
        yield child
    child.communicate(timeout=60)
    assert child.returncode == 0


def test_while_a_night_is_applied_a_director_reads_and_acts(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    import_extract(many(40).write(tmp_path / "before"), processes=1)
    school = Establishment.objects.get()
    director = AgentFactory.create()
    MandateFactory.create(agent=director, establishment=school, source=Mandate.Source.GRANTED)
    client = Client()
    client.force_login(director)
    child = request.getfixturevalue("stopped_import")
    account = Account.objects.filter(kind="RESPONSABLE").earliest("pk")
    with connection.cursor() as cursor:
        # Waiting on the import would end as an error here.
        cursor.execute("SET lock_timeout = '5s'")
    try:
        for name in ("responsable_list", "student_list", "establishment"):
            assert client.get(reverse(name, args=[school.uai])).status_code == 200
        shown = client.post(reverse("account_password", args=[school.uai, account.pk]))
        asked_for = {"population": "RESPONSABLE", "action": "reset", "account": account.pk}
        created = client.post(reverse("operation_create", args=[school.uai]), asked_for)
        notify = AgentAct(Transition.NOTIFY, by=director, establishment=school, at=timezone.now())
        done = act_on(list(Account.objects.all()), notify)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")
    assert (shown.status_code in (200, 409), created.status_code) == (True, 302)
    assert len(done) == 80, "every account of the school, children's and parents'"
    assert child.poll() is None, "the import was still in its transaction"
