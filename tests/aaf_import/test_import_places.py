"""Schools, services, districts, classes and MEF, and which of them agents can open."""

import pytest

from aaf_import.models import ImportRun
from establishments.models import Academy, Department, District, Establishment, Mef, SchoolClass
from tests.aaf_import.builder import MEF, SCHOOL, UAI, Extract, extract, family, link
from tests.aaf_import.conftest import Import

pytestmark = pytest.mark.django_db
OTHER, OTHER_UAI = "4302", "0949002Z"


def offered() -> set[str]:
    return set(Establishment.objects.filter(is_offered=True).values_list("jointure", flat=True))


def codes(run: ImportRun) -> set[str]:
    return set(run.anomalies.values_list("code", flat=True))


def test_a_college_is_described_and_offered(run_import: Import) -> None:
    built = family().school(OTHER, uai=OTHER_UAI, ENTStructureNomCourant="DSDEN$DSDEN DU VAL$FICTIVILLE")
    run = run_import(built)
    school = Establishment.objects.select_related("feed__academy", "department").get(jointure=SCHOOL)
    assert (school.uai, school.kind, school.name, school.city) == (UAI, "CLG", "LES TILLEULS", "FICTIVILLE")
    assert school.display_name == "Collège LES TILLEULS"
    assert (school.type_code, school.mail) == ("340", f"ce.{UAI}@example.org")
    assert school.department is not None
    assert (school.department.code, school.department.name) == ("094", "Val-de-Marne")
    assert school.academy.name == "Créteil"
    assert list(Establishment.objects.matching("collège tilleuls")) == [school]
    assert offered() == {SCHOOL}
    assert run.counts["establishments"]["created"] == 2


def test_places_take_the_names_and_the_time_of_the_state(run_import: Import) -> None:
    run_import(family(academy="28").school("9", uai="9741046U"))
    reunion = Academy.objects.get(code="28")
    assert (reunion.name, reunion.time_zone) == ("La Réunion", "Indian/Reunion")
    assert set(Department.objects.values_list("code", "academy_id")) == {("094", "24"), ("974", "28")}


def test_an_ecole_has_a_district(run_import: Import) -> None:
    built = Extract(1).school(ENTEcoleCirconscription="480").responsable().staff()
    built.school("480", uai="0949010H", ENTStructureNomCourant="IEN$CIRCONSCRIPTION FICTIVE$FICTIVILLE")
    run_import(built.pupil())
    school = Establishment.objects.select_related("district").get(jointure=SCHOOL)
    assert school.district == District.objects.get()
    assert school.district is not None
    assert (school.district.name, school.district.uai) == ("CIRCONSCRIPTION FICTIVE", "0949010H")
    assert (school.kind_label, school.name) == ("École élémentaire", "LES ACACIAS")
    assert offered() == {SCHOOL}


@pytest.mark.parametrize(
    ("written", "kind", "name"),
    [
        ("E.E.PU$LES ECUREUILS$BADEVEL", "E.E.PU", "LES ECUREUILS"),
        ("E.P.PU$$BADEVEL", "E.P.PU", "BADEVEL"),
        ("E.M.PU", "E.M.PU", SCHOOL),
        ("", "", SCHOOL),
    ],
)
def test_the_current_name_may_lack_parts(run_import: Import, written: str, kind: str, name: str) -> None:
    run_import(Extract(1).school(ENTStructureNomCourant=written).responsable().staff().pupil())
    school = Establishment.objects.get()
    assert (school.kind, school.name) == (kind, name)


@pytest.mark.parametrize("uai", ["004001ZV", "0949001Z", "", "094900-Y", "09490010Y"])
def test_a_school_with_an_invalid_uai_is_stored_told_and_not_offered(run_import: Import, uai: str) -> None:
    built = Extract().school(uai=uai).mef().responsable().staff()
    run = run_import(built.add_subject().pupil("70001", link("80001")))
    assert Establishment.objects.count() == 1
    assert offered() == set()
    assert codes(run) == {"UAI_INVALID"}


def test_a_service_with_an_invalid_uai_is_nobody_s_anomaly(run_import: Import) -> None:
    assert codes(run_import(family().school(OTHER, uai="004001ZV"))) == set()


def test_a_uai_offered_by_another_feed_is_told_and_not_offered(run_import: Import) -> None:
    run_import(family(2))
    run = run_import(family(1))
    assert "UAI_ELSEWHERE" in codes(run)
    assert set(Establishment.objects.filter(is_offered=True).values_list("feed__degree", flat=True)) == {2}


def test_two_structures_with_one_uai_are_offered_once_the_one_with_pupils(run_import: Import) -> None:
    built = (
        family()
        .school(OTHER, uai=UAI)
        .pupil("2", ENTPersonStructRattach=OTHER, ENTEleveClasses=f"{OTHER}$6A")
    )
    built.pupil("3", ENTPersonStructRattach=OTHER, ENTEleveClasses=f"{OTHER}$6A")
    run = run_import(built)
    assert offered() == {OTHER}
    assert codes(run) == {"UAI_ELSEWHERE"}


def test_a_school_that_changes_its_uai_or_loses_its_pupils_is_offered_as_it_should(
    run_import: Import,
) -> None:
    run_import(family())
    moved = family()
    moved.entries["EtabEducNat"].clear()
    run_import(moved.school(uai=OTHER_UAI))
    assert Establishment.objects.get().uai == OTHER_UAI
    assert offered() == {SCHOOL}
    run_import(extract().responsable().school(OTHER, uai=UAI).pupil("70001", ENTPersonStructRattach=OTHER))
    assert offered() == {OTHER}


def test_a_structure_that_is_gone_has_left_and_comes_back(run_import: Import) -> None:
    run_import(family().school(OTHER, uai=OTHER_UAI))
    run = run_import(family())
    assert Establishment.objects.get(jointure=OTHER).left_at is not None
    assert run.counts["establishments"] == {"created": 0, "updated": 0, "unchanged": 1, "left": 1}
    run_import(family().school(OTHER, uai=OTHER_UAI))
    assert Establishment.objects.get(jointure=OTHER).left_at is None


def test_a_school_whose_line_is_missing_stays_open_while_pupils_name_it(run_import: Import) -> None:
    run_import(family())
    without = family().school(OTHER, uai=OTHER_UAI)
    del without.entries["EtabEducNat"][0]
    run = run_import(without)
    assert offered() == {SCHOOL}
    assert "STRUCTURE_UNKNOWN" in codes(run)


def test_classes_change_and_leave(run_import: Import) -> None:
    classes = ["6A$SIXIEME A$", "6B$SIXIEME B$"]
    run_import(
        Extract().school(ENTStructureClasses=classes).mef().add_subject().responsable().staff().pupil()
    )
    changed = Extract().school(ENTStructureClasses=[f"6A$SIXIEME ALPHA${MEF}", "6C"])
    run = run_import(changed.mef().add_subject().responsable().staff().pupil())
    assert run.counts["classes"] == {"created": 1, "updated": 1, "unchanged": 0, "left": 1}
    found = SchoolClass.objects.filter(left_at=None).values_list("key", "label", "mef__code")
    assert set(found) == {("6A", "SIXIEME ALPHA", MEF), ("6C", "6C", None)}


def test_a_class_that_only_pupils_name_from_now_on_keeps_its_label(run_import: Import) -> None:
    run_import(family())
    undescribed = Extract().school(ENTStructureClasses="").mef().add_subject().responsable().staff()
    run_import(undescribed.pupil())
    found = SchoolClass.objects.get()
    assert (found.label, found.left_at) == ("SIXIEME A", None)


def test_a_mef_changes_its_label(run_import: Import) -> None:
    run_import(family())
    renamed = family()
    renamed.entries["MefEducNat"].clear()
    run_import(renamed.mef(label="SIXIEME"))
    assert Mef.objects.get().label == "SIXIEME"
