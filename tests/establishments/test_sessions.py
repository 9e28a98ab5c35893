"""Sessions of agents: listed, closed, ended in time; and what was being sent when they ended."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.conf import settings as project
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from establishments import sessions
from establishments.models import AgentSession, Event, EventKind
from establishments.tasks import sweep_sessions
from tests.factories import PASSWORD, AgentFactory, MandateFactory

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
NEW_PASSWORD = "encore une longue phrase"


@pytest.fixture
def director():
    return MandateFactory.create().agent


def sign_in(agent, client=None, **extra):
    client = client or Client(headers={"User-Agent": FIREFOX})
    client.post(reverse("account_login"), {"login": agent.email, "password": PASSWORD, **extra})
    return client


def is_inside(client):
    return client.get(reverse("mfa_index")).status_code == 200


def after(**delay):
    return time_machine.travel(timezone.now() + timedelta(**delay), tick=False)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (FIREFOX, "Firefox sur Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome sur Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_0) Version/18 Safari/605.1", "Safari sur Mac"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge sur Windows"),
        ("", "Navigateur inconnu"),
    ],
)
def test_browsers_are_said_in_plain_words(told, words):
    assert sessions.browser_in_words(told) == words


def test_ones_sessions_are_listed_and_nobody_elses(director):
    sign_in(AgentFactory.create())
    sign_in(director)
    client = sign_in(director)
    page = client.get(reverse("mfa_index"))
    assert [each["is_current"] for each in page.context["sessions"]] == [True, False]
    assert "Firefox sur Windows" in page.text
    assert "127.0.0.1" in page.text


def test_one_session_is_closed_from_another(director):
    lost, client = sign_in(director), sign_in(director)
    row = AgentSession.objects.filter(agent=director).earliest("pk")
    client.post(reverse("session_end", args=[row.pk]))
    assert is_inside(client)
    assert not is_inside(lost)
    assert Event.objects.get(kind=EventKind.AGENT_SESSIONS_ENDED).data == {"count": 1}


def test_the_session_of_another_agent_does_not_exist(director):
    stranger = sign_in(AgentFactory.create())
    client = sign_in(director)
    for row in AgentSession.objects.all():
        if row.agent != director:
            assert client.post(reverse("session_end", args=[row.pk])).status_code == 404
    assert is_inside(stranger)


def test_all_the_others_are_closed_at_once(director):
    others = [sign_in(director) for _ in range(2)]
    client = sign_in(director)
    client.post(reverse("sessions_end_others"))
    assert is_inside(client)
    assert not any(is_inside(other) for other in others)


def test_a_changed_password_closes_the_other_sessions_and_is_told_by_mail(director):
    other, client = sign_in(director), sign_in(director)
    chosen = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert client.post(reverse("account_change_password"), chosen).url == reverse("mfa_index")
    assert is_inside(client)
    assert not is_inside(other)
    assert AgentSession.objects.filter(agent=director).count() == 1
    assert [message.to for message in mail.outbox] == [[director.email]]
    assert "vient d’être changé" in mail.outbox[0].body
    assert Event.objects.filter(kind=EventKind.AGENT_PASSWORD_CHANGED, agent=director).exists()


def test_a_password_chosen_by_a_mailed_link_closes_every_session(director):
    client, stranger = sign_in(director), Client()
    stranger.post(reverse("account_reset_password"), {"email": director.email})
    link = re.search(r"https?://[^/\s]+(/\S+)", mail.outbox[0].body)[1]
    form = stranger.get(link, follow=True).redirect_chain[-1][0]
    stranger.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert not is_inside(client)
    assert not AgentSession.objects.filter(agent=director).exists()


def test_signing_in_again_without_leaving_keeps_one_session(client, director):
    for _ in range(2):
        client.force_login(director)
    assert AgentSession.objects.filter(agent=director).count() == 1
    assert is_inside(client)


def test_a_session_begun_again_stays_listed_as_long_as_it_lasts(client, director):
    client.force_login(director)
    for minutes in range(50, 600, 50):
        with after(minutes=minutes):
            is_inside(client)
    with after(minutes=590):
        client.force_login(director)
    with after(minutes=620):
        sweep_sessions()
        assert [each["is_current"] for each in client.get(reverse("mfa_index")).context["sessions"]] == [True]


def test_a_session_whose_row_was_closed_while_it_was_being_renewed_ends_too(director):
    client = sign_in(director)
    AgentSession.objects.all().delete()
    with after(minutes=2):
        assert not is_inside(client)


def test_who_signs_out_leaves_no_session(director):
    client = sign_in(director)
    client.post(reverse("account_logout"))
    assert not AgentSession.objects.exists()


def test_a_session_left_idle_ends(director):
    client = sign_in(director)
    with after(minutes=58):
        assert is_inside(client)
    with after(minutes=58 + 62):
        assert not is_inside(client)
    assert not AgentSession.objects.exists()


def test_what_a_page_asks_by_itself_is_no_activity(director):
    client = sign_in(director)
    for minutes in (20, 40, 60):
        with after(minutes=minutes):
            client.get(reverse("mfa_index"), headers={"X-Automatic": "true"})
    with after(minutes=62):
        assert not is_inside(client)


def test_every_fragment_which_polls_says_so():
    for template in Path(project.BASE_DIR, "templates").rglob("*.html"):
        text = template.read_text()
        polls = text.count('hx-trigger="every')
        assert text.count(f'hx-headers=\'{{"{sessions.AUTOMATIC}": "true"}}\'') == polls, template


def test_a_session_ends_some_hours_after_the_sign_in_however_busy(director):
    client = sign_in(director)
    for minutes in range(50, 600, 50):
        with after(minutes=minutes):
            assert is_inside(client)
    with after(minutes=601):
        assert not is_inside(client)


def test_staying_signed_in_is_an_activity_which_tells_what_is_left(director):
    client = sign_in(director)
    with after(minutes=57):
        limits = client.post(reverse("session_extend")).json()
    assert limits["idle"] == 3600
    assert 0 <= (600 - 57) * 60 - limits["left"] <= 5
    with after(minutes=110):
        assert is_inside(client)


def test_activity_is_written_once_a_minute_at_most(director, django_assert_num_queries):
    client = sign_in(director)
    with after(seconds=50):
        is_inside(client)
    row = AgentSession.objects.get()
    assert row.seen_at - row.opened_at < timedelta(seconds=1)
    with after(seconds=70):
        is_inside(client)
    row.refresh_from_db()
    assert row.seen_at - row.opened_at >= timedelta(seconds=60)


@pytest.fixture
def place(director):
    return director.mandates.get().establishment


@pytest.fixture
def operation_url(place):
    return reverse("operation_create", args=[place.uai])


def ended_with(client, url, fields, **headers):
    with after(hours=2):
        return client.post(url, fields, **headers)


FIELDS = {
    "population": "RESPONSABLE",
    "action": "notify_sheets",
    "accounts": "12,13",
    "new_password": "x" * 9,
}


def test_a_form_sent_after_the_end_waits_for_the_same_agent(director, operation_url):
    client = sign_in(director)
    refused = ended_with(client, operation_url, FIELDS)
    assert refused.url == f"{reverse('account_login')}?next=/saisie-conservee/"
    assert "gardé une demi-heure" in client.get(refused.url).text
    with after(hours=2, minutes=10):
        back = client.post(
            reverse("account_login"),
            {"login": director.email, "password": PASSWORD, "next": "/saisie-conservee/"},
        )
        page = client.get(back.url)
        assert "Votre saisie n’a pas été perdue" in page.text
        assert 'name="accounts" value="12,13"' in page.text
        assert "new_password" not in page.text
        assert f'action="{operation_url}"' in page.text
        client.post(operation_url, dict(page.context["form"].fields))
        assert client.get(reverse("kept_form")).url == reverse("home")


@pytest.mark.parametrize(
    ("name", "keys", "purpose"),
    [
        ("account_resend", [12], "Renvoi du courriel d’activation"),
        ("delegation_invite", [], "Délégation à accorder, avec une invitation"),
        ("delegation_change", [12], "Modification d’une délégation"),
    ],
)
def test_what_is_typed_on_a_page_of_an_establishment_is_kept_and_named(director, place, name, keys, purpose):
    client = sign_in(director)
    url = reverse(name, args=[place.uai, *keys])
    assert "saisie-conservee" in ended_with(client, url, {"mail": "ines@example.org"}).url
    with after(hours=2):
        sign_in(director, client)
        page = client.get(reverse("kept_form")).text
    assert purpose in page
    assert 'value="ines@example.org"' in page


def test_it_comes_first_wherever_the_agent_signs_in_from(director, operation_url):
    client = sign_in(director)
    ended_with(client, operation_url, FIELDS)
    with after(hours=2):
        again = client.post(reverse("account_login"), {"login": director.email, "password": PASSWORD})
    assert again.url == reverse("kept_form")


def test_someone_else_never_sees_it(director, operation_url):
    client = sign_in(director)
    ended_with(client, operation_url, FIELDS)
    with after(hours=2):
        other = MandateFactory.create().agent
        sign_in(other, client)
        assert client.get(reverse("kept_form")).url == reverse("home")
        client.post(reverse("account_logout"))
        sign_in(director, client)
        assert client.get(reverse("kept_form")).url == reverse("home")


def test_it_is_kept_when_another_tab_saw_the_end_first(director, operation_url):
    client = sign_in(director)
    with after(hours=2):
        client.get("/")
    with after(hours=2, minutes=5):
        client.post(operation_url, FIELDS)
        sign_in(director, client)
        assert client.get(reverse("kept_form")).status_code == 200


def test_after_half_an_hour_it_is_gone(director, operation_url):
    client = sign_in(director)
    ended_with(client, operation_url, FIELDS)
    # The cache's own clock is not moved: what it would have forgotten is taken away by hand.
    cache.delete(f"kept-form:{client.session['kept_form']['number']}")
    with after(hours=2, minutes=31):
        sign_in(director, client)
        assert client.get(reverse("kept_form")).url == reverse("home")


def test_it_may_be_given_up(director, operation_url):
    client = sign_in(director)
    ended_with(client, operation_url, FIELDS)
    with after(hours=2):
        sign_in(director, client)
        client.post(reverse("kept_form"))
        assert client.get(reverse("kept_form")).url == reverse("home")


def test_a_selection_of_thousands_survives(director, operation_url):
    client = sign_in(director)
    keys = ",".join(str(number) for number in range(1_000_000, 1_005_000))
    assert "saisie-conservee" in ended_with(client, operation_url, FIELDS | {"accounts": keys}).url
    with after(hours=2):
        sign_in(director, client)
        assert keys in client.get(reverse("kept_form")).text


def test_it_is_encrypted_where_it_waits(director, operation_url):
    client = sign_in(director)
    ended_with(client, operation_url, FIELDS | {"accounts": "987654321"})
    sealed = cache.get(f"kept-form:{client.session['kept_form']['number']}")
    assert "987654321" not in sealed
    assert "987654321" not in str(dict(client.session))


def test_a_form_whose_key_is_gone_keeps_nobody_out(director, operation_url, settings):
    client = sign_in(director)
    ended_with(client, operation_url, FIELDS)
    settings.SECRETS_KEYS = [Fernet.generate_key().decode()]
    with after(hours=2):
        sign_in(director, client)
        assert is_inside(client)
        assert client.get(reverse("kept_form")).url == reverse("home")


def test_a_fragment_posted_after_the_end_leads_to_the_sign_in(director, operation_url):
    client = sign_in(director)
    answer = ended_with(client, operation_url, FIELDS, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == f"{reverse('account_login')}?next=/saisie-conservee/"


def test_a_form_of_our_own_page_with_a_token_of_before_waits_for_a_confirmation(director, operation_url):
    client = sign_in(director)
    client.handler.enforce_csrf_checks = True
    answer = client.post(operation_url, FIELDS, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.url == reverse("kept_form")
    assert 'value="12,13"' in client.get(answer.url).text
    elsewhere = client.post(operation_url, FIELDS, headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403


def test_the_night_forgets_what_ended_by_itself(director):
    sign_in(director)
    sweep_sessions()
    assert AgentSession.objects.count() == 1
    with after(hours=12):
        sweep_sessions()
    assert not AgentSession.objects.exists()
    assert not Session.objects.exists()


def test_a_stranger_who_posts_leaves_nothing(operation_url):
    client = Client()
    assert "saisie-conservee" not in client.post(operation_url, FIELDS).url
    assert "kept_form" not in client.session


def test_what_another_site_posts_is_not_kept(director, operation_url):
    client = sign_in(director, Client(enforce_csrf_checks=False))
    client.handler.enforce_csrf_checks = True
    assert ended_with(client, operation_url, FIELDS).status_code == 403
    assert "kept_form" not in client.session


def test_a_new_password_posted_after_the_end_is_never_kept(director):
    client = sign_in(director)
    chosen = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert "saisie-conservee" not in ended_with(client, reverse("account_change_password"), chosen).url
