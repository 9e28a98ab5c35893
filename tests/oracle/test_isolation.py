"""Every page, list, export, document and count, in worlds at random, against an oracle of plain data."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings

from tests.oracle.examples import NEIGHBOURS
from tests.oracle.planting import Planted, planted
from tests.oracle.reading import Reader, text_of
from tests.oracle.rules import Oracle
from tests.oracle.walking import PLACES, SHUT_PLACES, Walk, signed_in
from tests.oracle.worlds import worlds

if TYPE_CHECKING:
    from tests.oracle.world import World

pytestmark = pytest.mark.django_db

# A long run: ORACLE_EXAMPLES=2000 pytest tests/oracle
EXAMPLES = int(os.environ.get("ORACLE_EXAMPLES", "6"))
PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]


@given(worlds())
@example(NEIGHBOURS)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    report_multiple_bugs=False,
    phases=PHASES,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
def test_each_agent_is_told_in_each_establishment_what_the_oracle_allows_and_no_more(world: World) -> None:
    oracle = Oracle(world)
    with planted(world) as rows:
        reader = Reader(rows)
        for agent in range(len(world.agents)):
            if not world.agents[agent].is_active:
                check_out(rows, agent)
                continue
            check_choice(oracle, rows, agent)
            for school in range(len(world.schools)):
                look_around(Walk(oracle, rows, reader, agent, school))


# Where a look failed: while hypothesis makes the world smaller, only that place is looked at.
suspects: list[str] = []


def look_around(walk: Walk) -> None:
    for place in suspects or (PLACES if walk.rights else SHUT_PLACES):
        try:
            walk.look(place)
        except AssertionError:
            suspects[:] = [place]
            raise


def check_out(rows: Planted, agent: int) -> None:
    """An agent who is no more one is asked to sign in, everywhere."""
    client = signed_in(rows.agents[agent])
    for school in rows.schools:
        assert client.get(f"/etablissements/{school.uai}/").status_code == 302


def check_choice(oracle: Oracle, rows: Planted, agent: int) -> None:
    """The establishments offered are those which open."""
    answer = signed_in(rows.agents[agent]).get("/etablissements/")
    found = set(re.findall(r'href="/etablissements/([^/"]+)/"', text_of(answer)))
    assert found == {rows.schools[school].uai for school in oracle.offered_to(agent)}, f"agent {agent}"
