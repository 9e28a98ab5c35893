"""From sign-in to an establishment: straight there, or chosen from a list one can search."""

import pytest
from django.urls import reverse

from establishments.names import label_key
from tests.factories import AgentFactory, EstablishmentFactory, MandateFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(client):
    agent = AgentFactory.create()
    client.force_login(agent)
    return agent


def directs(agent, name="Les Tilleuls", city="FICTIVILLE", uai=None):
    fields = {"uai": uai} if uai else {}
    key = label_key(f"{name} {city}")
    school = EstablishmentFactory.create(name=name, city=city, search_key=key, **fields)
    MandateFactory.create(agent=agent, establishment=school)
    return school


def names(response):
    return [school.name for school in response.context["page"]]


def test_with_one_establishment_home_goes_straight_to_it(client, agent):
    school = directs(agent)
    response = client.get("/", follow=True)
    assert response.redirect_chain == [(reverse("establishment", args=[school.uai]), 302)]
    assert "Choisir un établissement" not in response.text


def test_with_several_home_asks_which_one_and_the_way_back_stays_at_hand(client, agent):
    school = directs(agent)
    directs(agent, "Les Érables")
    response = client.get("/", follow=True)
    assert names(response) == ["Les Érables", "Les Tilleuls"]
    page = client.get(reverse("establishment", args=[school.uai]))
    assert f'href="{reverse("establishments")}"' in page.text


def test_with_none_home_says_so(client, agent):
    response = client.get("/")
    assert "Aucun établissement" in response.text


@pytest.mark.parametrize("query", ["erables", "ÉRABLES", "villeneuve", "les villeneuve", "0931234a", "éra"])
def test_the_search_reads_name_town_and_uai_without_accents_or_case(client, agent, query):
    directs(agent)
    directs(agent, "Les Érables", "VILLENEUVE", uai="0931234A")
    assert names(client.get(reverse("establishments"), {"q": query})) == ["Les Érables"]


def test_the_search_never_leaves_what_the_agent_may_open(client, agent):
    directs(agent)
    EstablishmentFactory.create(name="Les Tilleuls d’ailleurs")
    assert names(client.get(reverse("establishments"), {"q": "tilleuls"})) == ["Les Tilleuls"]


def test_an_empty_result_repeats_the_question(client, agent):
    directs(agent)
    response = client.get(reverse("establishments"), {"q": "<zzz>"})
    assert "Aucun établissement ne correspond à « &lt;zzz&gt; »" in response.text


def test_a_nul_byte_is_not_an_error(client, agent):
    assert client.get(reverse("establishments"), {"q": "a\0b"}).status_code == 200


def test_names_are_in_the_order_a_reader_expects(client, agent):
    for name in ("École 10", "Zola", "École 2", "Élie"):
        directs(agent, name)
    assert names(client.get(reverse("establishments"))) == ["École 2", "École 10", "Élie", "Zola"]


def test_many_establishments_come_in_pages_which_keep_the_search(client, agent):
    for number in range(25):
        directs(agent, f"École {number}")
    response = client.get(reverse("establishments"), {"q": "école", "page": 2})
    assert len(names(response)) == 5
    assert "?q=%C3%A9cole&amp;page=1" in response.text


def test_the_fragment_is_the_part_of_the_page(client, agent):
    directs(agent)
    url = reverse("establishments")
    page = client.get(url)
    fragment = client.get(url, headers={"HX-Request": "true"})
    assert fragment.text.strip() in page.text
    assert fragment.text.strip().startswith('<div id="results">')
    assert "HX-Request" in page.headers["Vary"]


def test_the_number_of_queries_does_not_grow(client, agent, django_assert_num_queries):
    for number in range(20):
        directs(agent, f"École {number}")
    client.get(reverse("establishments"))
    with django_assert_num_queries(5):
        client.get(reverse("establishments"))
