"""First sign-in: who is invited, and what the link opens, once and for a while."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core import mail
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from establishments import invitations
from establishments.invitations import token_for
from tests.factories import AgentFactory, EstablishmentFactory, MandateFactory

pytestmark = pytest.mark.django_db
CHOSEN = "une phrase bien à moi"


@pytest.fixture
def school():
    return EstablishmentFactory.create(name="Les Érables")


@pytest.fixture
def newcomer(school):
    agent = AgentFactory.create(password=None)
    MandateFactory.create(agent=agent, establishment=school)
    return agent


def run(*arguments):
    out = StringIO()
    call_command("invite_agents", *arguments, stdout=out, stderr=out)
    return out.getvalue()


def link(agent):
    return reverse("invitation", args=[token_for(agent)])


def choose(client, url, password=CHOSEN, again=None):
    chosen = {"new_password1": password, "new_password2": again or password}
    return client.post(url, chosen, follow=True)


def test_without_wet_run_nothing_leaves(newcomer):
    assert "Agents à inviter : 1." in run()
    assert mail.outbox == []


def test_the_mail_says_who_where_and_for_how_long(newcomer, school, settings):
    settings.PUBLIC_URL = "https://console.example.org"
    assert "Invitations envoyées : 1, refusées : 0." in run("--wet-run")
    (message,) = mail.outbox
    assert message.to == [newcomer.email]
    html, kind = message.alternatives[0]
    assert kind == "text/html"
    for body in (message.body, html):
        assert newcomer.full_name in body
        assert f"Collège Les Érables ({school.uai})" in body
        assert "https://console.example.org/invitation/" in body
        assert "7 jours" in body


def test_a_second_round_leaves_live_links_alone_and_renews_dead_ones(newcomer):
    run("--wet-run")
    assert "Agents à inviter : 0." in run()
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        assert "Agents à inviter : 1." in run()


def test_only_who_directs_may_sign_in_and_has_no_password_is_invited(school):
    MandateFactory.create(establishment=school)
    MandateFactory.create(establishment=school, agent__password=None, agent__is_active=False)
    MandateFactory.create(establishment=school, agent__password=None, agent__email=None)
    MandateFactory.create(establishment=school, agent__password=None, ended_at=timezone.now())
    MandateFactory.create(establishment__is_offered=False, agent__password=None)
    AgentFactory.create(password=None)
    assert not invitations.to_invite()


def test_two_mandates_make_one_mail(newcomer):
    MandateFactory.create(agent=newcomer)
    run("--wet-run")
    assert len(mail.outbox) == 1


def test_the_establishments_can_be_named(newcomer, school):
    other = MandateFactory.create(agent__password=None)
    run("--uai", school.uai.lower(), "--wet-run")
    assert [message.to for message in mail.outbox] == [[newcomer.email]]
    assert "Agents à inviter : 1." in run("--uai", other.establishment.uai)


def test_an_unknown_uai_is_an_error_not_everybody(newcomer):
    with pytest.raises(CommandError, match="UAI inconnus : 0000000X"):
        run("--uai", "0000000X", "--wet-run")
    assert mail.outbox == []


def test_a_mail_server_that_does_not_answer_is_told_and_nobody_is_marked_invited(newcomer, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "localhost", 1
    with pytest.raises(CommandError, match="Le serveur de courriel ne répond pas"):
        run("--wet-run")
    newcomer.refresh_from_db()
    assert newcomer.invited_at is None


def test_opening_the_link_changes_nothing(client, newcomer):
    assert newcomer.full_name in client.get(link(newcomer)).text
    assert client.get(link(newcomer)).status_code == 200
    newcomer.refresh_from_db()
    assert not newcomer.has_usable_password()


def test_choosing_a_password_lets_in(client, newcomer, school):
    response = choose(client, link(newcomer))
    assert response.redirect_chain[-1][0] == reverse("establishment", args=[school.uai])
    newcomer.refresh_from_db()
    assert newcomer.check_password(CHOSEN)


@pytest.mark.parametrize(
    ("password", "again", "told"),
    [
        ("trop court", "trop court", "au minimum 12 caractères"),
        ("motdepasse123", "autre chose entièrement", "correspondent pas"),
    ],
)
def test_a_password_that_will_not_do_is_explained(client, newcomer, password, again, told):
    response = choose(client, link(newcomer), password, again)
    assert response.status_code == 422
    assert told in response.text
    newcomer.refresh_from_db()
    assert not newcomer.has_usable_password()


def test_the_link_opens_once(client, newcomer):
    url = link(newcomer)
    choose(client, url)
    client.logout()
    response = choose(client, url, "une autre phrase encore")
    assert response.status_code == 410
    assert "Ce lien a déjà servi" in response.text
    newcomer.refresh_from_db()
    assert newcomer.check_password(CHOSEN)


def test_two_tabs_cannot_both_win(newcomer):
    first, second = invitations.read(token_for(newcomer)), invitations.read(token_for(newcomer))
    assert invitations.accept(first, CHOSEN)
    assert not invitations.accept(second, "une autre phrase encore")
    newcomer.refresh_from_db()
    assert newcomer.check_password(CHOSEN)


def test_the_link_expires(client, newcomer, settings):
    url = link(newcomer)
    with time_machine.travel(timezone.now() + settings.INVITATION_LIFETIME + timedelta(minutes=1)):
        response = choose(client, url)
    assert response.status_code == 410
    assert "Cette invitation a expiré" in response.text


def test_the_link_dies_when_the_address_changes_or_the_agent_leaves(client, newcomer):
    url = link(newcomer)
    newcomer.email = "autre@example.org"
    newcomer.save()
    assert client.get(url).status_code == 410
    url = link(newcomer)
    newcomer.is_active = False
    newcomer.save()
    assert client.get(url).status_code == 410


def test_a_forged_link_opens_nothing(client, newcomer):
    token = token_for(newcomer)
    assert client.get(reverse("invitation", args=[token[:-1] + "-"])).status_code == 410
    assert client.get(reverse("invitation", args=["abc"])).status_code == 410
