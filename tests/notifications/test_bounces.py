"""`manage.py read_bounces`: what comes back is matched by its signed key, nothing else is believed."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from notifications.deliveries import Promise, claim, mark_sent, promise
from notifications.envelope import return_path
from notifications.models import Delivery

pytestmark = pytest.mark.django_db
Status = Delivery.Status
REPORT = """\
From: MAILER-DAEMON@mx.example.org
To: {to}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I am sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; a@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 mailbox
 unknown

--b--
"""


@pytest.fixture(autouse=True)
def _bounce_address(settings):
    settings.BOUNCE_ADDRESS = "retours@example.org"


@pytest.fixture
def maildir(tmp_path):
    for folder in ("new", "cur", "tmp"):
        (tmp_path / folder).mkdir()
    return tmp_path


@pytest.fixture
def sent():
    promise([Promise("a@example.org", "Essai", ("test", "1"))], timezone.now())
    delivery = claim()
    mark_sent(delivery, "a@example.org")
    return delivery


def receive(maildir, content, name="1"):
    (maildir / "new" / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def report(delivery, *, action="failed", status="5.1.1", to=None):
    return REPORT.format(to=to or return_path(delivery.pk), action=action, status=status)


def read(maildir, *, wet_run=True):
    out = StringIO()
    call_command("read_bounces", str(maildir), *(["--wet-run"] if wet_run else []), stdout=out)
    return out.getvalue()


def test_a_mail_which_comes_back_is_refused_with_what_the_server_said(maildir, sent):
    receive(maildir, report(sent))

    assert read(maildir).startswith("1 retours, 0 retards")

    sent.refresh_from_db()
    assert (sent.status, sent.last_error) == (Status.BOUNCED, "5.1.1 550 5.1.1 mailbox unknown")
    assert [path.name for path in (maildir / "cur").iterdir()] == ["1:2,S"]
    assert not any((maildir / "new").iterdir())


def test_without_wet_run_nothing_is_written_nor_moved(maildir, sent):
    receive(maildir, report(sent))

    assert "rien n’a été écrit" in read(maildir, wet_run=False)

    sent.refresh_from_db()
    assert sent.status == Status.SENT
    assert (maildir / "new" / "1").exists()


def test_a_relay_which_gave_up_on_a_temporary_answer_has_failed_for_good(maildir, sent):
    receive(maildir, report(sent, status="4.4.7"))

    assert read(maildir).startswith("1 retours, 0 retards")

    sent.refresh_from_db()
    assert (sent.status, sent.last_error[:5]) == (Status.BOUNCED, "4.4.7")


def test_a_report_which_comes_before_the_mark_waits_for_it(maildir):
    promise([Promise("a@example.org", "Essai", ("test", "1"))], timezone.now())
    delivery = claim()
    receive(maildir, report(delivery))

    assert "1 en avance" in read(maildir)
    assert (maildir / "new" / "1").exists()
    delivery.refresh_from_db()
    assert delivery.status == Status.PENDING

    mark_sent(delivery, "a@example.org")
    assert read(maildir).startswith("1 retours")
    delivery.refresh_from_db()
    assert delivery.status == Status.BOUNCED
    assert (maildir / "cur" / "1:2,S").exists()


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("delivered", "2.0.0")])
def test_what_is_not_final_changes_nothing(maildir, sent, action, status):
    receive(maildir, report(sent, action=action, status=status))

    assert "1 retards" in read(maildir)
    sent.refresh_from_db()
    assert sent.status == Status.SENT


def test_a_forged_key_is_not_believed(maildir, sent):
    receive(maildir, report(sent, to=f"retours+{sent.pk}-aaaaaaaaaaaaaaaa@example.org"))

    assert "1 sans rapport" in read(maildir)
    sent.refresh_from_db()
    assert sent.status == Status.SENT


def test_a_second_report_of_the_same_mail_is_known_already(maildir, sent):
    receive(maildir, report(sent), "1")
    receive(maildir, report(sent), "2")

    assert read(maildir).startswith("1 retours, 0 retards, 0 en avance, 1 déjà connus")


def test_whatever_else_lies_there_is_counted_and_stops_nothing(maildir, sent):
    to = return_path(sent.pk)
    receive(maildir, b"\xff\xfe\x00 not a message", "1")
    receive(maildir, b"", "2")
    receive(maildir, f"To: {to}\nContent-Type: multipart/report; boundary=x\n\nno part at all", "3")
    receive(maildir, f"To: {to}\nContent-Type: text/plain\n\nJe suis en vacances.", "4")
    receive(maildir, report(sent), "5")

    assert read(maildir).startswith("1 retours")
    assert not any((maildir / "new").iterdir())


def test_a_folder_which_is_no_maildir_is_refused(tmp_path):
    with pytest.raises(CommandError, match="Maildir"):
        read(tmp_path)
