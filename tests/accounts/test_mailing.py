"""Notifying by mail: who is reached and how, what is held, what leaves, what never does."""

import logging
import threading
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import contacts, lifecycle, mailing, operations, printing, tasks
from accounts.lifecycle import AgentAct, act_on
from accounts.models import Account, AccountKind, AccountSource, Operation, OperationItem
from accounts.secrets import open_secret
from accounts.transitions import State, Transition
from establishments.access import get_access
from establishments.models import Event, Mandate, Responsable, Responsibility
from notifications import deliveries, sending
from notifications.deliveries import Promise
from notifications.models import Delivery, DomainPause
from tests.factories import (
    EstablishmentFactory,
    MandateFactory,
    ResponsableFactory,
    ResponsibilityFactory,
    StudentFactory,
    responsable_account,
    student_account,
)

pytestmark = pytest.mark.django_db
Status, Channel, Reason = Operation.Status, OperationItem.Channel, OperationItem.Reason
UNREACHABLE = (
    "Aucune adresse mail n&#x27;étant renseignée, la distribution par mail est impossible pour le(s) "
    "responsable(s) suivant(s) (total : 1 compte(s)) :"
)


@pytest.fixture
def access():
    mandate = MandateFactory.create()
    return get_access(mandate.agent, mandate.establishment.uai)


def draft(access, *, with_reset=False, population=AccountKind.RESPONSABLE):
    accounts = Account.objects.visible_to(access).filter(kind=population)
    return operations.draft(access, Operation.Kind.NOTIFY_MAIL, population, accounts, with_reset=with_reset)


def ran(access, *, sheets=True, **options):
    """An operation whose hold is over and whose accounts are notified; its mails are not sent yet."""
    operation = draft(access, **options)
    operations.confirm(operation, {"sheets": sheets})
    operation.refresh_from_db()
    if operation.is_scheduled:
        assert operations.end_hold(operation, by=None)
    operations.run(operation.pk)
    operation.refresh_from_db()
    return operation


def send():
    return sending.send_due(mailing.Composer())


def page_of(client, operation, name="operation", **data):
    client.force_login(operation.agent)
    address = reverse(name, args=[operation.establishment.uai, operation.pk])
    return client.post(address, data, follow=True) if name != "operation" else client.get(address)


def channels(operation):
    return dict(operation.items.values_list("account", "channel"))


def test_a_family_reads_its_identifiant_and_password_in_a_mail_from_its_school(access, mail_server):
    school = access.establishment
    account = responsable_account(school, children=2, record={"mail": "anne.martin@example.org"})

    ran(access)
    send()

    account.refresh_from_db()
    [mail] = mail_server.received
    assert mail.recipient == "anne.martin@example.org"
    for body in (mail.text, mail.html):
        assert account.identifier in body
        assert open_secret(account.sealed_secret) in body
    headers = mail.message
    assert headers["From"].addresses[0].display_name == school.display_name
    assert headers["From"].addresses[0].addr_spec == "ne-pas-repondre@example.org"
    assert headers["Reply-To"] == school.mail
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["Message-ID"] == Delivery.objects.get().message_id
    assert Delivery.objects.get().status == Delivery.Status.SENT


def test_the_contact_mail_is_the_validated_one_else_that_of_this_establishment_alone(access):
    school = access.establishment
    validated = responsable_account(school, state=State.ACTIVE, mail="choisie@example.org")
    recorded = responsable_account(school, record={"mail": "fiche@example.org"})
    unreadable = responsable_account(school, record={"mail": "pas une adresse"})
    elsewhere = responsable_account(EstablishmentFactory.create(), record={"mail": "ailleurs@example.org"})
    account = responsable_account(school, record={"mail": ""})
    of_elsewhere = Responsable.objects.get(sources__account=elsewhere)
    of_elsewhere.sources.update(account=account)

    found = contacts.contact_mails(school, Account.objects.all())

    assert found == {validated.pk: "choisie@example.org", recorded.pk: "fiche@example.org"}
    assert unreadable.pk not in found


def test_a_pupil_is_mailed_only_at_an_address_the_pupil_validated(access, client):
    validated = student_account(access.establishment, state=State.ACTIVE, mail="eleve@example.org")
    other = student_account(access.establishment, state=State.ACTIVE, mail="")
    ResponsibilityFactory.create(student=other.sources.get().student)

    operation = draft(access, population=AccountKind.STUDENT)

    assert channels(operation) == {validated.pk: Channel.MAIL, other.pk: Channel.SHEET}
    assert "pour le(s) élève(s) suivant(s)" in page_of(client, operation).text


def test_the_preview_names_who_has_no_address_and_who_shares_one(access, client):
    school = access.establishment
    responsable_account(school, record={"mail": "", "surname": "SANS", "given_name": "Aimée"})
    responsable_account(
        school, record={"mail": "foyer@example.org", "surname": "DUPONT", "given_name": "Marie"}
    )
    responsable_account(
        school, record={"mail": "Foyer@example.org", "surname": "DUPONT", "given_name": "Paul"}
    )

    operation = draft(access)
    preview = operations.preview(operation)
    text = page_of(client, operation).text

    assert (preview.by_mail, preview.on_paper) == (2, 1)
    assert UNREACHABLE.replace("&#x27;", "'") in " ".join(text.split())
    assert "SANS Aimée" in text
    assert "DUPONT Marie et DUPONT Paul" in text
    assert "foyer@example.org" not in text.lower()
    assert "Éditer des feuilles individuelles pour ces comptes" in text


def test_the_preview_costs_the_same_whatever_the_selection(access, client):
    client.force_login(access.agent)
    counts = []
    for _ in range(2):
        for number in range(12):
            responsable_account(access.establishment, record={"mail": ""} if number % 3 else {})
        address = reverse("operation", args=[access.establishment.uai, draft(access).pk])
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_one_gesture_mails_some_and_prints_the_others(access, mail_server):
    mailed = responsable_account(access.establishment)
    printed = responsable_account(access.establishment, record={"mail": ""})

    operation = ran(access)
    printing.plan_sheets(operation.pk)
    send()

    assert channels(operation) == {mailed.pk: Channel.MAIL, printed.pk: Channel.SHEET}
    assert set(Account.objects.values_list("state", flat=True)) == {State.NOTIFIED}
    assert [part.accounts for part in operation.parts.all()] == [[printed.pk]]
    assert [mailed.identifier in mail.text for mail in mail_server.received] == [True]


def test_those_without_an_address_are_left_aside_when_paper_is_not_wanted(access):
    account = responsable_account(access.establishment, record={"mail": ""})
    responsable_account(access.establishment)

    operation = ran(access, sheets=False)

    item = operation.items.get(account=account)
    account.refresh_from_db()
    assert (item.status, item.reason) == (OperationItem.Status.LEFT_ASIDE, Reason.UNREACHABLE)
    assert account.state == State.NOT_NOTIFIED


@pytest.mark.parametrize(("sheets", "channel"), [(True, Channel.SHEET), (False, "")])
def test_an_address_lost_during_the_hold_is_noticed_when_it_starts(access, sheets, channel):
    responsable_account(access.establishment)
    operation = draft(access)
    operations.confirm(operation, {"sheets": sheets})
    Responsable.objects.update(mail="")
    operation.refresh_from_db()

    operations.end_hold(operation, by=None)
    operations.run(operation.pk)

    assert operation.items.get().channel == channel
    assert not Delivery.objects.exists()


def test_two_responsables_at_one_address_get_each_their_own_mail(access, mail_server):
    accounts = [responsable_account(access.establishment, record={"mail": "a@example.org"}) for _ in range(2)]

    ran(access)
    send()

    assert mail_server.recipients == ["a@example.org"] * 2
    for account in accounts:
        other = next(each for each in accounts if each != account)
        [own] = [mail for mail in mail_server.received if account.identifier in mail.text]
        assert other.identifier not in own.text + own.html


def test_nothing_is_applied_during_the_hold_and_it_can_be_called_off(access, client, settings):
    settings.MAIL_HOLD = timedelta(minutes=10)
    account = responsable_account(access.establishment)
    operation = draft(access)

    text = page_of(client, operation, "operation_confirm", sheets="on").text
    operation.refresh_from_db()
    begins = timezone.localtime(operation.starts_at, access.establishment.academy.zone)
    assert operation.starts_at - operation.confirmed_at == timedelta(minutes=10)
    assert f"Programmée à {begins:%H:%M}" in text
    assert "Annuler l’envoi" in text
    assert "Envoyer maintenant" in text
    tasks.start_scheduled_operations()
    account.refresh_from_db()
    assert account.state == State.NOT_NOTIFIED

    assert "Envoi annulé" in page_of(client, operation, "operation_cancel").text
    Operation.objects.update(starts_at=timezone.now())
    tasks.start_scheduled_operations()
    account.refresh_from_db()
    assert account.state == State.NOT_NOTIFIED
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(("academy", "zone"), [("28", "Indian/Reunion"), ("41", "Pacific/Tahiti")])
def test_the_hour_of_a_sending_is_that_of_the_place(client, academy, zone):
    school = EstablishmentFactory.create(feed__academy__code=academy)
    access = get_access(MandateFactory.create(establishment=school).agent, school.uai)
    responsable_account(school)
    operation = draft(access)
    operations.confirm(operation)
    Operation.objects.update(starts_at=datetime(2026, 10, 25, 0, 30, tzinfo=UTC))

    text = page_of(client, operation).text

    local = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).astimezone(ZoneInfo(zone))
    assert school.academy.zone == ZoneInfo(zone)
    assert f"Programmée à {local:%H:%M}" in text


@pytest.mark.parametrize(
    ("confirmed", "announced"),
    [
        (datetime(2027, 10, 31, 0, 55, tzinfo=UTC), "Programmée à 02:05"),
        (datetime(2027, 3, 28, 0, 55, tzinfo=UTC), "Programmée à 03:05"),
    ],
    ids=["an hour which comes twice", "an hour which never comes"],
)
def test_a_hold_lasts_as_long_on_the_nights_when_the_clocks_change(access, client, confirmed, announced):
    assert access.establishment.academy.zone == ZoneInfo("Europe/Paris")
    responsable_account(access.establishment)
    operation = draft(access)

    with time_machine.travel(confirmed, tick=False):
        text = page_of(client, operation, "operation_confirm", sheets="on").text

    assert announced in text
    assert not operations.scheduled_until(confirmed + timedelta(minutes=9, seconds=59)).exists()
    assert operations.scheduled_until(confirmed + timedelta(minutes=10)).get() == operation


def test_without_any_mail_to_send_nothing_is_held(access):
    responsable_account(access.establishment, record={"mail": ""})
    operation = draft(access)

    operations.confirm(operation, {"sheets": True})

    operation.refresh_from_db()
    assert operation.status == Status.QUEUED


def test_cancelling_and_starting_cannot_both_win(access):
    responsable_account(access.establishment)
    first, second = draft(access), draft(access)
    for operation in (first, second):
        operations.confirm(operation)
        operation.refresh_from_db()

    assert (
        operations.cancel(first, by=access.agent),
        operations.end_hold(first, by=None),
        operations.run(first.pk),
    ) == (
        True,
        False,
        False,
    )
    assert (
        operations.end_hold(second, by=None),
        operations.cancel(second, by=access.agent),
        operations.end_hold(second, by=None),
    ) == (
        True,
        False,
        False,
    )


@pytest.mark.parametrize(
    ("address", "told"), [("operation_cancel", "Envoi annulé par"), ("operation_start", "Envoi avancé par")]
)
def test_who_called_a_mailing_off_or_forced_it_is_recorded_and_shown(access, client, address, told):
    responsable_account(access.establishment)
    operation = draft(access)
    operations.confirm(operation)
    operation.refresh_from_db()
    colleague = MandateFactory.create(establishment=access.establishment).agent
    client.force_login(colleague)

    text = client.post(reverse(address, args=[access.establishment.uai, operation.pk]), follow=True).text

    confirmed, event = Event.objects.filter(target_kind="operation", target_id=operation.pk).order_by("pk")
    assert confirmed.data["kind"] == "NOTIFY_MAIL"
    assert (event.agent, event.establishment) == (colleague, access.establishment)
    assert f"{told} {colleague.full_name} le " in text


def test_a_hold_which_ends_in_its_time_and_a_draft_given_up_are_no_act_of_anybody(access):
    responsable_account(access.establishment)
    held, given_up = draft(access), draft(access)
    operations.confirm(held)
    held.refresh_from_db()

    assert operations.end_hold(held, by=None)
    assert operations.cancel(given_up, by=access.agent)
    assert not operations.cancel(held, by=access.agent)

    assert [event.kind for event in Event.objects.all()] == ["operation:confirmed"]


def test_a_mandate_which_ended_during_the_hold_calls_it_off(access, client):
    account = responsable_account(access.establishment)
    operation = draft(access)
    operations.confirm(operation)
    operation.refresh_from_db()
    successor = MandateFactory.create(establishment=access.establishment).agent
    Mandate.objects.filter(agent=access.agent).update(ended_at=timezone.now())

    assert not operations.end_hold(operation, by=None)

    account.refresh_from_db()
    operation.refresh_from_db()
    assert (account.state, operation.status) == (State.NOT_NOTIFIED, Status.CANCELLED)
    client.force_login(successor)
    text = client.get(reverse("operation", args=[access.establishment.uai, operation.pk])).text
    assert "n’a plus le droit d’agir sur ces comptes" in text
    assert "Envoi annulé par la plateforme le " in text
    assert operation.get_kind_display() in (
        client.get(reverse("operation_list", args=[access.establishment.uai])).text
    )


def test_accounts_and_their_mails_are_committed_together(access, monkeypatch):
    responsable_account(access.establishment)
    operation = draft(access)
    operations.confirm(operation)
    operation.refresh_from_db()
    operations.end_hold(operation, by=None)

    def full(*args):
        raise RuntimeError("disk full")

    monkeypatch.setattr(mailing.deliveries, "promise", full)
    with pytest.raises(RuntimeError):
        operations.run(operation.pk)

    assert Account.objects.get().state == State.NOT_NOTIFIED
    assert not Event.objects.filter(target_kind="account").exists()


@pytest.mark.parametrize("size", [3, 30])
def test_the_queries_of_a_chunk_do_not_grow_with_it(access, size):
    for _ in range(size):
        responsable_account(access.establishment)
    operation = draft(access, with_reset=True)
    operations.confirm(operation)
    operation.refresh_from_db()
    operations.end_hold(operation, by=None)

    with CaptureQueriesContext(connection) as queries:
        operations.run(operation.pk)

    assert len(queries) == 21


def _activates(account, access):
    lifecycle.self_register(account, password_hash="argon2$x", mobile="+33639980001")


def _is_reset(account, access):
    act_on([account], AgentAct(Transition.RESET_PASSWORD, access.agent, access.establishment, timezone.now()))


def _is_notified_again(account, access):
    act_on([account], AgentAct(Transition.NOTIFY, access.agent, access.establishment, timezone.now()))


def _leaves(account, access):
    Responsibility.objects.update(ended_at=timezone.now())


def _is_closed(account, access):
    Account.objects.update(closed_at=timezone.now(), sealed_secret="")


def _expires(account, access):
    Account.objects.update(secret_expires_at=timezone.now())


CHANGES = [_activates, _is_reset, _is_notified_again, _leaves, _is_closed, _expires]


@pytest.mark.parametrize("event", CHANGES, ids=lambda event: event.__name__)
def test_a_mail_whose_account_changed_since_never_leaves(access, mail_server, event):
    responsable_account(access.establishment)
    operation = ran(access)

    event(Account.objects.get(), access)
    send()

    delivery = Delivery.objects.get()
    assert mail_server.received == []
    assert (delivery.status, bool(delivery.last_error)) == (Delivery.Status.CANCELLED, True)
    assert operation.items.get().status == OperationItem.Status.DONE


def test_a_child_whose_legal_link_ended_is_not_on_a_mail_not_yet_sent(access, mail_server):
    account = responsable_account(access.establishment)
    lost = StudentFactory.create(establishment=access.establishment, given_name="Perdue")
    link = ResponsibilityFactory.create(student=lost, responsable=account.sources.get().responsable)
    ran(access)
    link.is_legal = False
    link.save()

    send()

    [mail] = mail_server.received
    assert "Zoé" in mail.text
    assert "Perdue" not in mail.text + mail.html


def test_a_mail_goes_to_the_address_known_when_it_leaves(access, mail_server):
    responsable_account(access.establishment)
    ran(access)
    Responsable.objects.update(mail="corrigee@example.org")

    send()

    assert mail_server.recipients == ["corrigee@example.org"]
    assert Delivery.objects.get().recipient == "corrigee@example.org"


def test_the_preview_the_queue_and_the_mail_mean_the_address_of_the_same_record(access, mail_server):
    """That of the eldest child, though it came last and its name too."""
    school = access.establishment
    account = responsable_account(school, record={"surname": "AAA", "mail": "cadette@example.org"})
    eldest = StudentFactory.create(establishment=school, birth_date=date(2009, 1, 1))
    record = ResponsableFactory.create(feed=school.feed, surname="ZZZ", mail="ainee@example.org")
    ResponsibilityFactory.create(student=eldest, responsable=record)
    AccountSource.objects.create(account=account, responsable=record, reason=AccountSource.Reason.RULE)
    other = responsable_account(school, record={"surname": "MMM", "mail": "ainee@example.org"})

    shared = contacts.reach(draft(access)).shared
    ran(access)
    promised = set(Delivery.objects.values_list("item__account", "recipient"))
    send()

    assert shared == [["MMM Anne", "ZZZ Anne"]]
    assert promised == {(account.pk, "ainee@example.org"), (other.pk, "ainee@example.org")}
    assert mail_server.recipients == ["ainee@example.org"] * 2


@pytest.mark.parametrize(
    ("answer", "status"), [("550 5.1.1 unknown", Delivery.Status.REFUSED), ("451 later", "pending")]
)
def test_a_refusal_is_that_of_the_address_the_mail_was_sent_to(access, mail_server, answer, status):
    responsable_account(access.establishment, record={"mail": "ancienne@example.org"})
    ran(access)
    Responsable.objects.update(mail="corrigee@lent.example.org")
    mail_server.answers = lambda address: answer

    send()

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.recipient) == (status, "corrigee@lent.example.org")
    assert delivery.domain == "lent.example.org"
    assert list(DomainPause.objects.values_list("domain", flat=True)) == (
        ["lent.example.org"] if status == "pending" else []
    )


def test_while_the_server_is_down_the_operation_says_why_its_mails_wait(access, client, mail_server):
    responsable_account(access.establishment)
    responsable_account(access.establishment)
    operation = ran(access)
    printing.plan_sheets(operation.pk)
    assert "Certains attendent" not in page_of(client, operation).text
    mail_server.stop()

    send()

    assert "« Le serveur d’envoi ne répond pas. »" in page_of(client, operation).text.replace("\u202f", " ")
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        deliveries.give_up_on_old(timezone.now())
    assert set(Delivery.objects.values_list("status", "last_error")) == {
        ("failed", "Le serveur d’envoi n’a pas répondu.")
    }


def test_a_server_which_will_have_no_mail_of_ours_is_told_to_the_school(access, client, mail_server):
    responsable_account(access.establishment)
    responsable_account(access.establishment)
    operation = ran(access)
    printing.plan_sheets(operation.pk)
    mail_server.to_sender = lambda sender: "550 5.7.1 not authorized"

    send()

    assert set(Delivery.objects.values_list("status", "last_error")) == {
        ("pending", "550 5.7.1 not authorized")
    }
    assert "« 550 5.7.1 not authorized »" in page_of(client, operation).text.replace("\u202f", " ")


def test_a_year_later_nobody_knows_any_more_where_a_mail_went(access, client, mail_server):
    told = responsable_account(access.establishment, record={"mail": "bien@example.org"})
    refused = responsable_account(access.establishment, record={"mail": "mal@example.org"})
    mail_server.answers = lambda address: "550 mal@example.org unknown" if "mal@" in address else None
    operation = ran(access)
    printing.plan_sheets(operation.pk)
    send()
    Responsable.objects.update(mail="")
    Delivery.objects.update(created_at=timezone.now() - timedelta(days=366))

    tasks.forget_mails()

    assert set(Delivery.objects.values_list("status", "recipient", "domain", "last_error")) == {
        ("sent", "", "", ""),
        ("refused", "", "", "Détail effacé."),
    }
    client.force_login(access.agent)
    page = page_of(client, operation).text
    assert "Détail effacé." in page
    pages = [client.get(reverse("account", args=[access.establishment.uai, a.pk])) for a in (told, refused)]
    assert "Dernier courriel envoyé le" in pages[0].text
    assert "adresse refusée (Détail effacé.)" in pages[1].text
    assert not any("@example.org unknown" in text or "mal@" in text for text in (page, pages[1].text))


def test_what_is_recent_or_still_waits_is_not_forgotten(access, settings):
    settings.MAIL_RECORD_LIFETIME = timedelta(days=30)
    DomainPause.objects.create(domain="muet.example.org", until=timezone.now() - timedelta(days=2))
    DomainPause.objects.create(domain="lent.example.org", until=timezone.now())
    recent, waiting = deliveries.promise([Promise("a@example.org", "", ("", ""))] * 2, timezone.now())
    deliveries.mark_failed(recent, Delivery.Status.FAILED, "550 a@example.org")
    Delivery.objects.filter(pk=recent.pk).update(created_at=timezone.now() - timedelta(days=29))
    Delivery.objects.filter(pk=waiting.pk).update(created_at=timezone.now() - timedelta(days=31))

    tasks.forget_mails()

    assert set(Delivery.objects.values_list("recipient", flat=True)) == {"a@example.org"}
    assert [pause.domain for pause in DomainPause.objects.all()] == ["lent.example.org"]
    assert tasks.forget_mails.name in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}


REFUSALS = {
    "taken": {},
    "address refused": {"answers": lambda address: f"550 5.1.1 {address} unknown"},
    "message refused": {"after_data": lambda address: f"554 {address} spam"},
    "put off": {"answers": lambda address: f"451 {address} later"},
    "return path refused": {"to_sender": lambda address: f"553 {address} not ours"},
    "cut": {"drops_after_data": True},
}


@pytest.mark.parametrize("answers", REFUSALS.values(), ids=REFUSALS.keys())
def test_no_logger_says_a_word_of_a_mail(access, mail_server, caplog, settings, answers):
    settings.BOUNCE_ADDRESS = "retours@example.org"
    record = {"mail": "odile.clairvaux@example.org", "surname": "CLAIRVAUX", "given_name": "Odile"}
    account = responsable_account(access.establishment, record=record)
    ran(access)
    account.refresh_from_db()
    password = open_secret(account.sealed_secret)
    for name, answer in answers.items():
        setattr(mail_server, name, answer)
    caplog.set_level("DEBUG")

    send()
    mail_server.stop()
    Delivery.objects.filter(status="pending").update(next_attempt_at=timezone.now())
    send()

    # But for the server of the test, which names whom it hears.
    records = [record for record in caplog.records if not record.name.startswith("mail.")]
    logged = "\n".join(logging.Formatter().format(record) for record in records).lower()
    assert "notifications.sending" in {record.name for record in records}
    for word in (password, account.sealed_secret, account.identifier, "clairvaux", "retours+", "odile"):
        assert word.lower() not in logged


def test_the_last_mail_of_an_account_shows_on_its_page_and_filters_the_list(access, client, mail_server):
    school = access.establishment
    told = responsable_account(school, record={"surname": "ARRIVEE", "mail": "bien@example.org"})
    refused = responsable_account(school, record={"surname": "REFUSEE", "mail": "mal@example.org"})
    never = responsable_account(school, record={"surname": "JAMAIS", "mail": ""})
    mail_server.answers = lambda address: "550 no such user" if "mal@" in address else None
    ran(access, sheets=False)
    send()

    client.force_login(access.agent)
    listed = {
        outcome: client.get(reverse("responsable_list", args=[school.uai]), {"envoi": outcome}).text
        for outcome in ("envoye", "refuse", "attente", "echec")
    }
    assert told.identifier in listed["envoye"]
    assert refused.identifier in listed["refuse"]
    assert not any(never.identifier in text for text in listed.values())
    assert refused.identifier not in listed["envoye"] + listed["attente"] + listed["echec"]
    page = client.get(reverse("account", args=[school.uai, refused.pk])).text
    assert "adresse refusée (550 no such user)" in page
    assert "Dernier courriel envoyé le" in client.get(reverse("account", args=[school.uai, told.pk])).text


def test_the_failures_are_printed_in_one_click_exactly_and_without_reset(access, client, mail_server):
    for number in range(3):
        responsable_account(access.establishment, record={"mail": f"f{number}@example.org"})
    mail_server.answers = lambda address: None if "f0@" in address else "550 no such user"
    operation = ran(access)
    printing.plan_sheets(operation.pk)
    send()

    text = page_of(client, operation).text
    assert "Éditer sur papier les échecs" in text
    assert text.count("550 no such user") == 2
    address = reverse("operation_create", args=[access.establishment.uai])
    data = {"population": "RESPONSABLE", "scope": "failures", "operation": operation.pk}
    client.post(address, data | {"action": "notify_sheets"})

    paper = Operation.objects.get(kind=Operation.Kind.NOTIFY_SHEETS)
    refused = Delivery.objects.filter(status=Delivery.Status.REFUSED).values("item__account")
    assert not paper.with_reset
    assert {item.account for item in paper.items.all()} == set(Account.objects.filter(pk__in=refused))
    assert set(Account.objects.values_list("state", flat=True)) == {State.NOTIFIED}


def test_the_mail_goes_from_the_bulk_action_to_the_letterbox_through_the_tasks(
    access, mail_server, django_capture_on_commit_callbacks, client, settings
):
    settings.CELERY_TASK_ALWAYS_EAGER = True
    settings.MAIL_HOLD = timedelta(0)
    account = responsable_account(access.establishment)
    client.force_login(access.agent)
    uai = access.establishment.uai

    data = {"population": "RESPONSABLE", "accounts": account.pk, "action": "notify_mail"}
    client.post(reverse("operation_create", args=[uai]), data)
    operation = Operation.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("operation_confirm", args=[uai, operation.pk]), {"sheets": "on"})

    operation.refresh_from_db()
    assert operation.status == Status.DONE
    assert mail_server.recipients == [account.holdings.get().responsable.mail]


@pytest.mark.django_db(transaction=True)
def test_two_directors_who_mail_the_same_accounts_mail_them_once(mail_server):
    mandate = MandateFactory.create()
    access = get_access(mandate.agent, mandate.establishment.uai)
    for _ in range(8):
        responsable_account(access.establishment)
    both = [draft(access), draft(access)]
    for operation in both:
        operations.confirm(operation)
        operation.refresh_from_db()

    def work(operation):
        try:
            operations.end_hold(operation, by=None)
            operations.run(operation.pk)
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work, args=[operation]) for operation in both]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    send()

    assert len(mail_server.received) == len({mail.recipient for mail in mail_server.received}) == 8
    assert set(Account.objects.values_list("version", flat=True)) == {1}
