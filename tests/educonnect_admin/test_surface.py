"""What responses say to browsers, whatever made them; what a request may not bring."""

import gc
import re

import pytest
from django.conf import settings as site
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Operation
from educonnect_admin import web_server
from tests.factories import PASSWORD, MandateFactory, responsable_account
from tests.routes import BY_KEY, filled, routes

pytestmark = pytest.mark.django_db

POLICY = {
    "default-src 'none'",
    *(f"{kind} 'self'" for kind in ("script-src", "style-src", "font-src", "connect-src", "form-action")),
    *("manifest-src 'self'", "img-src 'self' data:"),
    *("base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'"),
}


@pytest.fixture
def director():
    return MandateFactory.create().agent


@pytest.fixture
def school(director):
    return director.mandates.get().establishment


@pytest.fixture
def inside(client, director):
    client.force_login(director)
    return client


def assert_guarded(response):
    """The headers that any response bears."""
    headers = response.headers
    assert set(headers["Content-Security-Policy"].split("; ")) == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert "camera=()" in headers["Permissions-Policy"]


def assert_kept_by_nobody(response):
    assert "no-store" in response.headers["Cache-Control"]
    assert "public" not in response.headers["Cache-Control"]


def test_every_response_bears_the_headers_and_is_kept_by_nobody(inside, school):
    account = responsable_account(school)
    statuses = set()
    for _, path in routes():
        address = filled(path, uai=school.uai, pk=account.pk)
        for method in ("get", "post", "head", "options", "put"):
            for extra in ({}, {"HX-Request": "true"}):
                response = getattr(inside, method)(address, headers=extra)
                assert_guarded(response)
                assert_kept_by_nobody(response)
                statuses.add(response.status_code)
        if path.endswith("deconnexion/"):
            inside.force_login(school.mandates.get().agent)
    assert statuses >= {200, 302, 404, 405, 410, 422}


def test_errors_bear_them_too(client, inside, school, monkeypatch):
    monkeypatch.setattr(inside, "raise_request_exception", False)
    monkeypatch.setattr("accounts.overview.standings", lambda *_: 1 / 0)
    forged = Client(enforce_csrf_checks=True)
    responses = {
        500: inside.get(reverse("establishment", args=[school.uai])),
        404: inside.get("/nulle/part/"),
        400: inside.get("/", headers={"Host": "elsewhere.example.org"}),
        403: forged.post(reverse("account_login")),
        405: inside.put(reverse("home")),
    }
    for status, response in responses.items():
        assert response.status_code == status
        assert not re.search(r"Traceback|ZeroDivision|\.py|DoesNotExist|urlconf", response.text)
        if status != 400:
            assert_guarded(response)
        assert_kept_by_nobody(response)
        assert response.headers["X-Frame-Options"] == "DENY"


def test_a_file_of_the_site_bears_them_and_may_be_kept(client):
    response = client.get("/static/console/console.css")
    assert b"".join(response)
    assert response.status_code == 200
    assert_guarded(response)
    assert "no-store" not in response.headers["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in response.headers


def test_a_fragment_and_its_page_are_told_apart_by_caches(inside, school):
    for name in ("responsable_list", "operation_list", "assistance", "statistics"):
        assert "HX-Request" in inside.get(reverse(name, args=[school.uai])).headers["Vary"], name
    assert "Cookie" in inside.get(reverse("establishment", args=[school.uai])).headers["Vary"]


@pytest.mark.django_db(transaction=True)
def test_over_https_sessions_are_bound_to_the_host_and_to_tls(web_process, director):
    web = web_process()

    door = web.ask("/connexion/")
    entered = web.ask("/connexion/", {"login": director.email, "password": PASSWORD})
    refused = web.ask("/connexion/", {"login": "x"}, Cookie="")
    plain = web.ask("/connexion/", X_Forwarded_Proto="http")
    lost = web.ask("/nulle/part/")
    style = web.ask("/static/console/console.css")

    assert [refused.status, plain.status, lost.status, style.status] == [403, 301, 404, 200]
    assert plain.headers["Location"].startswith("https://")
    for response in (door, refused, lost, style):
        assert_guarded(response)
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert set(web.cookies) == {"__Host-csrf", "__Host-session"}
    for cookie in entered.headers.get_all("Set-Cookie"):
        assert {"Secure", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert "HttpOnly" in cookie


@pytest.mark.django_db(transaction=True)
def test_without_a_proxy_said_to_be_there_nobody_is_believed_to_come_by_https(web_process):
    web = web_process(BEHIND_TLS_PROXY="false")
    assert web.ask("/connexion/", X_Forwarded_Proto="https", X_Forwarded_Ssl="on").status == 301


def test_what_is_told_of_a_family_is_in_no_cookie(inside, school):
    account = responsable_account(school, state="ACTIVATING")
    page = reverse("account_resend", args=[school.uai, account.pk])
    sent = inside.post(page, {"mail": "autre@example.org", "version": account.version})
    assert sent.status_code == 302
    assert set(inside.cookies) <= {site.SESSION_COOKIE_NAME, site.CSRF_COOKIE_NAME}
    assert "Courriel d’activation envoyé" in inside.get(sent.url).text


def test_no_file_is_taken(school):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(school.mandates.get().agent)
    browser.get(reverse("site_map"))
    browser.cookies[site.CSRF_COOKIE_NAME] = "a" * 32
    for name, path in routes():
        file = SimpleUploadedFile("x.php", b"x" * 100_000)
        answer = browser.post(filled(path, uai=school.uai, pk=1), {"file": file})
        # Without a session to abuse, these read no form at all.
        expected = {404, 410} if name in BY_KEY else {400}
        assert answer.status_code in expected, path


def test_a_body_beyond_the_limits_is_refused(inside, school):
    page = reverse("operation_create", args=[school.uai])
    large = {"accounts": "1" * (site.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)}
    urlencoded = "application/x-www-form-urlencoded"
    assert inside.post(page, f"accounts={large['accounts']}", content_type=urlencoded).status_code == 400
    assert inside.post(page, "&".join(["a=1"] * 5_501), content_type=urlencoded).status_code == 400
    assert inside.get(page + "?" + "&".join(["a=1"] * 5_501)).status_code in {400, 405}


@pytest.mark.parametrize("name", ["accounts", "account"])
def test_the_longest_selection_passes(inside, school, name):
    account = responsable_account(school)
    keys = [str(account.pk), *(str(10**17 + number) for number in range(4_999))]
    chosen = (
        f"accounts={','.join(keys)}" if name == "accounts" else "&".join(f"account={key}" for key in keys)
    )
    made = inside.post(
        reverse("operation_create", args=[school.uai]),
        f"population=RESPONSABLE&action=notify_sheets&{chosen}",
        content_type="application/x-www-form-urlencoded",
    )
    assert made.url == reverse("operation", args=[school.uai, Operation.objects.get().pk])


@pytest.mark.django_db(transaction=True)
def test_the_web_server_refuses_heads_without_end(web_process):
    web = web_process()
    assert web.ask("/connexion/?" + "x" * 9_000).status in {400, 414}
    assert web.ask("/connexion/", **{f"X_{number}": "x" for number in range(70)}).status in {400, 431}
    assert web.ask("/connexion/", X_Long="x" * 9_000).status in {400, 431}
    assert web.ask("/connexion/?" + "x" * 4_000).status == 200


def test_what_a_web_process_keeps_for_good_is_looked_through_no_more():
    try:
        web_server.post_worker_init(None)
        assert gc.get_freeze_count() > 100_000
    finally:
        gc.unfreeze()
