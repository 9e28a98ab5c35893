"""Night after night: arrivals, changes, departures, returns, and losses that are not believed."""

from collections.abc import Callable
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import connection
from django.utils import timezone

from aaf_import.merging.links import merge_links
from aaf_import.models import ImportRun
from aaf_import.sweeping import forget_anomalies
from accounts.erasure import anonymise_closed, erase_records
from accounts.models import Account, DataIssue, Holding
from accounts.transitions import State
from establishments.models import Establishment, Event, Feed, Responsable, Responsibility, Student
from tests.aaf_import.builder import SCHOOL, Extract, extract, family, link
from tests.aaf_import.conftest import Import

pytestmark = pytest.mark.django_db
both_degrees = pytest.mark.parametrize("degree", [1, 2])
OTHER, OTHER_UAI = "4302", "0949002Z"


def content() -> dict[str, list[str]]:
    """Every row an import may write, runs apart, as text."""
    tables = (
        "establishments_academy",
        "establishments_department",
        "establishments_district",
        "establishments_establishment",
        "establishments_schoolclass",
        "establishments_mef",
        "establishments_student",
        "establishments_responsable",
        "establishments_responsibility",
        "establishments_agent",
        "establishments_mandate",
        "accounts_account",
        "accounts_accountsource",
        "accounts_identifierseries",
        "accounts_dataissue",
        "establishments_event",
    )
    rows = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT row::text, row.xmin::text, row.ctid::text FROM {table} row ORDER BY 1")
            rows[table] = [str(row) for row in cursor.fetchall()]
    return rows


def college(*pupils: int) -> Extract:
    """A college where each pupil has one responsable, of the same number."""
    built = extract()
    for number in pupils:
        built.pupil(f"7{number:04}", link(f"8{number:04}")).responsable(f"8{number:04}")
    return built


def present() -> set[str]:
    return set(Student.objects.filter(left_at=None).values_list("jointure", flat=True))


@both_degrees
def test_the_same_extract_twice_changes_nothing(run_import: Import, degree: int) -> None:
    built = (
        family(degree)
        .pupil("70002", link("80009", degree=degree), ENTEleveINE="")
        .responsable("80002", mail="?")
    )
    run_import(built)
    before = content()
    run = run_import(built)
    assert content() == before
    assert run.status == ImportRun.Status.APPLIED
    for name, counts in run.counts.items():
        if name != "accounts":
            assert (counts["created"], counts["updated"], counts["left"]) == (0, 0, 0), name
            assert counts["unchanged"] > 0, name
    assert run.counts["accounts"] == {"responsable": {"created": 0}, "student": {"created": 0}}


def test_only_what_differs_is_written(run_import: Import) -> None:
    run_import(college(1, 2))
    before = content()
    run = run_import(college(1).pupil("70002", link("80002"), givenName="Zoé").responsable("80002"))
    changed = {table for table, rows in content().items() if rows != before[table]}
    assert changed == {"establishments_student", "establishments_event"}
    assert changes() == [{"corrected": 1}]
    assert run.counts["students"] == {"created": 0, "updated": 1, "unchanged": 1, "left": 0}


def test_who_is_absent_has_left_and_whose_links_end(run_import: Import) -> None:
    run_import(college(1, 2))
    run = run_import(college(1))
    assert present() == {"70001"}
    assert Responsable.objects.get(jointure="80002").left_at is not None
    assert Responsibility.objects.get(student__jointure="70002").ended_at is not None
    assert Holding.objects.filter(student__jointure="70002").count() == 0
    assert Account.objects.count() == 4
    for name in ("students", "responsables", "responsibilities"):
        assert run.counts[name] == {"created": 0, "updated": 0, "unchanged": 1, "left": 1}


@both_degrees
def test_a_pupil_who_comes_back_has_everything_back(run_import: Import, degree: int) -> None:
    both = family(degree).pupil("70002", link("80001", degree=degree))
    run_import(both)
    first = Student.objects.get(jointure="70002")
    run_import(family(degree))
    run = run_import(both)
    back = Student.objects.get(jointure="70002")
    assert (back.pk, back.left_at, back.eligible_at) == (first.pk, None, first.eligible_at)
    assert back.arrived_at > first.arrived_at
    assert Responsibility.objects.filter(ended_at=None).count() == 2
    assert run.counts["students"]["updated"] == run.counts["responsibilities"]["updated"] == 1
    assert run.counts["accounts"]["responsable"] == {"created": 0}


def test_a_pupil_who_changes_school_arrives(run_import: Import) -> None:
    run_import(family().school(OTHER, uai=OTHER_UAI))
    before = Student.objects.get()
    moved = extract().school(OTHER, uai=OTHER_UAI).responsable()
    run_import(
        moved.pupil("70001", link("80001"), ENTPersonStructRattach=OTHER, ENTEleveClasses=f"{OTHER}$6A")
    )
    after = Student.objects.select_related("establishment", "school_class").get()
    assert after.establishment is not None
    assert after.school_class is not None
    assert (after.establishment.jointure, after.school_class.establishment_id) == (
        OTHER,
        after.establishment_id,
    )
    assert after.arrived_at > before.arrived_at


def test_a_new_class_is_no_arrival(run_import: Import) -> None:
    run_import(family())
    before = Student.objects.get()
    run_import(extract().responsable().pupil("70001", link("80001"), ENTEleveClasses=f"{SCHOOL}$6B"))
    assert Student.objects.get().arrived_at == before.arrived_at


def test_a_link_that_is_legal_no_more_holds_no_more(run_import: Import) -> None:
    run_import(family())
    assert Holding.objects.filter(kind="RESPONSABLE").count() == 1
    run_import(extract().responsable().pupil("70001", link("80001", "10", "3")))
    assert Holding.objects.filter(kind="RESPONSABLE").count() == 0
    assert Responsibility.objects.get().ended_at is None


def told() -> list[tuple[str, str, int | None, dict[str, int]]]:
    """Of each event of an account: what the history says, by whom, where, about whom."""
    events = Event.objects.filter(target_kind="account", target_id=Account.objects.get(kind="RESPONSABLE").pk)
    return [
        (event.get_kind_display(), event.actor, event.establishment_id, event.data)
        for event in events.order_by("pk")
    ]


def tell_the_family() -> None:
    """The account is past its creation: somebody may ask why a child vanished."""
    Account.objects.filter(kind="RESPONSABLE").update(
        state=State.ACTIVE, origin="FRANCECONNECT", franceconnect_sub="sub", activated_at=timezone.now()
    )


@pytest.mark.parametrize(
    ("degree", "how"), [(1, "gone"), (1, "no link"), (2, "gone"), (2, "no link"), (2, "not legal")]
)
def test_a_child_who_leaves_an_account_and_comes_back_is_in_its_history(
    run_import: Import, degree: int, how: str
) -> None:
    both = family(degree).pupil("70002", link("80001", degree=degree))
    night = family(degree)
    if how == "no link":
        night.pupil("70002")
    elif how == "not legal":
        night.pupil("70002", link("80001", "10", "3", degree=degree))
    run_import(both)
    assert not Event.objects.filter(target_kind="account").exists()
    tell_the_family()
    child = Student.objects.get(jointure="70002")
    about = (Event.Actor.PLATFORM, child.establishment_id, {"student": child.pk})

    run_import(night)
    run_import(night)
    assert told() == [("Enfant détaché du compte", *about)]

    run_import(both)
    run_import(both)
    assert told() == [("Enfant détaché du compte", *about), ("Enfant rattaché au compte", *about)]


def test_a_second_child_who_comes_to_an_account_is_in_its_history(run_import: Import) -> None:
    run_import(family())
    tell_the_family()
    run_import(family().pupil("70002", link("80001")))
    assert [deed for deed, *_ in told()] == ["Enfant rattaché au compte"]


def test_of_an_account_nobody_was_told_of_no_history_is_kept(run_import: Import) -> None:
    run_import(family().pupil("70002", link("80001")))
    run_import(family())
    run_import(extract().responsable().pupil("70001", link("80001", "10", "3")))
    assert not Event.objects.filter(target_kind="account").exists()


def changes() -> list[dict[str, int]]:
    """What the last import changed, an establishment a line."""
    last = Feed.objects.order_by("-applied_at")[0].applied_at
    events = Event.objects.filter(kind="import:applied", at=last)
    return [event.data for event in events.order_by("establishment__jointure")]


def test_what_an_import_changed_is_one_event_for_each_establishment(run_import: Import) -> None:
    run_import(family().pupil("70002", link("80001")))
    assert changes() == [{"arrived": 2}]
    run_import(family().pupil("70002", link("80001")))
    assert changes() == []
    run_import(family())
    assert changes() == [{"left": 1}]
    run_import(extract().responsable(sn="AUTRE").pupil("70001", link("80001")))
    assert changes() == [{"corrected": 1}]
    run_import(extract().responsable(sn="AUTRE").pupil("70001"))
    assert changes() == [{"links_ended": 1}]


def test_a_pupil_who_changes_school_leaves_one_and_arrives_in_the_other(run_import: Import) -> None:
    run_import(family().school(OTHER, uai=OTHER_UAI))
    moved = extract().school(OTHER, uai=OTHER_UAI).responsable()
    run_import(
        moved.pupil("70001", link("80001"), ENTPersonStructRattach=OTHER, ENTEleveClasses=f"{OTHER}$6A")
    )
    assert sorted(changes(), key=str) == [{"arrived": 1}, {"left": 1}]


def test_one_feed_leaves_the_others_alone(run_import: Import) -> None:
    run_import(family(2))
    run_import(family(1))
    run_import(extract(1).pupil("70009").responsable("80009"))
    assert Student.objects.get(feed__degree=2).left_at is None
    assert Responsibility.objects.get(student__feed__degree=2).ended_at is None


def test_a_link_comes_back_with_its_responsable(run_import: Import) -> None:
    built = family().responsable("80002")
    run_import(built)
    without = extract().pupil("70001", link("80001")).responsable("80002")
    run_import(without)
    assert Responsibility.objects.get().ended_at is not None
    run_import(built)
    assert Responsibility.objects.get().ended_at is None


def test_the_feed_says_when_it_was_last_applied(run_import: Import) -> None:
    run = run_import(family())
    feed = Feed.objects.get()
    assert feed == run.feed
    assert feed.extract_date is not None
    assert feed.extract_date.isoformat() == "2026-01-05"
    assert feed.applied_at is not None
    assert timezone.now() - feed.applied_at < timedelta(minutes=5)


Refusal = Callable[..., str]


def test_an_older_extract_is_refused_unless_forced(run_import: Import, refusal: Refusal) -> None:
    run_import(college(1, 2), day="20260106")
    why = refusal(college(1), day="20260105")
    assert why == "Cet extrait, du 05/01/2026, est plus ancien que le dernier appliqué (06/01/2026)."
    assert present() == {"70001", "70002"}
    run_import(college(1), day="20260105", force=True)
    assert present() == {"70001"}


def test_a_feed_that_loses_much_is_refused_unless_forced(run_import: Import, refusal: Refusal) -> None:
    run_import(college(*range(100)))
    why = refusal(college(*range(94)))
    assert why == "6 élèves sur 100 ne sont plus dans l’extrait : il est sans doute incomplet."
    assert len(present()) == 100
    run_import(college(*range(95)))
    assert len(present()) == 95
    run_import(college(*range(60)), force=True)


def test_a_feed_that_loses_many_responsables_is_refused(run_import: Import, refusal: Refusal) -> None:
    run_import(college(*range(40)))
    built = extract().responsable("80000")
    for number in range(40):
        built.pupil(f"7{number:04}", link(f"8{number:04}"))
    assert "39 responsables sur 40" in refusal(built)


def test_a_small_feed_may_lose_anyone(run_import: Import) -> None:
    run_import(college(*range(29)))
    run_import(college(0))
    assert len(present()) == 1


def test_a_school_that_loses_much_is_set_aside_and_the_rest_goes_on(run_import: Import) -> None:
    def night(lost_here: int, lost_there: int) -> Extract:
        built = extract().school(OTHER, uai=OTHER_UAI)
        for number in range(lost_here, 30):
            built.pupil(f"7{number:04}", link(f"8{number:04}")).responsable(f"8{number:04}")
        for number in range(100 + lost_there, 300):
            elsewhere = {"ENTPersonStructRattach": OTHER, "ENTEleveClasses": f"{OTHER}$6A"}
            built.pupil(f"7{number:04}", link(f"8{number:04}"), **elsewhere).responsable(f"8{number:04}")
        return built

    run_import(night(0, 0))
    run = run_import(night(7, 1))
    gone = set(Student.objects.exclude(left_at=None).values_list("jointure", flat=True))
    assert gone == {"70100"}
    assert set(Responsable.objects.exclude(left_at=None).values_list("jointure", flat=True)) == {"80100"}
    assert Responsibility.objects.exclude(ended_at=None).count() == 1
    anomaly = run.anomalies.get()
    assert anomaly.sentence == (
        "7 élèves sur 30 manquent d’un coup dans LES TILLEULS :"
        " leurs départs ne sont pas appliqués cette fois."
    )
    assert anomaly.establishment == Establishment.objects.get(jointure=SCHOOL)
    run_import(night(6, 1))
    assert Student.objects.exclude(left_at=None).count() == 7


@both_degrees
@pytest.mark.parametrize("missing", ["Eleve", "PersRelEleve", "PersEducNat", "EtabEducNat"])
def test_a_missing_category_is_refused_and_forced_nobody_of_it_leaves(
    run_import: Import, refusal: Refusal, degree: int, missing: str
) -> None:
    run_import(family(degree))
    before = content()
    partial = family(degree)
    del partial.entries[missing]
    assert refusal(partial) == f"Il manque une partie de l’extrait : aucun fichier {missing}."
    assert content() == before
    run_import(partial, force=True)
    assert content() == before


def test_an_empty_category_is_refused(run_import: Import, refusal: Refusal) -> None:
    run_import(family())
    without = family()
    without.entries["PersRelEleve"].clear()
    assert refusal(without) == "Les fichiers PersRelEleve de l’extrait sont vides."


def test_a_missing_part_is_refused(run_import: Import, refusal: Refusal) -> None:
    why = refusal(college(1, 2, 3), split=1, drop="ENT2D_Complet_20260105_Eleve_0001.xml")
    assert why == "Il manque une partie de l’extrait : le fichier Eleve n° 1."


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (lambda text: text.replace("</ficAlimMENESR>", ""), "le XML est mal formé, ligne"),
        (lambda text: text.replace("LE GOFF", "LE & GOFF"), "le XML est mal formé, ligne"),
        (lambda text: "", "le fichier est vide"),
        (lambda text: text.replace('.dtd">', '.dtd" [<!ENTITY a "b">]>'), "déclare des entités"),
        (lambda text: text.replace("addRequest", "deleteRequest"), "propre aux extraits Delta"),
    ],
)
def test_a_malformed_file_refuses_the_whole(
    run_import: Import, refusal: Refusal, edit: Callable[[str], str], why: str
) -> None:
    run_import(family())
    before = content()
    message = refusal(college(1, 2), edit=lambda text: edit(text) if ">Eleve<" in text else text)
    assert "ENT2D_Complet_20260105_Eleve_0000.xml" in message
    assert why in message
    assert content() == before


def test_a_failure_in_the_middle_applies_nothing(run_import: Import) -> None:
    run_import(college(1))
    before = content()
    with (
        patch("aaf_import.applying.merge_links", side_effect=_after(merge_links)),
        pytest.raises(ZeroDivisionError),
    ):
        run_import(college(2, 3))
    assert content() == before
    run = ImportRun.objects.latest("pk")
    assert (run.status, run.message) == (
        ImportRun.Status.REFUSED,
        "L’import s’est arrêté sur une erreur inattendue : rien n’a été appliqué.",
    )


def _after(step: Callable[..., None]) -> Callable[..., None]:
    def run_then_fail(*args: object) -> None:
        step(*args)
        raise ZeroDivisionError

    return run_then_fail


def test_a_dry_run_does_everything_and_keeps_nothing(run_import: Import) -> None:
    run_import(family(1))
    before, runs = content(), ImportRun.objects.count()
    night = (
        Extract()
        .school(uai=OTHER_UAI)
        .mef()
        .add_subject()
        .staff("60002", f"{SCHOOL}$DIR$DIRECTION$D0010$CHEF")
    )
    night.responsable().pupil("70001", link("80001")).pupil("70002", ENTEleveINE="")
    run = run_import(night, dry_run=True)
    assert content() == before
    assert run.status == ImportRun.Status.DRY_RUN
    assert run.counts["students"]["created"] == 2
    assert run.counts["accounts"] == {"responsable": {"created": 1}, "student": {"created": 2}}
    assert run.anomaly_counts == {"INE_MISSING": 1}
    assert (run.feed, run.anomalies.count()) == (None, 0)
    assert ImportRun.objects.count() == runs + 1
    assert Feed.objects.count() == 1


def test_nothing_staged_is_left(run_import: Import, refusal: Refusal) -> None:
    run_import(family())
    refusal(family(), day="20250101")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'aaf_stage%%'")
        assert cursor.fetchone() == (0,)


def test_a_correction_made_in_the_day_solves_its_issue_in_the_night(run_import: Import) -> None:
    run_import(extract().pupil("70001", link("80001")).responsable("80001", mail="", mobile=""))
    opened = DataIssue.objects.unsolved().filter(kind=DataIssue.Kind.MAIL_MISSING)
    assert [issue.record.jointure for issue in opened] == ["80001"]

    run_import(
        extract().pupil("70001", link("80001")).responsable("80001", mail="famille@example.org", mobile=""),
        day="20260106",
    )

    assert [(issue.kind, issue.solved_at is not None) for issue in DataIssue.objects.order_by("kind")] == [
        (DataIssue.Kind.MAIL_MISSING, True),
        (DataIssue.Kind.MOBILE_MISSING, False),
    ]


def test_an_import_tried_only_opens_no_issue(run_import: Import) -> None:
    run_import(family(), dry_run=True)

    assert not DataIssue.objects.exists()


def test_a_child_who_comes_back_opens_the_account_of_its_family_again_the_same_night(
    run_import: Import,
) -> None:
    run_import(family(), day="20260105")
    run_import(extract(), force=True, day="20260106")
    Account.objects.update(closed_at=timezone.now())
    before = Account.objects.count()

    run_import(family(), day="20260107", dry_run=True)
    assert not Account.objects.filter(closed_at=None).exists()
    run_import(family(), day="20260107")

    assert Account.objects.filter(closed_at=None).count() == Account.objects.count() == before
    told = Event.objects.filter(target_kind="account")
    assert set(told.values_list("kind", flat=True)) == {"account:reopened"}
    assert Holding.objects.count() == before


def test_who_comes_back_after_being_made_anonymous_is_somebody_new(run_import: Import) -> None:
    run_import(family(), day="20260105")
    run_import(extract(), force=True, day="20260106")
    long_ago = timezone.now() - timedelta(days=900)
    Account.objects.update(closed_at=long_ago)
    Student.objects.update(left_at=long_ago)
    Responsable.objects.update(left_at=long_ago)
    anonymise_closed(timezone.now())
    assert erase_records(timezone.now()) == (1, 1)

    run_import(family(), day="20260107")

    assert Student.objects.count() == Responsable.objects.count() == 2
    assert Account.objects.filter(anonymised_at=None).count() == Holding.objects.count() == 2


def test_what_was_wrong_in_old_extracts_is_forgotten_with_those_it_names(run_import: Import) -> None:
    old, recent = (run_import(family().pupil("70002", ENTEleveINE="x", ENTPersonNom=None)) for _ in range(2))
    assert old.anomalies.exists()
    ImportRun.objects.filter(pk=old.pk).update(started_at=timezone.now() - timedelta(days=367))

    assert forget_anomalies(timezone.now()) > 0

    assert not old.anomalies.exists()
    assert recent.anomalies.exists()
