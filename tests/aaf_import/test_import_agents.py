"""Heads and deputies: who becomes an agent, of which school, and who can sign in."""

import pytest

from aaf_import.models import ImportRun
from establishments.models import Agent, Delegation, Establishment, Event, Feed, Mandate
from tests.aaf_import.builder import SCHOOL, UAI, Extract, extract, family
from tests.aaf_import.conftest import Import

pytestmark = pytest.mark.django_db
HEAD, DEPUTY = f"{SCHOOL}$DIR$DIRECTION$D0010$CHEF", f"{SCHOOL}$DIR$DIRECTION$D0011$ADJOINT"
HEAD_1D = f"{SCHOOL}$ENS$ENSEIGNEMENT$D0000$DIRECTION"
OTHER, OTHER_UAI = "4302", "0949002Z"


def staffed(degree: int = 2) -> Extract:
    """A family in a school, without staff yet."""
    built = family(degree)
    built.entries["PersEducNat"].clear()
    return built


def mandates() -> set[tuple[str, str, str]]:
    rows = Mandate.objects.filter(ended_at=None, source="AAF")
    return set(rows.values_list("agent__jointure", "establishment__jointure", "role"))


def codes(run: ImportRun) -> set[str]:
    return set(run.anomalies.values_list("code", flat=True))


def sign_ins() -> dict[str, str | None]:
    return dict(Agent.objects.values_list("jointure", "email"))


def test_the_head_and_the_deputy_of_a_college_are_agents_and_teachers_are_not(run_import: Import) -> None:
    built = staffed().staff("1", HEAD, ENTPersonStructRattach=SCHOOL).staff("2", DEPUTY)
    built.staff("3", f"{SCHOOL}$ENS$ENSEIGNEMENT$L0202$LETTRES MODERNES").staff(
        "4", "-$SANS OBJET$-$SANS OBJET"
    )
    run = run_import(built.staff("5", f"{SCHOOL}$-$SANS OBJET$-$SANS OBJET").staff("6"))
    assert mandates() == {("1", SCHOOL, "DIRECTOR"), ("2", SCHOOL, "DEPUTY")}
    assert run.counts["agents"] == {"created": 2, "updated": 0, "unchanged": 0, "left": 0}


def test_an_agent_has_no_password_and_signs_in_with_the_mail_in_lower_case(run_import: Import) -> None:
    run_import(staffed().staff("1", HEAD, mail="Maud.Principal@Example.org", personalTitle="Mme"))
    agent = Agent.objects.get()
    assert (agent.email, agent.contact_mail) == ("maud.principal@example.org", "Maud.Principal@Example.org")
    assert (agent.full_name, agent.title, agent.is_active) == ("Maud PRINCIPAL", "Mme", True)
    assert not agent.has_usable_password()
    assert list(Establishment.objects.visible_to(agent)) == [Establishment.objects.get()]


@pytest.mark.parametrize(
    ("functions", "attributes"),
    [([HEAD_1D], {}), ([], {"ENTEnsFonctionDir": SCHOOL}), ([HEAD_1D], {"ENTEnsFonctionDir": SCHOOL})],
)
def test_the_head_of_an_ecole(run_import: Import, functions: list[str], attributes: dict[str, str]) -> None:
    run_import(staffed(1).staff("1", *functions, **attributes))
    assert mandates() == {("1", SCHOOL, "DIRECTOR")}


@pytest.mark.parametrize("degree", [1, 2])
def test_two_heads_of_one_school_and_one_head_of_two(run_import: Import, degree: int) -> None:
    here = HEAD if degree == 2 else HEAD_1D
    built = (
        staffed(degree)
        .school(OTHER, uai=OTHER_UAI)
        .staff("1", here, here.replace(SCHOOL, OTHER))
        .staff("2", here)
    )
    run_import(built)
    assert mandates() == {("1", SCHOOL, "DIRECTOR"), ("1", OTHER, "DIRECTOR"), ("2", SCHOOL, "DIRECTOR")}


def test_staff_without_structure_act_where_their_function_is(run_import: Import) -> None:
    run_import(staffed().staff("1", HEAD, ENTPersonStructRattach=""))
    assert mandates() == {("1", SCHOOL, "DIRECTOR")}


def test_a_function_in_an_unknown_structure_is_told(run_import: Import) -> None:
    run = run_import(staffed().staff("1", HEAD.replace(SCHOOL, "9999")))
    assert codes(run) == {"FUNCTION_UNKNOWN_STRUCTURE"}
    assert not Agent.objects.exists()


def test_a_mandate_ends_with_the_function_and_the_agent_stays(run_import: Import) -> None:
    run_import(staffed().staff("1", HEAD).staff("2", DEPUTY))
    run = run_import(staffed().staff("1").staff("2", HEAD))
    assert mandates() == {("2", SCHOOL, "DIRECTOR")}
    assert run.counts["agents"] == {"created": 0, "updated": 0, "unchanged": 2, "left": 1}
    run_import(staffed().staff("1", HEAD).staff("2", HEAD))
    assert mandates() == {("1", SCHOOL, "DIRECTOR"), ("2", SCHOOL, "DIRECTOR")}
    assert Mandate.objects.filter(agent__jointure="1").count() == 2
    events = Event.objects.filter(kind__startswith="mandate").order_by("at", "pk")
    school = Establishment.objects.get()
    assert {(event.actor, event.establishment, event.target_kind) for event in events} == {
        ("PLATFORM", school, "agent")
    }
    keys = dict(Agent.objects.values_list("pk", "jointure"))
    in_order = sorted(events, key=lambda event: (event.at, event.kind, keys[event.target_id]))
    assert [(event.kind, keys[event.target_id], event.data["role"]) for event in in_order[2:]] == [
        ("mandate:ended", "1", "DIRECTOR"),
        ("mandate:ended", "2", "DEPUTY"),
        ("mandate:started", "2", "DIRECTOR"),
        ("mandate:started", "1", "DIRECTOR"),
    ]


def test_mandates_of_other_sources_are_left_alone(run_import: Import) -> None:
    run_import(staffed().staff("1", HEAD))
    agent, school = Agent.objects.get(), Establishment.objects.get()
    for source in ("CLAIMS", "GRANTED"):
        Mandate.objects.create(agent=agent, establishment=school, role="DIRECTOR", source=source)
    run_import(staffed().staff("2", HEAD))
    assert set(Mandate.objects.filter(ended_at=None, agent=agent).values_list("source", flat=True)) == {
        "CLAIMS",
        "GRANTED",
    }


def test_an_agent_who_is_no_head_is_kept_up_to_date(run_import: Import) -> None:
    run_import(staffed().staff("1", HEAD))
    run = run_import(staffed().staff("1", sn="NEUVE", mail="neuve@example.org"))
    agent = Agent.objects.get()
    assert (agent.surname, agent.email) == ("NEUVE", "neuve@example.org")
    assert run.counts["agents"] == {"created": 0, "updated": 1, "unchanged": 0, "left": 1}


def test_a_mail_of_two_agents_signs_nobody_in(run_import: Import) -> None:
    built = (
        staffed()
        .staff("1", HEAD, mail="direction@example.org")
        .staff("2", DEPUTY, mail="DIRECTION@example.org")
    )
    run = run_import(built)
    assert sign_ins() == {"1": None, "2": None}
    assert run.anomaly_counts == {"AGENT_MAIL_SHARED": 2}
    assert set(run.anomalies.values_list("establishment__jointure", flat=True)) == {SCHOOL}


def test_a_mail_of_a_school_signs_nobody_in(run_import: Import) -> None:
    run = run_import(staffed().staff("1", HEAD, mail=f"CE.{UAI}@example.org"))
    assert sign_ins() == {"1": None}
    assert codes(run) == {"AGENT_MAIL_OF_ESTABLISHMENT"}


def test_the_sign_in_comes_back_when_the_mail_is_one_s_own_again(run_import: Import) -> None:
    shared = staffed().staff("1", HEAD, mail="a@example.org").staff("2", DEPUTY, mail="a@example.org")
    run_import(shared)
    run_import(staffed().staff("1", HEAD, mail="a@example.org").staff("2", DEPUTY, mail="b@example.org"))
    assert sign_ins() == {"1": "a@example.org", "2": "b@example.org"}


def test_two_agents_may_exchange_their_mails(run_import: Import) -> None:
    run_import(staffed().staff("1", HEAD, mail="a@example.org").staff("2", DEPUTY, mail="b@example.org"))
    run_import(staffed().staff("1", HEAD, mail="b@example.org").staff("2", DEPUTY, mail="a@example.org"))
    assert sign_ins() == {"1": "b@example.org", "2": "a@example.org"}


def test_the_successor_may_take_the_mail_of_who_has_gone(run_import: Import) -> None:
    run_import(staffed().staff("1", HEAD, mail="direction@example.org"))
    run_import(staffed().staff("2", HEAD, mail="direction@example.org"))
    assert sign_ins()["2"] == "direction@example.org"


def test_whoever_has_chosen_a_password_keeps_the_address_they_sign_in_with(run_import: Import) -> None:
    run_import(staffed().staff("1", HEAD, mail="a@example.org"))
    agent = Agent.objects.get()
    agent.set_password("une phrase de passe longue")
    agent.save()
    run = run_import(
        staffed().staff("1", HEAD, mail="a@example.org").staff("2", DEPUTY, mail="a@example.org")
    )
    assert sign_ins() == {"1": "a@example.org", "2": None}
    assert "AGENT_MAIL_SHARED" in codes(run)
    run_import(staffed().staff("1", HEAD, mail="b@example.org").staff("2", DEPUTY, mail="a@example.org"))
    agent.refresh_from_db()
    assert (agent.email, agent.contact_mail) == ("a@example.org", "b@example.org")


def test_a_mail_that_no_longer_is_there_signs_in_no_more(run_import: Import) -> None:
    run_import(staffed().staff("1", HEAD, mail="a@example.org"))
    run_import(staffed().staff("1", HEAD, mail=""))
    assert sign_ins() == {"1": None}


def test_delegates_known_elsewhere_count_as_agents(run_import: Import) -> None:
    run_import(extract().responsable().pupil())
    delegate = Agent.objects.create_user(None, surname="DELEGUEE")
    delegate.contact_mail = "partagee@example.org"
    delegate.save()
    Delegation.objects.create(
        agent=delegate,
        establishment=Establishment.objects.get(),
        profile="CONSULT",
        population="BOTH",
        begins_on="2025-09-01",
    )
    run_import(staffed().staff("1", HEAD, mail="partagee@example.org"))
    assert sign_ins()["1"] is None


def test_the_key_of_an_agent_is_the_feed_and_the_jointure(run_import: Import) -> None:
    run_import(staffed(2).staff("1", HEAD, mail="a@example.org"))
    run_import(staffed(1).staff("1", HEAD_1D, ENTPersonMail="b@example.org"))
    assert Agent.objects.filter(jointure="1").count() == 2
    assert Feed.objects.count() == 2


def test_a_head_who_leaves_takes_along_what_they_delegated(run_import: Import) -> None:
    run_import(staffed().staff("1", HEAD))
    head, school = Agent.objects.get(), Establishment.objects.get()
    delegate = Agent.objects.create_user("camille@example.org", surname="DÉLÉGUÉ")
    granted = {"establishment": school, "granted_by": head, "profile": "ASSIST", "population": "BOTH"}
    Delegation.objects.create(agent=delegate, begins_on="2020-01-01", **granted)

    run_import(staffed().staff("2", HEAD))

    delegation = Delegation.objects.get()
    assert delegation.ended_at
    assert Event.objects.filter(kind="delegation:ended", target_id=delegate.pk).count() == 1
    assert not Establishment.objects.visible_to(delegate)
