"""The queue of mails in front of real servers: those that refuse, delay, hang up, or are not there."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from notifications import deliveries, sending
from notifications.deliveries import Promise
from notifications.envelope import delivery_of, is_address, return_path
from notifications.mails import Mail, Undeliverable, as_bytes, one_line
from notifications.models import Delivery, DomainPause

pytestmark = pytest.mark.django_db
Status = Delivery.Status


def promised(*recipients):
    promises = [Promise(recipient, "Essai", ("test", "1")) for recipient in recipients]
    return deliveries.promise(promises, timezone.now())


def compose(delivery):
    return Mail(delivery.recipient, "Collège", "ce@example.org", "Essai", "Bonjour", "<p>Bonjour</p>")


def send():
    return sending.send_due(compose)


def later(**delay):
    return time_machine.travel(timezone.now() + timedelta(**delay), tick=True)


def statuses():
    return dict(Delivery.objects.values_list("recipient", "status"))


def test_many_mails_leave_over_one_connection(mail_server):
    promised(*[f"f{number}@example.org" for number in range(30)])

    turn = send()

    assert (turn.sent, turn.connections, turn.is_over) == (30, 1, True)
    assert mail_server.connections == 1
    assert len(mail_server.received) == len({mail.recipient for mail in mail_server.received}) == 30


def test_a_refused_address_is_said_so_and_does_not_stop_the_others(mail_server):
    promised("a@example.org", "inconnu@example.org", "z@example.org")
    mail_server.answers = lambda address: "550 5.1.1 no such user" if "inconnu" in address else None

    send()

    assert mail_server.recipients == ["a@example.org", "z@example.org"]
    assert mail_server.connections == 1
    refused = Delivery.objects.get(recipient="inconnu@example.org")
    assert (refused.status, refused.last_error) == (Status.REFUSED, "550 5.1.1 no such user")


@pytest.mark.parametrize(
    "answer",
    [
        "554 5.7.1 relay access denied",
        "550 5.7.26 policy violation",
        "550 5.1.8 sender's domain not found",
    ],
)
def test_what_a_server_refuses_for_its_own_reasons_is_not_the_addresss_fault(mail_server, answer):
    promised("a@example.org")
    mail_server.answers = lambda address: answer

    send()

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.last_error) == (Status.FAILED, answer)


@pytest.mark.parametrize("answer", ["550 no such user", "550 5.1.1 unknown", "552 5.2.2 mailbox full"])
def test_what_a_server_says_of_an_address_refuses_it(mail_server, answer):
    promised("a@example.org")
    mail_server.answers = lambda address: answer

    send()

    assert statuses() == {"a@example.org": Status.REFUSED}


def test_a_server_which_will_have_no_mail_of_ours_is_an_error_and_says_why(mail_server, caplog, settings):
    settings.BOUNCE_ADDRESS = "retours@example.org"
    promised("a@example.org")
    mail_server.to_sender = lambda sender: f"553 5.7.1 {sender} not owned by user"

    turn = send()

    assert turn.is_over
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts, delivery.leased_until) == (Status.PENDING, 0, None)
    assert delivery.last_error == f"553 5.7.1 {return_path(delivery.pk)} not owned by user"
    [error] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert error.getMessage() == "mail server refuses our mails: MAIL FROM: 553"

    mail_server.to_sender = lambda sender: None
    send()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.last_error) == (Status.SENT, "")


def test_a_server_too_busy_for_our_mails_is_only_a_warning(mail_server, caplog):
    caplog.set_level("WARNING")
    promised("a@example.org")
    mail_server.to_sender = lambda sender: "451 4.3.2 come back later"

    send()

    assert Delivery.objects.get().last_error == "451 4.3.2 come back later"
    [record] = [record for record in caplog.records if record.name == "notifications.sending"]
    assert record.levelname == "WARNING"


def test_a_refused_message_has_failed_with_what_the_server_said(mail_server):
    promised("a@example.org")
    mail_server.after_data = lambda recipient: "554 looks like spam"

    send()

    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.last_error) == (Status.FAILED, "554 looks like spam")


def test_a_domain_which_says_later_waits_whole_and_longer_each_time(mail_server):
    promised("a@lent.example.org", "b@lent.example.org", "c@example.org")
    mail_server.answers = lambda address: "451 try later" if "lent" in address else None
    asked = []
    answer = mail_server.answers
    mail_server.answers = lambda address: asked.append(address) or answer(address)

    send()
    assert asked == ["a@lent.example.org", "c@example.org"]
    assert DomainPause.objects.get().failures == 1
    with later(seconds=70):
        send()
    assert DomainPause.objects.get().failures == 2
    with later(seconds=150):
        send()
    assert len(asked) == 3

    mail_server.answers = lambda address: None
    with later(minutes=30):
        send()
    assert set(statuses().values()) == {Status.SENT}
    assert not DomainPause.objects.exists()


def test_what_no_server_took_in_a_day_has_failed_and_says_what_it_answered(mail_server):
    promised("a@lent.example.org", "b@lent.example.org")
    mail_server.answers = lambda address: "451 try later"
    send()

    with later(hours=25):
        deliveries.give_up_on_old(timezone.now())

    assert dict(Delivery.objects.values_list("recipient", "last_error")) == {
        "a@lent.example.org": "451 try later",
        "b@lent.example.org": "Le serveur d’envoi n’a pas répondu.",
    }
    assert set(statuses().values()) == {Status.FAILED}


def test_too_many_attempts_are_the_last(mail_server, settings):
    settings.MAIL_ATTEMPTS = 2
    promised("a@example.org")
    mail_server.answers = lambda address: "451 try later"

    send()
    assert statuses() == {"a@example.org": Status.PENDING}
    with later(minutes=5):
        send()

    assert statuses() == {"a@example.org": Status.FAILED}


def test_a_server_which_is_down_costs_no_mail_an_attempt(mail_server):
    promised("a@example.org", "b@example.org")
    mail_server.stop()

    turn = send()

    assert turn.is_over
    assert set(Delivery.objects.values_list("status", "attempts", "leased_until")) == {("pending", 0, None)}


def test_a_server_which_answers_again_ends_what_was_said_of_its_silence(mail_server, settings):
    promised("a@example.org", "b@lent.example.org")
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    send()
    assert set(Delivery.objects.values_list("last_error", flat=True)) == {deliveries.SILENT}

    settings.EMAIL_PORT = port
    sending.send_due(compose, turn_lasts=0)

    assert set(Delivery.objects.values_list("status", "last_error")) == {(Status.PENDING, "")}


def test_a_server_slower_than_allowed_is_given_up_and_the_mail_tried_again(mail_server, settings):
    settings.EMAIL_TIMEOUT = 0.2
    mail_server.hold = 0.6
    promised("a@example.org")

    send()
    delivery = Delivery.objects.get()
    assert (delivery.status, delivery.attempts) == (Status.PENDING, 1)
    assert delivery.last_error == "La connexion au serveur d’envoi a été coupée."

    settings.EMAIL_TIMEOUT, mail_server.hold = 30, 0
    with later(minutes=2):
        send()
    assert statuses() == {"a@example.org": Status.SENT}


def test_a_server_which_hangs_up_each_time_is_left_in_peace(mail_server):
    promised(*[f"f{number}@example.org" for number in range(20)])
    mail_server.drops_after_data = True

    turn = send()

    assert (turn.sent, turn.put_off) == (0, sending.MOST_CUTS)
    assert set(statuses().values()) == {Status.PENDING}


def test_a_mail_in_hand_is_nobody_elses_until_its_lease_is_over(mail_server):
    promised("a@example.org")
    deliveries.claim()

    assert send().sent == 0
    with later(minutes=6):
        assert send().sent == 1


def test_a_lease_which_is_over_marks_nothing(mail_server):
    promised("a@example.org")
    first = deliveries.claim()
    with later(minutes=6):
        second = deliveries.claim()

        assert not deliveries.mark_sent(first, "a@example.org")
        assert deliveries.mark_sent(second, "a@example.org")


def test_a_lease_which_is_over_sends_to_no_other_address(mail_server):
    promised("a@example.org")

    def slow(delivery):
        with later(minutes=6):
            deliveries.claim()
        return Mail("b@example.org", "Collège", "ce@example.org", "Essai", "Bonjour", "<p>Bonjour</p>")

    sending.send_due(slow)

    assert mail_server.received == []
    assert statuses() == {"a@example.org": Status.PENDING}


def test_what_there_is_no_more_to_say_is_not_said(mail_server):
    promised("a@example.org", "b@example.org")

    def changed(delivery):
        if delivery.recipient == "a@example.org":
            raise Undeliverable(Status.CANCELLED, "Le compte a changé.")
        return compose(delivery)

    sending.send_due(changed)

    assert statuses() == {"a@example.org": Status.CANCELLED, "b@example.org": Status.SENT}


def test_a_mail_which_cannot_be_made_is_put_off_does_not_stop_the_others_and_is_not_hushed_up(mail_server):
    promised("casse@example.org", "a@example.org")

    def broken(delivery):
        if delivery.recipient == "casse@example.org":
            raise KeyError("template")
        return compose(delivery)

    with pytest.raises(KeyError, match="template"):
        sending.send_due(broken)

    assert statuses() == {"casse@example.org": Status.PENDING, "a@example.org": Status.SENT}
    delivery = Delivery.objects.get(recipient="casse@example.org")
    assert (delivery.last_error, delivery.leased_until) == ("Erreur interne.", None)
    assert delivery.next_attempt_at > timezone.now()
    with later(minutes=2):
        assert send().sent == 1


def test_a_mail_which_can_never_be_made_has_failed_in_the_end(mail_server, settings):
    settings.MAIL_ATTEMPTS = 1
    promised("a@example.org")

    with pytest.raises(ZeroDivisionError):
        sending.send_due(lambda delivery: 1 // 0)

    assert list(Delivery.objects.values_list("status", "last_error")) == [(Status.FAILED, "Erreur interne.")]


def test_a_turn_ends_in_time_and_says_that_there_is_more(mail_server):
    promised("a@example.org")

    assert not sending.send_due(compose, turn_lasts=0).is_over


class Clock:
    """Stands still but for who sleeps."""

    def __init__(self):
        self.now, self.waits = 0.0, []

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.waits.append(seconds)
        self.now += seconds


def test_the_pace_is_that_of_the_settings(mail_server, settings, monkeypatch):
    settings.MAIL_RATE = 120
    clock = Clock()
    monkeypatch.setattr(sending, "time", clock)
    promised(*[f"f{number}@example.org" for number in range(4)])

    send()

    assert clock.waits == [0.5] * 4
    assert len(mail_server.received) == 4


@pytest.mark.django_db(transaction=True)
def test_two_senders_share_the_mails_and_send_none_twice(mail_server, settings):
    settings.MAIL_SENDERS = 2
    promised(*[f"f{number:02d}@example.org" for number in range(40)])

    def work():
        try:
            send()
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert mail_server.recipients == [f"f{number:02d}@example.org" for number in range(40)]
    assert mail_server.connections <= 2


def test_the_envelope_carries_a_key_no_one_can_forge(mail_server, settings):
    settings.BOUNCE_ADDRESS = "retours@example.org"
    [delivery] = promised("a@example.org")

    send()

    sender = mail_server.received[0].sender
    assert sender.startswith(f"retours+{delivery.pk}-")
    assert delivery_of(sender) == delivery_of(sender.upper()) == delivery.pk
    seal = sender.partition("-")[2]
    assert delivery_of(f"retours+{delivery.pk + 1}-{seal}") is None
    assert delivery_of("retours@example.org") is None


@pytest.mark.parametrize("sign", ["\n", "\r\n", "\u2028", "\x00"])
def test_no_name_nor_subject_can_add_a_header(sign):
    mail = Mail(
        "a@example.org",
        f"Collège{sign}Bcc: pirate@example.org",
        f"ce@example.org{sign}Bcc: pirate@example.org",
        f"Essai{sign}Bcc: pirate@example.org",
        "Bonjour",
        "<p>Bonjour</p>",
    )

    content = as_bytes(mail, "<1@example.org>")

    headers = content.partition(b"\r\n\r\n")[0]
    assert b"\nBcc" not in headers
    assert b"Reply-To" not in headers
    assert one_line(f"a{sign}b") == "a b"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("anne.martin+ecole@boite.example.org", True),
        ("o'neil@example.org", True),
        ("anne@example", False),
        ("anne@example.org\nBcc: x@example.org", False),
        ("anne@example.org ", False),
        ("anne..martin@example.org", False),
        ("anne@-example.org", False),
        ("anne@example.org, paul@example.org", False),
        ("élodie@example.org", False),
        ("a" * 250 + "@example.org", False),
        ("", False),
    ],
)
def test_what_can_be_written_to(text, is_one):
    assert is_address(text) is is_one
