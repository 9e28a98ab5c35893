"""Deliveries made to harm, and disks without room: refused cleanly, with a sentence, nothing applied."""

import os
import resource
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from aaf_import import staging
from aaf_import.importing import DATABASE_FULL, ExtractRefused, import_extract
from aaf_import.inbox import REFUSED, import_folder
from aaf_import.models import ImportRun
from establishments.models import Student
from tests.aaf_import.builder import family
from tests.celery_worker import url_of_test_database

ELEVE = "ENT2D_Complet_20260105_Eleve_0000.xml"
MB = 1 << 20


def archive(path: Path, **members: str) -> Path:
    """The files of an extract in an archive, some replaced or added."""
    folder = family().write(path.parent.parent / "packed")
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in folder.iterdir():
            packed.writestr(file.name, members.pop(file.name, file.read_text()))
        for name, content in members.items():
            packed.writestr(name, content)
    return path


def truncated(folder: Path) -> None:
    path = archive(folder / "night.zip")
    path.write_bytes(path.read_bytes()[:-200])


def bomb(folder: Path) -> None:
    archive(folder / "night.zip", **{ELEVE: " " * (40 * MB)})


def elsewhere(folder: Path) -> None:
    archive(folder / "night.zip", **{f"../../{ELEVE}": "<x/>"})


def entities(folder: Path) -> None:
    declared = '[<!ENTITY a SYSTEM "file:///etc/passwd">]'
    path = family().write(folder / "night.zip") / ELEVE
    path.write_text(path.read_text().replace('.dtd">', f'.dtd" {declared}>'))


# A process begins with the peak of the one which makes it: a small one stands between the tests and it.
_MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[2:])
with open(sys.argv[1], "w") as peak:
    peak.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(done.returncode)
"""


def run_in_a_process(path: Path, **limits: Any) -> tuple[subprocess.CompletedProcess[str], int]:
    """`import_aaf` on the test's database; how it ended, and the most memory it held, in bytes."""
    peak = path.parent / "peak"
    command = ("manage.py", "import_aaf", str(path), "--processes", "1")
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(peak), sys.executable, *command],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url_of_test_database(), "TMPDIR": str(path.parent)},
        capture_output=True,
        text=True,
        check=False,
        **limits,
    )
    return done, int(peak.read_text()) << 10


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (truncated, "abîmée, incomplète"),
        (bomb, "une fois ouverte"),
        (elsewhere, "hors de son dossier"),
        (entities, "entités"),
    ],
)
def test_a_hostile_delivery_is_put_away_refused_with_its_sentence(
    tmp_path: Path, settings: Any, harm: Any, sentence: str
) -> None:
    settings.AAF_UNPACK_LIMIT = 16 * MB
    folder = tmp_path / "24-2D"
    folder.mkdir()
    harm(folder)
    (folder / "night.zip.ok").touch()
    assert import_folder(folder) == 1
    run = ImportRun.objects.get()
    assert (run.status, Student.objects.exists()) == ("REFUSED", False)
    assert sentence in run.message
    assert sentence in (folder / REFUSED / f"{run.pk}-night.zip.txt").read_text()
    assert not list(tmp_path.glob("*.xml"))


@pytest.mark.django_db(transaction=True)
def test_a_line_of_200_megabytes_is_refused_in_little_memory(tmp_path: Path) -> None:
    folder = family().write(tmp_path / "night")
    whole = (folder / ELEVE).read_text()
    head, tail = whole.split("LE GOFF", 1)
    with (folder / ELEVE).open("w") as file:
        file.write(head)
        for _ in range(200):
            file.write("A" * MB)
        file.write(tail)
    done, memory = run_in_a_process(folder)
    assert done.returncode == 2, done.stderr
    assert ELEVE in done.stderr
    assert memory < 500 * MB
    assert not Student.objects.exists()


def _files_of_a_megabyte() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (MB, MB))


@pytest.mark.django_db(transaction=True)
def test_no_room_to_open_an_archive_refuses_it_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """A limit on the size of files stands for the disk: its error is met at the same place."""
    path = archive(tmp_path / "disk" / "night.zip", **{ELEVE: " " * (4 * MB)})
    done, _ = run_in_a_process(path, preexec_fn=_files_of_a_megabyte)
    assert done.returncode == 2, done.stderr
    assert "Le disque est plein" in done.stderr
    assert not list(path.parent.glob("aaf-*"))


_FULL = """
CREATE FUNCTION pg_temp.full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER of_a_test BEFORE INSERT ON establishments_student
FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.full_disk();
"""


@pytest.mark.django_db
def test_a_database_without_room_refuses_the_extract_and_says_so(tmp_path: Path) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_FULL)
    with pytest.raises(ExtractRefused, match=DATABASE_FULL):
        import_extract(family().write(tmp_path / "night"), processes=1)
    assert ImportRun.objects.get().message == DATABASE_FULL
    assert not Student.objects.exists()


@pytest.mark.django_db
def test_a_database_without_room_for_what_is_read_says_so_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise psycopg.errors.DiskFull("could not extend file")

    monkeypatch.setattr(staging, "_copy", full)
    with pytest.raises(ExtractRefused, match="le disque de la base de données est plein"):
        import_extract(family().write(tmp_path / "night"), processes=1)


@pytest.mark.django_db
def test_a_report_that_cannot_be_written_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    folder = tmp_path / "24-2D"
    family().write(folder / "night")
    (folder / "night.ok").touch()
    monkeypatch.setattr(Path, "write_text", full)
    assert import_folder(folder) == 1
    run = ImportRun.objects.get()
    assert run.status == "APPLIED"
    assert (folder / "done" / f"{run.pk}-night").is_dir()
