"""LOG_FORMAT=json: one object a line, from the web server and the worker, and nobody in it."""

import json
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from aaf_import.models import ImportRun
from aaf_import.tasks import import_path
from educonnect_admin.json_lines import JsonFormatter
from tests.aaf_import.builder import family
from tests.celery_worker import WorkerProcess
from tests.factories import MandateFactory
from tests.web_process import WebProcess

NUMBER = "0123456789abcdef0123456789abcdef"


def objects(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


def test_a_line_is_one_object_even_with_a_trace() -> None:
    name = "Léa CONFIDENTIELLE"
    try:
        raise ValueError(name)
    except ValueError as error:
        record = logging.LogRecord(
            "of.a.test",
            logging.ERROR,
            "",
            0,
            "failed for %s",
            ("lea@example.org",),
            (ValueError, error, error.__traceback__),
        )
    line = JsonFormatter().format(record)
    told = json.loads(line)
    assert "\n" not in line
    assert (told["level"], told["logger"], told["message"]) == ("ERROR", "of.a.test", "failed for <mail>")
    assert told["trace"].endswith("\nValueError")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", told["time"])
    assert "raise ValueError(name)" in told["trace"]
    assert name not in line


@pytest.mark.django_db
@pytest.mark.parametrize("asked", [NUMBER, "7d4f2c1e-9a3b-4c5d-8e6f-001122334455"])
def test_the_number_of_a_request_is_kept_when_it_is_one(client: Client, asked: str) -> None:
    assert client.get("/sante/vivant", headers={"X-Request-ID": asked}).headers["X-Request-ID"] == asked


@pytest.mark.django_db
@pytest.mark.parametrize("asked", ["", "lea-confidentielle-1", "a" * 65, "../../etc/passwd", "abc"])
def test_another_word_is_replaced_by_a_number_drawn(client: Client, asked: str) -> None:
    given = client.get("/sante/vivant", headers={"X-Request-ID": asked}).headers["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}", given)


def test_the_web_process_writes_objects_with_routes_and_numbers(
    web_process: Callable[..., WebProcess],
) -> None:
    web = web_process(LOG_FORMAT="json")
    agent = MandateFactory.create(agent__surname="CONFIDENTIELLE").agent
    uai = agent.mandates.get().establishment.uai
    for path in ("/chemin/CONFIDENTIELLE", f"/etablissements/{uai}/responsables/?q=CONFIDENTIELLE"):
        web.ask(path, X_Request_ID=NUMBER)
    web.ask("/sante/vivant", method="POST", X_Request_ID=NUMBER)
    web.child.stop(timeout=10)

    lines = objects(web.output)

    access = [each for each in lines if each["logger"] == "gunicorn.access" and each["request"] == NUMBER]
    assert [re.search(r'"\w+ (\S+)', each["message"])[1] for each in access] == [  # type: ignore[index]
        "/<unknown>",
        f"/etablissements/{uai}/responsables/",
        "/sante/vivant",
    ]
    [refused] = [each for each in lines if each["logger"] == "django.request"]
    assert (refused["route"], refused["request"]) == ("unknown", NUMBER)
    assert "CONFIDENTIELLE" not in web.output
    assert len(lines) == len(web.output.splitlines())


@pytest.mark.django_db(transaction=True)
def test_the_worker_writes_objects_with_the_number_of_their_task(
    tmp_path: Path, celery_worker_process: WorkerProcess, eventually: Callable[[Callable[[], Any]], Any]
) -> None:
    celery_worker_process.stop()
    celery_worker_process.log.write_text("")
    celery_worker_process.start(LOG_FORMAT="json")
    task = import_path.delay(str(family().write(tmp_path / "night")))
    eventually(lambda: ImportRun.objects.filter(status="APPLIED").exists())
    eventually(lambda: "import run" in celery_worker_process.output)
    told = [
        each for each in objects(celery_worker_process.output) if each["logger"] == "aaf_import.importing"
    ]
    assert [each["task"] for each in told] == [task.id]
    assert "LE GOFF" not in celery_worker_process.output
