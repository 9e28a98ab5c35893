"""Every URL of the project, walked by those who must not enter: what is elsewhere does not exist."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.models import AccountKind, Operation, OperationItem
from establishments.delegations import people
from establishments.models import Delegation, Mandate
from notifications.models import Document
from tests.factories import (
    AgentFactory,
    DelegationFactory,
    EstablishmentFactory,
    MandateFactory,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db

# The only addresses outside an establishment; each is told here, so a new one must be thought about.
OUTSIDE = {
    "home",
    "establishments",
    "account_login",
    "account_logout",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "invitation",
    "demo_sign_in",
    "federation_sign_in",
    "federation_return",
    "federation_signed_out",
    "site_map",
    "accessibility",
    "legal_notice",
    "personal_data",
    "password_link",
    "health_live",
    "health_ready",
    "activation_confirm",
    "activation_confirmed",
}
NEEDS_SIGN_IN = {"home", "establishments", "account_logout"}
ACTIONS = {
    "operation_create",
    "operation_confirm",
    "operation_start",
    "operation_cancel",
    "operation_retry",
    "operation_reprint",
    "account_password",
    "account_resend",
}

# What a list, which changes no account, lets an agent do who may only consult: lists are theirs to make.
LIST_ACTS = {"confirmer", "lancer", "abandonner", "reprendre", "reediter"}


def routes(patterns=None, prefix=""):
    """Every (name, pattern) of the project, includes unfolded."""
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield pattern.name, path


INSIDE = [(name, path) for name, path in routes() if path.startswith("etablissements/<str:uai>/")]
# For those alone who may delegate.
DELEGATING = {name for name, path in INSIDE if "/delegations/" in path}


class World:
    """A collège with its director, an account of each kind, an operation on each; and the neighbours."""

    def __init__(self):
        self.school = EstablishmentFactory.create()
        self.neighbour = EstablishmentFactory.create()
        self.director = MandateFactory.create(establishment=self.school).agent
        self.other_director = MandateFactory.create(establishment=self.neighbour).agent
        self.stranger = AgentFactory.create()
        self.deputy = MandateFactory.create(establishment=self.school, role=Mandate.Role.DEPUTY).agent
        self.delegation = DelegationFactory.create(establishment=self.school)
        self.accounts = {
            "RESPONSABLE": responsable_account(self.school),
            "STUDENT": student_account(self.school),
        }
        self.operations = {kind: self._operation(kind) for kind in AccountKind.values}
        self.secret_lists = {
            kind: self._operation(kind, "LIST", options={"format": "csv", "with_secrets": True})
            for kind in AccountKind.values
        }
        self.scheduled = {
            kind: self._operation(kind, "NOTIFY_MAIL", status="SCHEDULED", starts_at=timezone.now())
            for kind in AccountKind.values
        }

    def _operation(self, of, kind="NOTIFY_SHEETS", **fields):
        now = timezone.now()
        document = Document.objects.create(
            name="feuilles.pdf",
            content_type="application/pdf",
            size=1,
            sha256="",
            storage_key=f"key-{kind}-{of}",
            created_at=now,
            expires_at=now + timedelta(days=7),
        )
        operation = Operation.objects.create(
            establishment=self.school,
            agent=self.director,
            **{"kind": kind, "status": "DONE", "confirmed_at": now, "document": document, **fields},
            population=of,
        )
        OperationItem.objects.create(operation=operation, account=self.accounts[of], version=0)
        return operation

    def addresses(self, uai, kind):
        """Each route below an establishment, filled with each object of `kind` of the school."""
        operations = [each[kind].pk for each in (self.operations, self.secret_lists, self.scheduled)]
        for name, path in INSIDE:
            keys = [0] if "<int:pk>" not in path else operations
            if path.startswith("etablissements/<str:uai>/comptes/"):
                keys = [self.accounts[kind].pk]
            if path.startswith("etablissements/<str:uai>/delegations/"):
                keys = [self.deputy.pk if name == "deputy" else self.delegation.pk]
            found = people.key_of(self.stranger, self.school)
            for pk in keys:
                filled = path.replace("<str:uai>", uai).replace("<int:pk>", str(pk))
                yield name, "/" + filled.replace("<str:key>", found)


@pytest.fixture
def world():
    return World()


def ask(agent, address, **headers):
    """The statuses of a GET and of a POST; a refused method says nothing of what is there."""
    client = Client(raise_request_exception=True)
    if agent:
        client.force_login(agent)
    data = {"population": "RESPONSABLE", "action": "notify_sheets", "accounts": ""}
    answers = [client.get(address, **headers), client.post(address, data, **headers)]
    return [answer for answer in answers if answer.status_code != 405]


def test_every_route_is_either_below_an_establishment_or_known_to_this_test():
    outside = {name for name, path in routes() if not path.startswith("etablissements/<str:uai>/")}

    assert outside == OUTSIDE
    assert len(INSIDE) >= 14


def test_without_a_sign_in_every_page_of_an_establishment_leads_to_it(world):
    for _, address in world.addresses(world.school.uai, "RESPONSABLE"):
        for answer in ask(None, address):
            assert (answer.status_code, answer.url.split("?")[0]) == (302, "/connexion/"), address


def test_without_a_sign_in_a_fragment_reloads_the_page(world):
    for _, address in world.addresses(world.school.uai, "RESPONSABLE"):
        for answer in ask(None, address, headers={"HX-Request": "true"}):
            assert (answer.status_code, answer.headers.get("HX-Refresh")) == (200, "true"), address
            assert answer.content == b""


@pytest.mark.parametrize("who", ["stranger", "other_director"])
@pytest.mark.parametrize("kind", AccountKind.values)
def test_to_who_has_nothing_there_an_establishment_does_not_exist(world, who, kind):
    for _, address in world.addresses(world.school.uai, kind):
        answers = ask(getattr(world, who), address)
        assert answers, address
        assert {answer.status_code for answer in answers} == {404}, address


@pytest.mark.parametrize("kind", AccountKind.values)
def test_an_object_of_another_establishment_does_not_exist_below_ones_own(world, kind):
    for name, address in world.addresses(world.neighbour.uai, kind):
        if "<int:pk>" in dict(INSIDE)[name] or "<str:key>" in dict(INSIDE)[name]:
            statuses = {answer.status_code for answer in ask(world.other_director, address)}
            assert statuses == {404}, address


def test_an_establishment_which_is_not_offered_exists_for_nobody(world):
    world.school.is_offered = False
    world.school.save()

    for _, address in world.addresses(world.school.uai, "RESPONSABLE"):
        assert {answer.status_code for answer in ask(world.director, address)} == {404}, address


def test_a_delegate_for_pupils_finds_nothing_of_responsables(world):
    delegate = DelegationFactory.create(establishment=world.school, population="STUDENTS").agent
    of_responsables = {
        "responsable_list",
        "account",
        "account_password",
        "account_resend",
        "account_assistance",
        "account_escalation",
        "operation_create",
    } | {name for name, _ in INSIDE if name.startswith("operation") and name != "operation_list"}

    for name, address in world.addresses(world.school.uai, "RESPONSABLE"):
        if name in of_responsables or "/responsables/" in address:
            statuses = {answer.status_code for answer in ask(delegate, address)}
            assert statuses == {404}, address


@pytest.mark.parametrize("kind", AccountKind.values)
def test_a_delegate_who_may_only_consult_acts_on_nothing_and_reads_no_secret(world, kind):
    delegate = DelegationFactory.create(
        establishment=world.school, profile=Delegation.Profile.CONSULT, population="BOTH"
    ).agent
    own_lists = {f"/operations/{world.secret_lists[kind].pk}/{act}/" for act in LIST_ACTS}

    for name, address in world.addresses(world.school.uai, kind):
        if any(address.endswith(own) for own in own_lists):
            continue
        if name in ACTIONS | DELEGATING | {"operation_document", "establishment_settings"}:
            assert {answer.status_code for answer in ask(delegate, address)} == {403}, address
    for each in (world.operations, world.secret_lists, world.scheduled):
        operation = each[kind]
        before = operation.status
        operation.refresh_from_db()
        assert operation.status == before


@pytest.mark.parametrize("role", [Mandate.Role.DEPUTY, "MANAGE"])
def test_delegations_are_for_those_alone_who_may_delegate(world, role):
    agent = world.deputy
    if role == "MANAGE":
        agent = DelegationFactory.create(establishment=world.school, profile=role, population="BOTH").agent

    for name, address in world.addresses(world.school.uai, "RESPONSABLE"):
        if name in DELEGATING:
            assert {answer.status_code for answer in ask(agent, address)} == {403}, address


def test_a_deputy_who_may_delegate_does_not_choose_who_else_may(world):
    world.deputy.mandates.update(may_delegate=True)
    client = Client()
    client.force_login(world.deputy)

    for name, address in world.addresses(world.school.uai, "RESPONSABLE"):
        if name in DELEGATING - {"delegation_invite_again"}:
            assert client.get(address).status_code == (403 if name == "deputy" else 200), address


@pytest.mark.parametrize("profile", [Delegation.Profile.CONSULT, Delegation.Profile.ASSIST])
def test_a_list_with_passwords_is_opened_by_those_alone_who_may_export_them(world, profile):
    delegate = DelegationFactory.create(establishment=world.school, profile=profile, population="BOTH").agent
    client = Client()
    client.force_login(delegate)

    for operation in world.secret_lists.values():
        address = f"/etablissements/{world.school.uai}/operations/{operation.pk}/"
        assert client.get(f"{address}document/").status_code == 403
        assert client.get(address).status_code == 200


def test_a_delegation_of_yesterday_or_of_tomorrow_opens_nothing(world):
    today = timezone.localdate()
    day = timedelta(days=1)
    ended = DelegationFactory.create(establishment=world.school, ends_on=today - day).agent
    to_come = DelegationFactory.create(establishment=world.school, begins_on=today + day).agent
    revoked = DelegationFactory.create(establishment=world.school, ended_at=timezone.now()).agent

    for agent in (ended, to_come, revoked):
        for _, address in world.addresses(world.school.uai, "RESPONSABLE"):
            assert {answer.status_code for answer in ask(agent, address)} == {404}, address


def test_in_the_1er_degre_there_are_no_accounts_of_pupils(world):
    school = EstablishmentFactory.create(feed__degree=1)
    director = MandateFactory.create(establishment=school).agent
    client = Client()
    client.force_login(director)

    assert client.get(f"/etablissements/{school.uai}/eleves/").status_code == 404
    assert client.get(f"/etablissements/{school.uai}/responsables/").status_code == 200


def test_the_owner_opens_every_page(world):
    client = Client()
    client.force_login(world.director)

    for name, address in world.addresses(world.school.uai, "RESPONSABLE"):
        if name not in ACTIONS and name not in {"operation_document", "delegation_invite_again"}:
            assert client.get(address).status_code == 200, address
