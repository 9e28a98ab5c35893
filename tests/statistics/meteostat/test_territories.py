"""Territories: what each is a part of, what it is made of, and to whom it opens."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from establishments.models import StatisticsRole
from establishments.territories import ACADEMIES, DEPARTMENTS
from statistics.meteostat.territories import Level, UnknownTerritory, find, nation, parts_of
from tests.factories import (
    AcademyFactory,
    AgentFactory,
    DepartmentFactory,
    DistrictFactory,
    StatisticsRoleFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def places():
    """Créteil with two departments and three circonscriptions; La Réunion; Corse."""
    for code in ("093", "094", "974", "02A", "02B"):
        DepartmentFactory.create(code=code)
    for uai, name in (
        ("0930456X", "Bondy"),
        ("0931234X", "Épinay"),
        ("0930001X", "Drancy"),
        ("0941111X", "Créteil 1"),
        ("", "Sans UAI"),
    ):
        DistrictFactory.create(uai=uai, name=name)
    DistrictFactory.create(uai="6200456X", name="Ajaccio", feed__academy__code="27")
    DistrictFactory.create(uai="7200456X", name="Bastia", feed__academy__code="27")
    DistrictFactory.create(uai="9741111X", name="Saint-Denis", feed__academy__code="28")


def lineage(level, code):
    return [(each.level, each.code) for each in find(level, code).lineage]


def test_a_circonscription_is_of_the_department_of_its_uai_then_of_an_académie_then_of_the_nation():
    assert lineage(Level.DISTRICT, "0930456X") == [
        (Level.DISTRICT, "0930456X"),
        (Level.DEPARTMENT, "093"),
        (Level.ACADEMY, "24"),
        (Level.NATION, "FR"),
    ]
    assert lineage(Level.NATION, "FR") == [(Level.NATION, "FR")]


@pytest.mark.parametrize(("uai", "department"), [("6200456X", "02A"), ("7200456X", "02B")])
def test_the_circonscriptions_of_corse_are_of_their_department(uai, department):
    assert lineage(Level.DISTRICT, uai)[1:3] == [(Level.DEPARTMENT, department), (Level.ACADEMY, "27")]
    assert [each.code for each in parts_of(find(Level.DEPARTMENT, department))] == [uai]


def test_each_is_made_of_the_level_below_by_name_and_says_the_name_of_its_own():
    assert [each.name for each in parts_of(nation())] == ["Corse", "Créteil", "La Réunion"]
    assert [each.name for each in parts_of(find(Level.ACADEMY, "24"))] == [
        "Seine-Saint-Denis",
        "Val-de-Marne",
    ]
    seine = parts_of(find(Level.DEPARTMENT, "093"))
    assert [each.name for each in seine] == ["Bondy", "Drancy", "Épinay"]
    assert parts_of(seine[0]) == []


def test_what_is_read_as_a_part_is_what_is_found_by_its_code():
    for territory in (nation(), find(Level.ACADEMY, "28"), find(Level.DEPARTMENT, "974")):
        parts = parts_of(territory)
        assert parts
        assert parts == [find(each.level, each.code) for each in parts]


def test_the_zone_is_that_of_the_académie():
    for level, code in ((Level.ACADEMY, "28"), (Level.DEPARTMENT, "974"), (Level.DISTRICT, "9741111X")):
        assert find(level, code).zone.key == "Indian/Reunion"
    assert nation().zone.key == find(Level.DEPARTMENT, "093").zone.key == "Europe/Paris"


@pytest.mark.parametrize(
    ("level", "code"),
    [
        (Level.NATION, "24"),
        (Level.NATION, ""),
        (Level.ACADEMY, "99"),
        (Level.ACADEMY, "093"),
        (Level.DEPARTMENT, "24"),
        (Level.DEPARTMENT, "075"),
        (Level.DISTRICT, "0939999X"),
        (Level.DISTRICT, "093"),
        (Level.DISTRICT, ""),
    ],
)
def test_no_territory_has_a_code_of_another_level_or_of_none(level, code):
    with pytest.raises(UnknownTerritory):
        find(level, code)


def test_a_circonscription_of_a_department_which_is_not_there_is_unknown():
    DistrictFactory.create(uai="0750001X")
    with pytest.raises(UnknownTerritory):
        find(Level.DISTRICT, "0750001X")


ALL = {
    (Level.NATION, "FR"),
    (Level.ACADEMY, "24"),
    (Level.ACADEMY, "28"),
    (Level.DEPARTMENT, "093"),
    (Level.DEPARTMENT, "094"),
    (Level.DEPARTMENT, "974"),
    (Level.DISTRICT, "0930456X"),
    (Level.DISTRICT, "0931234X"),
    (Level.DISTRICT, "0941111X"),
    (Level.DISTRICT, "9741111X"),
}
OPENED = {
    (Level.NATION, "FR"): ALL,
    (Level.ACADEMY, "24"): {
        (Level.ACADEMY, "24"),
        (Level.DEPARTMENT, "093"),
        (Level.DEPARTMENT, "094"),
        (Level.DISTRICT, "0930456X"),
        (Level.DISTRICT, "0931234X"),
        (Level.DISTRICT, "0941111X"),
    },
    (Level.DEPARTMENT, "093"): {
        (Level.DEPARTMENT, "093"),
        (Level.DISTRICT, "0930456X"),
        (Level.DISTRICT, "0931234X"),
    },
    (Level.DISTRICT, "0930456X"): {(Level.DISTRICT, "0930456X")},
}


@pytest.mark.parametrize("held", OPENED)
def test_a_role_opens_its_territory_and_what_it_is_made_of_and_nothing_else(held):
    agent = StatisticsRoleFactory.create(level=held[0], code=held[1]).agent
    StatisticsRoleFactory.create()  # another agent reads the nation

    assert {place for place in ALL if find(*place).is_open_to(agent)} == OPENED[held]


def test_two_roles_open_what_each_opens():
    agent = AgentFactory.create()
    held = [(Level.DISTRICT, "0931234X"), (Level.ACADEMY, "28")]
    for level, code in held:
        StatisticsRoleFactory.create(agent=agent, level=level, code=code)

    opened = {place for place in ALL if find(*place).is_open_to(agent)}
    assert opened == {*held, (Level.DEPARTMENT, "974"), (Level.DISTRICT, "9741111X")}


def test_a_role_which_ended_opens_nothing():
    agent = StatisticsRoleFactory.create().agent
    StatisticsRole.objects.update(ended_at=timezone.now())

    assert not any(find(*place).is_open_to(agent) for place in ALL)


def test_a_code_opens_its_own_level_alone():
    """The académie 24 is no department 024, whatever the order in which they are compared."""
    agent = StatisticsRoleFactory.create(level=Level.DEPARTMENT, code="24").agent

    assert not any(find(*place).is_open_to(agent) for place in ALL)


def test_the_number_of_queries_does_not_depend_on_the_parts():
    def queries(level, code):
        territory = find(level, code)
        with CaptureQueriesContext(connection) as captured:
            parts_of(territory)
        return len(captured)

    places = [(Level.NATION, "FR"), (Level.ACADEMY, "25"), (Level.DEPARTMENT, "078")]
    DepartmentFactory.create(code="078")
    few = [queries(*place) for place in places]
    for code in ACADEMIES:
        AcademyFactory.create(code=code)
    for code in DEPARTMENTS:
        DepartmentFactory.create(code=code)
    for number in range(20):
        DistrictFactory.create(uai=f"07800{number:02}X")
    assert [queries(*place) for place in places] == few == [1, 1, 1]
    assert len(parts_of(find(Level.DEPARTMENT, "078"))) == 20
