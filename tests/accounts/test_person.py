"""A person's right of access: all that is held on them, nothing of anybody else, and no secret."""

import json
from datetime import date, timedelta

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.utils import timezone

from aaf_import.models import Anomaly, ImportRun
from accounts import lifecycle
from accounts.activation.mails import promise_links, promise_notice
from accounts.models import AccountSource, DataIssue, PasswordLink
from accounts.person.register import REGISTER, Told
from accounts.secrets import open_secret
from accounts.transitions import State, Transition
from establishments.models import Event, EventKind, Responsable, Responsibility, Student
from tests.factories import (
    PASSWORD,
    AccountFactory,
    DelegationFactory,
    EstablishmentFactory,
    MandateFactory,
    ResponsableFactory,
    ResponsibilityFactory,
    StudentFactory,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db
# In the order of the rows; another person's data is told by its own words, all different.
MOTHER = {
    "surname": "MÈRE-EXEMPLE",
    "mail": "mere@example.org",
    "mobile": "+33639980011",
    "address": "11 RUE DE LA MÈRE",
}
FATHER = {
    "surname": "PÈRE-EXEMPLE",
    "mail": "pere@example.org",
    "mobile": "+33639980022",
    "address": "22 RUE DU PÈRE",
}


@pytest.fixture
def export(tmp_path, capsys):
    """What the command wrote about a person: its data, and all of its words in both forms."""

    def run(**who):
        call_command("export_person", output=tmp_path, **who)
        [text] = tmp_path.glob("*.txt")
        [data] = tmp_path.glob("*.json")
        assert {path.stat().st_mode & 0o777 for path in (text, data)} == {0o600}
        written = text.read_text() + data.read_text()
        dossier = json.loads(data.read_text())
        text.unlink()
        data.unlink()
        return dossier, written

    return run


@pytest.fixture
def separated():
    """A child whose two parents do not share an address; the accounts of both, and the school."""
    school = EstablishmentFactory.create()
    mother = responsable_account(school, record=MOTHER, identifier="a.mereexemple", state=State.ACTIVE)
    child = Student.objects.get()
    father = ResponsableFactory.create(feed=school.feed, **FATHER)
    ResponsibilityFactory.create(student=child, responsable=father, kinship="20")
    other = AccountFactory.create(
        identifier="a.pereexemple", state=State.ACTIVATING, pending_mail="attente.pere@example.org"
    )
    AccountSource.objects.create(account=other, responsable=father, reason=AccountSource.Reason.CREATED)
    return mother, other, child, school


def test_every_table_and_column_is_said_to_hold_something_of_a_person_or_nothing():
    for model in apps.get_models():
        entry = REGISTER.get(model._meta.label)
        assert entry, f"{model._meta.label} : à classer dans accounts/person/register.py"
        if isinstance(entry, Told):
            withheld = [name for names in entry.withheld.values() for name in names]
            classed = [*entry.columns, *withheld]
            columns = {field.attname for field in model._meta.concrete_fields}
            assert columns <= set(classed), f"{model._meta.label} : {columns - set(classed)}"
            assert len(classed) == len(set(classed)), model._meta.label


def test_nothing_of_the_other_parent_is_told_to_a_parent(separated, export):
    mother, father, child, school = separated
    for account in (mother, father):
        promise_links([account])
    promise_notice(father, "ancienne.pere@example.org")
    for record in Responsable.objects.all():
        DataIssue.objects.create(
            establishment=school, kind="MOBILE_SHARED", responsable=record, opened_at=timezone.now()
        )

    for own, others, account in ((MOTHER, FATHER, mother), (FATHER, MOTHER, father)):
        _, written = export(account=account.identifier)
        for value in own.values():
            assert value in written
        for value in (*others.values(), "ancienne.pere" if account == mother else "valide@example.org"):
            assert value not in written
        assert child.ine in written

    dossier, written = export(ine=child.ine)
    assert len(dossier["Liens avec des responsables"]) == 2
    for value in (*MOTHER.values(), *FATHER.values(), "a.mereexemple", "a.pereexemple", "attente.pere"):
        assert value not in written


def test_a_parent_whose_link_is_over_is_not_told_where_the_child_is_now(separated, export):
    mother, _, child, school = separated
    Responsibility.objects.filter(responsable__surname=MOTHER["surname"]).update(ended_at=timezone.now())
    elsewhere = EstablishmentFactory.create(name="Nouveau Refuge", feed=school.feed)
    Student.objects.update(establishment=elsewhere)
    Event.objects.create(
        kind=EventKind.ACCOUNT_CHILD_DETACHED,
        actor=Event.Actor.PLATFORM,
        establishment=elsewhere,
        target_kind="account",
        target_id=mother.pk,
        data={"student": child.pk},
    )

    dossier, written = export(account=mother.identifier)

    [told] = dossier["Enfants"]
    assert told["Nom"] == child.surname
    assert "Terminé le" in told
    for hidden in ("Nouveau Refuge", elsewhere.uai, child.ine, child.birth_date.isoformat()):
        assert hidden not in written
    assert "Enfant détaché du compte" in written


def test_a_record_whose_join_was_undone_is_not_told(separated, export):
    mother, _, _, school = separated
    stranger = ResponsableFactory.create(feed=school.feed, surname="ÉTRANGER", mail="etranger@example.org")
    AccountSource.objects.create(
        account=mother, responsable=stranger, reason=AccountSource.Reason.UNDONE, closed_at=timezone.now()
    )

    dossier, written = export(account=mother.identifier)

    assert len(dossier["Sources de données"]) == 2
    assert "ÉTRANGER" not in written
    assert "etranger@" not in written


def test_what_was_done_to_an_account_is_told_without_naming_who_did_it(export):
    mandate = MandateFactory.create()
    agent, school = mandate.agent, mandate.establishment
    account = responsable_account(school, state=State.NOTIFIED, identifier="m.abbeym")
    act = lifecycle.AgentAct(Transition.RESET_PASSWORD, agent, school, timezone.now())
    assert lifecycle.act_on([account], act)
    account.refresh_from_db()
    run = ImportRun.objects.create(feed=school.feed, kind="complet")
    record = Responsable.objects.get()
    Anomaly.objects.create(
        run=run, code="RELATION_UNKNOWN", category="PersRelEleve", jointure=record.jointure, sentence="?"
    )
    Anomaly.objects.create(
        run=run, code="RELATION_UNKNOWN", category="Eleve", jointure=record.jointure, sentence="?"
    )

    dossier, written = export(account="m.abbeym")

    [reset] = [row for row in dossier["Historique"] if row["Fait"] == "Mot de passe réinitialisé"]
    assert (reset["Par"], school.uai in reset["Établissement"]) == ("Agent", True)
    for hidden in (agent.surname, agent.email, open_secret(account.sealed_secret), account.sealed_secret):
        assert hidden not in written
    assert dossier["Comptes"][0]["Mot de passe"] == "provisoire"
    assert len(dossier["Anomalies des imports"]) == 1
    assert Event.objects.get(kind=EventKind.PERSON_EXPORTED).target_id == account.pk


def test_mails_and_links_are_told_with_the_addresses_they_went_to(export):
    school = EstablishmentFactory.create()
    account = responsable_account(school, state=State.ACTIVATING, identifier="m.abbeym")
    [delivery] = promise_links([account])
    promise_notice(account, "ancienne@example.org")
    PasswordLink.objects.create(
        token_hash="empreinte-du-lien", account=account, delivery=delivery, secret_hash="empreinte-du-secret"
    )

    dossier, written = export(account="m.abbeym")

    assert {row["Adresse"] for row in dossier["Courriels"]} == {"attente@example.org", "ancienne@example.org"}
    assert len(dossier["Liens vers un mot de passe"]) == 1
    assert "empreinte" not in written


def test_a_pupil_is_found_by_the_ine_in_every_feed_with_or_without_an_account(export):
    account = student_account(EstablishmentFactory.create(), record={"ine": "123456789AA"})
    StudentFactory.create(ine="123456789AA", surname="ANCIENNE FICHE")
    dossier, _ = export(ine="123456789AA")
    assert len(dossier["Fiches de l’annuaire académique"]) == 2
    assert [row["Identifiant"] for row in dossier["Comptes"]] == [account.identifier]

    StudentFactory.create(ine="123456789BB")
    assert export(ine="123456789BB")[0]["Comptes"] == []


def test_an_ine_which_two_pupils_have_tells_of_neither(export):
    StudentFactory.create(ine="123456789AA")
    StudentFactory.create(ine="123456789AA", birth_date=date(2011, 1, 1))
    with pytest.raises(CommandError, match="Plusieurs élèves"):
        export(ine="123456789AA")
    assert not Event.objects.exists()


@pytest.mark.parametrize("who", [{"account": "personne"}, {"ine": "0"}, {"agent": "personne@example.org"}])
def test_nobody_is_said_so(export, who):
    with pytest.raises(CommandError, match="Aucun"):
        export(**who)


def test_an_agent_is_told_roles_acts_in_numbers_and_sessions_but_no_family(client, export):
    mandate = MandateFactory.create()
    agent, school = mandate.agent, mandate.establishment
    DelegationFactory.create(establishment=school, granted_by=agent, agent__surname="DÉLÉGUÉ")
    account = responsable_account(school, state=State.NOTIFIED, record=MOTHER, identifier="a.mereexemple")
    act = lifecycle.AgentAct(Transition.NOTIFY, agent, school, timezone.now() - timedelta(days=1))
    assert lifecycle.act_on([account], act)
    client.force_login(agent, backend="allauth.account.auth_backends.AuthenticationBackend")

    dossier, written = export(agent=agent.email)

    assert [row["Rôle"] for row in dossier["Directions"]] == ["Direction"]
    assert [row["Nombre"] for row in dossier["Délégations accordées à d’autres"]] == [1]
    assert {"Compte notifié": 1}.items() <= {
        row["Fait"]: row["Nombre"] for row in dossier["Ce que l’agent a fait"]
    }.items()
    assert len(dossier["Sessions"]) == 1
    for hidden in ("DÉLÉGUÉ", "a.mereexemple", *MOTHER.values(), agent.password, PASSWORD):
        assert hidden not in written
    assert client.session.session_key not in written


def test_two_agents_with_one_address_in_the_annuaire_are_not_told_of_each_other(export):
    for _ in range(2):
        MandateFactory.create(agent__contact_mail="direction@example.org")
    with pytest.raises(CommandError, match="Plusieurs agents"):
        export(agent="direction@example.org")
