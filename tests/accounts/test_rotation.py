"""Keys change: all that is sealed follows, whatever happens meanwhile, and old keys can then be withdrawn."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from accounts import rotation
from accounts.lifecycle import AgentAct, act_on
from accounts.models import Account
from accounts.secrets import draw_secret, open_secret, seal_secret
from accounts.transitions import State, Transition
from establishments.models import Event, EventKind
from establishments.sign_in import ConsoleMFAAdapter
from notifications.documents import read_document, store_document
from notifications.envelope import delivery_of, return_path
from notifications.keyring import is_current, keyring
from tests.accounts.test_password_links import access, link, secret  # noqa: F401 - fixtures
from tests.celery_worker import url_of_test_database
from tests.factories import AccountFactory, AgentFactory, EstablishmentFactory, content_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.DOCUMENTS_ROOT = tmp_path / "documents"


@pytest.fixture
def new_key(settings):
    """What an operator does first, once there are old secrets: a new key in front of the others."""

    def put():
        settings.SECRETS_KEYS = [Fernet.generate_key().decode(), *settings.SECRETS_KEYS]

    return put


def document():
    return store_document(
        b"%PDF k7mw3pxt9r", name="feuilles.pdf", content_type="application/pdf", lifetime=timedelta(days=7)
    )


def notified(number):
    """As many accounts with a provisional password, in the order of their keys."""
    plain = [
        Account(identifier=f"a.exemple{n}", kind="RESPONSABLE", state=State.NOTIFIED, **content)
        for n in range(number)
        if (content := content_of(State.NOTIFIED))
    ]
    return Account.objects.bulk_create(plain)


def currents():
    return [is_current(sealed) for sealed in sealed_in_order()]


def sealed_in_order():
    return Account.objects.order_by("pk").values_list("sealed_secret", flat=True)


def test_after_a_rotation_the_old_key_can_be_withdrawn(new_key, settings, capsys):
    account, stored = AccountFactory.create(state=State.NOTIFIED), document()
    password, version = open_secret(account.sealed_secret), account.version
    new_key()

    call_command("rotate_secrets")
    settings.SECRETS_KEYS = settings.SECRETS_KEYS[:1]

    account.refresh_from_db()
    assert (open_secret(account.sealed_secret), account.version) == (password, version)
    assert read_document(stored) == b"%PDF k7mw3pxt9r"
    assert "mots de passe provisoires : 1 renouvelés, sur 1 ; documents : 1 renouvelés, sur 1" in (
        capsys.readouterr().out
    )
    event = Event.objects.get(kind=EventKind.SECRETS_ROTATED)
    assert event.data["documents"] == {"renewed": 1, "unreadable": 0}


def test_checking_counts_what_an_old_key_still_holds_and_writes_nothing(new_key, capsys):
    notified(3)
    document()
    call_command("rotate_secrets", check=True)
    new_key()
    notified_since = AccountFactory.create(state=State.NOTIFIED)
    before = list(sealed_in_order())

    with pytest.raises(CommandError, match=r"3 sous une ancienne clé, sur 4 ; documents : 1 sous une anc"):
        call_command("rotate_secrets", check=True)

    assert list(sealed_in_order()) == before
    assert is_current(notified_since.sealed_secret)
    assert not Event.objects.exists()


def test_rotating_again_rewrites_nothing_and_records_nothing_more(new_key):
    notified(2)
    document()
    new_key()
    call_command("rotate_secrets")
    before = list(sealed_in_order())

    call_command("rotate_secrets")

    assert list(sealed_in_order()) == before
    assert Event.objects.filter(kind=EventKind.SECRETS_ROTATED).count() == 1


def test_what_no_key_opens_is_counted_left_alone_and_stops_nothing_else(new_key, settings):
    lost, kept = notified(2)
    key = Fernet.generate_key()
    foreign = Fernet(key).encrypt(b"another platform").decode()
    Account.objects.filter(pk=lost.pk).update(sealed_secret=foreign)
    new_key()

    with pytest.raises(CommandError, match="1 qu’aucune clé n’ouvre"):
        call_command("rotate_secrets")

    assert Account.objects.get(pk=lost.pk).sealed_secret == foreign
    assert is_current(Account.objects.get(pk=kept.pk).sealed_secret)


def test_the_link_mailed_in_place_of_a_password_still_shows_it(client, link, new_key):  # noqa: F811
    password = secret()
    new_key()

    call_command("rotate_secrets")

    assert password in client.post(link).text


def test_each_encrypted_text_of_a_second_factor_is_sealed_again_and_nothing_else_is_touched(new_key):
    sealed = ConsoleMFAAdapter().encrypt("JBSWY3DPEHPK3PXP")
    data = {"secret": sealed, "used_mask": 3, "credential": {"id": "gAbc"}, "migrated_codes": [sealed]}
    new_key()

    renewed = rotation.resealed_data(data, lambda token: keyring().rotate(token).decode())

    assert is_current(renewed["secret"])
    assert is_current(renewed["migrated_codes"][0])
    assert ConsoleMFAAdapter().decrypt(renewed["secret"]) == "JBSWY3DPEHPK3PXP"
    assert (renewed["used_mask"], renewed["credential"]) == (3, {"id": "gAbc"})


@pytest.mark.skipif(not apps.is_installed("allauth.mfa"), reason="agents have no second factor yet")
def test_agents_second_factors_follow(new_key, settings, capsys):
    factors = apps.get_app_config("mfa").get_model("Authenticator").objects
    data = {"secret": ConsoleMFAAdapter().encrypt("JBSWY3DPEHPK3PXP")}
    factor = factors.create(user=AgentFactory.create(), type="totp", data=data)
    new_key()

    call_command("rotate_secrets")
    settings.SECRETS_KEYS = settings.SECRETS_KEYS[:1]

    factor.refresh_from_db()
    assert ConsoleMFAAdapter().decrypt(factor.data["secret"]) == "JBSWY3DPEHPK3PXP"
    assert "seconds facteurs : 1 renouvelés, sur 1" in capsys.readouterr().out


def test_a_document_deleted_meanwhile_stays_deleted(new_key, settings, django_capture_on_commit_callbacks):
    stored = document()
    new_key()
    with django_capture_on_commit_callbacks(execute=True):
        stored.delete()
        for file in Path(settings.DOCUMENTS_ROOT).rglob(stored.storage_key):
            file.unlink()

    call_command("rotate_secrets")

    assert not [file for file in Path(settings.DOCUMENTS_ROOT).rglob("*") if file.is_file()]


def test_a_bounce_of_a_mail_sent_before_the_signing_key_changed_is_still_known(settings):
    settings.BOUNCE_ADDRESS = "retours@example.org"
    sent_with = return_path(42)

    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another signing key" * 4
    assert delivery_of(sent_with) == 42

    settings.SECRET_KEY_FALLBACKS = []
    assert delivery_of(sent_with) is None


@pytest.fixture
def rotating(settings):
    """`manage.py rotate_secrets` in another process, on the test's database."""
    children = []

    def start():
        child = subprocess.Popen(
            [sys.executable, "manage.py", "rotate_secrets"],
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                "DATABASE_URL": url_of_test_database(),
                "SECRETS_KEYS": ",".join(settings.SECRETS_KEYS),
                "DOCUMENTS_ROOT": str(settings.DOCUMENTS_ROOT),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


def someone_waits_for_a_row():
    with connection.cursor() as cursor:
        # Activity is read once a transaction, unless asked again.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


def stop_those_who_wait():
    """The server would end by itself the statement of a client which is no more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_it_goes_on_where_it_was(new_key, rotating, eventually):
    accounts = notified(rotation.BATCH + 2)
    new_key()
    with transaction.atomic():
        Account.objects.select_for_update().get(pk=accounts[-1].pk)
        child = rotating()
        eventually(someone_waits_for_a_row)
        child.kill()
        child.wait()
        assert currents() == [True] * rotation.BATCH + [False] * 2
        stop_those_who_wait()
    eventually(lambda: not someone_waits_for_a_row())
    assert currents() == [True] * rotation.BATCH + [False] * 2
    done = list(sealed_in_order()[: rotation.BATCH])

    call_command("rotate_secrets")

    assert all(currents())
    assert list(sealed_in_order()[: rotation.BATCH]) == done


@pytest.mark.django_db(transaction=True)
def test_a_password_reset_meanwhile_is_not_overwritten(new_key, rotating, eventually):
    school, agent = EstablishmentFactory.create(), AgentFactory.create()
    reset, other = notified(2)
    former = open_secret(reset.sealed_secret)
    new_key()
    with transaction.atomic():
        act = AgentAct(Transition.RESET_PASSWORD, agent, school, timezone.now())
        assert act_on([reset], act)
        # Read by the rotation before the reset is committed: the former one.
        child = rotating()
        eventually(someone_waits_for_a_row)
    assert child.wait() == 0

    reset.refresh_from_db()
    other.refresh_from_db()
    assert open_secret(reset.sealed_secret) != former
    assert (is_current(reset.sealed_secret), is_current(other.sealed_secret)) == (True, True)


def test_a_secret_sealed_under_the_new_key_is_not_outdated(new_key):
    new_key()
    assert is_current(seal_secret(draw_secret()))
