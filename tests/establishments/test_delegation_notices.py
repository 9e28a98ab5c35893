"""The mails about delegations: to whom, in which words, and none lost when the server is away."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from establishments import tasks
from establishments.access import get_access
from establishments.delegations import granting
from establishments.delegations.ending import end, end_orphaned
from establishments.delegations.granting import change, grant, invite_and_grant
from establishments.delegations.notices import send_due
from establishments.delegations.terms import Terms
from establishments.models import Agent, Delegation, DelegationNotice, Event
from tests.factories import AgentFactory, MandateFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def real_mail(settings, mail_server):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.PUBLIC_URL = "https://console.example.org"


@pytest.fixture
def by():
    mandate = MandateFactory.create(agent__email="maud@example.org", establishment__name="Les Érables")
    return get_access(mandate.agent, mandate.establishment.uai)


@pytest.fixture
def colleague():
    return AgentFactory.create(given_name="Camille", surname="<b>COLLÈGUE</b>", email="camille@example.org")


def terms(profile="ASSIST"):
    today = timezone.localdate()
    return Terms(profile, "RESPONSABLES", today, today + 10 * DAY)


def test_both_learn_what_was_granted_in_text_and_html(by, colleague, mail_server):
    grant(colleague, terms(), by=by)

    assert send_due() == 2

    mails = {mail.recipient: mail for mail in mail_server.received}
    assert set(mails) == {"maud@example.org", "camille@example.org"}
    to_delegate = mails["camille@example.org"]
    assert to_delegate.message["Subject"].strip() == "Délégation accordée : Collège Les Érables"
    for body in (to_delegate.text, to_delegate.html):
        assert f"{by.agent.full_name} vous accorde une délégation" in body
        assert "Assister" in body
        assert f"au {terms().ends_on:%d/%m/%Y} compris" in body
        assert "https://console.example.org/" in body
    assert "que vous accordez à Camille" in mails["maud@example.org"].text
    assert "<b>COLLÈGUE" not in mails["maud@example.org"].html
    assert "&lt;b&gt;COLLÈGUE" in mails["maud@example.org"].html
    assert send_due() == 0


def test_a_change_and_an_end_are_told_to_the_delegate_and_to_who_granted(by, colleague, mail_server):
    other_director = MandateFactory.create(establishment=by.establishment, agent__email="noe@example.org")
    other = get_access(other_director.agent, by.establishment.uai)
    delegation = grant(colleague, terms(), by=by)
    send_due()
    mail_server.received.clear()

    change(delegation, terms("CONSULT"), by=other)
    send_due()
    assert mail_server.recipients == ["camille@example.org", "maud@example.org", "noe@example.org"]
    assert all(f"par {other.agent.full_name}" in mail.text for mail in mail_server.received)

    mail_server.received.clear()
    end(delegation, by=other)
    send_due()
    assert mail_server.recipients == ["camille@example.org", "noe@example.org"]
    assert all(f"est terminée, par {other.agent.full_name}." in mail.text for mail in mail_server.received)


def test_ended_with_the_granters_mandate_both_are_told_why(by, colleague, mail_server):
    grant(colleague, terms(), by=by)
    send_due()
    mail_server.received.clear()
    by.agent.mandates.update(ended_at=timezone.now())
    end_orphaned()
    send_due()
    assert mail_server.recipients == ["camille@example.org", "maud@example.org"]
    assert all("ne pouvant plus déléguer" in mail.text for mail in mail_server.received)


def test_who_has_never_come_in_receives_a_link_which_opens(by, client, mail_server):
    delegation = invite_and_grant(
        mail="nora@example.org", surname="NEUVE", given_name="Nora", terms=terms(), by=by
    )
    send_due()

    links = [mail.text for mail in mail_server.received if "/invitation/" in mail.text]
    [text] = links
    path = text.split("https://console.example.org", 1)[1].split()[0]
    chosen = {"new_password1": "une phrase bien à moi", "new_password2": "une phrase bien à moi"}
    assert client.post(path, chosen).status_code == 302
    place = reverse("establishment", args=[by.establishment.uai])
    assert client.get(place).status_code == 200
    newcomer = Agent.objects.get(email="nora@example.org")
    assert newcomer.invited_at
    assert not granting.invite_again(Delegation.objects.select_related("agent").get(pk=delegation.pk))


def test_a_server_which_is_away_loses_nothing(by, colleague, mail_server):
    grant(colleague, terms(), by=by)
    mail_server.to_sender = lambda sender: "451 4.3.0 try again later"
    assert send_due() == 0
    mail_server.to_sender = lambda sender: None
    mail_server.answers = lambda recipient: "450 4.2.1 busy" if "camille" in recipient else None
    assert send_due() == 1
    mail_server.answers = lambda recipient: None
    tasks.send_notices()
    assert mail_server.recipients == ["camille@example.org", "maud@example.org"]


def test_a_server_which_does_not_answer_at_all_loses_nothing(by, colleague, mail_server, settings):
    grant(colleague, terms(), by=by)
    port = settings.EMAIL_PORT
    settings.EMAIL_PORT = 1
    assert send_due() == 0
    settings.EMAIL_PORT = port
    assert send_due() == 2


def test_a_server_which_hangs_up_on_one_mail_keeps_no_other_waiting(by, colleague, mail_server):
    grant(colleague, terms(), by=by)
    hung_up = []

    def hang_up_once(recipient):
        mail_server.drops_after_data = not hung_up
        hung_up.append(recipient)

    mail_server.after_data = hang_up_once
    assert send_due() == 1
    assert send_due() == 1
    assert mail_server.recipients == ["camille@example.org", "maud@example.org"]


def test_an_address_refused_for_good_is_not_tried_again_and_stops_nobody(by, colleague, mail_server):
    grant(colleague, terms(), by=by)
    mail_server.answers = lambda recipient: "550 5.1.1 no such user" if "camille" in recipient else None
    assert send_due() == 1
    mail_server.answers = lambda recipient: None
    assert send_due() == 0
    assert DelegationNotice.objects.get(recipient=colleague).failed_at


def test_a_mail_of_last_week_would_tell_of_another_time(by, colleague, mail_server):
    grant(colleague, terms(), by=by)
    with time_machine.travel(timezone.now() + 8 * DAY):
        assert send_due() == 0


def test_who_was_written_to_is_forgotten_in_its_time(by, colleague, settings):
    grant(colleague, terms(), by=by)
    tasks.forget_notices()
    assert DelegationNotice.objects.count() == 2
    with time_machine.travel(timezone.now() + settings.MAIL_RECORD_LIFETIME + DAY):
        tasks.forget_notices()
    assert not DelegationNotice.objects.exists()


def at_once(*works):
    """Run the works in threads; what each returned or raised."""
    barrier, outcomes = threading.Barrier(len(works)), []

    def run(work):
        try:
            barrier.wait()
            outcomes.append(work())
        except Exception as error:
            outcomes.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_grant_once(by, colleague):
    granted = at_once(*[lambda: grant(colleague, terms(), by=by)] * 2)
    assert granted[0] == granted[1]
    assert Delegation.objects.count() == Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_invitations_at_once_make_one_agent(by):
    asked = {"mail": "nora@example.org", "surname": "NEUVE", "given_name": "Nora"}
    granted = at_once(*[lambda: invite_and_grant(**asked, terms=terms(), by=by)] * 2)
    assert granted[0] == granted[1] == Delegation.objects.get()


@pytest.mark.django_db(transaction=True)
def test_of_two_changes_at_once_one_wins_and_the_other_is_told(by, colleague):
    delegation = grant(colleague, terms(), by=by)
    seen = [Delegation.objects.select_related("agent", "granted_by").get(pk=delegation.pk) for _ in range(2)]
    outcomes = at_once(
        lambda: change(seen[0], terms("CONSULT"), by=by), lambda: change(seen[1], terms("MANAGE"), by=by)
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["ChangedMeanwhile", "bool"]
    assert Event.objects.filter(kind="delegation:changed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_mail_once(by, colleague, mail_server):
    grant(colleague, terms(), by=by)
    assert sum(at_once(send_due, send_due)) == 2
    assert mail_server.recipients == ["camille@example.org", "maud@example.org"]
