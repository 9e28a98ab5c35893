"""Of which académie and degré an extract is, when its files say it, and when they do not."""

from datetime import date
from pathlib import Path

import pytest

from aaf_import.extract import Kind, UnusableExtract, opened
from aaf_import.identity import FeedKey, Identity, feed_key, identify, in_order, missing_parts, of_feed
from tests.aaf_import.builder import Extract, extract, family

TODAY = date(2026, 2, 1)


def identity_of(folder: Path) -> Identity:
    with opened(folder, 1 << 20) as files:
        (extract,) = in_order(files, folder.name)
        return identify(extract, folder.name, TODAY)


def without_comments(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if "degre=" not in line and "codeAcademie" not in line)


@pytest.mark.parametrize("degree", [1, 2])
def test_comments_say_it(tmp_path: Path, degree: int) -> None:
    assert identity_of(family(degree, academy="28").write(tmp_path)) == Identity(
        "28", degree, date(2026, 1, 5), "AAF-VE2407"
    )


@pytest.mark.parametrize(("annex", "degree"), [("Annexe 1 version 6.3", 1), ("Annexe 4bis version 6.4", 2)])
def test_before_2020_the_annex_says_the_degre_and_the_uais_the_academie(
    tmp_path: Path, annex: str, degree: int
) -> None:
    extract_of_old = family(degree)
    extract_of_old.prefix = "SYNTH"

    def edit(text: str) -> str:
        return without_comments(text).replace("-->", f'-->\n<!-- versionSDET="{annex}" -->', 1)

    found = identity_of(extract_of_old.write(tmp_path, edit=edit))
    assert (found.academy, found.degree) == ("24", degree)


def test_the_prefix_says_the_degre_at_last(tmp_path: Path) -> None:
    assert identity_of(family(1).write(tmp_path, edit=without_comments)).degree == 1


def test_the_name_of_the_academie_serves_when_no_uai_is_valid(tmp_path: Path) -> None:
    unknown = Extract(2, academy=None).school(uai="004001ZV", ENTServAcAcademie="BESANCON")
    assert identity_of(unknown.write(tmp_path)).academy == "03"


def test_a_feed_nobody_can_name_is_refused(tmp_path: Path) -> None:
    unknown = Extract(2, academy=None).school(uai="004001ZV", ENTServAcAcademie="AILLEURS")
    with pytest.raises(UnusableExtract, match="quelle académie"):
        identity_of(unknown.write(tmp_path))


def test_two_degres_in_one_folder_are_refused(tmp_path: Path) -> None:
    family(1).write(tmp_path / "1")
    family(2).write(tmp_path / "2")
    with pytest.raises(UnusableExtract, match="deux degrés"):
        identity_of(tmp_path)


def test_two_academies_in_one_folder_are_refused(tmp_path: Path) -> None:
    family(2, academy="24").write(tmp_path / "1")
    family(2, academy="25").write(tmp_path / "2")
    with pytest.raises(UnusableExtract, match="deux académies"):
        identity_of(tmp_path)


def test_two_dates_in_one_folder_are_refused(tmp_path: Path) -> None:
    family().write(tmp_path, day="20260105")
    family().write(tmp_path, day="20260106")
    with pytest.raises(UnusableExtract, match="05/01/2026 et 06/01/2026"):
        identity_of(tmp_path)


def test_a_delivery_is_taken_by_date_and_a_complet_before_the_delta_of_its_date(tmp_path: Path) -> None:
    for kind, day in (("Delta", "20260107"), ("Delta", "20260106"), ("Complet", "20260106")):
        family().write(tmp_path, kind=kind, day=day)
    (tmp_path / "ENT2D_Delta_20260199_Eleve_0000.xml").touch()
    with opened(tmp_path, 1 << 20) as files:
        extracts = in_order(files, "x")
    assert [(extract[0].kind, extract[0].day) for extract in extracts] == [
        (Kind.COMPLET, date(2026, 1, 6)),
        (Kind.DELTA, date(2026, 1, 6)),
        (Kind.DELTA, date(2026, 1, 7)),
        (Kind.DELTA, None),
    ]


def test_the_files_of_one_feed_are_taken_out_of_a_folder_which_mixes_some(tmp_path: Path) -> None:
    for degree, academy in ((1, "24"), (2, "24"), (2, "25")):
        family(degree, academy=academy).write(tmp_path / f"{academy}-{degree}")
    with opened(tmp_path, 1 << 20) as files:
        found = of_feed(files, FeedKey("24", 2))
    assert {file.path.parent.name for file in found} == {"24-2"}


@pytest.mark.parametrize("text", ["24-2", "24-2D", " 24-2d "])
def test_a_feed_is_named_by_its_academie_and_its_degre(text: str) -> None:
    assert feed_key(text) == FeedKey("24", 2)


@pytest.mark.parametrize("text", ["", "24", "24-3", "99-1", "24-2DD"])
def test_what_names_no_feed_is_none(text: str) -> None:
    assert feed_key(text) is None


def test_a_name_without_date_leaves_the_day_of_the_import(tmp_path: Path) -> None:
    assert identity_of(family().write(tmp_path, day="20261399")).day == TODAY


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    whole = extract().pupil("1").pupil("2").pupil("3").responsable().write(tmp_path, split=1)
    (whole / "ENT2D_Complet_20260105_Eleve_0001.xml").unlink()
    (whole / "ENT2D_Complet_20260105_MefEducNat_0000.xml").unlink()
    with opened(tmp_path, 1 << 20) as files:
        assert missing_parts(files, 2) == ["aucun fichier MefEducNat", "le fichier Eleve n° 1"]
