"""The web server as production starts it, in a process of its own, on the test database."""

import os
import sys
import time
from collections.abc import Callable, Generator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

from educonnect_admin.demo.ports import any_free_port
from educonnect_admin.processes import Child
from tests.celery_worker import url_of_test_database

START_TIMEOUT = 60
HOST = "console.example.org"
PRODUCTION = {
    "SECRET_KEY": "of-the-process-of-the-tests-only-and-long-enough-for-check-deploy",
    "SECRETS_KEYS": Fernet.generate_key().decode(),
    "INSECURE_HTTP": "false",
    "BEHIND_TLS_PROXY": "true",
    "ALLOWED_HOSTS": HOST,
    "PUBLIC_URL": f"https://{HOST}",
    "LOG_LEVEL": "INFO",
    "WEB_CONCURRENCY": "1",
}


class WebProcess:
    """Asked over plain http by what stands for the proxy: `X-Forwarded-Proto` says https."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.log = folder / "web.log"
        self.port = any_free_port()
        self.child = Child(
            "web",
            [
                *(sys.executable, "-m", "gunicorn", "--config", "python:educonnect_admin.web_server"),
                *("--bind", f"127.0.0.1:{self.port}"),
            ],
            log=self.log,
            cwd=settings.BASE_DIR,
            env={**os.environ, **PRODUCTION, "DATABASE_URL": url_of_test_database()} | environment,
        )
        self.cookies: dict[str, str] = {}
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while True:
            try:
                if self.ask("/sante/vivant").status == 200:
                    return
            except OSError:
                pass
            if self.child.exit_code is not None or time.monotonic() > deadline:
                pytest.fail(f"the web process did not start:\n{self.output}")
            time.sleep(0.05)

    def ask(
        self, path: str, data: dict[str, str] | None = None, *, method: str = "", **headers: str
    ) -> HTTPResponse:
        """Answer with its body read; cookies are kept and the CSRF token is sent back, as a browser does."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {
            "Host": HOST,
            "X-Forwarded-Proto": "https",
            "Origin": f"https://{HOST}",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        body = None
        if data is not None:
            body = urlencode({"csrfmiddlewaretoken": self.cookies.get("__Host-csrf", ""), **data})
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection.request(method or ("GET" if data is None else "POST"), path, body, sent)
        answer = connection.getresponse()
        answer.text = answer.read().decode(errors="replace")  # type: ignore[attr-defined]
        connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")


@pytest.fixture
def web_process(transactional_db: None, tmp_path: Path) -> Generator[Callable[..., WebProcess], None, None]:
    """Start one, with the environment given beside that of production."""
    started: list[WebProcess] = []

    def start(**environment: str) -> WebProcess:
        started.append(WebProcess(tmp_path, **environment))
        return started[-1]

    yield start
    for each in started:
        each.child.stop(timeout=10)
