"""manage.py grant_statistics_role, and the way in to MétéoStat of who has a role."""

from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import reverse

from establishments.models import AcademyRole, Agent, Event, EventKind, StatisticsRole
from statistics.meteostat.roles import territories_of
from statistics.meteostat.territories import Level
from tests.factories import (
    AcademyRoleFactory,
    AgentFactory,
    DepartmentFactory,
    DistrictFactory,
    MandateFactory,
    StatisticsRoleFactory,
)

pytestmark = pytest.mark.django_db
NEW = ["--surname", "RECTEUR", "--given-name", "Noa"]


@pytest.fixture(autouse=True)
def places():
    DistrictFactory.create(uai="0930456X", name="Bondy")
    DepartmentFactory.create(code="093")
    DepartmentFactory.create(code="02A")


def run(*words):
    out = StringIO()
    call_command("grant_statistics_role", *words, stdout=out)
    [line] = out.getvalue().splitlines()
    return line


def test_without_wet_run_it_only_says_what_it_would_do():
    said = run("noa@example.org", "24", *NEW)

    assert said.startswith("Statistiques, académie Créteil (24) : serait donné (noa@example.org)")
    assert "Rien n’a été fait" in said
    assert not Agent.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("word", "level", "code", "said"),
    [
        ("fr", Level.NATION, "FR", "nation France (FR)"),
        ("24", Level.ACADEMY, "24", "académie Créteil (24)"),
        ("093", Level.DEPARTMENT, "093", "département Seine-Saint-Denis (093)"),
        ("02a", Level.DEPARTMENT, "02A", "département Corse-du-Sud (02A)"),
        ("0930456x", Level.DISTRICT, "0930456X", "circonscription Bondy (0930456X)"),
    ],
)
def test_the_shape_of_a_code_tells_its_level_and_the_answer_names_the_territory(word, level, code, said):
    agent = AgentFactory.create()

    assert f"Statistiques, {said} : donné (" in run(agent.email.upper(), word, "--wet-run")
    assert "rien n’a changé" in run(agent.email, word, "--wet-run")

    role = StatisticsRole.objects.get()
    assert (role.agent, role.level, role.code, role.ended_at) == (agent, level, code, None)
    event = Event.objects.get()
    assert (event.kind, event.establishment, event.actor) == (
        EventKind.DELEGATION_GRANTED,
        None,
        Event.Actor.PLATFORM,
    )
    assert (event.target_kind, event.target_id) == ("statistics_role", role.pk)
    assert event.data == {"agent": agent.pk, "level": level, "code": code}


def test_an_agent_unknown_is_created_and_invited():
    assert "créé et invité" in run("Noa@example.org", "093", *NEW, "--wet-run")

    agent = Agent.objects.get(email="noa@example.org")
    assert agent.reads_statistics
    [message] = mail.outbox
    assert message.to == ["noa@example.org"]
    assert "/invitation/" in message.body


def test_ended_it_opens_nothing_more_and_is_recorded_once():
    role = StatisticsRoleFactory.create(level=Level.DEPARTMENT, code="093")

    assert "prendrait fin" in run(role.agent.email, "093", "--end")
    assert "terminé (" in run(role.agent.email, "093", "--end", "--wet-run")
    assert "rien n’a changé" in run(role.agent.email, "093", "--end", "--wet-run")

    agent = Agent.objects.get(pk=role.agent.pk)
    assert not agent.reads_statistics
    assert territories_of(agent) == []
    event = Event.objects.get()
    assert (event.kind, event.target_id) == (EventKind.DELEGATION_ENDED, role.pk)


def test_the_end_of_a_role_leaves_those_of_others_and_on_other_territories():
    role = StatisticsRoleFactory.create(level=Level.DEPARTMENT, code="093")
    kept = [
        StatisticsRoleFactory.create(level=Level.DEPARTMENT, code="093"),
        StatisticsRoleFactory.create(agent=role.agent, level=Level.ACADEMY, code="24"),
        StatisticsRoleFactory.create(agent=role.agent, level=Level.DEPARTMENT, code="02A"),
    ]

    run(role.agent.email, "093", "--end", "--wet-run")

    assert set(StatisticsRole.objects.in_force()) == set(kept)


def test_given_again_after_its_end_it_is_another_role():
    role = StatisticsRoleFactory.create()
    for words in (["--end"], []):
        run(role.agent.email, "FR", *words, "--wet-run")

    assert StatisticsRole.objects.count() == 2
    assert StatisticsRole.objects.in_force().count() == 1


def test_a_role_on_what_is_no_more_can_be_ended_but_not_given():
    role = StatisticsRoleFactory.create(level=Level.DISTRICT, code="0939999A")

    assert "circonscription 0939999A : terminé" in run(role.agent.email, "0939999A", "--end", "--wet-run")
    with pytest.raises(CommandError, match="Circonscription inconnue : 0939999A"):
        run(role.agent.email, "0939999A", "--wet-run")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["inconnu@example.org", "24"], "Agent inconnu"),
        (["inconnu@example.org", "24", "--end", *NEW], "Agent inconnu"),
        (["noa@example.org", "93", *NEW], r"Académie inconnue : 93.*093 \(un département"),
        (["noa@example.org", "024", *NEW], "Département inconnu : 024"),
        (["noa@example.org", "2A", *NEW], "Territoire inconnu : 2A"),
        (["noa@example.org", "0930456A", *NEW], "Circonscription inconnue"),
        (["noa@example.org", "Créteil", *NEW], "Territoire inconnu : CRÉTEIL"),
        (["noa@example.org", "", *NEW], "Territoire inconnu"),
        (["sans-arobase", "24", *NEW], "Adresse inutilisable"),
    ],
)
def test_what_makes_no_sense_is_refused(words, said):
    with pytest.raises(CommandError, match=said):
        run(*words, "--wet-run")
    assert not Agent.objects.exists()


def test_a_disabled_agent_receives_nothing():
    agent = AgentFactory.create(is_active=False)

    with pytest.raises(CommandError, match="désactivé"):
        run(agent.email, "24", "--wet-run")
    assert not StatisticsRole.objects.exists()


def reader(*codes):
    """An agent who reads territories of these levels and codes."""
    agent = AgentFactory.create()
    for level, code in codes:
        StatisticsRoleFactory.create(agent=agent, level=level, code=code)
    return agent


DEPARTMENT = (Level.DEPARTMENT, "093")
MÉTÉOSTAT = 'href="/meteostat/"'


def test_who_has_one_territory_and_nothing_else_comes_in_straight_to_it(client):
    client.force_login(reader(DEPARTMENT))

    response = client.get("/", follow=True)

    assert response.redirect_chain == [("/meteostat/", 302), ("/meteostat/departements/093/", 302)]
    assert response.context["territory"].name == "Seine-Saint-Denis"


def test_who_has_several_chooses_among_them_the_widest_first_and_what_is_no_more_is_left_out(client):
    client.force_login(
        reader((Level.DISTRICT, "0930456X"), (Level.DISTRICT, "0939999A"), (Level.NATION, "FR"), DEPARTMENT)
    )

    page = client.get("/meteostat/")

    assert [each.name for each in page.context["territories"]] == ["France", "Seine-Saint-Denis", "Bondy"]
    assert 'href="/meteostat/nation/"' in page.text
    assert 'href="/meteostat/circonscriptions/0930456X/"' in page.text


def test_who_has_a_role_on_what_is_no_more_alone_is_told_so(client):
    client.force_login(reader((Level.DISTRICT, "0939999A")))

    assert "n’est plus dans l’annuaire" in client.get("/", follow=True).text


def test_the_way_up_leads_to_what_is_open_alone(client):
    client.force_login(reader(DEPARTMENT))
    page = client.get("/meteostat/circonscriptions/0930456X/").text
    assert "/meteostat/departements/093/" in page
    assert "/meteostat/academies/" not in page

    client.force_login(reader((Level.NATION, "FR")))
    page = client.get("/meteostat/circonscriptions/0930456X/").text
    assert page.index("/meteostat/nation/") < page.index("/meteostat/academies/24/")
    assert page.index("/meteostat/academies/24/") < page.index("/meteostat/departements/093/")


def test_who_has_establishments_too_finds_it_where_they_are_chosen(client):
    agent = reader(DEPARTMENT)
    MandateFactory.create(agent=agent)
    client.force_login(agent)

    response = client.get("/", follow=True)

    assert response.redirect_chain == [(reverse("establishments"), 302)]
    assert MÉTÉOSTAT in response.text


@pytest.mark.parametrize("kind", AcademyRole.Kind)
def test_an_agent_of_an_académie_finds_it_on_the_page_they_start_from(client, kind):
    agent = reader(DEPARTMENT)
    AcademyRoleFactory.create(agent=agent, kind=kind)
    client.force_login(agent)

    assert MÉTÉOSTAT in client.get("/", follow=True).text
    assert MÉTÉOSTAT in client.get("/plan-du-site/").text


def test_to_others_it_is_not_told_of(client):
    agent = AgentFactory.create()
    for kind in AcademyRole.Kind:
        AcademyRoleFactory.create(agent=agent, kind=kind)
    MandateFactory.create(agent=agent)
    client.force_login(agent)

    for address in ("/etablissements/", "/assistance-academique/", "/imports/", "/plan-du-site/"):
        page = client.get(address)
        assert page.status_code == 200
        assert "MétéoStat" not in page.text, address
    assert client.get("/meteostat/").status_code == 404
