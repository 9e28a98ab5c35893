"""Worlds at random, bent towards what is hard: siblings apart, shared accounts, ended links and rights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.oracle import world as w
from tests.oracle.world import RESPONSABLE, STUDENT

if TYPE_CHECKING:
    from tests.oracle.world import World

# The first of each is what a failure shrinks to.
FEEDS = [("24", 2), ("24", 1), ("28", 2)]
LINKS = [None, {}, {}, {"is_ended": True}, {"is_legal": False}]
PASSWORDS = {
    "NOT_NOTIFIED": [""],
    "NOTIFIED": ["live", "live", "dead"],
    "ACTIVATING": ["chosen", "live"],
    "ACTIVE": ["chosen", "live", "none"],
}
KINDS = ["NOTIFY_SHEETS", "RESET", "LIST"]
rarely = st.sampled_from([False, False, False, True])
mostly = rarely.map(lambda value: not value)


@st.composite
def worlds(draw: Any) -> World:
    world = w.World(now=draw(st.sampled_from([w.NOON, w.EVENING])))
    _places(draw, world)
    _families(draw, world)
    _accounts(draw, world)
    _agents(draw, world)
    _past(draw, world)
    return world


def _several(draw: Any, least: int, most: int, **parts: Any) -> list[dict[str, Any]]:
    return draw(st.lists(st.fixed_dictionaries(parts), min_size=least, max_size=most))


def _one_of(found: list[Any]) -> Any:
    return st.sampled_from(range(len(found)))


def _places(draw: Any, world: World) -> None:
    for each in _several(draw, 2, 4, feed=st.sampled_from(FEEDS), is_offered=mostly):
        world.schools.append(w.School(*each["feed"], is_offered=each["is_offered"]))


def _families(draw: Any, world: World) -> None:
    school = _one_of(world.schools)
    room = st.sampled_from([0, 1, None])
    for each in _several(draw, 2, 6, school=school, room=room, has_left=rarely, is_eligible=mostly):
        world.pupils.append(w.Pupil(**each))
    feeds = sorted({place.feed for place in world.schools}, reverse=True)
    for each in _several(draw, 1, 5, feed=st.sampled_from(feeds), has_mail=mostly, has_mobile=mostly):
        world.records.append(w.Record(**each))
    for pupil, child in enumerate(world.pupils):
        for record, known in enumerate(world.records):
            if known.feed == world.schools[child.school].feed and (
                (link := draw(st.sampled_from(LINKS))) is not None
            ):
                world.links.append(w.Link(pupil, record, **link))


def _accounts(draw: Any, world: World) -> None:
    """Each record is one account's, several often the same one's; pupils of the 2nd degré have their own."""
    holders = draw(st.lists(st.integers(0, 2), min_size=len(world.records), max_size=len(world.records)))
    for holder in sorted(set(holders)):
        _account(draw, world, RESPONSABLE, [r for r, by in enumerate(holders) if by == holder])
    for pupil, child in enumerate(world.pupils):
        if world.schools[child.school].degree == 2 and draw(mostly):
            _account(draw, world, STUDENT, [pupil])


def _account(draw: Any, world: World, kind: str, sources: list[int]) -> None:
    state = draw(st.sampled_from(["NOTIFIED", "NOT_NOTIFIED", "ACTIVATING", "ACTIVE"]))
    others = [record for record in range(len(world.records)) if record not in sources]
    account = w.Account(kind, state, sources, is_closed=draw(rarely))
    account.password = draw(st.sampled_from(PASSWORDS[state]))
    if account.is_closed and account.password == "live":
        account.password = "dead"
    if kind == RESPONSABLE and others:
        account.past = draw(st.lists(st.sampled_from(others), max_size=1))
    if state == "ACTIVE":
        account.has_validated_mail = draw(mostly)
    if state != "NOT_NOTIFIED":
        account.distributed_by = draw(st.none() | _one_of(world.schools))
    account.has_validated_mobile = state == "ACTIVE" and draw(rarely)
    world.accounts.append(account)


def _agents(draw: Any, world: World) -> None:
    world.agents = [w.Agent(is_active) for is_active in draw(st.lists(mostly, min_size=1, max_size=3))]
    agent, school = _one_of(world.agents), _one_of(world.schools)
    both = {"agent": agent, "school": school}
    role = st.sampled_from(["DIRECTOR", "DEPUTY"])
    source = st.sampled_from(["AAF", "CLAIMS", "GRANTED"])
    for each in _several(
        draw, 0, 3, **both, role=role, source=source, is_ended=rarely, may_delegate=st.booleans()
    ):
        if not any(_is_same(each, mandate) for mandate in world.mandates):
            world.mandates.append(w.Mandate(**each))
    for each in _several(
        draw,
        0,
        4,
        **both,
        profile=st.sampled_from(["CONSULT", "ASSIST", "MANAGE"]),
        population=st.sampled_from(["BOTH", "STUDENTS", "RESPONSABLES"]),
        begins=st.sampled_from([-30, 0, 1, -1]),
        ends=st.sampled_from([None, 30, 0, 1, -1]),
        is_ended=rarely,
        granted_by=st.none() | agent,
    ):
        if each["ends"] is None or each["ends"] >= each["begins"]:
            world.delegations.append(w.Delegation(**each))
    academy = st.sampled_from(sorted({place.academy for place in world.schools}))
    for each in _several(draw, 0, 2, agent=agent, academy=academy, is_ended=rarely):
        if not any(r.agent == each["agent"] and r.academy == each["academy"] for r in world.roles):
            world.roles.append(w.Role(**each))
    world.visits = [w.Visit(**each) for each in _several(draw, 0, 2, **both, is_over=rarely)]


def _is_same(drawn: dict[str, Any], mandate: w.Mandate) -> bool:
    return all(getattr(mandate, name) == drawn[name] for name in ("agent", "school", "role", "source"))


def _past(draw: Any, world: World) -> None:
    """What was done, mailed, made, and is to be corrected."""
    account, agent, school = _one_of(world.accounts), _one_of(world.agents), _one_of(world.schools)
    both = {"account": account, "school": school}
    world.deeds = [w.Deed(**each) for each in _several(draw, 0, 4, **both, agent=agent, in_bulk=rarely)]
    world.mails = [w.Mail(**each) for each in _several(draw, 0, 2, **both)]
    world.issues = draw(st.lists(_one_of(world.pupils), max_size=2, unique=True))
    for each in _several(
        draw,
        0,
        3,
        school=school,
        agent=agent,
        kind=st.sampled_from(KINDS),
        population=st.sampled_from([RESPONSABLE, STUDENT]),
        status=st.sampled_from(["DONE", "DRAFT", "SCHEDULED"]),
        with_secrets=st.booleans(),
    ):
        operation = w.Operation(**each)
        operation.with_secrets &= operation.kind == "LIST"
        operation.has_document = operation.status == "DONE" and operation.kind != "RESET"
        of_kind = [a for a, known in enumerate(world.accounts) if known.kind == operation.population]
        if of_kind:
            operation.accounts = sorted(draw(st.sets(st.sampled_from(of_kind), max_size=3)))
        world.operations.append(operation)
