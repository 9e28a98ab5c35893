"""The page « Délégations » and its forms: what a director reads, and what they are told."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from establishments.delegations.people import key_of
from establishments.models import Agent, Delegation, Mandate
from tests.factories import (
    AgentFactory,
    DelegationFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def school():
    return EstablishmentFactory.create()


@pytest.fixture
def director(school):
    return MandateFactory.create(establishment=school).agent


@pytest.fixture
def as_director(director):
    client = Client()
    client.force_login(director)
    return client


def page(school, name="delegations", *arguments):
    return reverse(name, args=[school.uai, *arguments])


def posted(**changes):
    today = timezone.localdate()
    asked = {
        "profile": "ASSIST",
        "population": "BOTH",
        "begins_on": today.isoformat(),
        "ends_on": (today + 30 * DAY).isoformat(),
    }
    return asked | changes


def words(response):
    return " ".join(response.text.split())


def test_alone_the_director_reads_what_a_delegation_is_for(as_director, school):
    assert "Personne d’autre n’a accès à l’établissement." in words(as_director.get(page(school)))


def test_the_recap_names_each_person_with_rights_and_where_these_come_from(as_director, school, director):
    deputy = MandateFactory.create(establishment=school, role=Mandate.Role.DEPUTY).agent
    today = timezone.localdate()
    in_force = DelegationFactory.create(establishment=school, granted_by=director, profile="MANAGE").agent
    to_come = DelegationFactory.create(establishment=school, begins_on=today + DAY).agent
    claimed = DelegationFactory.create(establishment=school, source="CLAIMS").agent
    ended = DelegationFactory.create(establishment=school, ends_on=today - DAY).agent
    forgotten = DelegationFactory.create(establishment=school, ends_on=today - 200 * DAY).agent
    elsewhere = DelegationFactory.create().agent

    told = words(as_director.get(page(school)))

    for agent in (director, deputy, in_force, to_come, claimed, ended):
        assert agent.full_name in told
    for agent in (forgotten, elsewhere):
        assert agent.full_name not in told
    assert f"Accordée par {director.full_name}" in told
    for label in ("Annuaire fédérateur", "Fédération d’identité", "À venir", "Se termine dans la fédération"):
        assert label in told


def test_the_recap_costs_the_same_for_one_and_for_twenty(
    as_director, school, director, django_assert_max_num_queries
):
    DelegationFactory.create_batch(20, establishment=school, granted_by=director)
    with django_assert_max_num_queries(10):
        as_director.get(page(school))


@pytest.mark.parametrize("query", ["camille", "COLLEGUE", "Camille Collègue", "camille@example.org"])
def test_someone_the_school_knew_is_found_by_name_or_address(as_director, school, query):
    former = AgentFactory.create(given_name="Camille", surname="COLLÈGUE", email="camille@example.org")
    DelegationFactory.create(agent=former, establishment=school, ended_at=timezone.now())
    found = as_director.get(page(school, "delegation_search"), {"q": query})
    assert "Camille COLLÈGUE" in found.text
    assert page(school, "delegation_grant", key_of(former, school)) in found.text


def test_a_stranger_is_found_by_the_whole_address_only(as_director, school):
    AgentFactory.create(given_name="Camille", surname="COLLÈGUE", email="camille@example.org")
    for query in ("Collègue", "camille", "camille@", "@example.org", "amille@example.org"):
        assert "COLLÈGUE" not in as_director.get(page(school, "delegation_search"), {"q": query}).text
    assert "COLLÈGUE" in as_director.get(page(school, "delegation_search"), {"q": "Camille@example.org"}).text


def test_nobody_walks_through_the_agents_by_their_numbers(as_director, school):
    stranger, other = AgentFactory.create(), EstablishmentFactory.create()
    for key in (str(stranger.pk), f"{stranger.pk}:x", key_of(stranger, other)):
        assert as_director.get(page(school, "delegation_grant", key)).status_code == 404


def test_granted_from_the_form_the_page_says_so(as_director, school):
    colleague = AgentFactory.create()
    address = page(school, "delegation_grant", key_of(colleague, school))
    assert as_director.get(address).status_code == 200
    answer = as_director.post(address, posted(), follow=True)
    assert f"Délégation accordée à {colleague.full_name}" in answer.text
    assert colleague.delegations.get().profile == "ASSIST"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"begins_on": "2020-01-01"}, "commence aujourd’hui au plus tôt"),
        ({"ends_on": "2020-01-01"}, "La fin ne peut précéder"),
        ({"begins_on": "hier"}, "Donnez une date"),
        ({"begins_on": ""}, "Donnez une date"),
        ({"profile": ""}, "Choisissez ce que la personne pourra faire."),
        ({"population": "TOUS"}, "Choisissez pour quels comptes."),
        ({"profile": "a\0b"}, "fr-message--error"),
    ],
)
def test_what_will_not_do_is_said_in_french_and_grants_nothing(as_director, school, changes, told):
    colleague = AgentFactory.create()
    answer = as_director.post(page(school, "delegation_grant", key_of(colleague, school)), posted(**changes))
    assert answer.status_code == 422
    assert told in answer.text
    assert not Delegation.objects.exists()


def test_who_has_a_delegation_already_is_led_to_it(as_director, school, director):
    held = DelegationFactory.create(establishment=school, granted_by=director)
    answer = as_director.post(page(school, "delegation_grant", key_of(held.agent, school)), posted())
    assert answer.status_code == 422
    assert "modifiez-la plutôt" in answer.text
    assert page(school, "delegation_change", held.pk) in answer.text


def test_oneself_and_a_deputy_are_refused_in_words(as_director, school, director):
    deputy = MandateFactory.create(establishment=school, role=Mandate.Role.DEPUTY).agent
    for agent, told in ((director, "à vous-même"), (deputy, "dirige déjà l’établissement")):
        answer = as_director.post(page(school, "delegation_grant", key_of(agent, school)), posted())
        assert answer.status_code == 422
        assert told in answer.text


def test_in_the_1er_degré_there_is_no_population_to_choose():
    école = EstablishmentFactory.create(feed=FeedFactory.create(degree=1))
    client = Client()
    client.force_login(MandateFactory.create(establishment=école).agent)
    colleague = AgentFactory.create()
    address = page(école, "delegation_grant", key_of(colleague, école))
    assert 'name="population"' not in client.get(address).text
    client.post(address, posted(population="STUDENTS"))
    assert colleague.delegations.get().population == "RESPONSABLES"


def test_someone_unknown_is_invited_with_their_delegation(as_director, school):
    person = {"surname": "NEUVE", "given_name": "Nora", "mail": "nora.neuve@example.org"}
    for _ in range(2):
        answer = as_director.post(page(school, "delegation_invite"), posted(**person), follow=True)
        assert "qui reçoit une invitation" in answer.text
    assert Agent.objects.get(email=person["mail"]).delegations.count() == 1


def test_an_address_which_is_taken_is_said_without_a_name(as_director, school):
    taken = AgentFactory.create(surname="CONNUE")
    person = {"surname": "NEUVE", "given_name": "Nora", "mail": taken.email}
    answer = as_director.post(page(school, "delegation_invite"), posted(**person))
    assert answer.status_code == 422
    assert "Cette adresse est déjà celle" in words(answer)
    assert "CONNUE" not in answer.text


def test_two_directors_change_one_delegation_and_the_second_is_told(as_director, school, director):
    delegation = DelegationFactory.create(establishment=school, granted_by=director)
    address = page(school, "delegation_change", delegation.pk)
    form = as_director.get(address)
    assert "Elle a commencé le 01/01/2020" in words(form)
    first = as_director.post(address, posted(profile="CONSULT", version="0"), follow=True)
    assert "Délégation modifiée" in first.text
    second = as_director.post(address, posted(profile="MANAGE", version="0"), follow=True)
    assert "vient de modifier cette délégation" in second.text
    delegation.refresh_from_db()
    assert delegation.profile == "CONSULT"


def test_ending_asks_first_and_ends_by_a_post(as_director, school, director):
    delegation = DelegationFactory.create(establishment=school, granted_by=director)
    address = page(school, "delegation_end", delegation.pk)
    assert "Terminer la délégation de" in as_director.get(address).text
    delegation.refresh_from_db()
    assert delegation.ended_at is None
    assert "est terminée" in as_director.post(address, follow=True).text
    assert "déjà terminée" in as_director.post(address, follow=True).text
    assert as_director.get(page(school, "delegation_change", delegation.pk)).status_code == 404


def test_a_delegation_of_the_federation_is_read_only(as_director, school):
    claimed = DelegationFactory.create(establishment=school, source="CLAIMS")
    for name in ("delegation_change", "delegation_end"):
        address = page(school, name, claimed.pk)
        assert (as_director.get(address).status_code, as_director.post(address).status_code) == (404, 404)


def test_a_new_director_grants_again_what_ended_with_the_former(as_director, school):
    former = MandateFactory.create(establishment=school, ended_at=timezone.now()).agent
    left = DelegationFactory.create(establishment=school, granted_by=former, profile="MANAGE")
    told = words(as_director.get(page(school)))
    assert f"accordée par {former.full_name}" in told
    address = f"{page(school, 'delegation_grant', key_of(left.agent, school))}?comme={left.pk}"
    assert address in told
    assert "checked" in as_director.get(address).text.split('id="profile-MANAGE"')[1].split(">")[0]

    as_director.post(address, posted(profile="MANAGE"))

    told = words(as_director.get(page(school)))
    assert "Accorder à nouveau" not in told
    assert left.agent.delegations.in_force().get().profile == "MANAGE"


def test_a_director_lets_a_deputy_delegate_then_no_more(as_director, school):
    deputy = MandateFactory.create(establishment=school, role=Mandate.Role.DEPUTY).agent
    granted = DelegationFactory.create(establishment=school, granted_by=deputy)
    address = page(school, "deputy", deputy.pk)
    assert "peut désormais accorder" in as_director.post(address, {"allowed": "1"}, follow=True).text
    assert granted.agent.full_name in as_director.get(address).text
    assert "ne peut plus accorder" in as_director.post(address, {"allowed": "0"}, follow=True).text


def test_the_tab_is_for_those_who_may_delegate(as_director, school):
    deputy = MandateFactory.create(establishment=school, role=Mandate.Role.DEPUTY)
    client = Client()
    client.force_login(deputy.agent)
    home = reverse("establishment", args=[school.uai])
    assert page(school) in as_director.get(home).text
    assert page(school) not in client.get(home).text
    deputy.may_delegate = True
    deputy.save()
    assert page(school) in client.get(home).text
