"""`manage.py import_aaf`: what it prints, how it ends, and what is the same whatever the container."""

import json
import tarfile
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from aaf_import.models import ImportRun
from establishments.models import Student
from tests.aaf_import.builder import delta, extract, family, link

pytestmark = pytest.mark.django_db
NOTHING = {"created": 0, "updated": 0, "unchanged": 0, "left": 0}


def command(*arguments: object) -> str:
    out = StringIO()
    call_command("import_aaf", *map(str, arguments), stdout=out)
    return out.getvalue()


def as_json(*arguments: object) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(command(*arguments, "--json"))
    return told


def test_the_json_is_what_programs_expect(tmp_path: Path) -> None:
    built = extract().responsable().pupil("70001", link("80001"), ENTEleveNouveau="1", ENTEleveINE="")
    told = as_json(built.write(tmp_path))
    seconds = told.pop("seconds")
    assert told == {
        "run": ImportRun.objects.get().pk,
        "academy": "24",
        "degree": 2,
        "kind": "complet",
        "applied": True,
        "refused": False,
        "message": "",
        "forced": False,
        "year_change": False,
        "counts": {
            "establishments": {**NOTHING, "created": 1},
            "classes": {**NOTHING, "created": 1},
            "students": {**NOTHING, "created": 1},
            "responsables": {**NOTHING, "created": 1},
            "responsibilities": {**NOTHING, "created": 1},
            "accounts": {"responsable": {"created": 1}, "student": {"created": 1}},
            "agents": {**NOTHING, "created": 1},
        },
        "anomalies": {"INE_MISSING": 1},
        "ignored_attributes": {"ENTEleveNouveau": 1},
    }
    assert isinstance(seconds, float)


def test_words_when_nobody_asks_for_json(tmp_path: Path) -> None:
    said = command(family().write(tmp_path))
    assert "académie 24, 2D, appliqué" in said
    assert "élèves : 1 créés, 0 modifiés, 0 inchangés, 0 partis" in said
    assert "comptes créés : 1 de responsables, 1 d’élèves" in said


def test_a_dry_run_says_it_applied_nothing(tmp_path: Path) -> None:
    told = as_json(family().write(tmp_path), "--dry-run")
    assert told["applied"] is False
    assert told["counts"]["students"]["created"] == 1
    assert not Student.objects.exists()


def test_a_refusal_ends_with_code_2_and_a_sentence(tmp_path: Path) -> None:
    folder = family().write(tmp_path)
    (folder / "ENT2D_Complet_20260105_Eleve_0000.xml").write_text("<ficAlimMENESR>")
    with pytest.raises(CommandError) as caught:
        command(folder)
    assert caught.value.returncode == 2
    assert str(caught.value) == (
        "Le fichier « ENT2D_Complet_20260105_Eleve_0000.xml » ne peut pas être lu :"
        " le XML est mal formé, ligne 1. Rien n’est appliqué."
    )
    assert ImportRun.objects.get().message == str(caught.value)


def test_a_refusal_has_the_same_json(tmp_path: Path) -> None:
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("import_aaf", str(tmp_path), "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert (told["applied"], told["counts"], told["academy"], told["degree"]) == (False, {}, "", None)


@pytest.mark.parametrize("container", ["folder", "nested", "zip", "tgz"])
@pytest.mark.parametrize("degree", [1, 2])
def test_a_container_is_as_good_as_another(tmp_path: Path, container: str, degree: int) -> None:
    folder = family(degree).write(tmp_path / "a" / "b")
    (folder / "ficAlimMENESR.dtd").write_text("stranger")
    path = {"folder": folder, "nested": tmp_path}.get(container, tmp_path / f"x.{container}")
    if container == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            for file in folder.iterdir():
                archive.write(file, f"extrait/{file.name}")
    elif container == "tgz":
        with tarfile.open(path, "w:gz") as archive:
            archive.add(folder, "extrait")
    assert as_json(path)["counts"]["students"]["created"] == 1
    assert Student.objects.count() == 1


def test_the_samples_of_synthetic_feeds_are_imported(tmp_path: Path) -> None:
    call_command(
        "generate_aaf",
        str(tmp_path),
        "--academy",
        "28",
        "--establishments",
        "6",
        "--students",
        "400",
        stdout=StringIO(),
    )
    for folder in sorted(tmp_path.iterdir()):
        told = as_json(folder)
        assert told["applied"]
        assert told["counts"]["students"]["created"] > 100
        again = as_json(folder)
        for name, counts in again["counts"].items():
            if name != "accounts":
                assert (counts["created"], counts["updated"], counts["left"]) == (0, 0, 0), name
        assert again["anomalies"] == told["anomalies"] != {}


def test_a_refused_extract_shows_what_it_would_have_done(tmp_path: Path) -> None:
    command(family().write(tmp_path / "1"))
    older = family().pupil("70002").write(tmp_path / "2", day="20260104")
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("import_aaf", str(older), "--dry-run", "--json", stdout=out)
    assert caught.value.returncode == 2
    told = json.loads(out.getvalue())
    applied = as_json(older, "--force", "--dry-run")
    assert told.keys() == applied.keys()
    assert told["counts"] == applied["counts"]
    assert told["counts"]["students"] == {**NOTHING, "created": 1, "unchanged": 1}
    assert (told["applied"], told["refused"], told["forced"]) == (False, True, False)
    assert (applied["refused"], applied["forced"], applied["message"]) == (False, True, "")
    assert "plus ancien" in told["message"]
    assert Student.objects.count() == 1


def test_a_complet_and_a_delta_in_one_archive_are_told_the_last_one_first(tmp_path: Path) -> None:
    family().write(tmp_path / "in")
    delta().modify("Eleve", "70001", givenName="Zoé").write(tmp_path / "in", kind="Delta", day="20260106")
    archive = tmp_path / "x.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(tmp_path / "in", "extrait")
    told = as_json(archive)
    assert (told["kind"], told["counts"]["students"]["updated"]) == ("delta", 1)
    (before,) = told["before"]
    assert (before["kind"], before["applied"]) == ("complet", True)
    assert Student.objects.get().given_name == "Zoé"
    said = command(archive)
    assert "appliqué (Delta du 06/01/2026)" in said
    assert "Complet du" not in said


def test_one_feed_of_a_folder_or_none(tmp_path: Path) -> None:
    for degree in (1, 2):
        family(degree).write(tmp_path / str(degree))
    assert as_json(tmp_path, "--feed", "24-1D")["degree"] == 1
    with pytest.raises(CommandError, match="ne contient rien du flux 25-1D"):
        command(tmp_path, "--feed", "25-1")
    with pytest.raises(CommandError, match="ne nomme pas un flux"):
        command(tmp_path, "--feed", "24")


def test_the_change_of_year_is_told(tmp_path: Path) -> None:
    said = command(family().write(tmp_path), "--year-change", "--force")
    assert "changement d’année : de nombreux départs sont attendus" in said
    assert "forcé : ni l’ordre des extraits ni les départs n’ont été vérifiés" in said
    run = ImportRun.objects.get()
    assert (run.year_change, run.forced) == (True, True)
