"""Rights come and go while sessions stay open: at each step what opens is what the oracle says."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from establishments import models as e
from tests.oracle import world as w
from tests.oracle.planting import Planted
from tests.oracle.reading import Reader
from tests.oracle.rules import ASSIST, EXPORT, Oracle
from tests.oracle.walking import Walk, signed_in
from tests.oracle.world import RESPONSABLE, STUDENT

SCHOOLS = [w.School("24", 2), w.School("28", 2), w.School("24", 1)]
AGENTS = 2
agents, schools = st.integers(0, AGENTS - 1), st.integers(0, len(SCHOOLS) - 1)


class Rights(RuleBasedStateMachine):
    """The world changes in both: the plain data the oracle reads, and the tables of the console."""

    @initialize()
    def begin(self):
        self.history = transaction.atomic()
        self.history.__enter__()
        self.clock = time_machine.travel(w.NOON, tick=False)
        self.traveller = self.clock.start()
        self.world = w.World(schools=[*SCHOOLS], agents=[w.Agent() for _ in range(AGENTS)])
        for school, place in enumerate(SCHOOLS):
            self.world.pupils.append(w.Pupil(school, room=0))
            self.world.records.append(w.Record(place.feed))
            self.world.links.append(w.Link(school, school))
            self.world.accounts.append(w.Account(RESPONSABLE, "NOTIFIED", [school], password="live"))
        self.world.accounts.append(w.Account(STUDENT, "NOTIFIED", [0], password="live"))
        self.rows = Planted(self.world)
        self.oracle, self.reader = Oracle(self.world, w.NOON), Reader(self.rows)
        # Signed in once: their sessions outlive every right.
        self.clients = [signed_in(agent) for agent in self.rows.agents]
        self.mandates, self.delegations = [], []

    def teardown(self):
        if hasattr(self, "clock"):
            self.clock.stop()
            transaction.set_rollback(True)
            self.history.__exit__(None, None, None)

    @rule(
        agent=agents, school=schools, role=st.sampled_from(["DIRECTOR", "DEPUTY"]), may_delegate=st.booleans()
    )
    def a_mandate_begins(self, agent, school, role, may_delegate):
        if any((m.agent, m.school, m.role) == (agent, school, role) for m in self._in_force()):
            return
        self.world.mandates.append(w.Mandate(agent, school, role, may_delegate=may_delegate))
        who, where = self.rows.agents[agent], self.rows.schools[school]
        self.mandates.append(
            e.Mandate.objects.create(
                agent=who, establishment=where, role=role, source="AAF", may_delegate=may_delegate
            )
        )

    def _in_force(self):
        return [mandate for mandate in self.world.mandates if not mandate.is_ended]

    @precondition(lambda self: getattr(self, "mandates", None))
    @rule(data=st.data())
    def a_mandate_ends(self, data):
        self._end(data, self.world.mandates, self.mandates)

    @rule(
        agent=agents,
        school=schools,
        profile=st.sampled_from(["CONSULT", "ASSIST", "MANAGE"]),
        population=st.sampled_from(["BOTH", "STUDENTS", "RESPONSABLES"]),
        begins=st.integers(-1, 2),
        days=st.none() | st.integers(0, 2),
        by=st.none() | agents,
    )
    def a_delegation_is_granted(self, agent, school, profile, population, begins, days, by):
        begins += (self.oracle.now.date() - w.TODAY).days
        ends = None if days is None else begins + days
        drawn = w.Delegation(agent, school, profile, population, begins, ends, granted_by=by)
        self.world.delegations.append(drawn)
        self.delegations.append(
            e.Delegation.objects.create(
                agent=self.rows.agents[agent],
                establishment=self.rows.schools[school],
                granted_by=None if by is None else self.rows.agents[by],
                profile=profile,
                population=population,
                begins_on=drawn.first_day,
                ends_on=drawn.last_day,
            )
        )

    @precondition(lambda self: getattr(self, "delegations", None))
    @rule(data=st.data())
    def a_delegation_is_ended(self, data):
        self._end(data, self.world.delegations, self.delegations)

    def _end(self, data, told, rows):
        chosen = data.draw(st.integers(0, len(rows) - 1))
        told[chosen].is_ended = True
        type(rows[chosen]).objects.filter(pk=rows[chosen].pk).update(ended_at=timezone.now())

    @rule(hours=st.sampled_from([1, 9, 11, 24]))
    def time_passes(self, hours):
        self.traveller.shift(timedelta(hours=hours))
        self.oracle.now += timedelta(hours=hours)

    @rule(agent=agents, school=schools)
    def someone_looks(self, agent, school):
        walk = Walk(self.oracle, self.rows, self.reader, agent, school, self.clients[agent])
        walk.look("lists")
        walk.look("passwords")
        walk.look("drafts")

    @rule(agent=agents)
    def someone_chooses(self, agent):
        answer = self.clients[agent].get("/etablissements/")
        found = {uai for school in self.rows.schools if (uai := school.uai) in answer.content.decode()}
        assert found == {self.rows.schools[school].uai for school in self.oracle.offered_to(agent)}

    @rule(agent=agents, school=schools, right=st.sampled_from([EXPORT, ASSIST]))
    def someone_acts(self, agent, school, right):
        walk = Walk(self.oracle, self.rows, self.reader, agent, school, self.clients[agent])
        account = self.rows.accounts[school]
        action = "reset" if right == ASSIST else "list_csv"
        answer = walk.post("operation_create", population=RESPONSABLE, action=action, account=account.pk)
        assert answer.status_code == self.oracle.status(agent, school, RESPONSABLE, right, done=302)


@pytest.mark.django_db
def test_an_open_session_opens_what_its_agent_may_see_at_that_very_moment():
    run_state_machine_as_test(
        Rights, settings=settings(max_examples=25, stateful_step_count=20, deadline=None)
    )
