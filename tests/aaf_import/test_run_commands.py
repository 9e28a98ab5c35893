"""`import_status`, `replay_run`, /sante/imports: how fresh feeds are, and importing again what was kept."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from aaf_import.inbox import import_folder
from aaf_import.models import ImportRun
from establishments.models import Feed, Student
from tests.aaf_import.builder import family
from tests.factories import FeedFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def inbox(tmp_path: Path, settings: Any) -> Path:
    settings.AAF_INBOX = tmp_path
    return tmp_path


def deliver(inbox: Path, name: str, *, day: str = "20260105", empty: bool = False) -> Path:
    delivery = family().write(inbox / "24-2D" / name, day=day)
    if empty:
        (delivery / f"ENT2D_Complet_{day}_Eleve_0000.xml").write_text("")
    (inbox / "24-2D" / f"{name}.ok").touch()
    return delivery


def status(*arguments: str) -> tuple[str, int]:
    out = StringIO()
    try:
        call_command("import_status", *arguments, stdout=out)
    except SystemExit as end:
        return out.getvalue(), int(end.code or 0)
    return out.getvalue(), 0


def test_the_status_says_what_was_applied_and_what_waits(inbox: Path) -> None:
    deliver(inbox, "night")
    import_folder(inbox / "24-2D")
    deliver(inbox, "next", day="20260106")
    (inbox / "28-1D" / "first").mkdir(parents=True)
    told, code = status("--json")
    report = json.loads(told)
    [feed] = report["feeds"]
    assert code == 0
    assert (feed["feed"], feed["late"], feed["waiting"], feed["extract_date"]) == (
        "24-2D",
        False,
        1,
        "2026-01-05",
    )
    assert feed["last_run"]["run"] == ImportRun.objects.get().pk
    assert report["waiting"] == {"24-2D": 1, "28-1D": 1}
    words, _ = status()
    assert "24-2D : importé" in words
    assert "Dossier 28-1D : 1 livraison(s) en attente" in words


def test_the_status_of_a_late_feed_ends_with_code_3_and_says_why(inbox: Path) -> None:
    deliver(inbox, "night")
    import_folder(inbox / "24-2D")
    Feed.objects.update(applied_at=timezone.now() - timedelta(hours=27))
    deliver(inbox, "bad", day="20260106", empty=True)
    import_folder(inbox / "24-2D")
    words, code = status()
    assert code == 3
    assert "24-2D EN RETARD" in words
    assert ImportRun.objects.get(status="REFUSED").message in words


def test_a_refused_delivery_is_imported_once_mended(inbox: Path) -> None:
    deliver(inbox, "night", empty=True)
    import_folder(inbox / "24-2D")
    run = ImportRun.objects.get()
    with pytest.raises(CommandError, match="Eleve") as refused:
        call_command("replay_run", str(run.pk))
    assert refused.value.returncode == 2
    family().write(inbox / "24-2D" / "refused" / f"{run.pk}-night")
    out = StringIO()
    call_command("replay_run", str(run.pk), "--json", stdout=out)
    assert json.loads(out.getvalue())["status"] == "APPLIED"
    assert Student.objects.count() == 1


def test_an_older_delivery_is_imported_again_only_when_forced(inbox: Path) -> None:
    for day in ("05", "06"):
        deliver(inbox, f"night{day}", day=f"202601{day}")
    import_folder(inbox / "24-2D")
    first = ImportRun.objects.earliest("pk")
    with pytest.raises(CommandError, match="plus ancien"):
        call_command("replay_run", str(first.pk))
    call_command("replay_run", str(first.pk), "--force", stdout=StringIO())
    assert Feed.objects.get().extract_date.day == 5  # type: ignore[union-attr]


def test_what_is_not_kept_cannot_be_imported_again(inbox: Path) -> None:
    with pytest.raises(CommandError, match="Aucune livraison du passage 7"):
        call_command("replay_run", "7")


def test_the_monitor_is_told_which_feed_is_late() -> None:
    now = timezone.now()
    FeedFactory.create(degree=1, applied_at=now - timedelta(hours=25), extract_date=now.date())
    assert Client().get("/sante/imports").status_code == 200
    FeedFactory.create(degree=2, applied_at=now - timedelta(hours=27))
    answer = Client().get("/sante/imports")
    assert answer.status_code == 503
    assert answer.json()["status"] == "import en retard"
    assert {feed["feed"]: feed["late"] for feed in answer.json()["feeds"]} == {"24-1D": False, "24-2D": True}


def test_a_feed_never_imported_is_late() -> None:
    FeedFactory.create(applied_at=None)
    assert Client().get("/sante/imports").status_code == 503
