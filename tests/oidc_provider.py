"""OpenID providers as processes of the test run: oidc-provider-mock, and tests/signing_provider.py."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from establishments.identity_providers import IdentityProvider
from tests.signing_provider import SECRET

START_TIMEOUT = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(command: Callable[[int], list[str]]) -> Generator[str, None, None]:
    """The address of the provider `command` starts on a port, once it answers; another if it was taken."""
    for _ in range(3):
        port = free_port()
        log = Path(os.environ["TEST_RUN_FOLDER"], f"provider-{port}.log")
        with log.open("wb") as output:
            process = subprocess.Popen([sys.executable, "-m", *command(port)], stdout=output, stderr=output)
        try:
            if _answers(process, url := f"http://localhost:{port}"):
                yield url
                return
        finally:
            process.terminate()
            process.wait()
    pytest.fail(f"no provider: {log.read_text()}")


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    deadline = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"{url}/.well-known/openid-configuration", timeout=10).ok
        time.sleep(0.05)
    return False


class Ministry:
    """The federation, as oidc-provider-mock plays it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def knows(self, sub: str, **claims: object) -> None:
        requests.put(f"{self.url}/users/{sub}", json=claims, timeout=10).raise_for_status()

    def authorise(self, address: str, sub: str) -> str:
        """What the person does there: the address (path and query) they are sent back to."""
        answer = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=10)
        return _path(answer.headers["Location"])

    def deny(self, address: str) -> str:
        answer = requests.post(address, data={"action": "deny"}, allow_redirects=False, timeout=10)
        return _path(answer.headers["Location"])


class Signing:
    """ProConnect, as tests/signing_provider.py plays it: who signs in is who was said last."""

    def __init__(self, url: str) -> None:
        self.url = url

    def knows(self, sub: str, **claims: object) -> None:
        self._put("users", {"sub": sub, **claims})

    def fails(self, fault: str) -> None:
        self._put("fault", fault)

    def _put(self, what: str, value: object) -> None:
        requests.put(f"{self.url}/{what}", json=value, timeout=10).raise_for_status()

    def follow(self, address: str) -> str:
        """Open an address there; where it sends back to."""
        answer = requests.get(address, allow_redirects=False, timeout=10)
        return _path(answer.headers["Location"])


def _path(address: str) -> str:
    url = urlsplit(address)
    return f"{url.path}?{url.query}"


@pytest.fixture(scope="session")
def ministry_process() -> Generator[str, None, None]:
    with running(lambda port: ["oidc_provider_mock", "--port", str(port)]) as url:
        yield url


@pytest.fixture(scope="session")
def signing_process() -> Generator[str, None, None]:
    with running(lambda port: ["tests.signing_provider", str(port)]) as url:
        yield url


@pytest.fixture
def ministry(ministry_process: str, declare: Callable[..., None]) -> Ministry:
    """Running, and declared as « fim »."""
    declare(
        key="fim",
        name="le compte du ministère (ARENA)",
        issuer=ministry_process,
        has_claims=True,
        has_second_factor=True,
    )
    return Ministry(ministry_process)


@pytest.fixture
def signing(signing_process: str, declare: Callable[..., None]) -> Signing:
    """Running without fault, and declared as « proconnect »."""
    declare(
        key="proconnect",
        name="ProConnect",
        issuer=signing_process,
        is_userinfo_signed=True,
        uses_pkce=False,
        mail_domains=("example.org",),
    )
    provider = Signing(signing_process)
    provider.fails("")
    return provider


@pytest.fixture
def declare(settings: Any) -> Callable[..., None]:
    """Declare a provider besides those which are."""

    def add(**fields: Any) -> None:
        provider = IdentityProvider(**{"client_id": "console", "client_secret": SECRET} | fields)
        others = tuple(each for each in settings.IDENTITY_PROVIDERS if each.key != provider.key)
        settings.IDENTITY_PROVIDERS = (*others, provider)

    return add
