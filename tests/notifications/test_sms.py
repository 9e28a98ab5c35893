"""SMS in front of a real gateway: one that checks signatures, fails, hangs, refuses; and the spool."""

import json
import stat
import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from notifications.models import SmsMessage
from notifications.sms import gateways, queue
from notifications.sms.sending import send
from notifications.tasks import tend_sms

pytestmark = pytest.mark.django_db
Status = SmsMessage.Status
NUMBER, TEXT = "+33639980001", "Votre code : 123456"


def promised(minutes=10):
    return queue.promise(NUMBER, TEXT, expires_at=timezone.now() + timedelta(minutes=minutes))


def later(**delay):
    return time_machine.travel(timezone.now() + timedelta(**delay), tick=True)


def test_an_sms_is_signed_taken_and_then_forgotten(sms_gateway, settings):
    settings.SMS_SENDER = "EduConnect"
    message = promised()

    assert queue.send_one(message.pk) is None

    assert sms_gateway.taken == [{"to": NUMBER, "text": TEXT, "sender": "EduConnect"}]
    assert sms_gateway.forged == 0
    message.refresh_from_db()
    assert (message.status, message.sealed) == (Status.SENT, "")


def test_a_gateway_which_knows_another_secret_refuses_and_is_not_asked_again(sms_gateway, settings, caplog):
    settings.SMS_GATEWAY_SECRET = "another"
    message = promised()

    queue.send_one(message.pk)

    message.refresh_from_db()
    assert (message.status, message.sealed, message.last_error) == (Status.FAILED, "", "HTTP 401")
    assert sms_gateway.forged == 1


def test_neither_row_nor_log_says_the_number_or_the_code(sms_gateway, caplog):
    sms_gateway.answers = [500, 400]
    message = promised()
    assert NUMBER not in message.sealed
    assert "123456" not in message.sealed

    queue.send_one(message.pk)
    with later(minutes=1):
        queue.send_one(message.pk)

    assert len(caplog.records) == 2
    assert "39980001" not in caplog.text
    assert "123456" not in caplog.text
    assert "123456" not in repr(gateways.Sms("key", NUMBER, TEXT))


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_temporary_failure_is_retried_under_the_same_key_and_later_each_time(sms_gateway, status):
    sms_gateway.answers = [status, status, 200]
    message = promised()

    first = queue.send_one(message.pk)
    assert queue.send_one(message.pk) is None, "not before its time"
    with later(seconds=6):
        second = queue.send_one(message.pk)
    with later(seconds=30):
        assert queue.send_one(message.pk) is None

    assert (first, second) == (timedelta(seconds=5), timedelta(seconds=10))
    assert sms_gateway.keys == [str(message.pk)] * 3
    assert len(sms_gateway.taken) == 1


@pytest.mark.parametrize("status", [302, 400, 404])
def test_a_definite_refusal_is_not_retried(sms_gateway, status):
    sms_gateway.answers = [status]
    message = promised()

    assert queue.send_one(message.pk) is None

    message.refresh_from_db()
    assert (message.status, message.last_error) == (Status.FAILED, f"HTTP {status}")
    assert len(sms_gateway.keys) == 1


def test_a_gateway_which_never_answers_holds_nobody(sms_gateway, settings):
    settings.SMS_TIMEOUT = 0.2
    sms_gateway.answers = [None]
    message = promised()

    assert queue.send_one(message.pk) == timedelta(seconds=5)

    message.refresh_from_db()
    assert (message.status, message.last_error) == (Status.PENDING, "ReadTimeout")


def test_a_gateway_which_is_not_there_is_waited_for(settings):
    settings.SMS_GATEWAY_URL, settings.SMS_GATEWAY_SECRET = "http://127.0.0.1:9/", "x"
    message = promised()

    assert queue.send_one(message.pk) == timedelta(seconds=5)


def test_a_code_that_died_is_never_sent(sms_gateway):
    message = promised(minutes=10)

    with later(minutes=11):
        assert queue.send_one(message.pk) is None
        assert queue.due() == []
        assert queue.forget(timezone.now()) == 1

    assert sms_gateway.keys == []
    message.refresh_from_db()
    assert (message.status, message.sealed) == (Status.EXPIRED, "")


def test_what_a_killed_worker_had_in_hand_is_taken_up_once_its_lease_is_over(sms_gateway):
    message = promised()
    assert queue._claim(message.pk)

    assert queue.send_one(message.pk) is None
    assert sms_gateway.taken == []
    with later(seconds=61):
        assert queue.due() == [message.pk]
        queue.send_one(message.pk)

    assert len(sms_gateway.taken) == 1


def test_old_records_go(sms_gateway):
    message = promised()
    queue.send_one(message.pk)

    with later(days=8):
        queue.forget(timezone.now())

    assert not SmsMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_one_sms_once(sms_gateway):
    message = promised()
    both = threading.Barrier(2)

    def work():
        both.wait()
        queue.send_one(message.pk)
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert len(sms_gateway.keys) == 1


def test_the_spool_holds_one_private_file_an_sms(tmp_path, settings):
    settings.SMS_GATEWAY_URL, settings.SMS_SPOOL = "", str(tmp_path / "sms")
    message = promised()

    queue.send_one(message.pk)

    [file] = (tmp_path / "sms").iterdir()
    told = json.loads(file.read_text())
    assert (file.name, told["to"], told["text"]) == (f"{message.pk}.json", NUMBER, TEXT)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_without_a_gateway_nothing_is_offered(settings):
    settings.SMS_GATEWAY_URL = settings.SMS_SPOOL = ""
    assert not gateways.is_offered()
    settings.SMS_SPOOL = "sms"
    assert gateways.is_offered()


def test_a_worker_sends_what_was_promised_and_what_was_lost(tmp_path, celery_worker_process, eventually):
    celery_worker_process.stop()
    celery_worker_process.start(SMS_SPOOL=str(tmp_path / "sms"))
    lost = promised()

    send(NUMBER, TEXT, expires_at=timezone.now() + timedelta(minutes=10))
    tend_sms.delay()

    eventually(lambda: SmsMessage.objects.filter(status=Status.SENT).count() == 2)
    assert (tmp_path / "sms" / f"{lost.pk}.json").exists()
    assert "39980001" not in celery_worker_process.output
    assert "123456" not in celery_worker_process.output
