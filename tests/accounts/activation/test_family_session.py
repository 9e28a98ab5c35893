"""The family's sessions, throttles and passwords: what an attacker tries, what agents see of them."""

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.activation import hashing, password_rule, session
from accounts.activation.keeping import credentials
from accounts.models import Account, FamilySession
from accounts.secrets import draw_secret, expiry_from, seal_secret
from accounts.transitions import State
from tests.factories import EstablishmentFactory, MandateFactory, responsable_account

pytestmark = pytest.mark.django_db

CHOSEN = "Trois-Pommes-Vertes-2026"
FAMILY = settings.FAMILY_SESSION_COOKIE_NAME


@pytest.fixture
def account():
    return responsable_account(
        EstablishmentFactory.create(), state=State.ACTIVE, password=hashing.hash_password(CHOSEN)
    )


def sign_in(browser, account, password=CHOSEN, **more):
    return browser.post(
        reverse("family_sign_in"), {"identifier": account.identifier, "password": password, **more}
    )


def is_in(browser):
    return browser.get(reverse("family_home")).status_code == 200


def test_signing_in_shows_the_children_and_feeds_the_console(account):
    browser = Client()

    assert sign_in(browser, account).url == reverse("family_home")

    assert account.holdings.get().student.given_name in browser.get(reverse("family_home")).text
    assert Account.objects.get().last_sign_in_at is not None
    assert FamilySession.objects.get().way == "PASSWORD"


def test_signing_out_ends_it(account):
    browser = Client()
    sign_in(browser, account)

    browser.post(reverse("family_sign_out"))

    assert not is_in(browser)
    assert FamilySession.objects.get().ended_at is not None


def test_the_key_changes_at_the_sign_in_and_the_former_opens_nothing(account):
    browser = Client()
    browser.get(reverse("activation_children"), follow=True)
    before = browser.cookies[FAMILY].value
    sign_in(browser, account)

    attacker = Client()
    attacker.cookies[FAMILY] = before
    assert browser.cookies[FAMILY].value != before
    assert not is_in(attacker)


def test_a_reset_by_a_school_ends_the_open_sessions(account):
    browser = Client()
    sign_in(browser, account)

    now = timezone.now()
    Account.objects.update(
        password="",
        sealed_secret=seal_secret(draw_secret()),
        secret_drawn_at=now,
        secret_expires_at=now,
        reset_requested_at=now,
    )

    page = browser.get(reverse("family_home"), follow=True)
    assert page.request["PATH_INFO"] == reverse("family_sign_in")
    assert "Votre session est terminée" in page.text


def test_a_closed_account_is_out_at_once_and_is_told_why_with_its_password_alone(account):
    browser = Client()
    sign_in(browser, account)
    Account.objects.update(closed_at=timezone.now())

    assert not is_in(browser)
    assert "fermé" in sign_in(Client(), account).content.decode()
    assert sign_in(Client(), account, "Une-Autre-Phrase-12").status_code == 422


@pytest.mark.parametrize("limit", ["FAMILY_SESSION_IDLE", "FAMILY_SESSION_LIFETIME"])
def test_a_session_ends_by_itself(account, settings, limit):
    browser = Client()
    sign_in(browser, account)
    setattr(settings, limit, -getattr(settings, limit))

    assert not is_in(browser)


def test_an_agent_who_is_a_parent_has_both_sessions_and_neither_opens_the_other(account):
    mandate = MandateFactory.create()
    browser = Client()
    browser.force_login(mandate.agent)
    agents = browser.cookies[settings.SESSION_COOKIE_NAME].value

    assert not is_in(browser)
    sign_in(browser, account)
    assert is_in(browser)
    assert browser.cookies[settings.SESSION_COOKIE_NAME].value == agents
    assert browser.get(reverse("home"), follow=True).context["user"] == mandate.agent
    browser.post(reverse("family_sign_out"))
    assert browser.get(reverse("home"), follow=True).context["user"] == mandate.agent

    for mine, theirs in ((FAMILY, agents), (settings.SESSION_COOKIE_NAME, _key_of(account))):
        stranger = Client()
        stranger.cookies[mine] = theirs
        assert not is_in(stranger)
        assert stranger.get(reverse("home")).status_code == 302


def _key_of(account):
    browser = Client()
    sign_in(browser, account)
    return browser.cookies[FAMILY].value


def test_one_closes_a_session_from_another(account, rf):
    here, there = Client(), Client()
    sign_in(here, account)
    sign_in(there, account)
    request = rf.get("/compte/")
    request.family, request.account = session.SessionStore(here.cookies[FAMILY].value), account

    assert session.end_others(request) == 1

    assert is_in(here)
    assert not is_in(there)


def test_a_provisional_password_after_a_reset_asks_for_a_new_one_first(account):
    secret, now = draw_secret(), timezone.now()
    Account.objects.update(
        password="",
        sealed_secret=seal_secret(secret),
        secret_drawn_at=now,
        secret_expires_at=expiry_from(now, timezone.get_default_timezone()),
        reset_requested_at=now,
    )
    browser = Client()

    assert sign_in(browser, account, secret.capitalize()).url == reverse("family_choose_password")
    assert not is_in(browser)
    new = {"password": "Quatre-Poires-Jaunes-7", "again": "Quatre-Poires-Jaunes-7"}
    assert browser.post(reverse("family_choose_password"), new).url == reverse("family_home")

    assert is_in(browser)
    assert (Account.objects.get().state, Account.objects.get().sealed_secret) == (State.ACTIVE, "")


@pytest.mark.parametrize("after", ["https://example.net/", "//example.net/", "/etablissements/"])
def test_the_sign_in_leads_to_no_other_site(account, after):
    assert sign_in(Client(), account, suite=after).url == reverse("family_home")


@pytest.mark.parametrize("name", ["family_sign_in", "activation_identifiers"])
def test_whether_an_identifiant_exists_is_told_neither_by_words_nor_by_work(account, name, monkeypatch):
    hashes = []
    monkeypatch.setattr(
        hashing.FamilyHasher,
        "verify",
        lambda self, password, encoded, verify=hashing.FamilyHasher.verify: (
            hashes.append(1) or verify(self, password, encoded)
        ),
    )
    notified = responsable_account(EstablishmentFactory.create(), state=State.NOTIFIED)
    untold = responsable_account(EstablishmentFactory.create())
    answers = set()
    for identifier in (account.identifier, notified.identifier, untold.identifier, "n.existepas"):
        hashes.clear()
        hashing.is_password("", "")
        hashes.clear()
        page = Client().post(reverse(name), {"identifier": identifier, "password": "faux-mot-2"})
        assert len(hashes) == 1, identifier
        answers.add((page.status_code, page.text.replace(identifier, "…").split("<main")[1].split("csrf")[0]))

    assert len(answers) == 1


def test_wrong_passwords_wait_longer_and_a_known_browser_is_not_slowed_by_strangers(account, still_clock):
    known, stranger = Client(), Client()
    sign_in(known, account)
    known.post(reverse("family_sign_out"))

    statuses = [sign_in(stranger, account, "faux").status_code for _ in range(12)]

    assert statuses[:5] == [422] * 5
    assert statuses[-1] == 429
    refused = sign_in(stranger, account)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) >= 1
    assert "Rien n’est bloqué" in refused.text
    assert sign_in(known, account).status_code == 302


def test_what_a_stranger_tries_elsewhere_does_not_slow_another_account(account):
    other = responsable_account(
        EstablishmentFactory.create(), state=State.ACTIVE, password=hashing.hash_password(CHOSEN)
    )
    for _ in range(8):
        sign_in(Client(), account, "faux")

    assert sign_in(Client(), other).status_code == 302


@pytest.mark.parametrize(
    ("rule", "password", "is_kept"),
    [
        ("cnil", "Trois-Pommes-7", True),
        ("cnil", "TroisPommesVertes7", True),
        ("cnil", "TroisPommes7", False),
        ("cnil", "trois pommes vertes et deux poires jaunes", True),
        ("cnil", "troispommesvertes", False),
        ("cnil", "Azertyuiop2026!", False),
        ("cnil", "EduConnect-2026!", False),
        ("cnil", "Abbeymartin-2026", False),
        ("guide", "pommes42", True),
        ("guide", "pommesvertes", False),
        ("guide", "pom42", False),
        ("guide", "pommesvertes2026", False),
    ],
)
def test_the_rule_in_force_decides(settings, rule, password, is_kept):
    settings.FAMILY_PASSWORD_RULE = rule
    try:
        password_rule.check(password, about=["m.abbeymartin", "ABBEYMARTIN", "Mona"])
    except ValidationError:
        assert not is_kept
    else:
        assert is_kept


def test_the_parameters_of_argon2_are_those_said(account):
    assert account.password.startswith("argon2_family$argon2id$v=19$m=19456,t=2,p=1$")
    assert credentials.verify(account.identifier, CHOSEN).standing == "CHOSEN"


def test_a_password_is_hashed_again_at_the_sign_in_once_the_parameters_change(account, monkeypatch):
    monkeypatch.setattr(hashing.FamilyHasher, "time_cost", 3)
    browser = Client()

    sign_in(browser, account, "Une-Autre-Phrase-12")
    assert Account.objects.get().password == account.password
    sign_in(browser, account)

    renewed = Account.objects.get()
    assert renewed.password.startswith("argon2_family$argon2id$v=19$m=19456,t=3,p=1$")
    assert renewed.version == account.version
    assert is_in(browser)
    assert sign_in(Client(), account).status_code == 302
    assert Account.objects.get().password == renewed.password


def test_a_session_left_for_another_is_not_said_to_be_open(account):
    other = responsable_account(
        EstablishmentFactory.create(), state=State.ACTIVE, password=hashing.hash_password(CHOSEN)
    )
    browser, request = Client(), RequestFactory().get("/")
    sign_in(browser, account)
    request.family = session.SessionStore(browser.cookies[FAMILY].value)

    session.sign_in(request, other, FamilySession.Way.PASSWORD)

    assert FamilySession.objects.get().account == other


def _views(patterns, prefix=""):
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _views(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            yield path, pattern.callback


def test_each_page_of_families_says_who_opens_it():
    # Their address is the key: they know no session.
    by_key = {
        *("confirm_address", "address_confirmed", "password_link"),
        *("confirm_mail", "mail_confirmed", "recover", "recovered"),
    }
    ours = [
        (path, view)
        for path, view in _views(get_resolver().url_patterns)
        if f"/{path}".startswith(settings.FAMILY_PATHS)
    ]
    assert ours
    for path, view in ours:
        assert hasattr(view, "family_access") or view.__name__ in by_key, path
