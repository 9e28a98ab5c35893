"""The demonstration's FranceConnect and ENT, as the process they are, met by the console's own client."""

import os
import sys
import time
from urllib.parse import urlsplit

import pytest
import requests
from django.conf import settings as project
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts import lifecycle
from accounts.models import EntPartner
from accounts.played_year_families import declare_ent
from educonnect_admin.demo.ports import any_free_port
from educonnect_admin.processes import Child
from tests.celery_worker import url_of_test_database
from tests.factories import EstablishmentFactory, responsable_account, student_account

pytestmark = pytest.mark.django_db(transaction=True)
PROVIDER = "educonnect_admin.demo.provider:application"
SECRET = "drawn by the demonstration"
START_TIMEOUT = 60


def start(folder, **environment):
    port = any_free_port()
    address = f"http://localhost:{port}"
    told = {
        "DATABASE_URL": url_of_test_database(),
        "DEMO_MODE": "true",
        "DEMO_PROVIDER": address,
        "PLAIN_STATIC": "true",
        "PUBLIC_URL": "http://localhost:8000",
        "FRANCECONNECT_ISSUER": f"{address}/franceconnect",
        "FRANCECONNECT_CLIENT_ID": "demonstration",
        "FRANCECONNECT_CLIENT_SECRET": SECRET,
    }
    command = ["gunicorn", "--bind", f"127.0.0.1:{port}", "--no-control-socket", PROVIDER]
    child = Child(
        "provider",
        [sys.executable, "-m", *command],
        log=folder / "provider.log",
        cwd=project.BASE_DIR,
        env={**os.environ, **told} | environment,
    )
    deadline = time.monotonic() + START_TIMEOUT
    while child.exit_code is None and time.monotonic() < deadline:
        try:
            if requests.get(f"{address}/ent/cles", timeout=10).ok:
                break
        except requests.ConnectionError:
            time.sleep(0.05)
    return child, address


@pytest.fixture
def school():
    return EstablishmentFactory.create()


@pytest.fixture
def provider(settings, tmp_path, school):
    declare_ent()
    child, address = start(tmp_path)
    settings.PUBLIC_URL = "http://localhost:8000"
    settings.FRANCECONNECT_ISSUER = f"{address}/franceconnect"
    settings.FRANCECONNECT_CLIENT_ID, settings.FRANCECONNECT_CLIENT_SECRET = "demonstration", SECRET
    settings.SMS_GATEWAY_URL, settings.SMS_SPOOL = "", str(tmp_path)
    cache.clear()
    yield address
    child.stop(timeout=10)


def leave_for_franceconnect(client):
    return client.post(reverse("franceconnect")).context["address"]


def chosen(client, address, who):
    """« Qui êtes-vous ? », then back in the console."""
    answer = requests.post(address, data={"who": who}, allow_redirects=False, timeout=10)
    back = urlsplit(answer.headers["Location"])
    return client.get(f"{back.path}?{back.query}", follow=True)


def test_a_responsable_chosen_there_comes_back_to_give_a_mobile(client, provider, school):
    account = responsable_account(school, record={"surname": "LE GOFF", "mobile": "+33639981234"})

    address = leave_for_franceconnect(client)
    assert "LE GOFF" in requests.get(address, timeout=10).text
    page = chosen(client, address, f"demo-{account.pk}")

    assert page.redirect_chain[-1][0] == reverse("franceconnect_mobile")


def test_who_is_linked_already_comes_straight_in_and_leaves_both(client, provider, school):
    account = responsable_account(school, state="NOTIFIED", record={"mobile": "+33639981234"})
    lifecycle.use_franceconnect(account, sub=f"demo-{account.pk}", mobile="+33639981234")

    page = chosen(client, leave_for_franceconnect(client), f"demo-{account.pk}")
    assert page.redirect_chain[-1][0] == reverse("family_home")

    address = client.post(reverse("family_sign_out")).context["address"]
    answer = requests.get(address, allow_redirects=False, timeout=10)
    back = urlsplit(answer.headers["Location"])
    assert "Vous êtes déconnecté." in client.get(f"{back.path}?{back.query}", follow=True).text


def test_a_pupil_comes_from_the_ent_which_the_played_year_declared(client, provider, school):
    pupil = student_account(school, record={"jointure": "7001"}, identifier="z.martin")
    ent = EntPartner.objects.get()
    assert ent.issuer == f"{provider}/ent"

    address = client.post(reverse("ent_leave", args=[ent.pk])).context["address"]

    assert "z.martin" in chosen(client, address, f"demo-{pupil.pk}").text
    other = Client()
    address = other.post(reverse("ent_leave", args=[ent.pk])).context["address"]
    assert chosen(other, address, "inconnue").status_code == 403


def test_whoever_gives_up_there_is_told_so(client, provider):
    page = chosen(client, leave_for_franceconnect(client), "")
    assert page.status_code == 200
    assert page.context["failure"] == "CANCELLED"


def test_it_answers_neither_another_client_nor_for_another_console(client, provider, settings):
    address = leave_for_franceconnect(client)
    elsewhere = address.replace("localhost%3A8000", "other.example.org")
    assert requests.get(elsewhere, timeout=10).status_code == 400

    settings.FRANCECONNECT_CLIENT_SECRET = "another"
    assert chosen(client, address, "inconnue").status_code == 502


def test_outside_the_demonstration_it_does_not_start_and_has_no_address(client, tmp_path):
    child, _ = start(tmp_path, DEMO_MODE="false")
    assert child.exit_code
    assert client.get("/franceconnect/qui").status_code == 404
