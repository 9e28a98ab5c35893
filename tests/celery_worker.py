"""A real Celery worker, in a process of its own, on the test database: it can be killed."""

import os
import signal
import sys
import time
from collections.abc import Generator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from educonnect_admin.processes import Child

START_TIMEOUT = 60


def url_of_test_database() -> str:
    """The address of this process's test database, for a child that reads DATABASE_URL."""
    target = connection.settings_dict
    credentials = quote(target["USER"], safe="")
    if target["PASSWORD"]:
        credentials += ":" + quote(target["PASSWORD"], safe="")
    if target["HOST"].startswith("/"):
        return f"postgres://{credentials}@/{target['HOST']}/{target['NAME']}"
    port = f":{target['PORT']}" if target["PORT"] else ""
    return f"postgres://{credentials}@{target['HOST']}{port}/{target['NAME']}"


class WorkerProcess:
    """`celery worker` with two processes; start it again after `kill` to see what a new worker resumes."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "worker.log"
        self._child: Child | None = None

    def start(self, **environment: str) -> None:
        """Return once it takes tasks; `environment` adds variables to those of the tests."""
        assert self._child is None, "the worker runs already"
        self._child = Child(
            "worker Celery",
            [
                *(sys.executable, "-m", "celery", "-A", "educonnect_admin"),
                *("worker", "--concurrency", "2", "--loglevel", "INFO"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            ],
            log=self.log,
            cwd=settings.BASE_DIR,
            env={**os.environ, "DATABASE_URL": url_of_test_database(), "LOG_LEVEL": "INFO"} | environment,
        )
        self._wait_for(" ready.")

    def _wait_for(self, text: str) -> None:
        assert self._child
        deadline = time.monotonic() + START_TIMEOUT
        while text not in self.output:
            if self._child.exit_code is not None or time.monotonic() > deadline:
                pytest.fail(f"the Celery worker did not start:\n{self.output}")
            time.sleep(0.05)

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """End the worker and its processes at once, like a power cut."""
        assert self._child
        os.killpg(self._child.process.pid, signal.SIGKILL)
        self._child.process.wait()
        self._child = None

    def stop(self) -> None:
        if self._child:
            self._child.stop(timeout=10)
            self._child = None


@pytest.fixture
def celery_worker_process(transactional_db: None, tmp_path: Path) -> Generator[WorkerProcess, None, None]:
    """A started worker. It sees only what is committed: this fixture makes the test transactional.

    Enqueue with `.delay()` or a service that does so on commit, then wait for the rows to say so:

        def test_…(celery_worker_process, eventually):
            start_operation(…)
            eventually(lambda: Operation.objects.get().is_done)
            celery_worker_process.kill()
            celery_worker_process.start()
    """
    worker = WorkerProcess(tmp_path)
    worker.start()
    yield worker
    worker.stop()
