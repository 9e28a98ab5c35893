"""Deltas: additions, modifications and deletions of one night, and what they leave as it was."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.conf import LazySettings

from aaf_import.applying import Options
from aaf_import.identity import FeedKey
from aaf_import.importing import ExtractRefused, import_delivery, import_extract
from aaf_import.models import ImportRun
from accounts.models import Account, Holding
from establishments.models import (
    Agent,
    Establishment,
    Event,
    Feed,
    Mandate,
    Responsable,
    Responsibility,
    SchoolClass,
    Student,
)
from tests.aaf_import.builder import CLASS_1D, SCHOOL, UAI, Extract, delta, extract, family, ine_of, link
from tests.aaf_import.conftest import Import
from tests.aaf_import.test_import_nights import OTHER, OTHER_UAI, college, content, present

pytestmark = pytest.mark.django_db
both_degrees = pytest.mark.parametrize("degree", [1, 2])
LINKS = {1: "ENTEleveAutoriteParentale", 2: "ENTElevePersRelEleve"}
GIVEN = {1: "ENTPersonPrenom", 2: "givenName"}
SURNAME = {1: "ENTPersonNom", 2: "sn"}
MAIL = {1: "ENTPersonMail", 2: "mail"}
MOBILE = {1: "ENTPersRelEleveTelMobile", 2: "mobile"}
CLASSES = {1: "ENTPersonClasses", 2: "ENTEleveClasses"}
HEAD = {1: f"{SCHOOL}$ENS$ENSEIGNEMENT$D0000$DIRECTION", 2: f"{SCHOOL}$DIR$DIRECTION$D0010$CHEF"}
Refusal = Callable[..., str]


def night(run_import: Import, changes: Extract, **options: object) -> ImportRun:
    return run_import(changes, **{"kind": "Delta", "day": "20260106", **options})


def codes(run: ImportRun) -> set[str]:
    return set(run.anomaly_counts)


@both_degrees
def test_who_is_not_named_stays(run_import: Import, degree: int) -> None:
    run_import(family(degree))
    before = content()
    run = night(run_import, delta(degree))
    assert content() == before
    assert (run.kind, run.status) == (ImportRun.Kind.DELTA, ImportRun.Status.APPLIED)
    assert Feed.objects.get().extract_date == date(2026, 1, 6)


@both_degrees
def test_a_delta_without_any_list_changes_nothing_either(run_import: Import, degree: int) -> None:
    run_import(family(degree))
    before = content()
    run = night(run_import, Extract(degree).modify("Eleve", "70001", **{GIVEN[degree]: "Éloïse"}))
    assert content() == before
    assert codes(run) == set()


@both_degrees
def test_who_is_added_arrives_and_has_an_account(run_import: Import, degree: int) -> None:
    run_import(family(degree))
    added = delta(degree).pupil("70002", link("80002", degree=degree)).responsable("80002")
    run = night(run_import, added)
    assert present() == {"70001", "70002"}
    assert run.counts["students"] == {"created": 1, "updated": 0, "unchanged": 0, "left": 0}
    assert run.counts["accounts"]["responsable"] == {"created": 1}
    assert Responsibility.objects.filter(ended_at=None).count() == 2


@both_degrees
def test_what_an_entry_does_not_give_is_unchanged_and_what_it_empties_is_empty(
    run_import: Import, degree: int
) -> None:
    kept = {
        MAIL[degree]: "anne@example.org",
        MOBILE[degree]: "06 39 98 00 01",
        "ENTPersonVille": "FICTIVILLE",
    }
    run_import(extract(degree).pupil("70001", link("80001", degree=degree)).responsable("80001", **kept))
    run = night(
        run_import,
        delta(degree).modify("PersRelEleve", "80001", **{MAIL[degree]: "", SURNAME[degree]: "D'ORSAY"}),
    )
    after = Responsable.objects.get()
    assert (after.mail, after.mobile, after.city) == ("", "+33639980001", "FICTIVILLE")
    assert (after.surname, after.surname_key, after.given_name) == ("D'ORSAY", "DORSAY", "Anne")
    assert run.counts["responsables"]["updated"] == 1
    assert Responsibility.objects.get().ended_at is None


@both_degrees
def test_a_modified_pupil_keeps_class_school_and_links(run_import: Import, degree: int) -> None:
    run_import(family(degree))
    before = Student.objects.get()
    run = night(run_import, delta(degree).modify("Eleve", "70001", **{GIVEN[degree]: "Zoé"}))
    after = Student.objects.get()
    assert (after.given_name, after.given_name_key) == ("Zoé", "ZOE")
    unchanged = ("surname", "birth_date", "ine", "establishment_id", "school_class_id", "mef_id", "level")
    assert [getattr(after, name) for name in unchanged] == [getattr(before, name) for name in unchanged]
    assert Responsibility.objects.get().ended_at is None
    assert codes(run) == set()


@both_degrees
def test_the_links_given_are_all_the_links(run_import: Import, degree: int) -> None:
    run_import(family(degree).responsable("80002"))
    given = [link("80002", "20", degree=degree)]
    night(run_import, delta(degree).modify("Eleve", "70001", **{LINKS[degree]: given}))
    assert [
        (made.responsable.jointure, made.ended_at is None)
        for made in Responsibility.objects.order_by("responsable__jointure")
    ] == [("80001", False), ("80002", True)]
    night(run_import, delta(degree).modify("Eleve", "70001", **{LINKS[degree]: ""}), day="20260107")
    assert not Responsibility.objects.filter(ended_at=None).exists()


@both_degrees
def test_a_pupil_moves_by_the_school_and_the_class_given(run_import: Import, degree: int) -> None:
    run_import(family(degree).school(OTHER, uai=OTHER_UAI))
    there = f"{OTHER}$11$ORDINAIRE$88002$CM2 B" if degree == 1 else f"{OTHER}$6A"
    move = {"ENTPersonStructRattach": OTHER, CLASSES[degree]: there}
    night(run_import, delta(degree).school(OTHER, uai=OTHER_UAI).modify("Eleve", "70001", **move))
    after = Student.objects.get()
    assert after.establishment == Establishment.objects.get(jointure=OTHER)
    assert after.school_class is not None
    assert after.school_class.establishment == after.establishment
    left, arrived = (
        Event.objects.filter(kind="import:applied", establishment__jointure=school).latest("pk").data
        for school in (SCHOOL, OTHER)
    )
    assert (left, arrived) == ({"left": 1}, {"arrived": 1})


@both_degrees
def test_a_pupil_who_changes_school_alone_has_no_class_there(run_import: Import, degree: int) -> None:
    run_import(family(degree).school(OTHER, uai=OTHER_UAI))
    changes = delta(degree).school(OTHER, uai=OTHER_UAI)
    night(run_import, changes.modify("Eleve", "70001", ENTPersonStructRattach=OTHER))
    after = Student.objects.get()
    assert (after.establishment, after.school_class) == (Establishment.objects.get(jointure=OTHER), None)


@both_degrees
def test_who_is_deleted_has_left_as_by_absence(run_import: Import, degree: int) -> None:
    built = family(degree).pupil("70002", link("80002", degree=degree)).responsable("80002")
    run_import(built)
    run = night(run_import, delta(degree).delete("Eleve", "70002").delete("PersRelEleve", "80002"))
    assert present() == {"70001"}
    assert Responsable.objects.get(jointure="80002").left_at is not None
    assert Responsibility.objects.get(student__jointure="70002").ended_at is not None
    assert Holding.objects.filter(student__jointure="70002").count() == 0
    assert Account.objects.count() == (4 if degree == 2 else 2)
    for name in ("students", "responsables", "responsibilities"):
        assert run.counts[name]["left"] == 1, name
    assert Event.objects.filter(kind="import:applied").latest("pk").data == {"left": 1}


def test_a_deleted_responsable_leaves_the_pupils_who_stay(run_import: Import) -> None:
    run_import(family().pupil("70002", link("80002"), link("80001")).responsable("80002"))
    night(run_import, delta().delete("PersRelEleve", "80002"))
    open_links = Responsibility.objects.filter(ended_at=None)
    assert {made.student.jointure for made in open_links} == {"70001", "70002"}
    assert {made.responsable.jointure for made in open_links} == {"80001"}


@both_degrees
def test_a_pupil_deleted_one_night_and_added_another_has_everything_back(
    run_import: Import, degree: int
) -> None:
    run_import(family(degree))
    first = Student.objects.get()
    gone = delta(degree).delete("Eleve", "70001").delete("PersRelEleve", "80001")
    night(run_import, gone)
    back = delta(degree).pupil("70001", link("80001", degree=degree)).responsable("80001")
    run = night(run_import, back, day="20260107")
    after = Student.objects.get()
    assert (after.pk, after.left_at) == (first.pk, None)
    assert Responsibility.objects.get().ended_at is None
    assert run.counts["accounts"]["responsable"] == {"created": 0}
    assert codes(run) == set()


@both_degrees
def test_unknown_or_known_already_is_told_and_never_fails(run_import: Import, degree: int) -> None:
    run_import(family(degree))
    strange = (
        delta(degree)
        .pupil("70001", link("80001", degree=degree), **{GIVEN[degree]: "Zoé"})
        .modify("Eleve", "79998", **{GIVEN[degree]: "Nul", LINKS[degree]: [link("80001", degree=degree)]})
        .modify("PersRelEleve", "89998", **{MAIL[degree]: "nul@example.org"})
        .delete("Eleve", "79999")
        .delete("PersRelEleve", "89999")
    )
    run = night(run_import, strange)
    assert run.anomaly_counts == {"ADD_KNOWN": 1, "MODIFY_UNKNOWN": 2, "DELETE_UNKNOWN": 2}
    assert Student.objects.get().given_name == "Zoé"
    assert Responsable.objects.count() == Responsibility.objects.count() == 1
    told = set(run.anomalies.values_list("sentence", flat=True))
    assert "L’extrait ajoute LE GOFF Zoé, déjà connu : sa fiche est remplacée." in told
    assert "L’extrait modifie une fiche inconnue (n° 79998) : elle n’est pas importée." in told
    assert "L’extrait supprime une fiche inconnue (n° 89999) : il n’y a rien à faire." in told
    known = run.anomalies.get(code="ADD_KNOWN")
    assert known.establishment == Establishment.objects.get()


def test_who_left_is_unknown_to_a_modification(run_import: Import) -> None:
    run_import(college(1, 2))
    run_import(college(1), day="20260106")
    run = night(run_import, delta().modify("Eleve", "70002", givenName="Zoé"), day="20260107")
    assert run.anomaly_counts == {"MODIFY_UNKNOWN": 1}
    assert present() == {"70001"}


@both_degrees
def test_the_same_delta_twice_changes_nothing(run_import: Import, degree: int) -> None:
    run_import(family(degree).pupil("70002", link("80001", degree=degree)).responsable("80003"))
    changes = (
        delta(degree)
        .pupil("70003", link("80003", degree=degree))
        .modify("Eleve", "70001", **{GIVEN[degree]: "Zoé", LINKS[degree]: [link("80003", degree=degree)]})
        .modify("PersRelEleve", "80001", **{MOBILE[degree]: "06 39 98 00 09"})
        .delete("Eleve", "70002")
    )
    night(run_import, changes)
    before = content()
    run = night(run_import, changes)
    assert content() == before
    for name in ("students", "responsables", "responsibilities", "classes", "agents"):
        counts = run.counts[name]
        assert (counts["created"], counts["updated"], counts["left"]) == (0, 0, 0), name


@both_degrees
def test_a_complet_after_a_delta_finds_nothing_to_write(run_import: Import, degree: int) -> None:
    run_import(family(degree))
    names = {GIVEN[degree]: "Zoé"}
    contacts = {MOBILE[degree]: "06 39 98 00 09", "ENTPersonAdresse": "$$5 RUE \\X$"}
    changes = delta(degree).modify("Eleve", "70001", **names).modify("PersRelEleve", "80001", **contacts)
    night(run_import, changes)
    before = content()
    whole = extract(degree).pupil("70001", link("80001", degree=degree), **names)
    run_import(whole.responsable("80001", **contacts), day="20260107")
    assert content() == before


def test_of_two_requests_the_last_one_holds(run_import: Import) -> None:
    run_import(college(1, 2))
    changes = delta().delete("Eleve", "70001").pupil("70001", link("80001"), givenName="Zoé")
    changes.modify("Eleve", "70002", givenName="Léa").delete("Eleve", "70002")
    night(run_import, changes)
    assert present() == {"70001"}
    assert Student.objects.get(jointure="70001").given_name == "Zoé"
    assert Responsibility.objects.get(student__jointure="70001").ended_at is None


@both_degrees
def test_a_modification_that_empties_a_name_or_breaks_the_birth_date_is_left_out(
    run_import: Import, degree: int
) -> None:
    run_import(family(degree))
    before = content()
    changes = delta(degree).modify("Eleve", "70001", **{GIVEN[degree]: ""})
    changes.modify("Eleve", "70001", ENTPersonDateNaissance="31/02/2014")
    changes.modify("PersRelEleve", "80001", **{SURNAME[degree]: ""})
    run = night(run_import, changes)
    assert run.anomaly_counts == {"NAME_MISSING": 2, "BIRTH_DATE_IMPOSSIBLE": 1}
    assert content() == before


def test_a_pupil_gets_and_changes_an_ine_by_a_delta(run_import: Import) -> None:
    run_import(extract().pupil("70001", link("80001"), ENTEleveINE="").responsable())
    night(run_import, delta().modify("Eleve", "70001", ENTEleveINE=ine_of(70001)))
    assert Student.objects.get().ine == ine_of(70001)
    changed = delta().modify("Eleve", "70001", ENTEleveINE=ine_of(70002))
    assert codes(night(run_import, changed, day="20260107")) == {"INE_CHANGED"}


def test_an_ine_given_by_a_delta_makes_a_first_degre_family_eligible(run_import: Import) -> None:
    run_import(extract(1).pupil("70001", link("80001", degree=1), ENTEleveINE="").responsable())
    assert not Account.objects.exists()
    night(run_import, delta(1).modify("Eleve", "70001", ENTEleveINE=ine_of(70001)))
    assert Account.objects.count() == 1


@both_degrees
def test_classes_stay_while_someone_is_in_them(run_import: Import, degree: int) -> None:
    def class_of(key: str) -> str:
        return f"{SCHOOL}$11$ORDINAIRE${key}$CLASSE {key}" if degree == 1 else f"{SCHOOL}${key}"

    built = family(degree)
    for number, key in ((2, "77"), (3, "77"), (4, "78")):
        built.pupil(f"7000{number}", **{CLASSES[degree]: class_of(key)})
    run_import(built)
    night(run_import, delta(degree).delete("Eleve", "70002").delete("Eleve", "70004"))
    current = set(SchoolClass.objects.filter(left_at=None).values_list("key", flat=True))
    assert current == {"77", CLASS_1D if degree == 1 else "6A"}


def test_a_first_degre_class_is_named_by_most_of_its_pupils_whoever_the_delta_names(
    run_import: Import,
) -> None:
    def pupils(built: Extract, label: str, *numbers: int) -> Extract:
        for number in numbers:
            built.pupil(f"7000{number}", ENTPersonClasses=f"{SCHOOL}$11$ORDINAIRE${CLASS_1D}${label}")
        return built

    run_import(pupils(extract(1).responsable(), "CM2 - MME A", 1, 2, 3))
    night(run_import, pupils(delta(1), "CM2 - MME B", 1))
    assert SchoolClass.objects.get().label == "CM2 - MME A"
    night(run_import, pupils(delta(1), "CM2 - MME B", 1, 2, 3), day="20260107")
    assert SchoolClass.objects.get().label == "CM2 - MME B"


def test_a_class_is_renamed_by_the_list_of_its_school(run_import: Import) -> None:
    run_import(family())
    changes = Extract().school(ENTStructureClasses=["6A$SIXIEME ALPHA$10010012110"]).mef()
    run = night(run_import, changes)
    assert SchoolClass.objects.get().label == "SIXIEME ALPHA"
    assert run.counts["classes"]["updated"] == 1


@both_degrees
def test_a_school_out_of_the_list_closes_once_nobody_is_in_it(run_import: Import, degree: int) -> None:
    run_import(family(degree).school(OTHER, uai=OTHER_UAI).school("4303", uai="0949003A"))
    changes = Extract(degree).school(OTHER, uai=OTHER_UAI)
    if degree == 2:
        changes.mef()
    night(run_import, changes)
    assert set(Establishment.objects.filter(left_at=None).values_list("jointure", flat=True)) == {
        SCHOOL,
        OTHER,
    }
    night(run_import, changes.delete("Eleve", "70001"), day="20260107")
    assert Establishment.objects.get(left_at=None).jointure == OTHER
    assert not Mandate.objects.filter(ended_at=None).exists()


def test_structures_are_a_whole_list_and_are_not_modified(run_import: Import) -> None:
    run_import(family())
    run = night(run_import, Extract().modify("EtabEducNat", SCHOOL, ENTStructureUAI=OTHER_UAI))
    assert run.anomaly_counts == {"REQUEST_UNEXPECTED": 1}
    school = Establishment.objects.get()
    assert (school.uai, school.left_at) == (UAI, None)


@both_degrees
def test_heads_come_change_and_go(run_import: Import, degree: int) -> None:
    run_import(family(degree))
    changes = delta(degree).modify("PersEducNat", "60001", **{MAIL[degree]: "maud@example.org"})
    night(run_import, changes)
    agent = Agent.objects.get()
    assert (agent.email, agent.full_name) == ("maud@example.org", "Maud PRINCIPAL")
    assert Mandate.objects.get().ended_at is None

    next_head = delta(degree).staff("60002", HEAD[degree])
    night(run_import, next_head.modify("PersEducNat", "60001", ENTPersonFonctions=""), day="20260107")
    current = Mandate.objects.filter(ended_at=None)
    assert [mandate.agent.jointure for mandate in current] == ["60002"]

    night(run_import, delta(degree).delete("PersEducNat", "60002"), day="20260108")
    assert not Mandate.objects.filter(ended_at=None).exists()
    assert Agent.objects.get(jointure="60002").email is None


@both_degrees
def test_other_staff_are_nobody_to_us_until_they_direct(run_import: Import, degree: int) -> None:
    run_import(family(degree))
    changes = delta(degree).modify("PersEducNat", "60002", **{MAIL[degree]: "x@example.org"})
    changes.modify("PersEducNat", "60003", ENTPersonFonctions=HEAD[degree])
    whole = {SURNAME[degree]: "NEUF", GIVEN[degree]: "Zoé", "ENTPersonFonctions": HEAD[degree]}
    changes.modify("PersEducNat", "60004", **whole).delete("PersEducNat", "60005")
    run = night(run_import, changes)
    assert run.anomaly_counts == {"MODIFY_UNKNOWN": 1}
    assert set(Agent.objects.values_list("jointure", flat=True)) == {"60001", "60004"}


def test_what_happens_at_the_seams_of_files_changes_nothing(run_import: Import) -> None:
    run_import(college(*range(5)))
    changes = delta()
    for number in range(5):
        changes.modify("Eleve", f"7{number:04}", givenName=f"Zoé{'e' * number}")
    changes.delete("Eleve", "70001")
    night(run_import, changes, split=1, edit=lambda text: text.replace("\n", "\r\n"))
    assert sorted(Student.objects.filter(left_at=None).values_list("given_name", flat=True)) == [
        "Zoé",
        "Zoéee",
        "Zoéeee",
        "Zoéeeee",
    ]


# Order, deliveries of several extracts, feeds.


def test_an_older_delta_is_refused_and_shows_what_it_would_have_done(
    run_import: Import, refusal: Refusal
) -> None:
    run_import(college(1, 2), day="20260107")
    before = content()
    why = refusal(delta().delete("Eleve", "70002"), kind="Delta", day="20260106")
    assert why == "Cet extrait, du 06/01/2026, est plus ancien que le dernier appliqué (07/01/2026)."
    assert content() == before
    run = ImportRun.objects.latest("pk")
    assert run.counts["students"]["left"] == 1
    assert (run.as_json()["refused"], run.as_json()["message"]) == (True, why)
    forced = night(run_import, delta().delete("Eleve", "70002"), force=True)
    assert (forced.forced, present()) == (True, {"70001"})


@both_degrees
def test_a_complet_and_the_deltas_beside_it_are_applied_in_order(
    db: None, tmp_path: Path, degree: int
) -> None:
    def links(number: int) -> str:
        return link(f"8000{number}", degree=degree)

    second = delta(degree).modify("Eleve", "70001", **{GIVEN[degree]: "Zoé"})
    second.pupil("70002", links(2)).responsable("80002")
    second.write(tmp_path, kind="Delta", day="20260106")
    third = delta(degree).modify("Eleve", "70001", **{GIVEN[degree]: "Léa"}).delete("Eleve", "70002")
    third.write(tmp_path, kind="Delta", day="20260107")
    family(degree).write(tmp_path)
    runs = import_delivery(tmp_path, processes=1)
    assert [(run.kind, f"{run.extract_date:%d}", run.status) for run in runs] == [
        ("complet", "05", "APPLIED"),
        ("delta", "06", "APPLIED"),
        ("delta", "07", "APPLIED"),
    ]
    assert present() == {"70001"}
    assert Student.objects.get(left_at=None).given_name == "Léa"

    before = content()
    (again,) = import_delivery(tmp_path, processes=1)
    assert (again.kind, again.extract_date) == ("delta", date(2026, 1, 7))
    assert content() == before


def test_a_delta_without_structures_is_of_the_academie_of_the_complet_beside_it(
    db: None, tmp_path: Path
) -> None:
    family(1, academy=None).write(tmp_path)
    changes = Extract(1, academy=None).modify("Eleve", "70001", ENTPersonPrenom="Zoé")
    changes.write(tmp_path, kind="Delta", day="20260106")
    runs = import_delivery(tmp_path, processes=1)
    assert [(run.academy, run.kind) for run in runs] == [("24", "complet"), ("24", "delta")]
    assert Student.objects.get().given_name == "Zoé"


def test_a_refused_extract_stops_the_next_ones_of_its_delivery(db: None, tmp_path: Path) -> None:
    family().write(tmp_path)
    broken = delta().delete("Eleve", "70001")
    broken.write(tmp_path, kind="Delta", day="20260106", edit=lambda text: text.replace("</fic", "<fic"))
    delta().modify("Eleve", "70001", givenName="Zoé").write(tmp_path, kind="Delta", day="20260107")
    with pytest.raises(ExtractRefused) as caught:
        import_extract(tmp_path, processes=1)
    assert (caught.value.run.kind, caught.value.run.status) == ("delta", "REFUSED")
    assert set(ImportRun.objects.values_list("status", flat=True)) == {"APPLIED", "REFUSED"}
    assert Student.objects.get().given_name == "Éloïse"


def test_one_feed_is_taken_out_of_a_folder_which_mixes_some(db: None, tmp_path: Path) -> None:
    family(1).write(tmp_path / "1")
    family(2).write(tmp_path / "2")
    run = import_extract(tmp_path, Options(feed=FeedKey("24", 1)), processes=1)
    assert (run.degree, Student.objects.get().feed.degree) == (1, 1)
    with pytest.raises(ExtractRefused, match="ne contient rien du flux 25-2D"):
        import_extract(tmp_path, Options(feed=FeedKey("25", 2)), processes=1)


def test_an_extract_of_another_feed_is_refused(db: None, tmp_path: Path) -> None:
    family(2, academy=None).write(tmp_path)
    with pytest.raises(ExtractRefused, match="est du flux 24-2D, et non du flux 25-2D"):
        import_extract(tmp_path, Options(feed=FeedKey("25", 2)), processes=1)
    assert not Student.objects.exists()


def test_one_academie_s_jointures_are_not_another_s(run_import: Import) -> None:
    run_import(family())
    run_import(family(academy="25"))
    night(run_import, delta(academy="25").delete("Eleve", "70001"))
    assert [(pupil.feed.academy_id, pupil.left_at is None) for pupil in Student.objects.order_by("feed")] == [
        ("24", True),
        ("25", False),
    ]


# What is not believed.


def test_a_delta_that_deletes_much_is_refused(run_import: Import, refusal: Refusal) -> None:
    run_import(college(*range(100)))
    changes = delta()
    for number in range(6):
        changes.delete("Eleve", f"7{number:04}")
    why = refusal(changes, kind="Delta", day="20260106")
    assert why == "6 élèves sur 100 sont supprimés par l’extrait : c’est sans doute une erreur."
    assert len(present()) == 100
    assert ImportRun.objects.latest("pk").counts["students"]["left"] == 6
    night(run_import, changes, force=True)
    assert len(present()) == 94


def two_schools() -> Extract:
    """Thirty pupils here, two hundred there."""
    built = extract().school(OTHER, uai=OTHER_UAI)
    for number in range(230):
        where = SCHOOL if number < 30 else OTHER
        built.pupil(
            f"7{number:04}",
            link(f"8{number:04}"),
            ENTPersonStructRattach=where,
            ENTEleveClasses=f"{where}$6A",
        ).responsable(f"8{number:04}")
    return built


def test_a_school_of_which_a_delta_deletes_much_is_set_aside(run_import: Import) -> None:
    run_import(two_schools())
    changes = delta().school(OTHER, uai=OTHER_UAI)
    for number in (0, 1, 2, 3, 4, 5, 6, 100):
        changes.delete("Eleve", f"7{number:04}").delete("PersRelEleve", f"8{number:04}")
    run = night(run_import, changes)
    assert set(Student.objects.exclude(left_at=None).values_list("jointure", flat=True)) == {"70100"}
    assert set(Responsable.objects.exclude(left_at=None).values_list("jointure", flat=True)) == {"80100"}
    assert run.anomaly_counts == {"ESTABLISHMENT_SET_ASIDE": 1}


@pytest.mark.parametrize("how", ["setting", "option"])
@pytest.mark.parametrize("kind", ["Complet", "Delta"])
def test_the_change_of_year_expects_departures(
    run_import: Import, refusal: Refusal, settings: LazySettings, how: str, kind: str
) -> None:
    run_import(college(*range(100)), day="20260705")
    if kind == "Complet":
        changes = college(*range(60))
    else:
        changes = delta()
        for number in range(60, 100):
            changes.delete("Eleve", f"7{number:04}")
    assert "40 élèves sur 100" in refusal(changes, kind=kind, day="20260709")
    options: dict[str, object] = {"kind": kind, "day": "20260710"}
    if how == "setting":
        settings.AAF_YEAR_CHANGE = [date(2026, 7, 10), date(2026, 9, 15)]
    else:
        options["year_change"] = True
    run = run_import(changes, **options)
    assert run.as_json()["year_change"] is True
    assert len(present()) == 60
    assert run.anomaly_counts == {}


def test_the_change_of_year_does_not_believe_everything(
    run_import: Import, refusal: Refusal, settings: LazySettings
) -> None:
    settings.AAF_YEAR_CHANGE = [date(2026, 7, 10), date(2026, 9, 15)]
    run_import(college(*range(100)), day="20260710")
    assert "65 élèves sur 100" in refusal(college(*range(35)), day="20260711")
    assert len(present()) == 100


def test_a_refused_complet_shows_what_it_would_have_done(run_import: Import, refusal: Refusal) -> None:
    run_import(college(*range(100)))
    refusal(college(*range(90), 200))
    run = ImportRun.objects.latest("pk")
    assert run.counts["students"] == {"created": 1, "updated": 0, "unchanged": 90, "left": 10}
    assert set(run.counts) == set(ImportRun.objects.earliest("pk").counts)
    assert len(present()) == 100


def headed() -> set[str]:
    """Where our head is head now."""
    mandates = Mandate.objects.in_force().filter(agent__jointure="60009")
    return set(mandates.values_list("establishment__uai", flat=True))


def a_school_and_another() -> Extract:
    return family(1).school(OTHER, uai=OTHER_UAI)


def still_two() -> Extract:
    return delta(1).school(OTHER, uai=OTHER_UAI)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        # The functions given say nothing any more: what the other attribute says stays.
        ({"ENTPersonFonctions": ""}, {OTHER_UAI}),
        ({"ENTEnsFonctionDir": ""}, {UAI}),
        ({"ENTPersonFonctions": "", "ENTEnsFonctionDir": ""}, set()),
        ({"ENTPersonMail": "autre@example.org"}, {UAI, OTHER_UAI}),
    ],
)
def test_of_two_attributes_which_make_a_head_the_one_which_is_absent_is_unchanged(
    run_import: Import, given: dict[str, str], left: set[str]
) -> None:
    run_import(a_school_and_another().staff("60009", HEAD[1], ENTEnsFonctionDir=OTHER))
    assert headed() == {UAI, OTHER_UAI}

    run = night(run_import, still_two().modify("PersEducNat", "60009", **given))

    assert headed() == left
    assert not run.anomaly_counts


def test_a_school_which_both_attributes_give_stays_until_neither_does(run_import: Import) -> None:
    run_import(a_school_and_another().staff("60009", HEAD[1], ENTEnsFonctionDir=SCHOOL))
    night(run_import, still_two().modify("PersEducNat", "60009", ENTPersonFonctions=""))
    assert headed() == {UAI}
    assert Mandate.objects.filter(agent__jointure="60009").count() == 1
    night(run_import, still_two().modify("PersEducNat", "60009", ENTEnsFonctionDir=OTHER), day="20260107")
    assert headed() == {OTHER_UAI}


PHONES = {1: ("ENTPersonTelPerso", "ENTPersRelEleveTelPro"), 2: ("homePhone", "telephoneNumber")}


@both_degrees
@pytest.mark.parametrize("corrected", [0, 1])
def test_the_phone_which_a_delta_does_not_give_is_still_refused(
    run_import: Import, degree: int, corrected: int
) -> None:
    wrong, right = PHONES[degree][1 - corrected], PHONES[degree][corrected]
    run_import(
        extract(degree)
        .school()
        .pupil("70001", link("80001", degree=degree))
        .responsable("80001", **{wrong: "016", right: "01 99 00 12 34"})
    )

    night(run_import, delta(degree).modify("PersRelEleve", "80001", **{right: "01 99 00 12 35"}))
    assert Responsable.objects.get().refused_phone == "016"
    night(run_import, delta(degree).modify("PersRelEleve", "80001", **{wrong: ""}), day="20260107")
    assert Responsable.objects.get().refused_phone == ""
