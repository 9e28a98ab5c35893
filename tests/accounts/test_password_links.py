"""The one-use link in place of the password: shown once, to who presses the button, while it is alive."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts import lifecycle, mailing, operations, password_links, tasks
from accounts.lifecycle import AgentAct, act_on
from accounts.models import Account, AccountKind, EstablishmentSettings, Operation, PasswordLink
from accounts.secrets import open_secret
from accounts.transitions import Transition
from establishments.access import get_access
from establishments.models import Delegation, Event, EventKind
from notifications import sending
from tests.factories import DelegationFactory, MandateFactory, responsable_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def access():
    mandate = MandateFactory.create()
    return get_access(mandate.agent, mandate.establishment.uai)


@pytest.fixture
def link(access, mail_server, settings):
    """The address that the only family read in its mail, where the school sends links."""
    settings.MAIL_HOLD = timedelta(0)
    EstablishmentSettings.objects.create(establishment=access.establishment, mails_a_link=True)
    responsable_account(access.establishment)
    accounts = Account.objects.visible_to(access)
    operation = operations.draft(access, Operation.Kind.NOTIFY_MAIL, AccountKind.RESPONSABLE, accounts)
    operations.confirm(operation)
    operations.run(operation.pk)
    sending.send_due(mailing.Composer())
    [mail] = mail_server.received
    account = Account.objects.get()
    assert open_secret(account.sealed_secret) not in mail.text + mail.html
    [address] = set(re.findall(r"http://testserver(/activation/mot-de-passe/[\w-]+/)", mail.text + mail.html))
    return address


def secret():
    return open_secret(Account.objects.get().sealed_secret)


def test_the_button_shows_identifiant_and_password_once(client, link):
    opened = client.get(link)
    assert opened.status_code == 200
    assert secret() not in opened.text

    shown = client.post(link)

    assert Account.objects.get().identifier in shown.text
    assert secret() in shown.text
    for again in (client.post(link), client.get(link)):
        assert again.status_code == 410
        assert secret() not in again.text
    event = Event.objects.get(kind=EventKind.ACCOUNT_SECRET_SHOWN)
    assert (event.actor, event.target_id) == (Event.Actor.FAMILY, Account.objects.get().pk)


@pytest.mark.parametrize(("is_used", "age", "links"), [(True, 366, 0), (True, 364, 1), (False, 366, 1)])
def test_a_used_link_is_forgotten_after_a_year_and_a_live_one_never(client, link, is_used, age, links):
    if is_used:
        client.post(link)
    PasswordLink.objects.update(created_at=timezone.now() - timedelta(days=age))

    tasks.forget_mails()

    assert PasswordLink.objects.count() == links


def test_the_link_of_a_password_erased_is_forgotten_unused(link):
    PasswordLink.objects.update(created_at=timezone.now() - timedelta(days=366))
    Account.objects.update(closed_at=timezone.now(), sealed_secret="")

    assert password_links.forget(timezone.now()) == 1


def test_opening_it_a_hundred_times_uses_nothing_up(client, link):
    for _ in range(3):
        client.get(link)
        client.head(link)

    assert PasswordLink.objects.get().used_at is None
    assert not client.get(link).cookies


def test_it_is_kept_from_caches_referrers_and_search_engines(client, link):
    for answer in (client.get(link), client.post(link), client.get(link)):
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["Cache-Control"] == "no-store"
        assert "noindex" in answer["X-Robots-Tag"]


def test_a_dead_address_is_not_logged(client, link, caplog):
    client.post(link)

    assert client.get(link).status_code == 410

    assert not any("mot-de-passe" in record.getMessage() for record in caplog.records)


def test_only_its_hash_is_in_the_database(link):
    token = link.rstrip("/").rpartition("/")[2]

    assert token not in str(list(PasswordLink.objects.values_list()))
    assert len(PasswordLink.objects.get().token_hash) == 64


def _reset(access):
    act = AgentAct(Transition.RESET_PASSWORD, access.agent, access.establishment, timezone.now())
    act_on([Account.objects.get()], act)


def _chosen(access):
    lifecycle.start_activation(Account.objects.get(), password_hash="argon2$x", mail="a@example.org")


def _expired(access):
    Account.objects.update(secret_expires_at=timezone.now())


def _erased(access):
    _expired(access)
    lifecycle.erase_dead_secrets()


@pytest.mark.parametrize("event", [_reset, _chosen, _expired, _erased], ids=lambda event: event.__name__)
def test_it_dies_with_the_password_it_stands_for(client, access, link, event):
    event(access)

    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410


def test_an_invented_link_opens_nothing(client):
    address = reverse("password_link", args=["a" * 43])

    assert client.get(address).status_code == client.post(address).status_code == 410


def test_the_same_mail_made_again_carries_the_same_link(link):
    delivery = PasswordLink.objects.get().delivery

    again = mailing.Composer()(delivery)

    assert link in again.text
    assert PasswordLink.objects.count() == 1


def test_a_director_or_a_deputy_chooses_it_for_the_establishment(client, access):
    address = reverse("establishment_settings", args=[access.establishment.uai])
    deputy = MandateFactory.create(establishment=access.establishment, role="DEPUTY").agent
    client.force_login(deputy)

    assert not EstablishmentSettings.objects.exists()
    assert "Réglages enregistrés" in client.post(address, {"mails_a_link": "on"}, follow=True).text
    chosen = EstablishmentSettings.objects.get()
    assert (chosen.mails_a_link, chosen.changed_by) == (True, deputy)
    client.post(address, {})
    chosen.refresh_from_db()
    assert not chosen.mails_a_link


def test_each_change_of_a_setting_is_recorded_and_saving_the_same_is_none(client, access):
    address = reverse("establishment_settings", args=[access.establishment.uai])
    client.force_login(access.agent)

    for posted in ({}, {"mails_a_link": "on"}, {"mails_a_link": "on"}, {}):
        assert client.post(address, posted).status_code == 302

    events = Event.objects.filter(kind=EventKind.SETTING_CHANGED).order_by("pk")
    assert [(event.data, event.agent, event.establishment) for event in events] == [
        ({"mails_a_link": True}, access.agent, access.establishment),
        ({"mails_a_link": False}, access.agent, access.establishment),
    ]


def test_a_delegate_changes_no_setting(client, access):
    delegate = DelegationFactory.create(
        establishment=access.establishment, profile=Delegation.Profile.MANAGE, population="BOTH"
    ).agent
    client.force_login(delegate)
    address = reverse("establishment_settings", args=[access.establishment.uai])

    assert client.get(address).status_code == client.post(address).status_code == 403
    assert address not in client.get(reverse("establishment", args=[access.establishment.uai])).text
