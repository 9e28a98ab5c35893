"""The demonstration's own pages: read by who sits at the machine, and nobody else; they change nothing."""

import json
import os
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.secrets import open_secret
from tests.factories import EstablishmentFactory, responsable_account, student_account

pytestmark = pytest.mark.django_db
PAGES = ("demo_mailbox", "demo_families")


@pytest.fixture
def folders(settings, tmp_path):
    settings.DEMO_MODE = True
    settings.DEMO_MAILS, settings.SMS_SPOOL = str(tmp_path / "mail"), str(tmp_path / "sms")
    (tmp_path / "mail" / "new").mkdir(parents=True)
    (tmp_path / "sms").mkdir()
    return tmp_path


def received_mail(folders, recipient, text, subject="Activez votre compte", minutes=0):
    mail = EmailMessage()
    mail["To"], mail["Subject"] = recipient, subject
    mail.set_content(text)
    mail.add_alternative("<p>never shown</p>", subtype="html")
    _dated(folders / "mail" / "new" / f"{recipient}.1", mail.as_bytes(), minutes)


def received_sms(folders, number, text, minutes=0):
    _dated(folders / "sms" / f"{number}.json", json.dumps({"to": number, "text": text}).encode(), minutes)


def _dated(path, content, minutes):
    path.write_bytes(content)
    at = (timezone.now() - timedelta(minutes=minutes)).timestamp()
    os.utime(path, (at, at))


@pytest.mark.parametrize("page", PAGES)
def test_elsewhere_the_page_does_not_exist(client, folders, settings, page):
    assert client.get(reverse(page)).status_code == 200
    assert client.get(reverse(page), REMOTE_ADDR="192.0.2.1").status_code == 404
    assert client.get(reverse(page), HTTP_X_FORWARDED_FOR="127.0.0.1").status_code == 404
    settings.DEMO_MODE = False
    assert client.get(reverse(page)).status_code == 404


def test_the_newest_message_comes_first_and_its_links_open(client, folders):
    received_sms(folders, "+33639980001", "Votre code : 123456", minutes=5)
    received_mail(folders, "famille@example.org", "Ouvrez http://localhost:8000/activation/confirmer/abc/")

    page = client.get(reverse("demo_mailbox")).content.decode()

    assert page.index("famille@example.org") < page.index("06 39 98 00 01")
    assert 'href="http://localhost:8000/activation/confirmer/abc/"' in page
    assert "Votre code : 123456" in page
    assert "never shown" not in page


def test_messages_are_found_by_a_part_of_their_recipient(client, folders):
    received_sms(folders, "+33639980001", "le premier")
    received_sms(folders, "+33639980002", "le second")

    page = client.get(reverse("demo_mailbox"), {"destinataire": "06399800 02"}).content.decode()

    assert "le second" in page
    assert "le premier" not in page
    assert (
        "Aucun message pour" in client.get(reverse("demo_mailbox"), {"destinataire": "nul"}).content.decode()
    )


def test_what_a_message_says_is_text_and_no_markup(client, folders):
    received_sms(folders, "+33639980001", "<script>alert(1)</script>")
    received_mail(folders, "a@example.org", "<b>x</b>", subject="<i>objet</i>")

    page = client.get(reverse("demo_mailbox")).content.decode()

    assert "<script>alert" not in page
    assert "<b>x</b>" not in page
    assert "<i>objet" not in page


def test_a_message_half_written_is_left_out(client, folders):
    (folders / "sms" / "x.json").write_text('{"to": "+336')
    assert "Aucun message" in client.get(reverse("demo_mailbox")).content.decode()


def test_families_are_those_of_each_way_in(client, folders):
    school = EstablishmentFactory.create()
    told = responsable_account(school, state="NOTIFIED")
    pupil = student_account(school, state="NOTIFIED")
    untold = responsable_account(school, state="NOT_NOTIFIED")
    responsable_account(school, state="ACTIVE")

    context = client.get(reverse("demo_families")).context

    found = {way: [family.identifier for family in context[way]] for way in ("by_letter", "by_sms", "pupils")}
    assert found == {
        "by_letter": [told.identifier],
        "by_sms": [untold.identifier],
        "pupils": [pupil.identifier],
    }
    [family] = context["by_letter"]
    assert family.secret == open_secret(told.sealed_secret)
    assert [child.birth_date for child in family.children]
