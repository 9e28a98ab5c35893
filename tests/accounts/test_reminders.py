"""Reminders thirty and seven days before a letter expires: to whom, when, once, and never a secret."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import lifecycle, mailing, reminders, tasks
from accounts.lifecycle import AgentAct, act_on
from accounts.models import Account, AccountMail, EstablishmentSettings
from accounts.secrets import last_day, open_secret
from accounts.transitions import State, Transition
from educonnect_admin.celery import app
from establishments.models import Event, EventKind, Responsable, Responsibility
from notifications import sending
from notifications.models import Delivery
from tests.factories import EstablishmentFactory, MandateFactory, provisional, responsable_account

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 6, 20, tzinfo=UTC)


@pytest.fixture
def school():
    found = EstablishmentFactory.create()
    EstablishmentSettings.objects.create(establishment=found, sends_reminders=True)
    return found


def notified(school, last, **fields):
    """An account notified by `school`, whose letter is good until the end of the day `last`."""
    zone = school.academy.zone
    at = timezone.now() - timedelta(days=60)
    midnight = datetime.combine(last + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    contents = provisional(at, zone) | {"secret_expires_at": midnight, "distributed_at": at}
    contents |= {"distributed_by": school}
    return responsable_account(school, state=State.NOTIFIED, **(contents | fields))


def today(school, now=NOW):
    return school.academy.local_date(now)


def send():
    sending.send_due(mailing.Composer())


def reminded():
    return set(AccountMail.objects.values_list("account", "days_ahead"))


@pytest.mark.parametrize(
    ("left", "days"),
    [(31, None), (30, 30), (28, 30), (27, None), (8, None), (7, 7), (5, 7), (4, None), (0, None)],
)
@time_machine.travel(NOW, tick=False)
def test_a_reminder_is_due_thirty_and_seven_days_ahead_a_night_missed_made_up_for(school, left, days):
    account = notified(school, today(school) + timedelta(days=left))

    reminders.promise_due(NOW)

    assert reminded() == ({(account.pk, days)} if days else set())


def test_each_once_a_notification_however_often_the_task_runs(school):
    with time_machine.travel(NOW, tick=False):
        account = notified(school, today(school) + timedelta(days=30))
    for day in range(31):
        with time_machine.travel(NOW + timedelta(days=day), tick=False):
            for _ in range(2):
                reminders.promise_due(timezone.now())

    assert sorted(AccountMail.objects.values_list("account", "days_ahead")) == [
        (account.pk, 7),
        (account.pk, 30),
    ]
    mail = AccountMail.objects.get(days_ahead=30)
    again = Delivery.objects.create(
        recipient="a@example.org", subject="x", message_id="<x@y>", next_attempt_at=NOW, created_at=NOW
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountMail.objects.create(
            account=account,
            establishment=school,
            delivery=again,
            distributed_at=mail.distributed_at,
            days_ahead=30,
        )


@time_machine.travel(NOW, tick=False)
def test_off_unless_the_establishment_chose_it(school, client):
    other = EstablishmentFactory.create()
    notified(other, today(other) + timedelta(days=7))
    director = MandateFactory.create(establishment=other).agent
    assert reminders.promise_due(NOW) == 0

    client.force_login(director)
    client.post(reverse("establishment_settings", args=[other.uai]), {"sends_reminders": "on"})
    assert reminders.promise_due(NOW) == 1
    client.post(reverse("establishment_settings", args=[other.uai]), {})
    Delivery.objects.all().delete()
    assert reminders.promise_due(NOW) == 0


@time_machine.travel(NOW, tick=False)
def test_it_says_until_when_where_and_whom_to_ask_and_no_secret(school, mail_server):
    account = notified(school, date(2026, 12, 24))
    before = Account.objects.values().get(pk=account.pk)

    reminders.promise_due(NOW)
    send()

    [mail] = mail_server.received
    for body in (mail.text, mail.html):
        for said in ("24/12/2026 à minuit", "/activation/", school.display_name, "01 99 00 00 01"):
            assert said in body
        for secret in (account.identifier, open_secret(account.sealed_secret), "mot-de-passe"):
            assert secret not in body
    assert mail.message["Reply-To"] == school.mail
    assert Account.objects.values().get(pk=account.pk) == before


@time_machine.travel(NOW, tick=False)
def test_the_history_and_the_page_tell_it(school, client):
    account = notified(school, today(school) + timedelta(days=7))
    reminders.promise_due(NOW)

    event = Event.objects.get()
    assert (event.kind, event.actor, event.establishment) == (EventKind.ACCOUNT_REMINDED, "PLATFORM", school)
    client.force_login(MandateFactory.create(establishment=school).agent)
    page = " ".join(client.get(reverse("account", args=[school.uai, account.pk])).text.split())
    assert "Rappel de l’échéance par courriel (7 jours avant), par la plateforme" in page
    assert "en attente depuis" in page


@pytest.mark.parametrize(
    "fields",
    [
        {"sealed_secret": ""},
        {"closed_at": NOW, "sealed_secret": ""},
        {"secret_drawn_at": NOW},
        {"distributed_by": None},
    ],
    ids=["erased", "closed", "reset and not told", "from nowhere"],
)
@time_machine.travel(NOW, tick=False)
def test_nobody_is_reminded_of_a_letter_which_does_not_work(school, fields):
    notified(school, today(school) + timedelta(days=7), **fields)

    assert reminders.promise_due(NOW) == 0


@time_machine.travel(NOW, tick=False)
def test_only_those_still_here_with_an_address_and_not_activated(school):
    elsewhere = EstablishmentFactory.create()
    day = today(school) + timedelta(days=7)
    gone = notified(elsewhere, day)
    Account.objects.filter(pk=gone.pk).update(distributed_by=school)
    silent = notified(school, day)
    Responsable.objects.filter(sources__account=silent).update(mail="")
    responsable_account(school, state=State.ACTIVE, distributed_by=school)
    responsable_account(school, state=State.ACTIVATING, distributed_by=school)

    assert reminders.promise_due(NOW) == 0


def _activates(account):
    lifecycle.self_register(account, password_hash="argon2$x", mobile="+33639980001")


def _is_notified_again(account):
    director = MandateFactory.create(establishment=account.distributed_by).agent
    act_on([account], AgentAct(Transition.NOTIFY, director, account.distributed_by, timezone.now()))


def _is_reset(account):
    director = MandateFactory.create(establishment=account.distributed_by).agent
    act_on([account], AgentAct(Transition.RESET_PASSWORD, director, account.distributed_by, timezone.now()))


def _leaves(account):
    Responsibility.objects.update(ended_at=timezone.now())


def _expires(account):
    Account.objects.update(secret_expires_at=timezone.now())


@pytest.mark.parametrize(
    "change", [_activates, _is_notified_again, _is_reset, _leaves, _expires], ids=lambda each: each.__name__
)
def test_a_reminder_whose_account_changed_since_never_leaves(school, mail_server, change):
    account = notified(school, today(school, timezone.now()) + timedelta(days=7))
    reminders.promise_due(timezone.now())

    change(account)
    send()

    assert mail_server.received == []
    assert Delivery.objects.get().status == Delivery.Status.CANCELLED


def test_a_new_notification_has_reminders_of_its_own(school):
    account = notified(school, today(school, timezone.now()) + timedelta(days=7))
    reminders.promise_due(timezone.now())
    director = MandateFactory.create(establishment=school).agent
    act_on([account], AgentAct(Transition.NOTIFY, director, school, timezone.now()))
    account.refresh_from_db()

    deadline = last_day(account.secret_expires_at, school.academy.zone)
    with time_machine.travel(account.secret_expires_at - timedelta(days=7, hours=1), tick=False):
        assert deadline - today(school, timezone.now()) == timedelta(days=7)
        reminders.promise_due(timezone.now())

    assert AccountMail.objects.filter(account=account, days_ahead=7).count() == 2


@pytest.mark.parametrize(("academy", "hours"), [("24", 1), ("28", 4), ("41", -10)])
@pytest.mark.parametrize(
    "last", [date(2026, 11, 1), date(2027, 4, 4)], ids=["over the end of summer time", "over its beginning"]
)
def test_the_days_are_those_of_the_place_whatever_the_hour(academy, hours, last):
    school = EstablishmentFactory.create(feed__academy__code=academy)
    EstablishmentSettings.objects.create(establishment=school, sends_reminders=True)
    zone = school.academy.zone
    first_moment = datetime.combine(last - timedelta(days=7), datetime.min.time(), tzinfo=zone)
    with time_machine.travel(first_moment - timedelta(seconds=1), tick=False):
        account = notified(school, last)
        reminders.promise_due(timezone.now())
        assert reminded() == set()
    with time_machine.travel(first_moment, tick=False):
        reminders.promise_due(timezone.now())
    assert reminded() == {(account.pk, 7)}


@pytest.mark.parametrize("size", [2, 20])
@time_machine.travel(NOW, tick=False)
def test_the_queries_do_not_grow_with_the_accounts(school, size):
    for _ in range(size):
        notified(school, today(school) + timedelta(days=7))

    with CaptureQueriesContext(connection) as queries:
        assert reminders.promise_due(NOW) == size

    assert len(queries) <= 16


def test_a_worker_killed_while_it_promises_leaves_nothing_and_the_next_does_it_all(school, monkeypatch):
    notified(school, today(school, timezone.now()) + timedelta(days=7))
    with monkeypatch.context() as killed:
        killed.setattr(reminders, "_event", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            reminders.promise_due(timezone.now())
    assert not Delivery.objects.exists()

    assert reminders.promise_due(timezone.now()) == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_promise_each_mail_once():
    school = EstablishmentFactory.create()
    EstablishmentSettings.objects.create(establishment=school, sends_reminders=True)
    now = timezone.now()
    for _ in range(5):
        notified(school, today(school, now) + timedelta(days=7))
    counts = []

    def work():
        try:
            counts.append(reminders.promise_due(now))
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(counts) == [0, 5]
    assert Delivery.objects.count() == 5


def test_the_task_is_scheduled_at_an_hour_which_comes_once_every_day(school, settings, mail_server):
    entry = settings.CELERY_BEAT_SCHEDULE["promise-reminders"]
    assert entry["task"] == tasks.promise_reminders.name
    assert entry["task"] in app.tasks
    assert not entry["schedule"].hour & {2}
    settings.CELERY_TASK_ALWAYS_EAGER = True
    notified(school, today(school, timezone.now()) + timedelta(days=30))

    tasks.promise_reminders()
    tasks.send_mails()

    assert len(mail_server.received) == 1
