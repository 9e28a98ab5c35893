"""What claims become: mandates and delegations of their own source, together, told without a name."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from establishments.claims import read_claims
from establishments.federation.admission import AdmissionRefused, admit
from establishments.federation.provider import Answer
from establishments.federation.rights import apply, opened_by
from establishments.identity_providers import IdentityProvider
from establishments.models import Agent, Delegation, Event, EventKind, Mandate
from establishments.tasks import end_unconfirmed_claims
from tests.establishments.written_claims import delegation, directs
from tests.factories import AgentFactory, DelegationFactory, EstablishmentFactory, MandateFactory

PROVIDER = IdentityProvider("fim", "https://fim.example.org", "console", "secret", "FIM", has_claims=True)
PROCONNECT = IdentityProvider("proconnect", "https://pc.example.org", "console", "secret", "ProConnect")


def claim(agent, **userinfo):
    apply(opened_by(read_claims(userinfo, application="educonnect")), agent)


def held(agent):
    return {(mandate.establishment.uai, mandate.role) for mandate in agent.mandates.in_force()}


@pytest.mark.django_db
def test_claims_said_again_change_nothing_and_write_nothing():
    agent, school = AgentFactory.create(), EstablishmentFactory.create()
    claim(agent, **directs(school), **delegation(school))
    before = Event.objects.count()
    claim(agent, **directs(school), **delegation(school))
    assert (Mandate.objects.count(), Delegation.objects.count(), Event.objects.count()) == (1, 1, before)


@pytest.mark.django_db
def test_no_claim_at_all_ends_what_claims_gave_and_nothing_else():
    agent, school = AgentFactory.create(), EstablishmentFactory.create()
    MandateFactory.create(agent=agent, establishment=school)
    DelegationFactory.create(agent=agent, establishment=school)
    claim(agent, **directs(school), **delegation(school))
    claim(agent)
    assert [mandate.source for mandate in agent.mandates.in_force()] == ["AAF"]
    assert [given.source for given in agent.delegations.in_force()] == ["GRANTED"]


@pytest.mark.django_db
def test_a_deputy_is_told_by_a_function_of_the_settings_alone(settings):
    agent, school = AgentFactory.create(), EstablishmentFactory.create()
    claim(agent, **directs(school, function="ADJ"))
    assert held(agent) == set()
    settings.FEDERATION_DEPUTY_FUNCTIONS = ["ADJ"]
    claim(agent, **directs(school, function="ADJ"))
    assert held(agent) == {(school.uai, "DEPUTY")}
    claim(agent, **directs(school, function=["ADJ", "DIR"]))
    assert held(agent) == {(school.uai, "DIRECTOR")}


@pytest.mark.django_db
def test_the_settings_say_what_a_delegation_lets_do(settings):
    agent, school = AgentFactory.create(), EstablishmentFactory.create()
    claim(agent, **delegation(school))
    settings.FEDERATION_PROFILE, settings.FEDERATION_POPULATION = "CONSULT", "RESPONSABLES"
    claim(agent, **delegation(school))
    given = agent.delegations.get(ended_at__isnull=True)
    assert (given.profile, given.population) == ("CONSULT", "RESPONSABLES")


@pytest.mark.django_db
def test_a_delegation_begins_and_ends_with_the_days_of_the_school(time_machine):
    paris = EstablishmentFactory.create()
    tahiti = EstablishmentFactory.create(feed__academy__code="41", feed__academy__time_zone="Pacific/Tahiti")
    agent = AgentFactory.create()
    # The 2nd of March in Paris, still the 1st in Tahiti.
    time_machine.move_to("2026-03-02T08:00:00Z")
    claim(agent, **delegation(paris, tahiti, begin="01/02/2026", end="01/03/2026"))
    assert [given.establishment for given in agent.delegations.filter(ended_at=None)] == [tahiti]
    refused = Event.objects.get(kind=EventKind.AGENT_CLAIMS_REFUSED)
    assert (refused.establishment, refused.data["reasons"]) == (paris, {"FrEduResDel:EXPIRED": 1})


@pytest.mark.django_db
def test_what_opens_nothing_is_told_to_the_school_concerned_without_a_name(caplog):
    caplog.set_level(logging.INFO, logger="establishments.federation.rights")
    school, agent = EstablishmentFactory.create(), AgentFactory.create(surname="SECRET")
    tomorrow = timezone.localdate() + timedelta(days=2)
    other, later = delegation(school, application="onde"), delegation(school, begin=f"{tomorrow:%d/%m/%Y}")
    claim(
        agent,
        FrEduResDel=[*other["FrEduResDel"], *later["FrEduResDel"], "nonsense|SECRET"],
        **directs(EstablishmentFactory.create(is_offered=False)),
    )
    told = {event.establishment_id: event.data for event in Event.objects.all()}
    assert told[school.pk]["reasons"] == {"FrEduResDel:NOT_BEGUN": 1}
    assert told[school.pk]["uais"] == [school.uai]
    assert told[None]["reasons"] == {
        "FrEduResDel:FOREIGN_APPLICATION": 1,
        "FrEduResDel:MALFORMED": 1,
        "FrEduRneResp:UNKNOWN_UAI": 1,
    }
    assert not agent.delegations.exists()
    [line] = caplog.messages
    assert "NOT_BEGUN 1" in line
    assert "SECRET" not in line + str(told)
    assert agent.email not in line + str(told)


@pytest.mark.django_db
def test_a_hundred_schools_cost_what_one_does(django_assert_max_num_queries):
    agent, schools = AgentFactory.create(), EstablishmentFactory.create_batch(30)
    with django_assert_max_num_queries(8):
        claim(agent, **directs(*schools), **delegation(*schools, begin="01/02/2020"))
    assert (Mandate.objects.count(), Delegation.objects.count()) == (30, 30)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_known", [True, False])
def test_two_sign_ins_at_once_make_one_agent_and_give_everything_once(is_known):
    schools = EstablishmentFactory.create_batch(3)
    if is_known:
        AgentFactory.create(email="maud@example.org")
    userinfo = {
        "sub": "sub-1",
        "email": "maud@example.org",
        "email_verified": True,
        "family_name": "PRINCIPAL",
        **directs(*schools),
        **delegation(*schools),
    }

    def sign_in(_):
        try:
            return admit(PROVIDER, Answer("sub-1", {}, userinfo, "")).user_id
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        agents = set(pool.map(sign_in, range(16)))

    assert agents == {Agent.objects.get().pk}
    assert (Mandate.objects.count(), Delegation.objects.count()) == (3, 3)
    assert Event.objects.filter(kind=EventKind.MANDATE_STARTED).count() == 3


@pytest.mark.django_db
def test_an_agent_made_by_claims_has_a_name_whatever_the_federation_says():
    school = EstablishmentFactory.create()
    for number, names in enumerate(({}, {"family_name": 7, "given_name": ["x"]}, {"name": " a\0b " * 99})):
        answer = Answer(f"sub-{number}", {}, {"sub": f"sub-{number}", **names, **directs(school)}, "")
        agent = admit(PROVIDER, answer).user
        assert 0 < len(agent.surname) <= 120


@pytest.mark.django_db
def test_a_delegation_keeps_its_days():
    agent, school = AgentFactory.create(), EstablishmentFactory.create()
    claim(agent, **delegation(school, begin="18/10/2023", end="31/12/2199"))
    given = agent.delegations.get()
    assert (given.begins_on, given.ends_on) == (date(2023, 10, 18), date(2199, 12, 31))


@pytest.mark.django_db
def test_rights_by_claims_end_when_the_federation_has_been_silent_too_long(settings, time_machine):
    settings.IDENTITY_PROVIDERS = (PROVIDER,)
    school, other = EstablishmentFactory.create_batch(2)
    userinfo = {"sub": "sub-1", **directs(school), **delegation(other)}
    time_machine.move_to("2026-07-04T10:00:00Z")
    agent = admit(PROVIDER, Answer("sub-1", {}, userinfo, "")).user
    MandateFactory.create(agent=agent, establishment=other)

    time_machine.move_to("2026-09-30T03:00:00Z")
    end_unconfirmed_claims()
    assert held(agent) == {(school.uai, "DIRECTOR"), (other.uai, "DIRECTOR")}
    time_machine.move_to("2026-10-03T03:00:00Z")
    end_unconfirmed_claims()
    assert held(agent) == {(other.uai, "DIRECTOR")}
    assert not agent.delegations.in_force().exists()
    assert Event.objects.filter(kind=EventKind.MANDATE_ENDED).get().establishment == school
    assert Event.objects.filter(kind=EventKind.DELEGATION_ENDED).get().establishment == other

    admit(PROVIDER, Answer("sub-1", {}, userinfo, ""))
    end_unconfirmed_claims()
    assert (school.uai, "DIRECTOR") in held(agent)


@pytest.mark.django_db
def test_a_command_unlinks_an_agent_whose_identity_the_provider_changed():
    school = EstablishmentFactory.create()
    userinfo = {"email": "maud@example.org", "email_verified": True, **directs(school)}
    agent = admit(PROVIDER, Answer("old", {}, userinfo, "")).user
    with pytest.raises(AdmissionRefused):
        admit(PROVIDER, Answer("new", {}, userinfo, ""))

    call_command("unlink_identity", agent.email, stdout=StringIO())
    assert held(agent) == {(school.uai, "DIRECTOR")}
    call_command("unlink_identity", agent.email, "--provider", "proconnect", "--wet-run", stdout=StringIO())
    assert held(agent) == {(school.uai, "DIRECTOR")}
    call_command("unlink_identity", str(agent.pk), "--wet-run", stdout=StringIO())
    assert held(agent) == set()

    assert admit(PROVIDER, Answer("new", {}, userinfo, "")).user == agent
    assert held(agent) == {(school.uai, "DIRECTOR")}
    with pytest.raises(CommandError):
        call_command("unlink_identity", "personne@example.org")


@pytest.mark.django_db
def test_forgetting_an_identity_which_opened_nothing_ends_nothing(settings):
    settings.IDENTITY_PROVIDERS = (PROVIDER, PROCONNECT)
    school = EstablishmentFactory.create()
    userinfo = {"email": "maud@example.org", "email_verified": True}
    agent = admit(PROVIDER, Answer("fim-1", {}, userinfo | directs(school), "")).user
    assert admit(PROCONNECT, Answer("pc-1", {}, userinfo, "")).user == agent
    call_command("unlink_identity", agent.email, "--provider", "proconnect", "--wet-run", stdout=StringIO())
    assert held(agent) == {(school.uai, "DIRECTOR")}
    call_command("unlink_identity", agent.email, "--provider", "fim", "--wet-run", stdout=StringIO())
    assert held(agent) == set()
