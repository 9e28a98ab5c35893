"""Every address of the project walked as every role, and docs/access.md, which says what each must meet."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from aaf_import.models import ImportRun
from accounts import exports
from accounts.forms import ACTIONS
from accounts.models import AccountKind, DataIssue, Duplicate, Joining, Operation, OperationItem
from establishments import rights_table
from establishments.delegations import people
from establishments.guards import OBJECT, STATISTICS
from establishments.models import AcademyRole, Delegation, Mandate, StatisticsRole
from establishments.rights_table import BELOW, OPENS, SIGN_IN, UNKNOWN, answer
from notifications.models import Document
from tests.factories import (
    AcademyRoleFactory,
    AgentFactory,
    DelegationFactory,
    DepartmentFactory,
    DistrictFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    StatisticsRoleFactory,
    VisitFactory,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db

ROUTES = list(rights_table.routes())
INSIDE = [route for route in ROUTES if route.is_below_establishment]
OUTSIDE = [route for route in ROUTES if not route.is_below_establishment]
DAY = timedelta(days=1)
# What stands for the arguments of the addresses outside an establishment: nothing that exists.
NOTHING = {
    "<str:token>": "rien",
    "<slug:provider>": "rien",
    "<int:pk>": "0",
    "(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)": "1-rien",
}
# A territory of each level below the nation, by its part of the addresses.
TERRITORIES = {"academies/": "24", "departements/": "093", "circonscriptions/": "0931234X"}
# By (level, code) of a role: the addresses of territories it opens, of those there are.
LEVELS = StatisticsRole.Level
OPENED_TERRITORIES = {
    (LEVELS.NATION, "FR"): {
        "nation/",
        "academies/24/",
        "academies/28/",
        "departements/093/",
        "departements/094/",
        "departements/974/",
        "circonscriptions/0931234X/",
        "circonscriptions/0935678X/",
        "circonscriptions/0941111X/",
    },
    (LEVELS.ACADEMY, "24"): {
        "academies/24/",
        "departements/093/",
        "departements/094/",
        "circonscriptions/0931234X/",
        "circonscriptions/0935678X/",
        "circonscriptions/0941111X/",
    },
    (LEVELS.DEPARTMENT, "093"): {
        "departements/093/",
        "circonscriptions/0931234X/",
        "circonscriptions/0935678X/",
    },
    (LEVELS.DISTRICT, "0931234X"): {"circonscriptions/0931234X/"},
    (LEVELS.DISTRICT, "0939999X"): set(),
}


def of_roles(route, objects):
    """What stands for the arguments of the addresses which ask for a role, by this role or by the address."""
    if route.role == STATISTICS:
        return {"<str:code>": next((code for place, code in TERRITORIES.items() if place in route.path), "")}
    return {"<int:pk>": str(objects[route.role].pk)} if route.role else {}


def doubt(world):
    """Two active accounts of two schools, which may only be told apart."""
    pair = [responsable_account(school, state="ACTIVE") for school in (world.school, world.neighbour)]
    return Duplicate.objects.create(first=pair[0], second=pair[1], score=60, reasons=["active"])


# Public, but leading to the sign-in whoever has not begun one.
OPENED_BY_A_SESSION = {
    "account_logout",
    "federation_signed_out",
    "mfa_authenticate",
    "mfa_login_webauthn",
    "sign_in_abandon",
}
# Below these, pages about something of one's own, which a new agent has not.
ONES_OWN = ("securite/", "saisie-conservee/")


class World:
    """An establishment with its director, an account of each kind, operations on each; and a neighbour."""

    def __init__(self, degree=2):
        feed = FeedFactory.create(degree=degree)
        self.school = EstablishmentFactory.create(feed=feed)
        self.neighbour = EstablishmentFactory.create(feed=feed)
        self.director = MandateFactory.create(establishment=self.school).agent
        self.deputy = MandateFactory.create(establishment=self.school, role=Mandate.Role.DEPUTY).agent
        self.delegation = DelegationFactory.create(establishment=self.school)
        self.stranger = AgentFactory.create()
        self.accounts = {"RESPONSABLE": responsable_account(self.school)}
        if degree == 2:
            self.accounts["STUDENT"] = student_account(self.school)
        self.duplicate = self._duplicate()
        self.joinings = {
            of: Joining.objects.create(account=account, reason="RULE")
            for of, account in self.accounts.items()
        }
        self.contested = self._contested()
        options = {"format": "csv"}
        self.operations = [
            operation
            for of in self.accounts
            for operation in (
                self._operation(of, "NOTIFY_MAIL", status="SCHEDULED", starts_at=timezone.now()),
                self._operation(of, "LIST", options=options | {"with_secrets": False}),
                self._operation(of, "LIST", options=options | {"with_secrets": True}),
            )
        ]

    def _duplicate(self):
        """Its accounts are those of the school, which stay two: both are active."""
        pair = [responsable_account(self.school, state="ACTIVE") for _ in range(2)]
        return Duplicate.objects.create(
            establishment=self.school, first=pair[0], second=pair[1], score=80, reasons=["mobile"]
        )

    def _contested(self):
        """A line about a pupil of the school, which a responsable says is not theirs."""
        return DataIssue.objects.create(
            establishment=self.school,
            kind=DataIssue.Kind.RELATION_CONTESTED,
            student=self.accounts["RESPONSABLE"].holdings.get().student,
            opened_at=timezone.now(),
        )

    def _operation(self, of, kind, **fields):
        now = timezone.now()
        document = Document.objects.create(
            name="feuilles.pdf",
            content_type="application/pdf",
            size=1,
            sha256="",
            storage_key=uuid4().hex,
            created_at=now,
            expires_at=now + 7 * DAY,
        )
        operation = Operation.objects.create(
            establishment=self.school,
            agent=self.director,
            **{"kind": kind, "status": "DONE", "confirmed_at": now, "document": document, **fields},
            population=of,
        )
        OperationItem.objects.create(operation=operation, account=self.accounts[of], version=0)
        return operation

    def objects(self, route):
        """(key, population, kind of object) of all that `route` can be about."""
        return next((found(self, route) for place, found in OBJECTS.items() if route.path.startswith(place)))

    def keys(self, route):
        """Those of objects of neither population; one which stands for none where the address has none."""
        is_about_one = "<int:pk>" in route.path or "<str:key>" in route.path
        return [KEYS[route.name](self)] if is_about_one else [0]


# The same for objects of neither population, by the name of their address.
KEYS: dict[str, Callable] = {
    "delegation_grant": lambda world: people.key_of(world.stranger, world.school),
    "deputy": lambda world: world.deputy.pk,
    **dict.fromkeys(["duplicate", "duplicate_join", "duplicate_apart"], lambda world: world.duplicate.pk),
    **dict.fromkeys(
        ["delegation_change", "delegation_invite_again", "delegation_end"],
        lambda world: world.delegation.pk,
    ),
}


def _accounts(world, route):
    return [(account.pk, kind, "") for kind, account in world.accounts.items()]


def _joinings(world, route):
    return [(joining.pk, kind, "") for kind, joining in world.joinings.items()]


def _contested(world, route):
    return [(world.contested.pk, world.contested.population, "")]


def _operations(world, route):
    kind_of = (
        exports.document_kind if route.name == "operation_document" else lambda operation: operation.kind
    )
    found = {(each.population, kind_of(each)): each.pk for each in reversed(world.operations)}
    return [
        (pk, population, kind if len(route.need.rights) > 1 else "")
        for (population, kind), pk in found.items()
    ]


# By the beginning of an address, the objects it is about: a new family of addresses adds its line.
OBJECTS: dict[str, Callable] = {
    BELOW + "a-traiter/<int:pk>/": _contested,
    BELOW + "comptes/<int:pk>/": _accounts,
    BELOW + "operations/<int:pk>/": _operations,
    BELOW + "rapprochements/<int:pk>/": _joinings,
}


def visits(world, uai):
    """(address, what is posted, population, kind) for each address and each object."""
    for route in INSIDE:
        path = "/" + route.path.replace("<str:uai>", uai)
        if route.name == "operation_create":
            for population in world.accounts:
                yield from _posts(route, path, population)
        elif route.of == OBJECT:
            for pk, population, kind in world.objects(route):
                yield route, path.replace("<int:pk>", str(pk)), {}, population, kind
        else:
            for key in world.keys(route):
                filled = path.replace("<int:pk>", str(key)).replace("<str:key>", str(key))
                yield route, filled, {}, route.of, ""


def once_each(world):
    """By name, one address of the school and what is posted there."""
    return {route.name: (address, data) for route, address, data, _, _ in visits(world, world.school.uai)}


def _posts(route, path, population):
    for action in ("notify_sheets", "reset", "list_csv"):
        yield route, path, {"population": population, "action": action}, population, ACTIONS[action].value


def ask(client, address, data=None, **headers):
    """What a GET and a POST meet; a refused method says nothing of what is there."""
    answers = [client.get(address, **headers), client.post(address, data or {}, **headers)]
    met = {address_of(each) for each in answers if each.status_code != 405}
    assert met, address
    return met


def address_of(response):
    if response.status_code in (403, 404):
        return str(response.status_code)
    leads_to_it = response.status_code == 302 and response.url.split("?")[0] == "/connexion/"
    return SIGN_IN if leads_to_it else OPENS


def signed_in(agent):
    client = Client()
    client.force_login(agent)
    return client


def walk(world, agent, rights, school=None):
    """Every address answers as the table says, and what is refused changes nothing."""
    client = signed_in(agent)
    school = school or world.school
    before = dict(Operation.objects.values_list("pk", "status"))
    touched = set()
    for route, address, data, population, kind in visits(world, school.uai):
        expected = answer(rights, route.need.rights[kind], population)
        methods = {expected} if route.name != "operation_create" else {expected, UNKNOWN}
        assert ask(client, address, data) <= methods, (route.name, address, population, kind, expected)
        if expected == OPENS:
            touched |= {each.pk for each in world.operations if f"/operations/{each.pk}/" in address}
    unchanged = Operation.objects.filter(pk__in=before.keys() - touched)
    assert dict(unchanged.values_list("pk", "status")) == {pk: before[pk] for pk in before.keys() - touched}


def make(world, role):
    """An agent who holds `role` in the school, and a mandate next door, which changes nothing here."""
    agent = MandateFactory.create(establishment=world.neighbour).agent
    place = {"agent": agent, "establishment": world.school}
    match role.name.split():
        case ["director"]:
            MandateFactory.create(**place)
        case ["deputy", *delegating]:
            MandateFactory.create(role=Mandate.Role.DEPUTY, may_delegate=bool(delegating), **place)
        case ["assistance,", *_]:
            VisitFactory.create(**place)
        case [profile, population] if profile in PROFILES:
            DelegationFactory.create(profile=PROFILES[profile], population=POPULATIONS[population], **place)
        case _:
            assert role.rights == {}
    return agent


PROFILES = {"consulter": "CONSULT", "assister": "ASSIST", "gérer": "MANAGE"}
POPULATIONS = {"P": "STUDENTS", "R": "RESPONSABLES", "P+R": "BOTH"}
ROLES = [*rights_table.roles_of_mandates(), *rights_table.roles_of_delegations()]


def test_the_table_of_rights_is_that_of_the_code():
    out = StringIO()
    call_command("access_table", stdout=out)

    assert (settings.BASE_DIR / "docs" / "access.md").read_text() == out.getvalue(), (
        "manage.py access_table --write"
    )


def test_an_address_of_an_establishment_which_declares_nothing_makes_no_table(monkeypatch):
    route = INSIDE[0]
    silent = rights_table.Route(route.name, route.path, None, "", is_public=False, role="")
    monkeypatch.setattr(rights_table, "routes", lambda: [silent])

    with pytest.raises(rights_table.UndeclaredNeed, match=route.name):
        rights_table.table()


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_in_the_2nd_degré_each_role_meets_what_the_table_says(role):
    world = World()

    walk(world, make(world, role), role.rights)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_in_the_1er_degré_there_are_no_pupils_for_any_role(role):
    world = World(degree=1)

    walk(
        world, make(world, role), {of: held for of, held in role.rights.items() if of != AccountKind.STUDENT}
    )


def over(world):
    """Those who held something in the school, will, or hold it next door."""
    school, now, today = world.school, timezone.now(), timezone.localdate()
    assists = AcademyRoleFactory.create(academy=school.academy)
    former = VisitFactory.create(establishment=school)
    AcademyRole.objects.filter(agent=former.agent).update(ended_at=now)
    abroad = VisitFactory.create(establishment=school)
    AcademyRole.objects.filter(agent=abroad.agent).delete()
    return {
        "stranger": AgentFactory.create(),
        "other director": MandateFactory.create(establishment=world.neighbour).agent,
        "past director": MandateFactory.create(establishment=school, ended_at=now).agent,
        "delegation of yesterday": DelegationFactory.create(establishment=school, ends_on=today - DAY).agent,
        "delegation of tomorrow": DelegationFactory.create(establishment=school, begins_on=today + DAY).agent,
        "delegation ended": DelegationFactory.create(establishment=school, ended_at=now).agent,
        "assistance without a visit": assists.agent,
        "visit over": VisitFactory.create(establishment=school, ends_at=now).agent,
        "visit next door": VisitFactory.create(establishment=world.neighbour).agent,
        "assistance no more": former.agent,
        "visit without a role": abroad.agent,
    }


def test_to_who_holds_nothing_there_an_establishment_does_not_exist():
    world = World()

    for who, agent in over(world).items():
        client = signed_in(agent)
        for name, (address, data) in once_each(world).items():
            assert ask(client, address, data) == {UNKNOWN}, (who, name, address)


def test_an_object_of_another_establishment_does_not_exist_below_ones_own():
    world = World()
    client = signed_in(MandateFactory.create(establishment=world.neighbour).agent)

    for route, address, data, _, _ in visits(world, world.neighbour.uai):
        if "<int:pk>" in route.path or "<str:key>" in route.path:
            assert ask(client, address, data) == {UNKNOWN}, address


def test_an_establishment_which_is_not_offered_exists_for_nobody():
    world = World()
    world.school.is_offered = False
    world.school.save()
    client = signed_in(world.director)

    for _, address, data, _, _ in visits(world, world.school.uai):
        assert ask(client, address, data) == {UNKNOWN}, address


def test_without_a_sign_in_every_page_of_an_establishment_leads_to_it():
    world = World()

    for _, address, data, _, _ in visits(world, world.school.uai):
        assert ask(Client(), address, data) == {SIGN_IN}, address


def test_without_a_sign_in_a_fragment_reloads_the_page():
    world = World()

    for _, address, data, _, _ in visits(world, world.school.uai):
        for method in (Client().get, Client().post):
            response = method(address, data, headers={"HX-Request": "true"})
            if response.status_code != 405:
                assert (response.status_code, response.headers.get("HX-Refresh")) == (200, "true"), address
                assert response.content == b""


def test_outside_an_establishment_too_each_address_meets_what_the_table_says():
    world = World()
    holders = {
        kind: AcademyRoleFactory.create(academy=world.school.academy, kind=kind).agent
        for kind in AcademyRole.Kind
    }
    DepartmentFactory.create(code="093")
    DistrictFactory.create(uai="0931234X")
    holders[STATISTICS] = StatisticsRoleFactory.create().agent
    stranger = AgentFactory.create()
    run = ImportRun.objects.create(
        academy="24", degree=2, kind="complet", status="REFUSED", message="…", finished_at=timezone.now()
    )
    objects = {AcademyRole.Kind.IMPORTS: run, AcademyRole.Kind.ASSISTANCE: doubt(world)}

    for route in OUTSIDE:
        address = "/" + route.path.strip("^$").replace("<str:uai>", world.school.uai)
        for argument, value in (NOTHING | of_roles(route, objects)).items():
            address = address.replace(argument, value)
        anonymous = ask(Client(), address)
        leads_to_sign_in = not route.is_public or route.name in OPENED_BY_A_SESSION
        assert (anonymous == {SIGN_IN}) == leads_to_sign_in, address
        if route.role:
            assert ask(signed_in(stranger), address) == {UNKNOWN}, address
            for kind, agent in holders.items():
                met = {OPENS if kind == route.role else UNKNOWN}
                assert ask(signed_in(agent), address) == met, (kind, address)
        elif not route.is_public:
            met = {OPENS, UNKNOWN} if route.path.startswith(ONES_OWN) else {OPENS}
            assert ask(signed_in(stranger), address) <= met, address


def territory_places():
    """Two académies, three departments, three circonscriptions."""
    for code in ("093", "094", "974"):
        DepartmentFactory.create(code=code)
    for uai in ("0931234X", "0935678X", "0941111X"):
        DistrictFactory.create(uai=uai)


def territory_addresses():
    """(address below /meteostat/ of the territory, the whole address) for each page of each territory."""
    everywhere = sorted({place for places in OPENED_TERRITORIES.values() for place in places})
    patterns = {route.path for route in OUTSIDE if route.role == STATISTICS} - {"meteostat/"}
    for pattern in sorted(patterns):
        kind, _, below = pattern.removeprefix("meteostat/").replace("<str:code>/", "").partition("/")
        for place in everywhere:
            if place.partition("/")[0] == kind:
                yield place, f"/meteostat/{place}{below}"


@pytest.mark.parametrize("held", OPENED_TERRITORIES)
def test_a_role_on_a_territory_opens_every_page_of_it_and_of_its_parts_and_none_elsewhere(held):
    territory_places()
    client = signed_in(StatisticsRoleFactory.create(level=held[0], code=held[1]).agent)
    addresses = list(territory_addresses())

    assert {place for place, _ in addresses} == OPENED_TERRITORIES[LEVELS.NATION, "FR"]
    for place, address in addresses:
        met = OPENS if place in OPENED_TERRITORIES[held] else UNKNOWN
        assert ask(client, address) == {met}, address
    assert ask(client, "/meteostat/") == {OPENS}


@pytest.mark.parametrize("code", ["0939999X", "24", "093", "0931234x", "%00", "0931234X%00", "..", "FR"])
def test_a_territory_that_is_not_one_is_not_told_from_one_which_is_closed(code):
    territory_places()
    readers = [
        StatisticsRoleFactory.create(level=level, code=each).agent for level, each in OPENED_TERRITORIES
    ]

    for agent in readers:
        assert ask(signed_in(agent), f"/meteostat/circonscriptions/{code}/") == {UNKNOWN}


def test_to_who_reads_no_statistics_or_does_no_more_no_territory_exists():
    world = World()
    territory_places()
    former = StatisticsRoleFactory.create(ended_at=timezone.now()).agent
    StatisticsRoleFactory.create(agent=former, level="ACADEMY", code="28", ended_at=timezone.now())
    others = {
        "former reader": former,
        "director": world.director,
        "deputy": world.deputy,
        "delegate": world.delegation.agent,
        "visitor": VisitFactory.create(establishment=world.school).agent,
        "follower of imports": AcademyRoleFactory.create(kind=AcademyRole.Kind.IMPORTS).agent,
    }

    for place, address in [("", "/meteostat/"), *territory_addresses()]:
        assert ask(Client(), address) == {SIGN_IN}, address
        for who, agent in others.items():
            assert ask(signed_in(agent), address) == {UNKNOWN}, (who, place)


def test_who_reads_statistics_sees_no_establishment():
    world = World()
    client = signed_in(StatisticsRoleFactory.create().agent)

    for _, address, data, _, _ in visits(world, world.school.uai):
        assert ask(client, address, data) == {UNKNOWN}, address
    assert "Les Tilleuls" not in client.get("/etablissements/").text


def test_a_delegate_who_may_only_consult_makes_lists_and_a_visitor_none():
    world = World()
    consulting = DelegationFactory.create(
        establishment=world.school, profile=Delegation.Profile.CONSULT
    ).agent
    visiting = VisitFactory.create(establishment=world.school).agent
    asked = {"population": "RESPONSABLE", "action": "list_csv", "account": world.accounts["RESPONSABLE"].pk}
    address = f"/etablissements/{world.school.uai}/operations/nouvelle/"

    assert signed_in(consulting).post(address, asked).status_code == 302
    assert signed_in(visiting).post(address, asked).status_code == 403


def test_a_visitor_reads_of_an_operation_what_was_done_and_is_offered_no_document():
    world = World()
    OperationItem.objects.update(status=OperationItem.Status.DONE, effect="KEPT")
    client = signed_in(VisitFactory.create(establishment=world.school).agent)

    for operation in world.operations:
        page = client.get(f"/etablissements/{world.school.uai}/operations/{operation.pk}/").text
        assert operation.agent.full_name in page
        content = page.partition("<main")[2].partition("</main>")[0]
        assert "/document/" not in content
        assert 'method="post"' not in content
    assert "Une consultation n’ouvre aucun document." in page
