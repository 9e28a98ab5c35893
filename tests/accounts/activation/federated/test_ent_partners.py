"""ENT from which accounts are activated: declared by a command, believed in their scope alone."""

import io
import json
import sys

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command

from accounts import rotation
from accounts.activation.federated.ent import (
    NobodyMeant,
    account_meant,
    offered_academies,
    offered_in,
    partner_of,
)
from accounts.activation.federated.openid import Identity
from accounts.models import EntPartner
from accounts.secrets import seal_secret
from establishments.models import Responsable, Student
from notifications.keyring import is_current
from tests.factories import EstablishmentFactory, FeedFactory, responsable_account, student_account

pytestmark = pytest.mark.django_db
ISSUER = "https://ent.example.org/oidc"


@pytest.fixture
def school():
    return EstablishmentFactory.create()


@pytest.fixture
def elsewhere():
    """An établissement of another académie, where keys of the AAF may be the same."""
    return EstablishmentFactory.create(feed=FeedFactory.create(academy__code="14"))


def declared(*, academy=None, schools=(), **fields):
    fields = {"label": "ENT", "issuer": ISSUER, "client_id": "console"} | fields
    partner = EntPartner.objects.create(academy=academy, sealed_secret=seal_secret("secret"), **fields)
    partner.establishments.set(schools)
    return partner


def meant(partner, **claims):
    return account_meant(partner, Identity("sub", claims, "token"))


def is_nobody(partner, **claims):
    with pytest.raises(NobodyMeant):
        meant(partner, **claims)
    return True


def test_a_pupil_is_named_by_the_jointure_by_the_ine_or_by_both(school):
    account = student_account(school, record={"jointure": "7001", "ine": "123456789AB"})
    ent = declared(academy=school.academy)
    assert meant(ent, ENTPersonJointure="7001") == account
    assert meant(ent, ENTPersonJointure="24$7001") == account
    assert meant(ent, ENTEleveINE="123456789ab") == account
    assert meant(ent, ENTPersonJointure="7001", ENTEleveINE=["123456789AB"]) == account


def test_a_responsable_is_named_by_the_jointure(school):
    account = responsable_account(school, record={"jointure": "8001"})
    assert meant(declared(schools=[school]), ENTPersonJointure="8001") == account


def test_the_claims_are_called_as_the_ent_calls_them(school):
    account = student_account(school, record={"jointure": "7001", "ine": "123456789AB"})
    ent = declared(academy=school.academy, jointure_claim="", ine_claim="ine_eleve")
    assert meant(ent, ine_eleve="123456789AB", ENTPersonJointure="other") == account
    assert is_nobody(ent, ENTPersonJointure="7001")


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"ENTPersonJointure": ""},
        {"ENTPersonJointure": "7002"},
        {"ENTPersonJointure": "14$7001"},
        {"ENTPersonJointure": "7001", "ENTEleveINE": "999999999ZZ"},
        {"ENTPersonJointure": "8001", "ENTEleveINE": "123456789AB"},
        {"ENTPersonJointure": ["7001", "8001"]},
        {"ENTPersonJointure": {"7001": True}},
    ],
)
def test_who_is_named_wrongly_or_in_contradiction_is_nobody(school, claims):
    student_account(school, record={"jointure": "7001", "ine": "123456789AB"})
    responsable_account(school, record={"jointure": "8001"})
    assert is_nobody(declared(academy=school.academy), **claims)


def test_an_ent_speaks_of_its_scope_alone(school, elsewhere):
    student_account(elsewhere, record={"jointure": "7001", "ine": "123456789AB"})
    sibling = EstablishmentFactory.create(feed=school.feed)
    responsable_account(sibling, record={"jointure": "8001"})
    assert is_nobody(declared(academy=school.academy), ENTEleveINE="123456789AB")
    of_school = declared(schools=[school], client_id="other")
    assert is_nobody(of_school, ENTEleveINE="123456789AB")
    assert is_nobody(of_school, ENTPersonJointure="8001")


def test_the_first_degree_has_no_transition():
    school = EstablishmentFactory.create(feed=FeedFactory.create(degree=1))
    responsable_account(school, record={"jointure": "8001"})
    assert is_nobody(declared(academy=school.academy), ENTPersonJointure="8001")


def test_one_key_of_two_people_in_two_academies_is_nobody_unless_it_says_which(school, elsewhere):
    here = responsable_account(school, record={"jointure": "8001"})
    responsable_account(elsewhere, record={"jointure": "8001"}, identifier="b.autre")
    ent = declared(schools=[school, elsewhere])
    assert is_nobody(ent, ENTPersonJointure="8001")
    assert meant(ent, ENTPersonJointure="24$8001") == here


def test_who_left_or_has_no_child_there_any_more_is_nobody(school):
    responsable_account(school, record={"jointure": "8001"})
    student_account(school, record={"jointure": "7001"})
    ent = declared(academy=school.academy)
    Student.objects.update(left_at="2026-09-01T00:00:00Z")
    assert is_nobody(ent, ENTPersonJointure="8001")
    assert is_nobody(ent, ENTPersonJointure="7001")
    Student.objects.update(left_at=None)
    Responsable.objects.update(left_at="2026-09-01T00:00:00Z")
    assert is_nobody(ent, ENTPersonJointure="8001")


def test_ent_are_offered_by_academie_while_they_are_enabled(school, elsewhere):
    of_academy = declared(academy=school.academy, label="B")
    of_school = declared(schools=[school], client_id="two", label="A")
    withdrawn = declared(schools=[elsewhere], client_id="three", is_enabled=False)
    assert list(offered_academies()) == [school.academy]
    assert offered_in(school.academy) == [of_school, of_academy]
    assert withdrawn not in offered_in(elsewhere.academy)


def test_an_ent_is_declared_listed_withdrawn_and_brought_back(school, monkeypatch, capsys):
    monkeypatch.setenv("ENT_CLIENT_SECRET", "le secret")
    added = run(capsys, "add", "Mon ENT", f"{ISSUER}/", "console", "--uai", school.uai)
    assert added["uai"] == [school.uai]
    assert added["issuer"] == ISSUER
    assert added["redirect_uri"].endswith(f"/activation/ent/{added['id']}/retour/")
    assert partner_of(EntPartner.objects.get()).client_secret == "le secret"
    assert run(capsys, "disable", str(added["id"]))["enabled"] is False
    [listed] = run(capsys, "list")
    assert listed == added | {"enabled": False}
    assert run(capsys, "enable", str(added["id"]))["enabled"] is True
    assert "secret" not in json.dumps(listed)


def test_the_secret_may_come_by_the_standard_input(school, monkeypatch, capsys):
    monkeypatch.delenv("ENT_CLIENT_SECRET", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO("par l’entrée\n"))
    run(capsys, "add", "Mon ENT", ISSUER, "console", "--academy", "24")
    assert partner_of(EntPartner.objects.get()).client_secret == "par l’entrée"


@pytest.mark.parametrize(
    "arguments",
    [
        ["add", "ENT", "ftp://ent.example.org", "console", "--academy", "24"],
        ["add", "ENT", "ent.example.org", "console", "--academy", "24"],
        ["add", "ENT", ISSUER, "console", "--academy", "99"],
        ["add", "ENT", ISSUER, "console", "--uai", "0000000A"],
        ["add", "ENT", ISSUER, "twice", "--academy", "24"],
        ["add", "ENT", ISSUER, "c", "--academy", "24", "--jointure-claim", "", "--ine-claim", ""],
        ["add", "ENT", ISSUER, "console"],
        ["disable", "0"],
    ],
)
def test_what_cannot_work_is_refused_and_nothing_is_declared(school, monkeypatch, arguments):
    monkeypatch.setenv("ENT_CLIENT_SECRET", "secret")
    declared(academy=school.academy, client_id="twice")
    with pytest.raises(CommandError):
        call_command("ent_partner", *arguments)
    assert EntPartner.objects.count() == 1


def test_without_a_secret_nothing_is_declared(school, monkeypatch):
    monkeypatch.delenv("ENT_CLIENT_SECRET", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    with pytest.raises(CommandError, match="Donnez le secret"):
        call_command("ent_partner", "add", "ENT", ISSUER, "console", "--academy", "24")
    assert not EntPartner.objects.exists()


def test_the_secrets_of_ent_follow_the_keys(school, settings):
    ent = declared(academy=school.academy)
    settings.SECRETS_KEYS = [Fernet.generate_key().decode(), *settings.SECRETS_KEYS]
    tally = rotation.rotate_ents(check=False, on_done=lambda count: None)
    ent.refresh_from_db()
    assert (tally.renewed, is_current(ent.sealed_secret)) == (1, True)
    assert partner_of(ent).client_secret == "secret"


def run(capsys, *arguments):
    call_command("ent_partner", *arguments)
    return json.loads(capsys.readouterr().out)
