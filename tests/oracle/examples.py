"""One world by hand, which every run looks at before those at random: a case of each thing that is hard."""

from tests.oracle.world import (
    EVENING,
    RESPONSABLE,
    STUDENT,
    Account,
    Agent,
    Deed,
    Delegation,
    Link,
    Mail,
    Mandate,
    Operation,
    Pupil,
    Record,
    Role,
    School,
    Visit,
    World,
)

COLLEGE, LYCEE, ECOLE, FILAOS, SHUT = range(5)
_SECOND, _FIRST, _ISLAND = ("24", 2), ("24", 1), ("28", 2)

NEIGHBOURS = World(
    schools=[
        School(*_SECOND),
        School(*_SECOND),
        School(*_FIRST),
        School(*_ISLAND),
        School(*_SECOND, is_offered=False),
    ],
    pupils=[
        Pupil(COLLEGE, room=0),
        Pupil(COLLEGE, room=1),
        Pupil(LYCEE, room=0),
        Pupil(ECOLE, room=0),
        Pupil(COLLEGE, room=0, has_left=True),
        Pupil(COLLEGE, is_eligible=False),
        Pupil(FILAOS, room=0),
    ],
    records=[
        Record(_SECOND),
        Record(_SECOND),
        Record(_FIRST),
        Record(_ISLAND, has_mail=False),
        Record(_SECOND, has_mobile=False),
        Record(_SECOND),
        Record(_SECOND),
    ],
    links=[
        # Brothers and sisters: two in a school, one in another, one in the 1er degré.
        Link(0, 0),
        Link(1, 0),
        Link(2, 0),
        Link(3, 2),
        # The other parent, separated, twice on file.
        Link(0, 1),
        Link(2, 1),
        Link(1, 5),
        Link(6, 3),
        # Links which open nothing: ended, not legal, of who left, of who never came.
        Link(0, 4, is_ended=True),
        Link(1, 4, is_legal=False),
        Link(4, 4),
        Link(5, 4),
        Link(0, 6),
    ],
    accounts=[
        Account(
            RESPONSABLE,
            "ACTIVE",
            [0, 2],
            password="live",
            distributed_by=LYCEE,
            has_validated_mail=True,
            has_validated_mobile=True,
        ),
        Account(RESPONSABLE, "NOTIFIED", [1, 5], password="live", past=[4], distributed_by=COLLEGE),
        Account(RESPONSABLE, "NOT_NOTIFIED", [3]),
        Account(RESPONSABLE, "NOTIFIED", [4], password="live"),
        Account(RESPONSABLE, "ACTIVE", [6], password="chosen", is_closed=True),
        Account(STUDENT, "ACTIVATING", [0], password="chosen"),
        Account(STUDENT, "NOTIFIED", [1], password="dead", is_closed=True),
        Account(STUDENT, "NOTIFIED", [2], password="live"),
        Account(STUDENT, "ACTIVE", [6], password="none"),
    ],
    agents=[Agent(), Agent(), Agent(), Agent(is_active=False), Agent(), Agent()],
    mandates=[
        Mandate(0, COLLEGE),
        Mandate(1, LYCEE, role="DEPUTY"),
        Mandate(1, COLLEGE, is_ended=True),
        Mandate(0, SHUT),
        Mandate(3, COLLEGE),
        # Two deputies, of whom one may delegate.
        Mandate(1, FILAOS, role="DEPUTY", may_delegate=True),
        Mandate(4, FILAOS, role="DEPUTY"),
    ],
    delegations=[
        Delegation(2, COLLEGE, "CONSULT", "STUDENTS", granted_by=0),
        Delegation(2, ECOLE, "ASSIST", "BOTH", ends=0),
        # Its granter directs nothing there.
        Delegation(2, ECOLE, "MANAGE", "BOTH", granted_by=0),
        # Tomorrow has come in La Réunion.
        Delegation(2, FILAOS, "MANAGE", "RESPONSABLES", begins=1),
        Delegation(0, FILAOS, "ASSIST", "BOTH", ends=0),
        Delegation(0, FILAOS, "ASSIST", "BOTH", begins=1, granted_by=1),
        # A deputy who may not delegate grants nothing.
        Delegation(3, FILAOS, "MANAGE", "BOTH", granted_by=4),
        Delegation(5, FILAOS, "ASSIST", "BOTH", granted_by=4),
        Delegation(0, ECOLE, "MANAGE", "BOTH", granted_by=4),
        # Between two delegations, here no more.
        Delegation(4, COLLEGE, "ASSIST", "BOTH", ends=-1),
        Delegation(4, COLLEGE, "ASSIST", "BOTH", begins=1, granted_by=0),
        Delegation(1, ECOLE, "MANAGE", "BOTH", is_ended=True),
    ],
    roles=[Role(1, "24"), Role(2, "28", is_ended=True), Role(5, "28")],
    visits=[Visit(1, ECOLE), Visit(2, FILAOS), Visit(1, FILAOS)],
    deeds=[
        Deed(0, LYCEE, 1),
        Deed(0, COLLEGE, 0),
        Deed(7, LYCEE, 1),
        Deed(5, COLLEGE, 0, in_bulk=True),
        Deed(3, COLLEGE, 0),
    ],
    mails=[Mail(0, COLLEGE), Mail(0, LYCEE)],
    operations=[
        Operation(COLLEGE, 0, "NOTIFY_SHEETS", RESPONSABLE, "DONE", [0, 1, 3], has_document=True),
        Operation(COLLEGE, 0, "LIST", STUDENT, "DONE", [5], has_document=True, with_secrets=True),
        Operation(COLLEGE, 0, "LIST", STUDENT, "DONE", [5], has_document=True),
        Operation(COLLEGE, 0, "RESET", STUDENT, "DRAFT", [5]),
        Operation(LYCEE, 1, "NOTIFY_SHEETS", STUDENT, "DONE", [7], has_document=True),
        Operation(ECOLE, 0, "LIST", RESPONSABLE, "DONE", [0], has_document=True),
    ],
    issues=[0, 4],
    now=EVENING,
)
