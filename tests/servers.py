"""A pytest plugin (`-p tests.servers`): one PostgreSQL and one Redis for the whole run, gone at its end.

It acts before the settings are read. With xdist the controller starts the servers and its workers inherit
their addresses; pytest-django gives each worker its database, this plugin its Redis database number.
DATABASE_URL and REDIS_URL, when set, are used instead.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from educonnect_admin.embedded import EmbeddedServers

TEST_ENVIRONMENT = {
    "SECRET_KEY": "tests-only",
    "INSECURE_HTTP": "true",
    "PLAIN_STATIC": "true",
    "DEBUG": "false",
    "DEMO_MODE": "false",
    "STATE_BRAND": "false",
    "OPERATOR_NAME": "EduConnect",
    "PUBLIC_URL": "http://testserver",
    "ACTIVATION_URL": "https://educonnect.example.org/activation/",
    "OIDC_PROVIDERS": "",
    "DEFAULT_FROM_EMAIL": "ne-pas-repondre@example.org",
    "EMAIL_URL": "smtp://localhost:1",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    # Most tests are not about the second factor; those which are empty this.
    "ADMIN_NETWORKS": "127.0.0.0/8,::1/128",
    "LOG_LEVEL": "WARNING",
    # Playwright keeps an event loop in the test's thread; Django would refuse the ORM there.
    "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
}


class TestServers:
    """The servers of this run, in a folder of its own that goes with it."""

    __test__ = False

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="educonnect-tests-"))
        # The servers' user must pass; what is inside is private to it.
        self.folder.chmod(0o711)
        self.servers = EmbeddedServers(self.folder / "servers", logs=self.folder, throwaway=True)
        try:
            self.servers.__enter__()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def environment(self) -> dict[str, str]:
        return {
            **TEST_ENVIRONMENT,
            **self.servers.environment,
            "SECRETS_KEYS": Fernet.generate_key().decode(),
            "TEST_RUN_FOLDER": str(self.folder),
        }

    def stop(self) -> None:
        self.servers.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


RUNNING = pytest.StashKey[TestServers]()


def redis_url_of_worker(url: str, worker: str) -> str:
    """The address of the worker's own database: gw0 has the one after the controller's."""
    shift = int(worker.removeprefix("gw")) + 1
    found = re.search(r"(virtual_host=|/)(\d+)$", url)
    if found is None:
        return f"{url.rstrip('/')}/{shift}"
    return f"{url[: found.start(2)]}{int(found[2]) + shift}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Around pytest-django's own hook, which reads the settings."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        early_config.stash[RUNNING] = TestServers()
        os.environ.update(early_config.stash[RUNNING].environment())
    else:
        os.environ["REDIS_URL"] = redis_url_of_worker(os.environ["REDIS_URL"], worker)
    for setting, name in (("DOCUMENTS_ROOT", "documents"), ("AAF_INBOX", "inbox")):
        folder = Path(os.environ["TEST_RUN_FOLDER"], worker or "main", name)
        folder.mkdir(parents=True)
        os.environ[setting] = str(folder)
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    if RUNNING in config.stash:
        config.stash[RUNNING].stop()
