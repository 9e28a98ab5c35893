"""manage.py grant_academy_role: the assistance of an académie is named by command."""

from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from establishments.models import AcademyRole, Agent, Event, EventKind
from tests.factories import AcademyFactory, AgentFactory, VisitFactory

pytestmark = pytest.mark.django_db
NEW = ["--surname", "AIDE", "--given-name", "Noa"]


@pytest.fixture
def academy():
    return AcademyFactory.create()


def run(*words):
    out = StringIO()
    call_command("grant_academy_role", *words, stdout=out)
    [line] = out.getvalue().splitlines()
    return line


def test_without_wet_run_it_only_says_what_it_would_do(academy):
    assert "Rien n’a été fait" in run("noa@example.org", "24", *NEW)
    assert not Agent.objects.exists()
    assert not Event.objects.exists()


def test_an_agent_known_receives_it_once_and_it_is_recorded_for_no_establishment(academy):
    agent = AgentFactory.create()

    assert "donné (" in run(agent.email.upper(), "24", "--wet-run")
    assert "rien n’a changé" in run(agent.email, "24", "--wet-run")

    role = AcademyRole.objects.get()
    assert (role.agent, role.academy) == (agent, academy)
    event = Event.objects.get()
    assert (event.kind, event.establishment, event.actor) == (
        EventKind.DELEGATION_GRANTED,
        None,
        Event.Actor.PLATFORM,
    )
    assert (event.target_kind, event.target_id) == ("academy_role", role.pk)


def test_an_agent_unknown_is_created_and_invited(academy):
    assert "créé et invité" in run("Noa@example.org", "24", *NEW, "--wet-run")

    agent = Agent.objects.get(email="noa@example.org")
    assert agent.assists_an_academy
    assert not agent.has_usable_password()
    [message] = mail.outbox
    assert message.to == ["noa@example.org"]
    assert "/invitation/" in message.body


def test_ended_its_visits_end_with_it(academy):
    visit = VisitFactory.create()

    assert "terminé (" in run(visit.agent.email, "24", "--end", "--wet-run")
    assert "rien n’a changé" in run(visit.agent.email, "24", "--end", "--wet-run")

    assert not visit.agent.visits.in_force().exists()
    assert Event.objects.get().kind == EventKind.DELEGATION_ENDED


@pytest.mark.parametrize(
    "words",
    [
        ["inconnu@example.org", "24"],
        ["inconnu@example.org", "24", "--end", *NEW],
        ["noa@example.org", "99", *NEW],
        ["sans-arobase", "24", *NEW],
    ],
)
def test_what_makes_no_sense_is_refused(academy, words):
    with pytest.raises(CommandError):
        run(*words, "--wet-run")
    assert not Agent.objects.exists()


def test_a_disabled_agent_receives_nothing(academy):
    agent = AgentFactory.create(is_active=False)

    with pytest.raises(CommandError):
        run(agent.email, "24", "--wet-run")
    assert not AcademyRole.objects.exists()


def test_following_imports_is_another_role_and_ending_one_leaves_the_other(academy):
    agent = AgentFactory.create()
    for role in ("assistance", "imports"):
        assert "donné (" in run(agent.email, "24", "--role", role, "--wet-run")

    assert "Suivi des imports" in run(agent.email, "24", "--role", "imports", "--end", "--wet-run")

    agent = Agent.objects.get(pk=agent.pk)
    assert (agent.assists_an_academy, agent.follows_imports) == (True, False)
