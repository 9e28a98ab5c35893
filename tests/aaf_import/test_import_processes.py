"""Several processes: readers that share the work, imports that wait for each other, and sudden ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from aaf_import import parallel
from aaf_import.applying import APPLY_LOCK
from aaf_import.importing import ExtractRefused, import_extract
from aaf_import.models import ImportRun
from aaf_import.staging import FileReport, Source
from aaf_import.sweeping import INTERRUPTED
from aaf_import.tasks import import_inbox
from establishments.models import Feed, Responsibility, Student
from tests.aaf_import.builder import Extract, extract, family, link
from tests.aaf_import.test_import_nights import content
from tests.celery_worker import url_of_test_database

pytestmark = pytest.mark.django_db(transaction=True)
Eventually = Callable[[Callable[[], Any]], Any]
# The server's locks are listed for all its databases, those of the other test processes included.
_HERE = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"


def many(pupils: int) -> Extract:
    built = extract()
    for number in range(pupils):
        built.pupil(f"7{number:05}", link(f"8{number:05}")).responsable(f"8{number:05}")
    return built


def schemas() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'aaf_stage%%'")
        return int(cursor.fetchone()[0])


@pytest.fixture
def start(tmp_path: Path) -> Generator[Callable[[Path], subprocess.Popen[str]], None, None]:
    """Import in another process, on the test's database."""
    children: list[subprocess.Popen[str]] = []

    def started(folder: Path) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "manage.py", "import_aaf", str(folder), "--processes", "2"],
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": url_of_test_database()},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        return child

    yield started
    for child in children:
        child.kill()
        child.communicate()


def test_two_readers_do_what_one_does(tmp_path: Path) -> None:
    folder = many(60).write(tmp_path, split=7)
    run = import_extract(folder, processes=2)
    assert (run.counts["students"]["created"], Responsibility.objects.count()) == (60, 60)
    before = content()
    import_extract(folder, processes=1)
    assert content() == before
    assert schemas() == 0


def test_a_file_that_a_reader_cannot_read_refuses_the_whole(tmp_path: Path) -> None:
    folder = many(30).write(tmp_path, split=7)
    (folder / "ENT2D_Complet_20260105_PersRelEleve_0002.xml").write_text("<ficAlimMENESR><a></ficAlimMENESR>")
    with pytest.raises(ExtractRefused, match="PersRelEleve_0002"):
        import_extract(folder, processes=2)
    assert not Student.objects.exists()
    assert schemas() == 0


def test_a_reader_that_dies_stops_the_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = parallel._Reader.read

    def killed_then_read(reader: parallel._Reader, source: Source) -> FileReport:
        reader._process.kill()
        return read(reader, source)

    monkeypatch.setattr(parallel._Reader, "read", killed_then_read)
    with pytest.raises(parallel.ReaderDied):
        import_extract(many(30).write(tmp_path, split=7), processes=2)
    assert ImportRun.objects.get().status == ImportRun.Status.REFUSED
    assert schemas() == 0


def test_two_imports_at_once_apply_one_after_the_other(
    tmp_path: Path, start: Callable[[Path], subprocess.Popen[str]], eventually: Eventually
) -> None:
    first = many(50).write(tmp_path / "2D")
    second = family(1).write(tmp_path / "1D")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [APPLY_LOCK])
        children = [start(first), start(second), start(first)]
        eventually(lambda: _waiting(cursor) == 3)
        assert not Feed.objects.exists()
        cursor.execute("SELECT pg_advisory_unlock(%s)", [APPLY_LOCK])
    for child in children:
        out, error = child.communicate(timeout=60)
        assert child.returncode == 0, error
        assert "appliqué" in out
    assert Student.objects.count() == 51
    assert ImportRun.objects.filter(status=ImportRun.Status.APPLIED).count() == 3
    assert schemas() == 0


def _waiting(cursor: Any) -> int:
    cursor.execute(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND {_HERE}")
    return int(cursor.fetchone()[0])


def test_an_import_killed_while_it_applies_leaves_nothing_and_the_next_one_sweeps(
    tmp_path: Path, start: Callable[[Path], subprocess.Popen[str]], eventually: Eventually
) -> None:
    import_extract(family().write(tmp_path / "before"), processes=1)
    before = content()
    folder = many(200).write(tmp_path / "night", split=50)
    with connection.cursor() as cursor:
        # It stops in the middle of its transaction: before the mandates, after everything else.
        cursor.execute("BEGIN; LOCK TABLE establishments_mandate IN ACCESS EXCLUSIVE MODE")
        child = start(folder)
        session = eventually(lambda: _blocked_session(cursor))
        child.send_signal(signal.SIGKILL)
        child.wait()
        cursor.execute("COMMIT")
    eventually(lambda: not _is_alive(session))
    assert content() == before
    assert schemas() == 1
    killed = ImportRun.objects.latest("pk")
    assert killed.status == ImportRun.Status.RUNNING
    run = import_extract(folder, processes=1)
    assert (run.counts["students"]["created"], run.counts["students"]["updated"]) == (199 + 1, 0)
    killed.refresh_from_db()
    assert (killed.status, killed.message) == (ImportRun.Status.REFUSED, INTERRUPTED)
    assert schemas() == 0


def _blocked_session(cursor: Any) -> int | None:
    """The process identifier of the session which waits for the mandates."""
    cursor.execute(
        "SELECT pid FROM pg_locks"
        f" WHERE NOT granted AND relation = 'establishments_mandate'::regclass AND {_HERE}"
    )
    row = cursor.fetchone()
    return int(row[0]) if row else None


def _is_alive(session: int) -> bool:
    """Whether the dead import's session is still there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [session])
        return int(cursor.fetchone()[0]) > 0


def test_a_run_that_lives_is_not_swept(tmp_path: Path) -> None:
    folder = family().write(tmp_path)
    seen: list[str] = []

    def import_another(_: object) -> None:
        """While the first one reads, a second one runs to its end."""
        if not seen:
            seen.append("once")
            thread = threading.Thread(target=_import_in_thread, args=(folder,))
            thread.start()
            thread.join()

    run = import_extract(folder, processes=1, on_file=import_another)
    assert run.status == ImportRun.Status.APPLIED
    assert set(ImportRun.objects.values_list("status", flat=True)) == {ImportRun.Status.APPLIED}


def _import_in_thread(folder: Path) -> None:
    try:
        import_extract(folder, processes=1)
    finally:
        connection.close()


def test_readers_end_with_their_parent(
    tmp_path: Path, start: Callable[[Path], subprocess.Popen[str]], eventually: Eventually
) -> None:
    folder = many(200).write(tmp_path, split=10)
    child = start(folder)
    readers = eventually(lambda: _children_of(child.pid))
    child.kill()
    child.wait()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in readers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _children_of(pid: int) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = process.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.append(int(process.parent.name))
    return found


def test_a_celery_worker_imports_the_inbox(celery_worker_process: Any, eventually: Eventually) -> None:
    inbox = Path(settings.AAF_INBOX)
    many(40).write(inbox / "24-2D" / "delivery", split=9)
    (inbox / "24-2D" / "delivery.ok").touch()
    import_inbox.delay()
    eventually(lambda: ImportRun.objects.filter(status=ImportRun.Status.APPLIED).exists())
    eventually(lambda: list((inbox / "24-2D" / "done").glob("*-delivery")))
    assert Student.objects.count() == 40
