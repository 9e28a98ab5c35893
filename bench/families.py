"""Families who come in by their letter or by SMS, every request of theirs, among 300,000 persons."""

import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any, Self

from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, reverse
from django.utils import timezone

from accounts.activation import links, urls
from accounts.activation.children import asked_about, children_of
from accounts.activation.hashing import FamilyHasher
from accounts.activation.keeping.urls import urlpatterns as of_account
from accounts.activation.mails import compose_link
from accounts.models import Account, AccountKind
from accounts.secrets import draw_secret, expiry_from, seal_secret
from accounts.transitions import State
from bench.database import fresh_database
from bench.figures import Figure
from bench.population import OF_AN_ACADEMY, populate
from establishments.models import Establishment
from notifications.keyring import keyring
from notifications.models import Delivery, SmsMessage
from statistics import median, quantiles

LETTERS, NUMBERS, ROUNDS = 60, 30, 30
CHOSEN = "Coquelicots-des-champs-2"
# Milliseconds of any request which hashes nothing.
LONGEST = 150


def measure() -> Iterator[Figure]:
    with fresh_database(), TemporaryDirectory() as spool, override_settings(**_settings(spool)):
        cache.clear()
        school = populate(OF_AN_ACADEMY)
        requests, hashes = Requests(), Stopwatch()
        with hashes.around(FamilyHasher, "encode", "verify"):
            letters = _letters(school)
            yield from _first_sign_ins(requests, hashes, letters)
            _come_in_by_sms(requests, hashes)
            _read_every_page(requests, hashes, letters[-1][0])
        yield from requests.figures()


def _settings(spool: str) -> dict[str, Any]:
    return {"SMS_GATEWAY_URL": "", "SMS_SPOOL": spool, "SMS_ADDRESS_RATE": 1_000_000, "SMS_RATE": 1_000_000}


class Stopwatch:
    """The seconds and the number of calls of what it is put around."""

    def __init__(self) -> None:
        self.seconds, self.calls = 0.0, 0

    @contextmanager
    def around(self, owner: Any, *names: str) -> Iterator[Self]:
        kept = {name: getattr(owner, name) for name in names}
        for name, function in kept.items():
            setattr(owner, name, self._timed(function))
        try:
            yield self
        finally:
            for name, function in kept.items():
                setattr(owner, name, function)

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                self.seconds += time.perf_counter() - started
                self.calls += 1

        return timed


class Requests:
    """What each page took, in milliseconds, and its queries; those which hash are apart."""

    def __init__(self) -> None:
        self.took: dict[str, list[float]] = defaultdict(list)
        self.queries: dict[str, int] = {}
        self.hashing: set[str] = set()

    def figures(self) -> Iterator[Figure]:
        for page, took in sorted(self.took.items(), key=lambda each: _p95(each[1]), reverse=True):
            limit = None if page in self.hashing else LONGEST
            hashes = ", hashes" if page in self.hashing else ""
            yield Figure(f"{page} ({self.queries[page]} queries{hashes}), p95", _p95(took), "ms", limit=limit)


class Browser:
    """One family's, whose requests are told to `requests`; `counts` asks for queries and times nothing."""

    def __init__(self, requests: Requests, hashes: Stopwatch, *, counts: bool) -> None:
        self.client = Client(HTTP_HOST="localhost")
        self.requests, self.hashes, self.counts = requests, hashes, counts

    def get(self, name: str, *arguments: object, expected: int = 200) -> HttpResponse:
        return self._ask(f"GET {name}", lambda: self.client.get(reverse(name, args=arguments)), expected)

    def post(self, name: str, *arguments: object, expected: int = 302, **data: object) -> HttpResponse:
        return self._ask(
            f"POST {name}", lambda: self.client.post(reverse(name, args=arguments), data), expected
        )

    def step(self, name: str, *arguments: object, **data: object) -> None:
        """A page, then its answer, which leads on."""
        self.get(name, *arguments)
        self.post(name, *arguments, **data)

    def _ask(self, page: str, ask: Callable[[], Any], expected: int) -> Any:
        hashed = self.hashes.calls
        if self.counts:
            with CaptureQueriesContext(connection) as queries:
                response = ask()
            self.requests.queries[page] = max(len(queries), self.requests.queries.get(page, 0))
        else:
            started = time.perf_counter()
            response = ask()
            self.requests.took[page].append((time.perf_counter() - started) * 1000)
        assert response.status_code == expected, (page, response.status_code)
        if self.hashes.calls > hashed:
            self.requests.hashing.add(page)
        return response


def _letters(school: Establishment) -> list[tuple[Account, str]]:
    """Responsables who were handed a letter, with the password it says."""
    told = Account.objects.in_state(State.NOTIFIED).filter(kind=AccountKind.RESPONSABLE)
    now, letters = timezone.now(), []
    for account in told.order_by("pk")[: LETTERS + 2]:
        secret = draw_secret()
        Account.objects.filter(pk=account.pk).update(
            sealed_secret=seal_secret(secret), secret_expires_at=expiry_from(now, school.academy.zone)
        )
        letters.append((account, secret))
    return letters


def _first_sign_ins(
    requests: Requests, hashes: Stopwatch, letters: list[tuple[Account, str]]
) -> Iterator[Figure]:
    for account, secret in letters[:2]:
        _activate(Browser(requests, hashes, counts=True), account, secret)
    hashed, computed, took = hashes.seconds, time.process_time(), []
    for account, secret in letters[2:]:
        started = time.perf_counter()
        _activate(Browser(requests, hashes, counts=False), account, secret)
        took.append(time.perf_counter() - started)
    computed = (time.process_time() - computed) / len(took)
    hashed = (hashes.seconds - hashed) / len(took)
    whole = median(took)
    yield Figure("Complete first sign-ins by letter, a minute and core, elapsed", 60 / whole, "")
    yield Figure("… by processor time in Python alone", 60 / computed, "")
    yield Figure("… one of them, of 15 requests and a mail", 1000 * whole, "ms")
    yield Figure("… of which its hash (Argon2id, 19 MiB, 2 passes, 1 thread)", 1000 * hashed, "ms")
    yield Figure("… the share of the hash", 100 * hashed / (sum(took) / len(took)), "%")


def _activate(browser: Browser, account: Account, secret: str) -> None:
    """From the first page to « Activé »: the mail is made, and its link opened."""
    born = asked_about(account, children_of(account)).pupil.birth_date
    browser.get("activation")
    browser.step("activation_identifiers", identifier=account.identifier, password=secret)
    browser.step("activation_children")
    browser.step("activation_password", password=CHOSEN, again=CHOSEN)
    browser.step("activation_mail", mail=f"famille{account.pk}@example.org")
    browser.step("activation_birth_date", birth_date=f"{born:%d/%m/%Y}")
    browser.get("activation_waiting")
    compose_link(Delivery.objects.latest("pk"))
    account.refresh_from_db()
    token = links.token_for(account)
    browser.get("activation_confirm", token)
    browser.post("activation_confirm", token)
    browser.get("activation_confirmed")


def _come_in_by_sms(requests: Requests, hashes: Stopwatch) -> None:
    """Names and mobile, code, dates, password."""
    untold = Account.objects.in_state(State.NOT_NOTIFIED).filter(
        kind=AccountKind.RESPONSABLE, sources__responsable__mobile__gt=""
    )
    for number, account in enumerate(untold.order_by("pk").distinct()[: NUMBERS + 1]):
        browser = Browser(requests, hashes, counts=number == 0)
        record = children_of(account)[0].holdings[0].responsable
        assert record is not None, "a responsable has a record"
        who = {"surname": record.surname, "given_name": record.given_name, "number": record.mobile}
        cache.clear()
        browser.step("sms_start", **who)
        browser.step("sms_code", code=_last_code())
        dates = sorted({child.pupil.birth_date for child in children_of(account)})
        told = {f"enfant-{place}-birth_date": f"{each:%d/%m/%Y}" for place, each in enumerate(dates)}
        sizes = {"enfant-TOTAL_FORMS": len(dates), "enfant-INITIAL_FORMS": 0}
        browser.step("sms_children", **sizes, **told)
        browser.step("sms_password", password=CHOSEN, again=CHOSEN)
        browser.get("sms_done")


def _last_code() -> str:
    sealed = SmsMessage.objects.latest("created_at").sealed
    return str(json.loads(keyring().decrypt(sealed.encode()))[1])[:6]


def _read_every_page(requests: Requests, hashes: Stopwatch, account: Account) -> None:
    """Those a family opens by their address, signed in or not; and the sign-in itself."""
    outside: list[str] = []
    inside: list[str] = []
    for number in range(ROUNDS + 1):
        browser = Browser(requests, hashes, counts=number == 0)
        outside = outside or _that_open(browser)
        for name in outside:
            browser.get(name)
        browser.post("family_sign_in", identifier=account.identifier, password=CHOSEN)
        inside = inside or _that_open(browser)
        for name in inside:
            browser.get(name)
        browser.post("family_sign_out")


def _that_open(browser: Browser) -> list[str]:
    """Pages which answer by themselves; the others lead elsewhere, or wait for the steps before them."""
    logging.getLogger("django.request").setLevel(logging.ERROR)
    return [name for name in _addresses() if browser.client.get(reverse(name)).status_code == 200]


def _addresses() -> list[str]:
    """Of the family's pages which ask for no argument."""
    patterns = _patterns([*urls.urlpatterns, *of_account])
    return [pattern.name for pattern in patterns if pattern.name and not pattern.pattern.converters]


def _patterns(patterns: list[Any]) -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield pattern
        elif not pattern.pattern.converters:
            yield from _patterns(pattern.url_patterns)


def _p95(took: list[float]) -> float:
    return quantiles(took, n=20)[-1] if len(took) > 1 else took[0]
