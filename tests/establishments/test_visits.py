"""The assistance of an académie reads an establishment for a while, and the school knows it."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from establishments import visits
from establishments.access import RESPONSABLES, STUDENTS, Right, get_access
from establishments.models import AcademyRole, Delegation, Establishment, Event, EventKind, Visit
from tests.factories import (
    AcademyFactory,
    AcademyRoleFactory,
    DelegationFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    VisitFactory,
    responsable_account,
)

pytestmark = pytest.mark.django_db
STATED = {"occasion": "FAMILY", "detail": "Ticket 4821, courriel jamais arrivé"}
REASON = "Une famille a appelé l’assistance : Ticket 4821, courriel jamais arrivé"


@pytest.fixture
def school():
    return EstablishmentFactory.create()


@pytest.fixture
def agent(client, school):
    agent = AcademyRoleFactory.create(academy=school.academy).agent
    client.force_login(agent)
    return agent


def page_of(school, name="establishment"):
    return reverse(name, args=[school.uai])


def test_home_leads_to_the_search_of_establishments(client, agent):
    page = client.get("/", follow=True)

    assert page.redirect_chain == [(reverse("assistance_home"), 302)]
    assert "Créteil" in page.text


@pytest.mark.parametrize("query", ["tilleuls", "FICTIVILLE", "les tilleuls fictiville"])
def test_an_establishment_is_found_by_name_or_town_among_those_of_the_académie(client, agent, school, query):
    elsewhere = FeedFactory.create(academy=AcademyFactory.create(code="28"))
    EstablishmentFactory.create(feed=elsewhere)
    EstablishmentFactory.create(is_offered=False)

    page = client.get(reverse("assistance_home"), {"q": query})

    assert list(page.context["page"]) == [school]


def test_a_search_asks_the_same_of_the_database_for_one_establishment_and_for_twenty(
    client, agent, school, django_assert_max_num_queries
):
    with django_assert_max_num_queries(20) as few:
        client.get(reverse("assistance_home"), {"q": "fictiville"})
    EstablishmentFactory.create_batch(25)
    with django_assert_max_num_queries(len(few)):
        page = client.get(reverse("assistance_home"), {"q": school.city}, headers={"HX-Request": "true"})

    assert len(page.context["page"]) == 20
    assert "<html" not in page.text
    assert "26 établissements" in page.text


def test_before_a_reason_is_said_the_establishment_does_not_exist(client, agent, school):
    assert client.get(page_of(school)).status_code == 404
    assert page_of(school, "visit_begin") in client.get(reverse("assistance_home"), {"q": school.uai}).text


def test_once_said_it_opens_for_four_hours_and_the_journal_of_the_school_says_so(client, agent, school):
    assert client.post(page_of(school, "visit_begin"), STATED).url == page_of(school)

    visit = Visit.objects.get()
    assert (visit.agent, visit.establishment, visit.reason) == (agent, school, REASON)
    assert visit.ends_at - visit.started_at == timedelta(hours=4)
    event = Event.objects.get(establishment=school)
    assert (event.kind, event.agent, event.data) == (
        EventKind.ASSISTANCE_ENTERED,
        agent,
        {"visit": visit.pk},
    )
    assert client.get(page_of(school)).status_code == 200


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"occasion": ""}, "Choisissez un motif."),
        ({"occasion": "CURIOSITY"}, "Choisissez un motif de la liste."),
        ({"detail": ""}, "Précisez le motif : l’établissement le lira."),
        ({"detail": "trop peu"}, "10 caractères au moins"),
        ({"detail": "a  b       c"}, "10 caractères au moins"),
        ({"detail": "trop " * 60}, "250 caractères au plus."),
    ],
)
def test_a_reason_that_says_nothing_opens_nothing(client, agent, school, changed, told):
    answer = client.post(page_of(school, "visit_begin"), STATED | changed)

    assert answer.status_code == 422
    assert told in answer.text
    assert not Visit.objects.exists()


def test_the_longest_reason_fits(client, agent, school):
    client.post(page_of(school, "visit_begin"), {"occasion": "SCHOOL", "detail": "é" * 250})

    assert Visit.objects.get().reason.endswith("é" * 250)


def test_said_twice_it_is_one_visit(client, agent, school):
    for _ in range(2):
        visits.begin(agent, school, REASON)
    assert client.post(page_of(school, "visit_begin"), STATED).url == page_of(school)

    assert Visit.objects.count() == Event.objects.count() == 1


@pytest.mark.parametrize("mandated", [False, True])
def test_another_académie_is_not_there_to_be_visited(client, agent, mandated):
    school = EstablishmentFactory.create(feed__academy=AcademyFactory.create(code="28"))

    assert client.get(page_of(school, "visit_begin")).status_code == 404
    assert client.post(page_of(school, "visit_begin"), STATED).status_code == 404
    with pytest.raises(visits.NotAssisted):
        visits.begin(agent, school, REASON)


def test_a_visit_reads_all_populations_and_holds_no_other_right(school):
    visit = VisitFactory.create(establishment=school)

    access = get_access(visit.agent, school.uai)

    assert access.rights == dict.fromkeys([STUDENTS, RESPONSABLES], frozenset({Right.CONSULT}))
    assert (access.role, access.visit) == ("Assistance académique", visit)
    assert list(Establishment.objects.visible_to(visit.agent)) == [school]
    assert not Establishment.objects.held_by(visit.agent).exists()


def test_in_the_1er_degré_a_visit_reads_responsables():
    visit = VisitFactory.create(establishment__feed__degree=1)

    assert get_access(visit.agent, visit.establishment.uai).populations == [RESPONSABLES]


def test_a_mandate_wins_over_a_visit_and_needs_none(client, agent, school):
    MandateFactory.create(agent=agent, establishment=school)
    assert client.get(page_of(school, "visit_begin")).url == page_of(school)
    VisitFactory.create(agent=agent, establishment=school, role=None)

    access = get_access(agent, school.uai)

    assert access.can(Right.CONFIGURE, STUDENTS)
    assert access.visit is None
    assert "Terminer la consultation" not in client.get(page_of(school)).text


def test_a_delegation_and_a_visit_add_up(school):
    visit = VisitFactory.create(establishment=school)
    DelegationFactory.create(
        agent=visit.agent, establishment=school, population=Delegation.Population.STUDENTS, profile="ASSIST"
    )

    access = get_access(visit.agent, school.uai)

    assert access.can(Right.ASSIST, STUDENTS)
    assert access.rights[RESPONSABLES] == {Right.CONSULT}
    assert access.visit == visit


def test_who_also_directs_chooses_from_their_own_and_finds_the_way_to_the_assistance(client, agent):
    own = MandateFactory.create(agent=agent).establishment

    page = client.get("/", follow=True)

    assert page.redirect_chain == [(reverse("establishments"), 302)]
    assert list(page.context["page"]) == [own]
    assert reverse("assistance_home") in page.text


@pytest.mark.parametrize(
    "name", ["establishment", "responsable_list", "assistance", "operation_list", "statistics"]
)
def test_every_page_of_a_visit_says_so_and_offers_no_act(client, agent, school, name):
    account = responsable_account(school)
    visits.begin(agent, school, REASON)

    for page in (
        client.get(page_of(school, name)),
        client.get(reverse("account", args=[school.uai, account.pk])),
    ):
        assert page.text.count("Terminer la consultation") == 1
        assert REASON in page.text
        forms = page.text.split('method="post"')[1:]
        targets = {form.split('action="')[1].split('"')[0] for form in forms}
        assert targets == {
            reverse("account_logout"),
            reverse("session_extend"),
            page_of(school, "visit_leave"),
        }
        assert "export" not in page.text


def test_ended_by_hand_it_is_over_at_once_and_recorded_once(client, agent, school):
    visits.begin(agent, school, REASON)

    for _ in range(2):
        assert client.post(page_of(school, "visit_leave")).url == reverse("assistance_home")

    assert client.get(page_of(school)).status_code == 404
    assert Event.objects.filter(kind=EventKind.ASSISTANCE_LEFT, establishment=school).count() == 1


def test_it_ends_by_itself_and_home_offers_to_open_it_again(client, agent, school):
    visit = visits.begin(agent, school, REASON)
    home = client.get(reverse("assistance_home"))
    assert "En cours, jusqu’au" in home.text

    with time_machine.travel(visit.ends_at + timedelta(seconds=1), tick=False):
        client.force_login(agent)
        assert client.get(page_of(school)).status_code == 404
        home = client.get(reverse("assistance_home"))
        assert "Consultation terminée le" in home.text
        assert page_of(school, "visit_begin") in home.text
    with time_machine.travel(visit.ends_at + timedelta(days=2), tick=False):
        client.force_login(agent)
        assert "Consultation terminée" not in client.get(reverse("assistance_home")).text


def test_when_the_role_ends_the_visit_ends_with_it(client, agent, school):
    visits.begin(agent, school, REASON)
    AcademyRole.objects.update(ended_at=timezone.now())

    assert client.get(page_of(school)).status_code == 404
    assert client.get(reverse("assistance_home")).status_code == 404


def test_for_seven_days_the_school_reads_on_its_home_page_who_came_and_why(client, school):
    visit = VisitFactory.create(establishment=school)
    director = MandateFactory.create(establishment=school).agent
    client.force_login(director)

    home = client.get(page_of(school)).text
    assert "L’assistance académique a consulté l’établissement le" in home
    assert visit.reason in home
    Visit.objects.update(started_at=timezone.now() - timedelta(days=8))
    assert "L’assistance académique a consulté" not in client.get(page_of(school)).text


def test_directors_read_the_visits_of_twelve_months_by_pages(client, school):
    agent = VisitFactory.create(establishment=school).agent
    for days in range(1, 22):
        came = timezone.now() - timedelta(days=days)
        VisitFactory.create(agent=agent, establishment=school, role=None, started_at=came, ends_at=came)
    old = timezone.now() - timedelta(days=366)
    VisitFactory.create(agent=agent, establishment=school, role=None, started_at=old, ends_at=old)
    VisitFactory.create(agent=agent, role=None)
    client.force_login(MandateFactory.create(establishment=school, role="DEPUTY").agent)

    page = client.get(page_of(school, "visit_list"))

    assert (page.context["page"].paginator.count, len(page.context["page"])) == (22, 20)
    assert agent.full_name in page.text
    rest = client.get(page_of(school, "visit_list"), {"page": 2}, headers={"HX-Request": "true"})
    assert len(rest.context["page"]) == 2
    assert "<html" not in rest.text


def test_a_school_nobody_visited_says_so(client, school):
    client.force_login(MandateFactory.create(establishment=school).agent)

    assert "à aucun moment" in client.get(page_of(school, "visit_list")).text
