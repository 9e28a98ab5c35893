"""The folders of deliveries: what is taken, when, in which order, and where it goes."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from django.core import mail

from aaf_import import refusal_mails, tasks
from aaf_import.completeness import is_complete, marker_of
from aaf_import.inbox import DONE, REFUSED, deliveries, feed_folders, import_folder, kept_delivery
from aaf_import.models import ImportRun
from educonnect_admin import settings as site
from establishments.models import Student
from tests.aaf_import.builder import extract, family, link
from tests.mail_server import MailServer

pytestmark = pytest.mark.django_db


def complete(delivery: Path) -> Path:
    marker_of(delivery).touch()
    return delivery


def settle(path: Path, seconds: float = 3600) -> None:
    """As if nothing of it had changed for so long."""
    then = time.time() - seconds
    for each in [path, *path.rglob("*")]:
        os.utime(each, (then, then))


def test_each_delivery_is_imported_oldest_first_and_put_away(tmp_path: Path) -> None:
    folder = tmp_path / "24-2D"
    complete(extract().responsable().pupil("2", link("80001")).write(folder / "a-second", day="20260106"))
    complete(family().write(folder / "b-first", day="20260105"))
    assert import_folder(folder) == 2
    assert Student.objects.filter(left_at=None).get().jointure == "2"
    first, second = [run.pk for run in ImportRun.objects.order_by("pk")]
    assert sorted(path.name for path in (folder / DONE).iterdir() if path.is_dir()) == [
        f"{first}-b-first",
        f"{second}-a-second",
    ]
    assert sorted(path.name for path in folder.iterdir()) == [DONE]


def test_without_a_day_in_their_names_the_first_delivered_goes_first(tmp_path: Path) -> None:
    for name, age in (("a.zip", 10), ("b.zip", 90_000), ("c-20200101.zip", 0)):
        (tmp_path / name).touch()
        settle(tmp_path / name, age)
    assert [path.name for path in deliveries(tmp_path)] == ["c-20200101.zip", "b.zip", "a.zip"]


def test_a_delivery_is_complete_when_marked_or_twice_the_same(tmp_path: Path, settings: Any) -> None:
    settings.AAF_STABLE_SECONDS = 0
    delivery = family().write(tmp_path / "night")
    settle(delivery)
    assert not is_complete(delivery), "seen once"
    assert is_complete(delivery), "seen twice the same"
    (delivery / "more.xml").write_text("<")
    assert not is_complete(delivery), "it grew since"
    marker_of(delivery).touch()
    assert is_complete(delivery)


def test_two_scans_too_near_or_a_change_too_recent_do_not_make_it_complete(
    tmp_path: Path, settings: Any
) -> None:
    delivery = tmp_path / "night.zip"
    delivery.write_bytes(b"half")
    settle(delivery)
    settings.AAF_STABLE_SECONDS = 600
    assert [is_complete(delivery) for _ in range(3)] == [False, False, False]


def test_an_older_delivery_which_still_arrives_holds_those_after_it(tmp_path: Path) -> None:
    folder = tmp_path / "24-2D"
    family().write(folder / "monday", day="20260105")
    tuesday = complete(family().write(folder / "tuesday", day="20260106"))
    assert import_folder(folder) == 0
    complete(folder / "monday")
    assert import_folder(folder) == 2
    assert not tuesday.exists()
    days = ImportRun.objects.order_by("pk").values_list("extract_date__day", flat=True)
    assert list(days) == [5, 6]


def test_what_is_refused_is_put_away_with_why_and_the_next_one_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "24-2D"
    bad = complete(family().write(folder / "bad"))
    (bad / "ENT2D_Complet_20260105_Eleve_0000.xml").write_text("")
    complete(family().write(folder / "good", day="20260106"))
    assert import_folder(folder) == 2
    refused, applied = ImportRun.objects.order_by("pk")
    assert (refused.status, applied.status) == ("REFUSED", "APPLIED")
    assert (folder / REFUSED / f"{refused.pk}-bad").is_dir()
    assert refused.message in (folder / REFUSED / f"{refused.pk}-bad.txt").read_text()
    assert kept_delivery(tmp_path, refused.pk) == folder / REFUSED / f"{refused.pk}-bad"
    assert kept_delivery(tmp_path, 0) is None


def test_the_report_counts_and_names_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "24-2D"
    complete(family().responsable("80002", sn="", givenName="Zoltan").write(folder / "night"))
    import_folder(folder)
    run = ImportRun.objects.get()
    report = (folder / DONE / f"{run.pk}-night.json").read_text()
    words = (folder / DONE / f"{run.pk}-night.txt").read_text()
    assert json.loads(report)["counts"]["students"]["created"] == 1
    assert (json.loads(report)["status"], json.loads(report)["extract_date"]) == ("APPLIED", "2026-01-05")
    assert "Élèves : 1 créés" in words
    assert run.anomaly_counts
    assert "Anomalie « " in words
    for name in ("LE GOFF", "Le Goff", "Éloïse", "Anne", "Zoltan"):
        assert name not in report + words


def test_strangers_in_the_inbox_are_left_alone(tmp_path: Path) -> None:
    outside = family().write(tmp_path / "elsewhere" / "night")
    inbox = tmp_path / "inbox"
    (inbox / "24-2D").mkdir(parents=True)
    (inbox / "24-2D" / "readme.txt").touch()
    (inbox / "24-2D" / "link").symlink_to(outside)
    (inbox / "notes.txt").touch()
    assert feed_folders(inbox) == [inbox / "24-2D"]
    assert deliveries(inbox / "24-2D") == []
    assert feed_folders(inbox / "absent") == []


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


def test_deliveries_are_looked_for_at_the_hours_of_the_settings() -> None:
    schedule = site.CELERY_BEAT_SCHEDULE["import-aaf"]["schedule"]
    assert schedule.hour == set(site.AAF_SCAN_HOURS)
    assert 2 not in schedule.hour
    assert len(schedule.minute) > 1, "a delivery without its mark is seen twice in the hour"


def refuse(tmp_path: Path) -> ImportRun:
    bad = complete(family().write(tmp_path / "24-2D" / "bad"))
    (bad / "ENT2D_Complet_20260105_Eleve_0000.xml").write_text("")
    import_folder(bad.parent)
    return ImportRun.objects.get(status=ImportRun.Status.REFUSED)


def test_a_refusal_is_mailed_once_to_the_ops_without_a_name(tmp_path: Path, settings: Any) -> None:
    settings.OPS_MAILS = ["exploitation@example.org"]
    run = refuse(tmp_path)
    assert refusal_mails.tell_refusals() == 1
    assert refusal_mails.tell_refusals() == 0
    [sent] = mail.outbox
    assert sent.to == ["exploitation@example.org"]
    assert run.message in sent.body
    assert f"replay_run {run.pk}" in sent.body
    assert "24-2D" in sent.subject


def test_nobody_to_tell_is_nobody_told(tmp_path: Path) -> None:
    refuse(tmp_path)
    assert refusal_mails.tell_refusals() == 0
    assert mail.outbox == []


def test_a_mail_server_away_undoes_nothing_and_the_mail_leaves_later(
    tmp_path: Path, settings: Any, mail_server: MailServer
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.OPS_MAILS = ["exploitation@example.org"]
    mail_server.answers = lambda recipient: "451 come back later"
    run = refuse(tmp_path)
    assert refusal_mails.tell_refusals() == 0
    assert (tmp_path / "24-2D" / REFUSED / f"{run.pk}-bad").is_dir()
    mail_server.answers = lambda recipient: None
    assert refusal_mails.tell_refusals() == 1
    assert mail_server.recipients == ["exploitation@example.org"]
