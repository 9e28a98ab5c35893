"""Who is brought together by an import, who is left to a human, and who never comes together again."""

import pytest

from accounts.joining.merging import undo_merge
from accounts.models import Account, AccountSource, Duplicate, Joining, Recheck
from accounts.transitions import State
from establishments.models import Establishment, Event, EventKind, Student
from tests.aaf_import.builder import SCHOOL, extract, ine_of, link
from tests.factories import content_of

pytestmark = pytest.mark.django_db
OTHER, OTHER_UAI = "4302", "0949002Z"
MOBILE, OTHER_MOBILE = "06 39 98 00 01", "06 39 98 00 02"
ELSEWHERE = {"ENTPersonStructRattach": OTHER, "ENTEleveClasses": f"{OTHER}$6A"}


def two_schools(**options):
    return extract(**options).school(OTHER, uai=OTHER_UAI)


def one_parent_in_two_schools(*, mine=None, yours=None, mobile=MOBILE):
    """One collège each for two pupils, each with a responsable of the same name and mobile."""
    return (
        two_schools()
        .pupil("70001", link("80001"))
        .responsable("80001", **{"mobile": mobile, **(mine or {})})
        .pupil("70002", link("80002"), **ELSEWHERE)
        .responsable("80002", **{"mobile": mobile, **(yours or {})})
    )


def account_of(jointure, degree=2):
    source = AccountSource.objects.get(
        responsable__jointure=jointure, responsable__feed__degree=degree, closed_at=None
    )
    return source.account


def are_one(degrees=(2, 2), jointures=("80001", "80002")):
    one, other = (account_of(j, d) for j, d in zip(jointures, degrees, strict=True))
    return one == other


def responsables():
    return Account.objects.filter(kind="RESPONSABLE", merged_into=None)


def test_one_parent_of_two_schools_has_one_account_from_the_first_night(run_import):
    run_import(one_parent_in_two_schools())

    assert are_one()
    assert Account.objects.filter(kind="RESPONSABLE").count() == 1
    assert account_of("80001").holdings.count() == 2
    event = Event.objects.get(kind=EventKind.ACCOUNT_JOINED)
    assert (event.target_id, event.actor) == (account_of("80001").pk, Event.Actor.PLATFORM)
    assert not Recheck.objects.exists()


def test_a_record_which_comes_later_joins_the_account_as_it_is(run_import):
    built = two_schools().pupil("70001", link("80001")).responsable("80001", mobile=MOBILE)
    run_import(built)
    Account.objects.filter(kind="RESPONSABLE").update(
        state=State.ACTIVE, **content_of(State.ACTIVE), version=7
    )

    run_import(
        built.pupil("70002", link("80002"), **ELSEWHERE).responsable("80002", mobile=MOBILE), day="20260106"
    )

    account = account_of("80002")
    assert (account.state, account.version) == (State.ACTIVE, 7)
    assert responsables().count() == 1


@pytest.mark.parametrize(
    ("mine", "yours"),
    [
        ({"sn": "DURAND", "ENTPersonNomPatro": "LE GOFF"}, {"sn": "LE GOFF"}),
        ({"sn": "LE GOFF"}, {"sn": "DURAND", "ENTPersonNomPatro": "Lé-Goff"}),
        ({"sn": "Œuvrard"}, {"sn": "OEUVRARD"}),
        ({"mail": "anne@example.org"}, {"mail": "ANNE@example.org"}),
        ({"mail": "anne@example.org"}, {}),
        ({"personalTitle": "Mme"}, {"personalTitle": "Mlle"}),
    ],
)
def test_names_in_use_and_of_birth_accents_and_one_mail_agree(run_import, mine, yours):
    run_import(one_parent_in_two_schools(mine=mine, yours=yours))
    assert are_one()


@pytest.mark.parametrize(
    "yours",
    [
        {"givenName": "Paul"},
        {"givenName": ""},
        {"sn": "DURAND"},
        {"mobile": OTHER_MOBILE},
        {"mobile": ""},
    ],
)
def test_what_does_not_agree_is_two_accounts_and_no_candidate(run_import, yours):
    run_import(one_parent_in_two_schools(yours=yours))
    assert not are_one()
    assert not Duplicate.objects.exists()


def test_without_a_given_name_or_a_mobile_nobody_is_joined(run_import):
    run_import(one_parent_in_two_schools(mine={"givenName": ""}, yours={"givenName": ""}))
    assert not are_one()
    run_import(
        one_parent_in_two_schools(mine={"mobile": ""}, yours={"mobile": ""}), force=True, day="20260106"
    )
    assert not are_one()


def test_an_institution_is_never_joined(run_import):
    built = two_schools()
    for number, place in (("1", {}), ("2", ELSEWHERE)):
        built.pupil(f"7000{number}", link(f"8000{number}", kinship="51"), **place)
        built.responsable(f"8000{number}", sn="ASE", givenName="Service", mobile=MOBILE)
    run_import(built)
    assert not are_one()


@pytest.mark.parametrize(
    ("mine", "yours", "doubt"),
    [
        ({"mail": "anne@example.org"}, {"mail": "autre@example.org"}, "mail"),
        ({"personalTitle": "Mme"}, {"personalTitle": "M."}, "title"),
    ],
)
def test_a_contradiction_is_a_candidate_and_not_a_joining(run_import, mine, yours, doubt):
    run_import(one_parent_in_two_schools(mine=mine, yours=yours))

    assert not are_one()
    candidate = Duplicate.objects.get()
    assert (candidate.establishment, candidate.reasons) == (None, [doubt])


def test_two_accounts_which_match_leave_the_record_to_a_human(run_import):
    built = one_parent_in_two_schools(mine={"mail": "anne@example.org"}, yours={"mail": "autre@example.org"})
    run_import(built)
    third = built.school("4303", uai="0949003A").pupil(
        "70003", link("80003"), ENTPersonStructRattach="4303", ENTEleveClasses="4303$6A"
    )
    run_import(third.responsable("80003", mobile=MOBILE), day="20260106")

    assert len({account_of(key).pk for key in ("80001", "80002", "80003")}) == 3
    assert Duplicate.objects.filter(reasons=["several"]).count() == 2


def test_inside_one_establishment_a_father_and_his_son_are_a_doublon_for_a_human(run_import):
    run_import(
        extract()
        .pupil("70001", link("80001", "20"))
        .responsable("80001", givenName="Jean", mobile=MOBILE)
        .pupil("70002", link("80002", "20"))
        .responsable("80002", givenName="Jean", mobile=MOBILE)
    )

    assert not are_one()
    doublon = Duplicate.objects.get()
    assert doublon.establishment == Establishment.objects.get(uai="0949001Y")
    assert doublon.reasons == ["surname", "given_name", "mobile"]


def test_two_parents_who_share_a_mobile_are_nothing_at_all(run_import):
    run_import(
        extract()
        .pupil("70001", link("80001"), link("80002", "20"))
        .responsable("80001", mobile=MOBILE)
        .responsable("80002", givenName="Paul", mobile=MOBILE)
    )
    assert not are_one()
    assert not Duplicate.objects.exists()


def test_two_new_records_of_one_school_do_not_meet_in_the_account_of_another(run_import):
    built = two_schools().pupil("70001", link("80001")).responsable("80001", mobile=MOBILE)
    run_import(built)
    for number in ("2", "3"):
        built.pupil(f"7000{number}", link(f"8000{number}"), **ELSEWHERE)
        built.responsable(f"8000{number}", mobile=MOBILE)
    run_import(built, day="20260106")

    assert not are_one(jointures=("80002", "80003"))
    assert Duplicate.objects.filter(establishment__uai=OTHER_UAI).count() == 1


def test_a_correction_brings_two_accounts_together_after_the_commit(run_import):
    run_import(one_parent_in_two_schools(yours={"mobile": OTHER_MOBILE}))
    notified, other = account_of("80001"), account_of("80002")
    Account.objects.filter(pk=other.pk).update(state=State.NOTIFIED, **content_of(State.NOTIFIED))

    run_import(one_parent_in_two_schools(), day="20260106")

    notified.refresh_from_db()
    assert account_of("80001") == other
    assert (notified.merged_into, notified.sources.filter(closed_at=None).count()) == (other, 0)
    assert not Recheck.objects.exists()


def test_two_active_accounts_stay_two(run_import):
    run_import(one_parent_in_two_schools(yours={"mobile": OTHER_MOBILE}))
    Account.objects.filter(kind="RESPONSABLE").update(state=State.ACTIVE, **content_of(State.ACTIVE, mail=""))

    run_import(one_parent_in_two_schools(), day="20260106")

    assert not are_one()
    assert Duplicate.objects.get().reasons == ["active"]


def test_an_undone_joining_is_never_made_again(run_import):
    run_import(one_parent_in_two_schools())
    former = undo_merge(Joining.objects.get())
    assert account_of("80002") == former != account_of("80001")
    assert former.state == State.NOT_NOTIFIED

    corrected = one_parent_in_two_schools(
        mine={"ENTPersonVille": "AILLEURS"}, yours={"homePhone": "01 99 00 00 01"}
    )
    run_import(corrected, day="20260106")

    assert not are_one()
    assert Joining.objects.count() == 1


def test_the_same_night_again_writes_nothing(run_import):
    built = one_parent_in_two_schools(mine={"mail": "a@example.org"}, yours={"mail": "b@example.org"})
    run_import(built)
    before = [list(model.objects.order_by("pk").values()) for model in (Account, AccountSource, Duplicate)]
    run_import(built)
    after = [list(model.objects.order_by("pk").values()) for model in (Account, AccountSource, Duplicate)]
    assert after == before


def cm2():
    return (
        extract(1)
        .pupil("70001", link("80001", degree=1), link("80002", "20", degree=1))
        .responsable("80001", ENTPersRelEleveTelMobile=MOBILE)
        .responsable("80002", ENTPersonPrenom="Paul", ENTPersRelEleveTelMobile=MOBILE)
    )


def college(academy="24"):
    built = extract(academy=academy)
    built.entries["EtabEducNat"].clear()
    built.school(SCHOOL, uai=OTHER_UAI)
    return (
        built.pupil("70009", link("80011"), link("80012", "20"), ENTEleveINE=ine_of(70001))
        .responsable("80011", mobile=MOBILE)
        .responsable("80012", givenName="Paul", mobile=MOBILE)
    )


def test_from_cm2_to_sixieme_both_parents_keep_their_account_and_the_child_gets_a_first_one(run_import):
    run_import(cm2())
    run_import(college(), day="20260106")

    assert are_one((1, 2), ("80001", "80011"))
    assert are_one((1, 2), ("80002", "80012"))
    assert responsables().count() == 2
    assert Account.objects.filter(kind="STUDENT").count() == 1


def test_joining_stops_at_the_border_of_the_academie(run_import):
    run_import(cm2())
    run_import(college(academy="25"), day="20260106")

    assert responsables().count() == 4
    assert not Joining.objects.exists()


def test_a_pupil_who_changes_school_under_a_new_key_keeps_the_account(run_import):
    run_import(two_schools().pupil("70001", link("80001")).responsable("80001"))
    account = Student.objects.get().sources.get().account

    moved = two_schools().pupil("70099", link("80001"), ENTEleveINE=ine_of(70001), **ELSEWHERE)
    run_import(moved.responsable("80001"), day="20260106")

    assert Student.objects.get(left_at=None).sources.get().account == account
    assert Account.objects.filter(kind="STUDENT").count() == 1


def test_a_pupil_whose_old_record_leaves_a_night_late_ends_with_one_account(run_import):
    run_import(two_schools().pupil("70001", link("80001")).responsable("80001"))
    account = Student.objects.get().sources.get().account
    both = two_schools().pupil("70001", link("80001")).responsable("80001")
    run_import(both.pupil("70099", link("80001"), ENTEleveINE=ine_of(70001), **ELSEWHERE), day="20260106")
    assert Account.objects.filter(kind="STUDENT", merged_into=None).count() == 2

    alone = two_schools().pupil("70099", link("80001"), ENTEleveINE=ine_of(70001), **ELSEWHERE)
    run_import(alone.responsable("80001"), day="20260107")

    present = Student.objects.get(left_at=None)
    assert present.sources.get(closed_at=None).account == account
    assert Account.objects.get(kind="STUDENT", merged_into=None) == account


def test_another_birth_date_is_another_pupil(run_import):
    run_import(two_schools().pupil("70001", link("80001")).responsable("80001"))
    other = two_schools().pupil(
        "70099", link("80001"), ENTEleveINE=ine_of(70001), ENTPersonDateNaissance="04/02/2014", **ELSEWHERE
    )
    run_import(other.responsable("80001"), day="20260106")

    assert Account.objects.filter(kind="STUDENT", merged_into=None).count() == 2


def test_two_present_pupils_under_one_ine_do_not_share_the_account_of_one_who_left(run_import):
    ines = {"ENTEleveINE": ine_of(70001)}
    built = two_schools().pupil("70001", link("80001")).responsable("80001")
    for key in ("70002", "70003"):
        built.pupil(key, link("80001"), **ines, **ELSEWHERE)
    run_import(built)
    left = two_schools().responsable("80001")
    for key in ("70002", "70003"):
        left.pupil(key, link("80001"), **ines, **ELSEWHERE)
    run_import(left, day="20260106")

    present = Student.objects.filter(left_at=None)
    assert len({pupil.sources.get(closed_at=None).account_id for pupil in present}) == 2


def test_a_record_does_not_join_the_account_of_an_institution(run_import):
    built = two_schools().pupil("70001", link("80001", kinship="51")).responsable("80001", mobile=MOBILE)
    built.pupil("70002", link("80002"), **ELSEWHERE).responsable("80002", mobile=MOBILE)
    run_import(built)
    assert not are_one()


def one_parent_in_three_schools(*, is_corrected):
    """The second one bears both names and agrees with each of the others, whose mails differ."""
    late = MOBILE if is_corrected else ""
    built = two_schools().school("4303", uai="0949003A")
    built.pupil("70001", link("80001")).responsable("80001", sn="ALBA", mobile=late, mail="a@example.org")
    built.pupil("70002", link("80002"), **ELSEWHERE)
    built.responsable("80002", sn="ALBA", ENTPersonNomPatro="CADE", mobile=MOBILE)
    built.pupil("70003", link("80003"), ENTPersonStructRattach="4303", ENTEleveClasses="4303$6A")
    return built.responsable("80003", sn="CADE", mobile=late, mail="c@example.org")


def test_what_was_joined_a_moment_ago_speaks_against_the_next_joining(run_import):
    run_import(one_parent_in_three_schools(is_corrected=False))
    run_import(one_parent_in_three_schools(is_corrected=True), day="20260106")

    assert are_one()
    assert not are_one(jointures=("80002", "80003"))
    assert Duplicate.objects.get(establishment=None).reasons == ["mail"]
    assert not Recheck.objects.exists()
