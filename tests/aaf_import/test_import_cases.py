"""What genuine extracts are seen to hold, in both degrés, by a Complet and by a Delta."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection

from aaf_import.entries import BLOCK_SIZE
from aaf_import.importing import import_extract
from aaf_import.models import ImportRun
from accounts.models import Account
from establishments.models import Responsable, Responsibility, SchoolClass, Student
from tests.aaf_import.builder import CLASS_1D, SCHOOL, Extract, Values, delta, extract, family, ine_of, link
from tests.aaf_import.conftest import Import
from tests.aaf_import.test_import_delta import CLASSES, GIVEN, LINKS, MAIL, MOBILE, SURNAME, Refusal, night
from tests.aaf_import.test_import_nights import content

pytestmark = pytest.mark.django_db
both_degrees = pytest.mark.parametrize("degree", [1, 2])
by_both = pytest.mark.parametrize("kind", ["Complet", "Delta"])
KEPT = "Anne"


def import_responsable(run_import: Import, degree: int, kind: str, **attributes: Values) -> Responsable:
    """A responsable with these attributes at once, or plain one night and with them the next."""
    built = extract(degree).pupil("70001", link("80001", degree=degree))
    if kind == "Complet":
        run_import(built.responsable("80001", **attributes))
    else:
        run_import(built.responsable("80001"))
        night(run_import, delta(degree).modify("PersRelEleve", "80001", **attributes))
    return Responsable.objects.get()


@by_both
@both_degrees
@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("D'ANGELO", "DANGELO"),
        ("LE  GOFF", "LEGOFF"),
        ("LÓPEZ-NÚÑEZ", "LOPEZNUNEZ"),
        ("L'HAŸ", "LHAY"),
        ("SŒUR", "SOEUR"),
        ("MÃ\x89RY", "MERY"),
    ],
)
def test_names_are_kept_as_read_and_found_without_accents(
    run_import: Import, degree: int, kind: str, name: str, key: str
) -> None:
    who = import_responsable(run_import, degree, kind, **{SURNAME[degree]: name})
    assert who.surname_key == key
    assert "  " not in who.surname
    assert who.given_name == KEPT


@by_both
@both_degrees
@pytest.mark.parametrize(
    ("written", "lines", "postcode"),
    [
        ("$$5 RUE X$", "5 RUE X", "1180"),
        ("$$$", "", ""),
        ("5 RUE X", "5 RUE X", "97400"),
        ("APT 1$RES A$5 RUE X$", "APT 1\nRES A\n5 RUE X", "94000"),
    ],
)
def test_addresses(
    run_import: Import, degree: int, kind: str, written: str, lines: str, postcode: str
) -> None:
    given = {"ENTPersonAdresse": written, "ENTPersonCodePostal": postcode}
    who = import_responsable(run_import, degree, kind, **given)
    assert (who.address, who.postcode) == (lines, postcode)


@by_both
@both_degrees
@pytest.mark.parametrize(
    ("written", "mobile"),
    [
        ("+33 6 39 98 00 01", "+33639980001"),
        ("06.39.98.00.01", "+33639980001"),
        ("0639980001", "+33639980001"),
        ("016", ""),
        ("01 99 00 00 01", ""),
    ],
)
def test_mobiles(run_import: Import, degree: int, kind: str, written: str, mobile: str) -> None:
    who = import_responsable(run_import, degree, kind, **{MOBILE[degree]: written})
    assert (who.mobile, who.mobile_raw) == (mobile, written)


def test_the_number_for_texts_alone_serves_who_has_no_mobile(run_import: Import) -> None:
    who = import_responsable(run_import, 2, "Delta", ENTPersonMobileSMS="06 39 98 00 02")
    assert who.mobile == "+33639980002"
    changes = delta().modify("PersRelEleve", "80001", mobile="06 39 98 00 03")
    night(run_import, changes, day="20260107")
    changes = delta().modify("PersRelEleve", "80001", ENTPersonMobileSMS="06 39 98 00 04")
    night(run_import, changes, day="20260108")
    assert Responsable.objects.get().mobile == "+33639980003"


@by_both
@both_degrees
def test_an_institution_has_no_given_name_and_an_account(run_import: Import, degree: int, kind: str) -> None:
    names = {SURNAME[degree]: "AIDE SOCIALE A L'ENFANCE", GIVEN[degree]: ""}
    who = import_responsable(run_import, degree, kind, **names)
    assert (who.surname, who.given_name) == (names[SURNAME[degree]], "")
    assert Account.objects.filter(kind="RESPONSABLE").count() == 1


@by_both
@both_degrees
@pytest.mark.parametrize("number", [0, 1, 3, 4])
def test_any_number_of_responsables(run_import: Import, degree: int, kind: str, number: int) -> None:
    links: Values = [
        link(f"8000{rank}", str((1, 10, 20, 10)[rank - 1]), degree=degree) for rank in range(1, number + 1)
    ]
    built = extract(degree) if kind == "Complet" else family(degree)
    for rank in range(1, 5):
        if kind == "Complet" or rank > 1:
            built.responsable(f"8000{rank}")
    if kind == "Complet":
        run_import(built.pupil("70001", *links))
    else:
        run_import(built)
        night(run_import, delta(degree).modify("Eleve", "70001", **{LINKS[degree]: links or ""}))
    current = Responsibility.objects.filter(ended_at=None)
    assert current.count() == number
    assert set(current.values_list("kinship", flat=True)) <= {"1", "10", "20"}


@by_both
@both_degrees
def test_the_same_responsable_twice_and_the_pupil_himself(run_import: Import, degree: int, kind: str) -> None:
    links = [
        link("80001", degree=degree),
        link("80001", "20", degree=degree),
        link("70001", "70", degree=degree),
    ]
    people = extract(degree).responsable("80001").responsable("70001")
    if kind == "Complet":
        run = run_import(people.pupil("70001", *links))
    else:
        run_import(people.pupil("70001"))
        run = night(run_import, delta(degree).modify("Eleve", "70001", **{LINKS[degree]: links}))
    assert run.anomaly_counts == {"RELATION_TWICE": 1}
    assert set(Responsibility.objects.values_list("responsable__jointure", flat=True)) == {"80001", "70001"}


@by_both
@both_degrees
def test_an_ine_that_another_pupil_has_is_told(run_import: Import, degree: int, kind: str) -> None:
    built = family(degree)
    if kind == "Complet":
        run = run_import(built.pupil("70002", ENTEleveINE=ine_of(70001)))
    else:
        run_import(built)
        run = night(run_import, delta(degree).pupil("70002", ENTEleveINE=ine_of(70001)))
    assert run.anomaly_counts == {"INE_TWICE": 2 if kind == "Complet" else 1}
    assert Student.objects.filter(left_at=None).count() == 2


@both_degrees
def test_homonyms_born_the_same_day_arrive_by_a_delta_and_are_two(run_import: Import, degree: int) -> None:
    run_import(family(degree))
    arrived = delta(degree).pupil("70002", link("80002", degree=degree)).responsable("80002")
    night(run_import, arrived)
    assert Student.objects.count() == Responsable.objects.count() == 2
    assert Account.objects.filter(kind="RESPONSABLE").count() == 2


@both_degrees
def test_a_class_with_spaces_in_its_key_by_a_delta(run_import: Import, degree: int) -> None:
    run_import(family(degree))
    there = f"{SCHOOL}$11$ORDINAIRE$8 8$CM2 B" if degree == 1 else f"{SCHOOL}$6 EME B"
    night(run_import, delta(degree).modify("Eleve", "70001", **{CLASSES[degree]: there}))
    after = Student.objects.select_related("school_class").get()
    assert after.school_class is not None
    assert after.school_class.key == ("8 8" if degree == 1 else "6 EME B")
    first = SchoolClass.objects.get(key=CLASS_1D if degree == 1 else "6A")
    assert (first.left_at is None) == (degree == 2)


def test_from_cm2_to_sixieme_by_two_deltas(run_import: Import) -> None:
    run_import(family(1))
    run_import(extract(2).pupil("79999", link("89999")).responsable("89999"))
    night(run_import, delta(1).delete("Eleve", "70001").delete("PersRelEleve", "80001"))
    arrived = delta(2).pupil("75001", link("85001"), ENTEleveINE=ine_of(70001)).responsable("85001")
    night(run_import, arrived)
    first, second = Student.objects.filter(ine=ine_of(70001)).order_by("feed__degree")
    assert (first.left_at is None, second.left_at is None) == (False, True)
    assert first.birth_date == second.birth_date


@by_both
@both_degrees
@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda text: text.replace("</ficAlimMENESR>", ""), "mal formé"),
        (lambda text: text.replace('.dtd">', '.dtd" [<!ENTITY a SYSTEM "file:///etc/passwd">]>'), "entités"),
        (lambda text: "", "vide"),
        (lambda text: "<autre/>", "racine"),
    ],
)
def test_what_cannot_be_read_refuses_the_whole(
    run_import: Import,
    refusal: Refusal,
    degree: int,
    kind: str,
    edit: Callable[[str], str],
    why: str,
) -> None:
    run_import(family(degree))
    before = content()
    changes = delta(degree).delete("PersRelEleve", "80001").modify("Eleve", "70001", **{GIVEN[degree]: "Zoé"})
    spoilt = changes if kind == "Delta" else family(degree).pupil("70002")
    message = refusal(
        spoilt, kind=kind, day="20260106", edit=lambda text: edit(text) if ">Eleve<" in text else text
    )
    assert why in message
    assert content() == before


@both_degrees
@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-15", "US-ASCII"])
def test_a_delta_is_read_in_any_encoding_with_crlf_and_named_characters(
    run_import: Import, degree: int, encoding: str
) -> None:
    run_import(family(degree))

    def edit(text: str) -> str:
        return text.replace("ZOE", "Zo&eacute;").replace("\n", "\r\n")

    changes = delta(degree).modify("Eleve", "70001", **{GIVEN[degree]: "ZOE", SURNAME[degree]: "Élan"})
    night(run_import, changes, encoding=encoding, edit=edit)
    after = Student.objects.get()
    assert (after.given_name, after.surname) == ("Zoé", "Élan")


@both_degrees
def test_a_delta_file_of_modifications_alone_may_be_larger_than_a_block(
    run_import: Import, degree: int
) -> None:
    run_import(family(degree))
    changes = delta(degree)
    padding = "x" * 1_000
    for _ in range(BLOCK_SIZE // 1_000 + 200):
        changes.modify("PersRelEleve", "80001", ENTPersonAdresseDiffusion=padding)
    changes.modify("PersRelEleve", "80002", **{MAIL[degree]: "x@example.org"})
    changes.delete("PersRelEleve", "80003")
    run = night(run_import, changes)
    assert run.anomaly_counts["MODIFY_UNKNOWN"] == run.anomaly_counts["DELETE_UNKNOWN"] == 1


@both_degrees
def test_a_name_with_nine_digits_and_without_number_is_understood(
    db: None, tmp_path: Path, degree: int
) -> None:
    folder = family(degree, academy=None).write(tmp_path)
    for file in list(folder.iterdir()):
        file.rename(file.with_name(file.name.replace("20260105", "202601050").replace("_0000", "")))
    (folder / "lisez-moi.txt").write_text("x")
    run = import_extract(folder, processes=1)
    assert (run.academy, run.degree, f"{run.extract_date:%Y%m%d}") == ("24", degree, "20260105")
    assert run.status == ImportRun.Status.APPLIED


@both_degrees
def test_a_delta_with_an_attribute_never_seen_and_one_given_twice(run_import: Import, degree: int) -> None:
    run_import(family(degree))
    changes = delta(degree).modify("Eleve", "70001", ENTEleveNouveau="1", **{GIVEN[degree]: "Zoé"})
    twice = f'<modification name="{GIVEN[degree]}" operation="replace">'

    def edit(text: str) -> str:
        return text.replace(twice, f"{twice}<value/></modification>{twice}")

    run = night(run_import, changes, edit=edit)
    assert run.ignored_attributes == {"ENTEleveNouveau": 1}
    assert run.anomaly_counts == {"ATTRIBUTE_TWICE": 1}
    assert run.anomalies.get().sentence.endswith("plusieurs fois la même information : prénom.")
    assert Student.objects.get().given_name == "Zoé"


def test_nothing_staged_is_left_by_a_delta(run_import: Import, refusal: Refusal) -> None:
    run_import(family())
    night(run_import, delta().delete("Eleve", "70001"))
    refusal(Extract().delete("Eleve", "70001"), kind="Delta", day="20250101")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'aaf_stage%%'")
        assert cursor.fetchone() == (0,)
