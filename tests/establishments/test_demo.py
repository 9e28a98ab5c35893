"""The people of the demonstration: offered there only, and to nobody far away."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from establishments import demo, demo_delegations
from establishments.delegations.recap import recap_of
from establishments.models import Delegation, Department, Mandate, StatisticsRole
from tests.factories import (
    AcademyRoleFactory,
    AgentFactory,
    DelegationFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def people(settings):
    settings.DEMO_MODE = True
    primary = FeedFactory.create(degree=1)
    head = MandateFactory.create(agent__password=None).agent
    of_two = AgentFactory.create()
    for _ in range(2):
        MandateFactory.create(agent=of_two, establishment=EstablishmentFactory.create(feed=primary))
    deputy = MandateFactory.create(role=Mandate.Role.DEPUTY).agent
    delegate = DelegationFactory.create(population=Delegation.Population.STUDENTS).agent
    assistance = AcademyRoleFactory.create().agent
    Department.objects.create(code="093", name="Seine-Saint-Denis", academy=primary.academy)
    readers = [reads_statistics("NATION", "FR"), reads_statistics("DEPARTMENT", "093")]
    return [head, of_two, deputy, delegate, assistance, *readers]


def reads_statistics(level, code):
    agent = AgentFactory.create()
    StatisticsRole.objects.create(agent=agent, level=level, code=code)
    return agent


def sign_in_as(client, agent, **extra):
    return client.post(reverse("demo_sign_in"), {"agent": agent.pk}, **extra)


def is_signed_in(client):
    return "_auth_user_id" in client.session


def test_one_of_each_kind_is_found(people):
    found = demo.personas()
    assert [person.agent for person in found] == people
    assert [person.places for person in found[-2:]] == ["France", "Seine-Saint-Denis"]


def test_the_sign_in_page_offers_them_and_one_click_enters(client, people):
    page = client.get(reverse("account_login"))
    assert "Direction de deux écoles" in page.text
    assert sign_in_as(client, people[0]).url == reverse("home")
    assert is_signed_in(client)


def test_a_kind_that_the_data_lacks_is_not_offered(client, settings):
    settings.DEMO_MODE = True
    assert demo.personas() == []
    assert "Démonstration" not in client.get(reverse("account_login")).text


def test_nobody_else_can_be_entered_as(client, people):
    assert sign_in_as(client, AgentFactory.create()).status_code == 404
    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "extra", [{"REMOTE_ADDR": "192.0.2.1"}, {"HTTP_X_FORWARDED_FOR": "192.0.2.1"}, {"REMOTE_ADDR": ""}]
)
def test_far_away_or_behind_a_proxy_it_does_not_exist(client, people, extra):
    assert sign_in_as(client, people[0], **extra).status_code == 404
    assert not is_signed_in(client)
    assert not demo.is_offered(client.get("/accessibilite/", **extra).wsgi_request)


def test_outside_the_demonstration_it_does_not_exist(client, people, settings):
    settings.DEMO_MODE = False
    assert sign_in_as(client, people[0]).status_code == 404
    assert not is_signed_in(client)
    assert "Démonstration" not in client.get(reverse("account_login")).text


def test_the_command_prints_them_with_a_password_that_works(client, people):
    out = StringIO()
    call_command("demo_people", stdout=out)
    assert people[0].email in out.getvalue()
    client.post(reverse("account_login"), {"login": people[0].email, "password": demo.PASSWORD})
    assert is_signed_in(client)


def test_the_command_gives_no_password_outside_the_demonstration(people, settings):
    settings.DEMO_MODE = False
    with pytest.raises(CommandError):
        call_command("demo_people")
    people[0].refresh_from_db()
    assert not people[0].has_usable_password()


@pytest.mark.parametrize(
    ("asked", "opened"), [("/accessibilite/", "/accessibilite/"), ("https://ailleurs.example.org/", "/")]
)
def test_a_persona_lands_on_the_page_asked_for_and_never_on_another_site(client, people, asked, opened):
    answer = client.post(reverse("demo_sign_in"), {"agent": people[0].pk, "next": asked})

    assert answer.url == opened


def test_the_page_of_delegations_has_a_year_behind_it():
    director = MandateFactory.create()
    demo_delegations.play(director)
    recap = recap_of(director.establishment)
    assert [each.standing for each in recap.delegated] == ["IN_FORCE", "TO_COME", "IN_FORCE"]
    assert (len(recap.left), len(recap.ended)) == (1, 1)
