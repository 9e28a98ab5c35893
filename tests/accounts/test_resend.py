"""Sending the activation mail again: to whom, to which address, and which link still opens."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import lifecycle, mailing
from accounts.activation import links
from accounts.activation.letter.sending import resend, send_activation_mails
from accounts.activation.links import Refusal, token_for
from accounts.lifecycle import AgentAct, act_on
from accounts.models import Account
from accounts.tasks import send_mails
from accounts.transitions import ForbiddenTransition, State, Transition
from establishments.access import get_access
from establishments.models import Delegation, Event, EventKind
from notifications import deliveries, sending
from notifications.models import Delivery
from tests.factories import (
    CHOSEN_PASSWORD_HASH,
    DelegationFactory,
    EstablishmentFactory,
    FeedFactory,
    MandateFactory,
    ResponsibilityFactory,
    StudentFactory,
    responsable_account,
)

pytestmark = pytest.mark.django_db
NEW = "nouvelle@example.org"


@pytest.fixture
def access():
    mandate = MandateFactory.create()
    return get_access(mandate.agent, mandate.establishment.uai)


@pytest.fixture
def account(access):
    return responsable_account(access.establishment, state=State.ACTIVATING)


def page_of(account, access):
    return reverse("account_resend", args=[access.establishment.uai, account.pk])


def ask(client, account, access, to, version=None):
    client.force_login(access.agent)
    data = {"mail": to, "version": account.version if version is None else version}
    return client.post(page_of(account, access), data)


def deliver_all():
    sending.send_due(mailing.Composer())


def open_link(client, account, method="get"):
    return getattr(client, method)(reverse("activation_confirm", args=[token_for(account)]))


# What an agent asks.


def test_to_the_same_address_the_state_stays_and_a_new_link_is_mailed(client, access, account, mail_server):
    old = token_for(account)

    response = ask(client, account, access, account.pending_mail)
    deliver_all()

    assert response.url == reverse("account", args=[access.establishment.uai, account.pk])
    account.refresh_from_db()
    assert (account.state, account.pending_mail) == (State.ACTIVATING, "attente@example.org")
    [message] = mail_server.received
    assert message.recipient == "attente@example.org"
    assert token_for(account) != old
    assert token_for(account) in message.text
    assert Event.objects.get().kind == EventKind.ACCOUNT_ACTIVATION_RESENT


def test_to_a_new_address_the_old_one_is_told_without_the_new_nor_any_name(
    client, access, account, mail_server
):
    ask(client, account, access, NEW)
    deliver_all()

    account.refresh_from_db()
    assert (account.state, account.pending_mail) == (State.ACTIVATING, NEW)
    link, notice = mail_server.received
    assert (link.recipient, notice.recipient) == (NEW, "attente@example.org")
    assert token_for(account) in link.text
    holder = account.holdings.get().responsable
    for body in (notice.text, notice.html):
        assert access.establishment.display_name in body
        assert "01 99 00 00 01" in body
        for personal in (NEW, account.identifier, holder.surname, token_for(account), "/confirmer/"):
            assert personal not in body


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Indiquez une adresse mail."),
        ("nouvelle.example.org", "adresse"),
        ("a@b", "adresse"),
        ("a@localhost", "adresse"),
        ("x" * 250 + "@example.org", "au plus 254"),
    ],
)
def test_an_address_that_cannot_be_is_refused_with_the_form(client, access, account, typed, told):
    response = ask(client, account, access, typed)

    assert response.status_code == 422
    assert told in response.text
    assert not Delivery.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize("state", [State.NOT_NOTIFIED, State.NOTIFIED, State.ACTIVE])
def test_in_any_other_state_it_is_refused_and_not_offered(client, access, state):
    account = responsable_account(access.establishment, state=state)

    response = ask(client, account, access, NEW)

    assert response.url == reverse("account", args=[access.establishment.uai, account.pk])
    page = client.get(response.url).text
    assert "ne se renvoie que pour un compte « En cours d’activation »" in page
    assert page_of(account, access) not in page
    assert not Event.objects.exists()


def test_who_only_consults_may_not_and_is_not_offered_it(client, access, account):
    consults = DelegationFactory.create(
        establishment=access.establishment, profile=Delegation.Profile.CONSULT
    ).agent
    client.force_login(consults)

    assert client.get(page_of(account, access)).status_code == 403
    assert client.post(page_of(account, access), {"mail": NEW, "version": 0}).status_code == 403
    account_page = reverse("account", args=[access.establishment.uai, account.pk])
    assert page_of(account, access) not in client.get(account_page).text


def test_opening_the_form_changes_nothing_and_shows_the_address(client, access, account):
    client.force_login(access.agent)

    page = client.get(page_of(account, access))

    assert page.status_code == 200
    assert 'value="attente@example.org"' in page.text
    assert page.headers["Cache-Control"].count("no-store")
    account.refresh_from_db()
    assert account.version == 0


def test_a_double_click_or_back_and_send_again_mails_once(client, access, account):
    ask(client, account, access, NEW)

    again = ask(client, account, access, NEW, version=0)

    assert again.status_code == 422
    assert "a changé depuis l’ouverture de cette page" in again.text
    assert 'name="version" value="1"' in again.text
    assert Event.objects.count() == 1
    assert Delivery.objects.count() == 2


def test_of_two_directors_at_once_one_wins(access, account):
    first, second = Account.objects.get(pk=account.pk), Account.objects.get(pk=account.pk)
    resend(first, access, to=NEW)

    with pytest.raises(ForbiddenTransition):
        resend(second, access, to="autre@example.org")

    account.refresh_from_db()
    assert (account.pending_mail, account.activation_link_number) == (NEW, 1)
    assert Event.objects.count() == 1
    assert not Delivery.objects.filter(recipient="autre@example.org").exists()


def test_the_history_and_the_page_say_it(client, access, account):
    ask(client, account, access, NEW)

    page = client.get(reverse("account", args=[access.establishment.uai, account.pk])).text

    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert f"Courriel d’activation renvoyé (à une nouvelle adresse), par {access.agent.full_name}" in text
    assert f"{NEW} à confirmer par la famille" in text
    assert "lien valable jusqu’au" in text
    assert "L’adresse précédente en est informée." in text


def test_the_page_says_that_the_link_has_expired(client, access, account):
    client.force_login(access.agent)
    page = client.get(reverse("account", args=[access.establishment.uai, account.pk])).text
    assert "Lien expiré le" in page


def test_a_selection_is_sent_again_in_as_many_queries_as_one_account(access):
    def queries(count):
        accounts = [responsable_account(access.establishment, state=State.ACTIVATING) for _ in range(count)]
        the_act = AgentAct(
            Transition.RESEND_ACTIVATION, access.agent, access.establishment, timezone.now(), operation=1
        )
        with CaptureQueriesContext(connection) as captured:
            done = act_on(accounts, the_act)
            send_activation_mails(accounts)
        assert len(done) == count
        return len(captured)

    assert queries(1) == queries(12)
    assert set(Account.objects.values_list("activation_link_number", "state")) == {(1, State.ACTIVATING)}


# The mail.


def test_the_mail_is_the_platform_s_and_says_until_when(access, account, settings, mail_server):
    settings.PUBLIC_URL = "https://console.example.org"
    with time_machine.travel("2026-11-12 13:12:00+00:00", tick=False):
        resend(account, access, to=account.pending_mail)
        deliver_all()

    [message] = mail_server.received
    assert str(message.message["From"]) == "EduConnect <ne-pas-repondre@example.org>"
    assert message.message["Auto-Submitted"] == "auto-generated"
    assert message.message["Message-ID"] == Delivery.objects.get().message_id
    for body in (message.text, message.html):
        assert f"https://console.example.org/activation/confirmer/{token_for(account)}/" in body
        assert "19/11/2026 à 14:12" in body
        assert account.identifier not in body


def test_the_deadline_is_told_by_the_clock_of_the_school(settings, mail_server):
    school = EstablishmentFactory.create(
        feed=FeedFactory.create(
            academy__code="28", academy__name="La Réunion", academy__time_zone="Indian/Reunion"
        )
    )
    mandate = MandateFactory.create(establishment=school)
    access = get_access(mandate.agent, school.uai)
    account = responsable_account(school, state=State.ACTIVATING)
    with time_machine.travel("2026-11-12 21:30:00+00:00", tick=False):
        resend(account, access, to=NEW)
        deliver_all()

    assert "20/11/2026 à 01:30" in mail_server.received[0].text


def test_nothing_is_promised_when_the_transaction_fails(access, account, django_capture_on_commit_callbacks):
    account.version = 7
    with django_capture_on_commit_callbacks() as callbacks, pytest.raises(ForbiddenTransition):
        resend(account, access, to=NEW)

    assert callbacks == []
    assert not Delivery.objects.exists()


def test_the_queue_is_told_that_mails_wait_and_nothing_of_them(
    access, account, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as callbacks:
        resend(account, access, to=NEW)

    assert callbacks == [send_mails.delay]


def test_a_mail_is_sent_once_however_often_its_task_runs(access, account, mail_server):
    resend(account, access, to=NEW)

    deliver_all()
    deliver_all()

    assert [message.recipient for message in mail_server.received] == [NEW, "attente@example.org"]
    assert set(Delivery.objects.values_list("status", "attempts")) == {("sent", 1)}


@pytest.mark.parametrize("change", ["activated", "moved", "closed"])
def test_a_mail_without_object_any_more_does_not_leave(access, account, change, mail_server):
    resend(account, access, to=account.pending_mail)
    if change == "activated":
        lifecycle.confirm_mail(account)
    elif change == "moved":
        Account.objects.update(pending_mail=NEW)
    else:
        Account.objects.update(closed_at=timezone.now())

    deliver_all()

    assert mail_server.received == []
    delivery = Delivery.objects.get()
    assert (delivery.status, bool(delivery.last_error)) == ("cancelled", True)


@pytest.mark.parametrize(
    ("answer", "status", "told"),
    [
        ("550 no such user", "refused", "adresse refusée (550 no such user)"),
        ("450 greylisted", "pending", "en attente depuis"),
    ],
)
def test_a_server_which_refuses_loses_no_mail_and_the_director_reads_it(
    client, access, account, mail_server, answer, status, told
):
    resend(account, access, to=account.pending_mail)
    mail_server.answers = lambda recipient: answer

    deliver_all()

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts) == (status, 1)
    client.force_login(access.agent)
    uai = access.establishment.uai
    assert told in client.get(reverse("account", args=[uai, account.pk])).text
    listed = client.get(
        reverse("responsable_list", args=[uai]), {"envoi": "refuse" if status == "refused" else "attente"}
    )
    assert account.identifier in listed.text


def test_another_school_of_the_family_reads_it_too_and_a_stranger_does_not(
    client, access, account, mail_server
):
    other = MandateFactory.create()
    child = StudentFactory.create(establishment=other.establishment)
    ResponsibilityFactory.create(student=child, responsable=account.sources.get().responsable)
    stranger = MandateFactory.create()
    mail_server.answers = lambda recipient: "550 no such user"
    resend(account, access, to=account.pending_mail)
    deliver_all()

    client.force_login(other.agent)
    found = client.get(reverse("responsable_list", args=[other.establishment.uai]), {"envoi": "refuse"})
    assert account.identifier in found.text
    client.force_login(stranger.agent)
    listed = client.get(reverse("responsable_list", args=[stranger.establishment.uai]), {"envoi": "refuse"})
    assert account.identifier not in listed.text


def test_a_server_down_is_waited_for(access, account, mail_server):
    resend(account, access, to=account.pending_mail)
    mail_server.stop()

    deliver_all()

    assert set(Delivery.objects.values_list("status", "attempts", "last_error")) == {
        ("pending", 0, deliveries.SILENT)
    }


def test_asked_twice_only_the_last_link_is_mailed(access, account, mail_server):
    resend(account, access, to=account.pending_mail)
    resend(account, access, to=account.pending_mail)

    deliver_all()

    [message] = mail_server.received
    assert token_for(account) in message.text
    assert list(Delivery.objects.order_by("pk").values_list("status", flat=True)) == ["cancelled", "sent"]


# The link.


def fresh(access, **fields):
    """An account whose link has just been drawn."""
    return responsable_account(
        access.establishment, state=State.ACTIVATING, activation_link_at=timezone.now(), **fields
    )


def test_opening_the_link_changes_nothing_and_its_button_activates(client, access):
    account = fresh(access)

    page = open_link(client, account)
    account.refresh_from_db()
    assert (page.status_code, account.state) == (200, State.ACTIVATING)
    assert page.text.count("<button") == 1
    assert client.head(reverse("activation_confirm", args=[token_for(account)])).status_code == 200

    done = client.post(reverse("activation_confirm", args=[token_for(account)]), follow=True)

    account.refresh_from_db()
    assert (account.state, account.mail, account.pending_mail) == (
        State.ACTIVE,
        "attente@example.org",
        "",
    )
    assert "Votre compte est activé" in done.text
    assert done.redirect_chain == [(reverse("activation_confirmed"), 302)]
    assert Event.objects.get().actor == "FAMILY"


def test_its_button_works_without_cookies_nor_referrer_and_leaves_none(access):
    strict = Client(enforce_csrf_checks=True)
    account = fresh(access)

    page = open_link(strict, account)
    done = strict.post(reverse("activation_confirm", args=[token_for(account)]), headers={"Origin": "null"})

    assert done.status_code == 302
    assert not page.cookies
    assert not done.cookies


def refusal_of(client, token):
    address = reverse("activation_confirm", args=[token])
    opened, pressed = client.get(address), client.post(address)
    assert opened.status_code == pressed.status_code
    assert "<button" not in opened.text
    return opened


def test_the_link_serves_once(client, access):
    account = fresh(access)
    token = token_for(account)
    links.confirm(token)

    page = refusal_of(client, token)

    assert page.status_code == 410
    assert "Votre compte est déjà activé" in page.text
    assert Event.objects.count() == 1


def test_a_newer_link_voids_the_older_and_opens(client, access, account):
    old = token_for(account)
    resend(account, access, to=NEW)

    page = refusal_of(client, old)

    assert page.status_code == 410
    assert "Ce lien a été remplacé" in page.text
    assert open_link(client, account).status_code == 200


def test_the_link_expires_at_its_hour_and_another_can_be_asked(client, access, settings):
    with time_machine.travel("2026-11-12 13:12:00+00:00", tick=False):
        account = fresh(access)
    token = token_for(account)
    with time_machine.travel("2026-11-19 13:11:59+00:00", tick=False):
        assert links.read(token) == account
    with time_machine.travel("2026-11-19 13:12:00+00:00", tick=False):
        page = refusal_of(client, token)
        assert page.status_code == 410
        assert "Ce lien a expiré" in page.text
        resend(account, access, to=account.pending_mail)
        assert open_link(client, account).status_code == 200


@pytest.mark.parametrize("token", ["abc", "abc:def", "W10:x", "é" * 30])
def test_a_forged_link_is_unknown(client, token):
    page = refusal_of(client, token)

    assert page.status_code == 404
    assert "Ce lien ne fonctionne pas" in page.text


def test_a_link_cut_short_or_of_another_account_opens_nothing(client, access):
    account, other = fresh(access), fresh(access)
    payload, seal = token_for(account).split(":")

    for token in (token_for(account)[:-1], f"{payload}:{token_for(other).split(':')[1]}", payload, seal):
        assert refusal_of(client, token).status_code == 404


def test_a_link_of_a_closed_account_opens_nothing(client, access):
    account = fresh(access)
    Account.objects.update(closed_at=timezone.now())

    assert refusal_of(client, token_for(account)).status_code == 404


def test_activation_by_another_way_voids_the_link(client, access):
    account = fresh(access)
    token = token_for(account)
    lifecycle.self_register(account, password_hash=CHOSEN_PASSWORD_HASH, mobile="+33639980001")

    assert "déjà activé" in refusal_of(client, token).text


def test_a_reset_or_a_notification_meanwhile_leaves_the_link_valid(access):
    account = fresh(access)
    token = token_for(account)
    act_on(
        [account],
        AgentAct(Transition.RESET_PASSWORD, access.agent, access.establishment, timezone.now()),
    )

    links.confirm(token)

    account.refresh_from_db()
    assert account.state == State.ACTIVE
    assert account.sealed_secret


def test_the_first_link_is_drawn_when_the_family_begins(access, mail_server):
    account = responsable_account(access.establishment, state=State.NOTIFIED)

    lifecycle.start_activation(account, password_hash=CHOSEN_PASSWORD_HASH, mail=NEW)
    send_activation_mails([account])
    deliver_all()

    assert account.activation_link_number == 1
    assert timezone.now() - account.activation_link_at < timedelta(minutes=5)
    assert mail_server.recipients == [NEW]
    links.confirm(token_for(account))


def test_an_account_begun_before_links_were_numbered_has_one_all_the_same(client, access):
    account = responsable_account(
        access.establishment, state=State.ACTIVATING, activating_since=timezone.now()
    )

    assert open_link(client, account).status_code == 200


@pytest.mark.parametrize("kind", ["open", "refused", "confirmed"])
def test_its_pages_are_kept_nowhere_and_told_to_nobody(client, access, kind):
    page = {
        "open": lambda: open_link(client, fresh(access)),
        "refused": lambda: client.get(reverse("activation_confirm", args=["abc"])),
        "confirmed": lambda: client.get(reverse("activation_confirmed")),
    }[kind]()

    assert "no-store" in page.headers["Cache-Control"]
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert "Administration des comptes" not in page.text


def test_every_refusal_has_a_page_of_its_own():
    assert set(Refusal) == {"UNKNOWN", "USED", "REPLACED", "EXPIRED"}
