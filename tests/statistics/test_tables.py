"""The numbers add up, count each account once a line, and each opens the list of exactly those accounts."""

import re
from collections import Counter

import pytest
import time_machine
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account, AccountKind, Holding
from accounts.transitions import Origin, State
from establishments.access import get_access
from statistics.counting import BY_CLASS, BY_LEVEL, BY_MEF, read_scope, spread_tables, summaries
from statistics.tables import COLUMNS, ORIGINS
from tests.factories import (
    AgentFactory,
    DelegationFactory,
    EstablishmentFactory,
    MandateFactory,
    SchoolClassFactory,
    responsable_account,
    student_account,
)
from tests.statistics.school import campaign, fill

pytestmark = pytest.mark.django_db


@pytest.fixture
def college():
    return EstablishmentFactory.create()


@pytest.fixture
def director(college):
    return MandateFactory.create(establishment=college).agent


@pytest.fixture
def access(college, director):
    return get_access(director, college.uai)


@pytest.fixture
def console(client, director):
    client.force_login(director)
    return client


def whole(access):
    return summaries(access, read_scope(access, QueryDict()))


def numbers(line):
    return [cell.accounts for cell in line.cells]


def direct_count(school, kind, **filters):
    """By the plainest way there is: one account after the other."""
    held = Holding.objects.filter(establishment=school, kind=kind).values("account")
    return sum(1 for account in Account.objects.filter(pk__in=held).filter(**filters))


def listed(console, address):
    """How many accounts a list says it shows."""
    text = console.get(address).text
    if "Aucun compte ne correspond" in text:
        return 0
    found = re.search(r"<strong>([\d\u202f]+) comptes?</strong>", text)
    assert found, address
    return int(found[1].replace("\u202f", ""))


def test_every_origin_and_every_state_has_its_place():
    assert set(ORIGINS) == set(Origin)
    assert set(COLUMNS) - {""} == set(State)
    assert list(ORIGINS.values()) == [
        "ATEN",
        "ENT",
        "Établissement",
        "FranceConnect",
        "Responsable",
        "N/A",
    ]


@pytest.mark.parametrize("seed", range(3))
def test_totals_add_up_and_agree_with_a_direct_count(college, access, seed):
    fill(college, seed)
    fill(EstablishmentFactory.create(), seed, families=3)

    tables = whole(access)

    assert [table.kind for table in tables] == [AccountKind.RESPONSABLE, AccountKind.STUDENT]
    for table in tables:
        for line, origin in zip(table.lines, ORIGINS, strict=True):
            assert numbers(line)[0] == sum(numbers(line)[1:])
            for state in State:
                counted = direct_count(college, table.kind, state=state, origin=origin)
                assert line.states[state] == counted
        columns = zip(*map(numbers, table.lines), strict=True)
        assert numbers(table.total) == [sum(column) for column in columns]
        assert table.total.accounts == direct_count(college, table.kind)


@pytest.mark.parametrize("seed", range(3))
def test_a_spread_counts_each_account_in_each_of_its_places_and_once_in_the_total(college, access, seed):
    fill(college, seed)
    for spread, field in ((BY_CLASS, "student__school_class_id"), (BY_MEF, "student__mef_id")):
        for table in spread_tables(access, spread):
            held = Holding.objects.filter(establishment=college, kind=table.kind)
            places = set(held.values_list("account_id", field))
            times = Counter(account for account, _ in places)
            assert sum(line.accounts for line in table.lines) == len(places)
            assert table.total.accounts == len(times)
            assert table.repeated == sum(1 for count in times.values() if count > 1)
            assert len(table.lines) == len({place for _, place in places})


@pytest.mark.parametrize(("degree", "spreads"), [(2, [BY_CLASS, BY_MEF]), (1, [BY_CLASS, BY_LEVEL])])
def test_each_number_opens_the_list_of_exactly_those_accounts(console, director, degree, spreads):
    school = EstablishmentFactory.create(feed__degree=degree)
    MandateFactory.create(establishment=school, agent=director)
    fill(school, seed=7, families=8)
    access = get_access(director, school.uai)
    tables = [*whole(access), *(table for spread in spreads for table in spread_tables(access, spread))]

    cells = {cell for table in tables for line in (*table.lines, table.total) for cell in line.cells}

    assert len([cell for cell in cells if cell.accounts]) > 20
    for cell in cells:
        if cell.accounts:
            assert listed(console, cell.address) == cell.accounts, cell.address
    empty = next(cell for cell in cells if not cell.accounts)
    assert listed(console, empty.address) == 0


def test_each_number_of_a_campaign_opens_the_accounts_it_reached(console, college, director):
    reached = [responsable_account(college, state=state, children=2) for state in State]
    aside = responsable_account(college)
    operation = campaign(college, director, reached, left_aside=[aside])

    page = console.get(reverse("statistics", args=[college.uai]), {"par": "campagne"})

    (line,) = page.context["lines"]
    assert numbers(line) == [4, 1, 1, 1, 1]
    assert [listed(console, cell.address) for cell in line.cells] == [4, 1, 1, 1, 1]
    assert f"?campagne={operation.pk}" in line.address
    (panel,) = console.get(line.address).context["panels"]
    assert panel[0].total.accounts == 4


def test_a_campaign_says_which_accounts_are_gone(console, college, director):
    stays, goes = responsable_account(college), responsable_account(college)
    campaign(college, director, [stays, goes])
    goes.sources.get().responsable.responsibilities.update(is_legal=False)

    page = console.get(reverse("statistics", args=[college.uai]), {"par": "campagne"})

    assert page.context["lines"][0].accounts == 1
    assert "1 compte n’a plus d’élève ici" in page.text


def test_the_pages_of_campaigns_are_the_same_with_and_without_htmx(console, college, director):
    account = responsable_account(college)
    for days in range(22):
        campaign(college, director, [account], days_ago=days)
    query = {"par": "campagne", "page": "2"}

    whole_page = console.get(reverse("statistics", args=[college.uai]), query)
    fragment = console.get(reverse("statistics", args=[college.uai]), query, headers={"HX-Request": "true"})

    assert len(whole_page.context["lines"]) == 2
    assert fragment.text.strip().startswith('<div id="campaigns">')
    assert fragment.text.strip() in whole_page.text


def test_a_campaign_of_one_population_is_no_filter_of_the_other(console, college, director):
    operation = campaign(college, director, [responsable_account(college)])
    student_account(college)

    students = console.get(reverse("student_list", args=[college.uai]), {"campagne": operation.pk})
    responsables = console.get(reverse("responsable_list", args=[college.uai]), {"campagne": operation.pk})

    assert "Un critère de cette adresse n’existe pas" in students.text
    assert "Notification du" in responsables.text
    assert "Un critère" not in responsables.text


def test_the_campaign_of_another_establishment_does_not_exist_here(console, college, director):
    elsewhere = EstablishmentFactory.create()
    shared = responsable_account(college)
    operation = campaign(elsewhere, MandateFactory.create(establishment=elsewhere).agent, [shared])
    here = reverse("statistics", args=[college.uai])

    assert console.get(here, {"campagne": operation.pk}).status_code == 404
    assert not console.get(here, {"par": "campagne"}).context["lines"]
    for nonsense in ("abc", "0", "9" * 30):
        assert console.get(here, {"campagne": nonsense}).status_code == 404
        assert console.get(reverse("responsable_list", args=[college.uai]), {"campagne": nonsense}).text


def test_a_class_of_another_establishment_does_not_exist_here(console, college):
    foreign = SchoolClassFactory.create()
    assert console.get(reverse("statistics", args=[college.uai]), {"classe": foreign.pk}).status_code == 404


def test_the_page_of_a_class_counts_its_accounts_alone(console, college):
    fill(college, seed=3)
    spread = console.get(reverse("statistics", args=[college.uai]), {"par": "classe"})
    for table in spread.context["tables"]:
        for line in table.lines:
            panels = console.get(line.address).context["panels"]
            (found,) = [panel[0] for panel in panels if panel[0].kind == table.kind]
            assert numbers(found.total) == numbers(line)


def test_the_page_says_how_many_accounts_count_more_than_once(console, college):
    responsable_account(college, children=2)
    responsable_account(college, children=3)
    responsable_account(college)

    text = " ".join(console.get(reverse("statistics", args=[college.uai]), {"par": "classe"}).text.split())

    assert "2 comptes comptent plus d’une fois" in text


def test_a_delegate_for_pupils_sees_their_numbers_only(client, college):
    responsable_account(college)
    student_account(college)
    client.force_login(DelegationFactory.create(establishment=college, population="STUDENTS").agent)
    here = reverse("statistics", args=[college.uai])

    for query in ("", "par=classe", "par=mef"):
        text = client.get(f"{here}?{query}").text
        assert "responsables" not in text.lower().split("<main")[1]
    of_responsables = campaign(college, AgentFactory.create(), Account.objects.filter(kind="RESPONSABLE"))
    assert client.get(here, {"campagne": of_responsables.pk}).status_code == 404
    export = client.get(reverse("statistics_export", args=[college.uai]))
    assert "Responsable;" not in export.text.replace("Élève;Responsable;", "")


def test_in_the_1er_degre_accounts_are_spread_by_level(console, director):
    school = EstablishmentFactory.create(feed__degree=1)
    MandateFactory.create(establishment=school, agent=director)
    fill(school, seed=1, families=6)

    page = console.get(reverse("statistics", args=[school.uai]), {"par": "niveau"})

    assert [line.label for line in page.context["tables"][0].lines] == ["CP", "CE1", "Sans niveau"]
    assert "par=mef" not in page.text


def test_the_page_says_when_it_was_counted_in_the_time_of_the_academie(client):
    school = EstablishmentFactory.create(feed__academy__code="28")
    client.force_login(MandateFactory.create(establishment=school).agent)
    with time_machine.travel("2020-08-12T15:46:00+00:00", tick=False):
        text = client.get(reverse("statistics", args=[school.uai])).text
    assert "Dernière mise à jour le 12/08/2020 à 19:46" in text


def test_an_establishment_without_accounts_has_its_zeros(console, college):
    here = reverse("statistics", args=[college.uai])
    for query in ("", "par=classe", "par=mef", "par=campagne"):
        assert console.get(f"{here}?{query}").status_code == 200


@pytest.mark.parametrize("query", ["", "par=classe", "par=mef", "par=campagne"])
def test_the_number_of_queries_does_not_grow(console, college, director, query):
    address = f"{reverse('statistics', args=[college.uai])}?{query}"

    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert console.get(address).status_code == 200
        return len(captured)

    fill(college, seed=1, families=1)
    campaign(college, director, list(Account.objects.filter(kind="RESPONSABLE")))
    queries()
    few = queries()
    fill(college, seed=2, families=12)
    for days in range(2, 6):
        campaign(college, director, list(Account.objects.filter(kind="RESPONSABLE")), days_ago=days)

    assert queries() == few <= 14
