"""The demo starts, answers, says what dies, and leaves nothing behind."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Generator
from http.client import HTTPConnection
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from educonnect_admin.demo import database
from educonnect_admin.demo.database import Filling
from educonnect_admin.demo.ports import any_free_port, free_port
from tests.celery_worker import url_of_test_database


@pytest.fixture
def url(transactional_db: None) -> Generator[str, None, None]:
    """An empty database of the tests' server."""
    base, own = url_of_test_database().rsplit("/", 1)
    name = f"{own}_demo"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield f"{base}/{name}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def execute(url: str, query: str) -> None:
    with database.connect(url) as target:
        target.execute(query)  # type: ignore[call-overload]


class RunningDemo:
    """`make demo` without make, on a database said to be ready."""

    def __init__(self, url: str, var: Path) -> None:
        database.remember(url, Filling.DONE)
        self.port = any_free_port()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "educonnect_admin.demo", "start", "--port", str(self.port)],
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": url, "VAR": str(var)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.said = ""

    def read_until(self, words: str) -> None:
        assert self.process.stdout
        while words not in self.said:
            line = self.process.stdout.readline()
            assert line, self.said
            self.said += line

    def status(self, path: str) -> int:
        request = HTTPConnection("localhost", self.port, timeout=20)
        request.request("GET", path)
        answer = request.getresponse()
        answer.read()
        request.close()
        return answer.status

    def children(self) -> list[int]:
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def end(self) -> int:
        self.said += self.process.communicate(timeout=60)[0]
        return self.process.returncode


@pytest.fixture
def demo(url: str, tmp_path: Path) -> Generator[RunningDemo, None, None]:
    running = RunningDemo(url, tmp_path)
    running.read_until("Ctrl-C arrête tout")
    yield running
    if running.process.poll() is None:
        running.process.terminate()
        running.end()


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_ctrl_c_stops_every_process(demo: RunningDemo, tmp_path: Path) -> None:
    assert f"http://localhost:{demo.port}" in demo.said
    assert demo.status("/sante/pret") == 200
    assert demo.status("/connexion/") == 200
    children = demo.children()
    assert len(children) == 5
    demo.process.send_signal(signal.SIGINT)
    assert demo.end() == 0
    assert not any(is_alive(pid) for pid in children)
    assert {log.stem for log in (tmp_path / "log").iterdir()} >= {"web", "worker", "beat", "mail"}


def test_a_process_that_dies_is_named_and_everything_stops(demo: RunningDemo) -> None:
    children = demo.children()
    worker = next(pid for pid in children if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(worker, signal.SIGKILL)
    assert demo.end() == 1
    assert "« worker » s’est arrêté" in demo.said
    assert "notifications.send_sms" in demo.said, "the end of its log is shown"
    assert not any(is_alive(pid) for pid in children)


def test_secrets_are_drawn_once_and_only_their_owner_reads_them(url: str, tmp_path: Path) -> None:
    drawn = {run_beside_the_demo(url, tmp_path, 'echo "$SECRET_KEY $SECRETS_KEYS"') for _ in range(2)}
    assert len(drawn) == 1
    assert len(drawn.pop().split()) == 2
    assert stat.S_IMODE((tmp_path / "demo-secrets.json").stat().st_mode) == 0o600


def run_beside_the_demo(url: str, var: Path, script: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SECRET")}
    return subprocess.run(
        [sys.executable, "-m", "educonnect_admin.demo", "run", "--", "sh", "-c", script],
        cwd=settings.BASE_DIR,
        env={**environment, "DATABASE_URL": url, "VAR": str(var)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def test_an_interrupted_preparation_is_remembered_and_can_be_wiped(url: str) -> None:
    assert database.filling(url) is Filling.EMPTY
    database.remember(url, Filling.BEGUN)
    execute(url, "CREATE TABLE half_filled ()")
    assert database.filling(url) is Filling.BEGUN
    database.empty(url)
    with pytest.raises(psycopg.errors.UndefinedTable):
        execute(url, "SELECT * FROM half_filled")


def test_data_of_somebody_else_are_never_wiped(url: str, tmp_path: Path) -> None:
    execute(url, "CREATE TABLE precious ()")
    assert database.filling(url) is Filling.FOREIGN
    done = subprocess.run(
        [sys.executable, "-m", "educonnect_admin.demo", "start", "--reset"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url, "VAR": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "rien n’est effacé" in done.stderr
    execute(url, "SELECT * FROM precious")


def test_the_next_port_is_taken_when_the_wanted_one_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) != port


def test_a_free_port_is_kept() -> None:
    port = any_free_port()
    assert free_port(port) == port
