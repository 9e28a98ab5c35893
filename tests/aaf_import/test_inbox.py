"""The folders of deliveries: what is taken, in which order, and where it goes."""

import os
from pathlib import Path
from typing import Any

import pytest

from aaf_import import tasks
from aaf_import.inbox import DONE, REFUSED, deliveries, feed_folders, import_folder
from aaf_import.models import ImportRun
from establishments.models import Student
from tests.aaf_import.builder import extract, family, link

pytestmark = pytest.mark.django_db


def test_each_delivery_is_imported_oldest_first_and_put_away(tmp_path: Path) -> None:
    folder = tmp_path / "24-2D"
    extract().responsable().pupil("2", link("80001")).write(folder / "a-second", day="20260106")
    family().write(folder / "b-first", day="20260105")
    os.utime(folder / "b-first", (1, 1))
    assert import_folder(folder) == 2
    assert Student.objects.filter(left_at=None).get().jointure == "2"
    runs = [run.pk for run in ImportRun.objects.order_by("pk")]
    assert sorted(path.name for path in (folder / DONE).iterdir()) == [
        f"{runs[0]}-b-first",
        f"{runs[1]}-a-second",
    ]
    assert deliveries(folder) == []


def test_what_is_refused_is_put_away_with_why_and_the_next_one_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "24-2D"
    bad = family().write(folder / "bad")
    (bad / "ENT2D_Complet_20260105_Eleve_0000.xml").write_text("")
    os.utime(bad, (1, 1))
    family().write(folder / "good", day="20260106")
    assert import_folder(folder) == 2
    refused, applied = ImportRun.objects.order_by("pk")
    assert (refused.status, applied.status) == ("REFUSED", "APPLIED")
    assert (folder / REFUSED / f"{refused.pk}-bad").is_dir()
    assert (folder / REFUSED / f"{refused.pk}-bad.txt").read_text() == f"{refused.message}\n"


def test_strangers_in_the_inbox_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "24-2D").mkdir()
    (tmp_path / "24-2D" / "readme.txt").touch()
    (tmp_path / "notes.txt").touch()
    assert feed_folders(tmp_path) == [tmp_path / "24-2D"]
    assert deliveries(tmp_path / "24-2D") == []
    assert feed_folders(tmp_path / "absent") == []


def test_the_night_s_task_gives_each_feed_its_own(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(tasks.import_feed_folder, "delay", asked.append)
    settings.AAF_INBOX = tmp_path
    for name in ("24-1D", "24-2D"):
        (tmp_path / name).mkdir()
    tasks.import_inbox()
    assert asked == [str(tmp_path / "24-1D"), str(tmp_path / "24-2D")]
