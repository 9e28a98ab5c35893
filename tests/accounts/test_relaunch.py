"""« Relancer »: who is notified again, who is sent the link again, who is left aside, and nothing twice."""

from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import mailing, operations, printing
from accounts.activation.links import token_for
from accounts.activation.mails import LINK
from accounts.forms import AccountFilterForm
from accounts.models import Account, AccountKind, Operation, OperationItem
from accounts.rows import campaigns_of
from accounts.secrets import expiry_from, last_day, open_secret
from accounts.transitions import SecretEffect, State
from establishments.access import get_access
from establishments.models import Event, EventKind
from notifications import sending
from notifications.models import Delivery
from tests.factories import MandateFactory, provisional, responsable_account

pytestmark = pytest.mark.django_db
Channel, Reason, Item = OperationItem.Channel, OperationItem.Reason, OperationItem.Status


@pytest.fixture
def access():
    mandate = MandateFactory.create()
    return get_access(mandate.agent, mandate.establishment.uai)


@pytest.fixture
def family(access):
    """One account of each case, by what is to become of it."""
    school = access.establishment
    dead = provisional(timezone.now() - timedelta(days=120))
    return {
        "mailed": responsable_account(school, state=State.NOTIFIED, record={"mail": "a@example.org"}),
        "printed": responsable_account(school, state=State.NOTIFIED, record={"mail": ""}),
        "expired": responsable_account(
            school, state=State.NOTIFIED, record={"mail": "b@example.org"}, **dead
        ),
        "activating": responsable_account(school, state=State.ACTIVATING, record={"mail": "c@example.org"}),
        "never": responsable_account(school, record={"mail": "d@example.org"}),
        "active": responsable_account(school, state=State.ACTIVE),
    }


def draft(access):
    accounts = Account.objects.visible_to(access)
    return operations.draft(access, Operation.Kind.RELAUNCH, AccountKind.RESPONSABLE, accounts)


def run(operation, **options):
    operations.confirm(operation, {"sheets": True} | options)
    operation.refresh_from_db()
    if operation.is_scheduled:
        operations.end_hold(operation, by=None)
    operations.run(operation.pk)
    operation.refresh_from_db()
    return operation


def page_of(client, operation, name="operation", **data):
    client.force_login(operation.agent)
    address = reverse(name, args=[operation.establishment.uai, operation.pk])
    return client.post(address, data, follow=True) if name != "operation" else client.get(address)


def outcomes(operation):
    return {
        item.account_id: (item.status, item.channel, item.effect, item.reason)
        for item in operation.items.all()
    }


def test_each_is_told_as_its_state_asks_and_the_others_are_left_aside(access, family, mail_server):
    secrets = {name: account.sealed_secret for name, account in family.items()}
    link = token_for(family["activating"])

    operation = run(draft(access))
    printing.plan_sheets(operation.pk)
    sending.send_due(mailing.Composer())

    assert outcomes(operation) == {
        family["mailed"].pk: (Item.DONE, Channel.MAIL, SecretEffect.KEPT, ""),
        family["printed"].pk: (Item.DONE, Channel.SHEET, SecretEffect.KEPT, ""),
        family["expired"].pk: (Item.DONE, Channel.MAIL, SecretEffect.REDRAWN, ""),
        family["activating"].pk: (Item.DONE, Channel.MAIL, SecretEffect.KEPT, ""),
        family["never"].pk: (Item.LEFT_ASIDE, "", "", Reason.FORBIDDEN),
        family["active"].pk: (Item.LEFT_ASIDE, "", "", Reason.FORBIDDEN),
    }
    assert mail_server.recipients == ["a@example.org", "attente@example.org", "b@example.org"]
    assert [part.accounts for part in operation.parts.all()] == [[family["printed"].pk]]
    states = {name: account.state for name, account in family.items()}
    for account in family.values():
        account.refresh_from_db()
    assert {name: account.state for name, account in family.items()} == states
    assert family["mailed"].sealed_secret == secrets["mailed"]
    assert family["expired"].sealed_secret != secrets["expired"]
    assert (family["mailed"].times_distributed, family["expired"].times_distributed) == (2, 1)
    assert token_for(family["activating"]) != link
    [mailed] = [mail for mail in mail_server.received if mail.recipient == "attente@example.org"]
    assert token_for(family["activating"]) in mailed.text
    assert family["activating"].identifier not in mailed.text
    [letter] = [mail for mail in mail_server.received if mail.recipient == "b@example.org"]
    assert open_secret(family["expired"].sealed_secret) in letter.text


def test_dates_move_for_the_letters_alone(access, family):
    before = family["activating"].distributed_at
    started = timezone.now()

    run(draft(access))

    for account in family.values():
        account.refresh_from_db()
    zone = access.establishment.academy.zone
    for name in ("mailed", "printed", "expired"):
        assert family[name].distributed_at >= started
        assert family[name].secret_expires_at == expiry_from(family[name].distributed_at, zone)
    assert family["activating"].distributed_at == before
    assert family["activating"].activation_link_at >= started
    kinds = Counter(Event.objects.filter(target_kind="account").values_list("kind", flat=True))
    assert kinds == {EventKind.ACCOUNT_NOTIFY: 3, EventKind.ACCOUNT_ACTIVATION_RESENT: 1}


def test_the_preview_says_what_happens(access, family, client):
    operation = draft(access)
    preview = operations.preview(operation)
    text = " ".join(page_of(client, operation).text.split())

    assert (preview.notified, preview.letters_by_mail, preview.on_paper) == (3, 2, 1)
    assert (preview.links, preview.redrawn, preview.kept, preview.forbidden) == (1, 1, 2, 2)
    zone = access.establishment.academy.zone
    assert f"{last_day(expiry_from(timezone.now(), zone), zone):%d/%m/%Y}" in text
    assert "2 comptes laissés de côté" in text
    assert "(total : 1 compte(s)) :" in text
    assert "Relancer 4 comptes" in text

    run(operation)
    report = page_of(client, operation).context["report"]
    assert (report.done, report.left_aside, report.forbidden) == (4, 2, 2)
    assert (report.links, report.letters_by_mail, report.printed) == (1, 2, 1)
    assert (report.redrawn, report.kept) == (1, 2)


def test_without_paper_those_without_an_address_are_left_aside(access, family):
    operation = run(draft(access), sheets=False)

    left = operation.items.get(account=family["printed"])
    assert (left.status, left.reason) == (Item.LEFT_ASIDE, Reason.UNREACHABLE)
    assert operation.items.get(account=family["activating"]).status == Item.DONE


@pytest.mark.parametrize("name", ["never", "active"])
def test_where_nobody_can_be_relaunched_nothing_can_be_confirmed(access, family, client, name):
    Account.objects.exclude(pk=family[name].pk).update(closed_at=timezone.now(), sealed_secret="")
    text = page_of(client, draft(access)).text

    assert "Aucun de ces comptes ne le permet en l’état." in text
    assert "operation_confirm" not in text
    assert "/confirmer/" not in text


def test_it_is_held_and_called_off_like_any_mail(access, family, client, settings):
    settings.MAIL_HOLD = timedelta(minutes=10)
    operation = draft(access)

    assert "Programmée à" in page_of(client, operation, "operation_confirm", sheets="on").text
    assert "Envoi annulé" in page_of(client, operation, "operation_cancel").text

    assert not operations.run(operation.pk)
    assert set(Account.objects.values_list("version", flat=True)) == {0}
    assert not Delivery.objects.exists()


def test_confirmed_twice_and_run_twice_it_mails_once(access, family, client):
    operation = draft(access)
    page_of(client, operation, "operation_confirm", sheets="on")
    again = page_of(client, operation, "operation_confirm", sheets="on")
    assert "avait déjà été confirmée" in again.text
    operation.refresh_from_db()
    operations.end_hold(operation, by=None)

    for _ in range(2):
        operations.run(operation.pk)

    assert Counter(Delivery.objects.values_list("reference_kind", flat=True)) == {
        LINK: 1,
        mailing.REFERENCE: 2,
    }


def test_a_worker_killed_in_the_middle_of_a_chunk_leaves_nothing_behind(access, family, monkeypatch):
    operation = draft(access)
    operations.confirm(operation, {"sheets": True})
    operation.refresh_from_db()
    operations.end_hold(operation, by=None)
    with monkeypatch.context() as killed:
        killed.setattr(mailing, "promise_links", lambda accounts: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            operations.run(operation.pk)
    assert set(Account.objects.values_list("version", flat=True)) == {0}
    assert not Delivery.objects.exists()
    assert not Event.objects.filter(target_kind="account").exists()

    operation.refresh_from_db()
    operations.retry(operation)
    operations.run(operation.pk)

    assert Delivery.objects.count() == 3


@pytest.mark.parametrize("size", [2, 20])
def test_the_queries_of_a_chunk_do_not_grow_with_it(access, size):
    for number in range(size):
        responsable_account(access.establishment, state=State.ACTIVATING if number % 2 else State.NOTIFIED)
    operation = draft(access)
    operations.confirm(operation)
    operation.refresh_from_db()
    operations.end_hold(operation, by=None)

    with CaptureQueriesContext(connection) as queries:
        operations.run(operation.pk)

    assert len(queries) == 28


def test_an_account_activated_since_is_left_aside(access, family):
    operation = draft(access)
    Account.objects.filter(pk=family["activating"].pk).update(version=1)

    run(operation)

    assert operation.items.get(account=family["activating"]).reason == Reason.CHANGED
    assert operation.items.filter(status=Item.DONE).count() == 3


def test_a_lost_link_is_not_printed_and_says_what_to_do(access, family, client, mail_server):
    mail_server.answers = lambda address: "550 no such user"
    operation = run(draft(access), sheets=False)
    printing.plan_sheets(operation.pk)
    sending.send_due(mailing.Composer())

    text = page_of(client, operation).text
    assert "demandez une autre adresse à la famille" in text
    data = {"population": "RESPONSABLE", "scope": "failures", "operation": operation.pk}
    create = reverse("operation_create", args=[access.establishment.uai])
    client.post(create, data | {"action": "notify_sheets"})

    paper = Operation.objects.get(kind=Operation.Kind.NOTIFY_SHEETS)
    assert {item.account for item in paper.items.all()} == {family["mailed"], family["expired"]}


def test_the_home_relaunches_a_line_in_one_gesture(access, family, client):
    client.force_login(access.agent)
    home = client.get(reverse("establishment", args=[access.establishment.uai])).text
    assert 'value="relaunch"' in home

    data = {"population": "RESPONSABLE", "scope": "filter", "filter": "expire=passe&tri=notification"}
    create = reverse("operation_create", args=[access.establishment.uai])
    page = client.post(create, data | {"action": "relaunch"}, follow=True)

    assert "Relancer" in page.text
    assert [item.account for item in Operation.objects.get().items.all()] == [family["expired"]]


def test_a_relaunch_is_a_campaign_and_the_list_can_show_it(access, family, client):
    operation = run(draft(access))
    school = access.establishment

    assert [each.pk for each in campaigns_of(school)] == [operation.pk]
    client.force_login(access.agent)
    listed = client.get(reverse("responsable_list", args=[school.uai]), {"campagne": operation.pk}).text
    assert family["activating"].identifier in listed
    assert family["active"].identifier not in listed
    form = AccountFilterForm(
        client.get("/", {"campagne": operation.pk}).wsgi_request.GET,
        establishment=school,
        population=AccountKind.RESPONSABLE,
    )
    assert form.fields["campagne"].choices[1][1].startswith("Relance du")
