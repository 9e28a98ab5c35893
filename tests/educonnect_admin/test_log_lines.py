"""No log says who: processes as production starts them are given names, addresses, secrets, and fail."""

import logging
import os
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import IntegrityError, connection
from django.http import HttpRequest

from aaf_import.models import ImportRun
from aaf_import.tasks import import_path
from accounts.activation.links import token_for
from educonnect_admin.log_lines import DiscreetFilter, DiscreetFormatter, route_of, told
from establishments import invitations
from tests.aaf_import.builder import family
from tests.celery_worker import WorkerProcess
from tests.factories import PASSWORD, MandateFactory, responsable_account
from tests.mail_server import MailServer
from tests.web_process import WebProcess

NAME = "CONFIDENTIELLE"
MAIL = "personne.secrete@example.org"
WORD = "mot-de-passe-jamais-ecrit"
TOKEN = "jeton-jamais-ecrit-0123456789"


@contextmanager
def constraint(table: str, check: str) -> Generator[None, None, None]:
    """A rule of the database which rows break: its error quotes the whole row."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT of_a_test CHECK ({check}) NOT VALID")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT of_a_test")


def server_logs() -> str:
    folder = Path(os.environ.get("TEST_RUN_FOLDER", "/nowhere"))
    logs = [log for server in ("postgres", "redis") for log in folder.glob(f"*{server}*.log")]
    assert logs
    return "".join(log.read_text(errors="replace") for log in logs)


def assert_discreet(output: str, *more: str) -> None:
    for word in (NAME, MAIL, WORD, TOKEN, "personne.secrete", PASSWORD, *more):
        assert word.lower() not in output.lower(), [line for line in output.splitlines() if word in line]
    assert not re.search(r"[\w.]+@example\.org", output)
    assert "?" not in "".join(line for line in output.splitlines() if " HTTP/1.1" in line)


def test_the_web_process_says_where_and_never_who(
    web_process: Callable[..., WebProcess], mail_server: MailServer, tmp_path: Path
) -> None:
    mail_server.answers = lambda recipient: f"550 {recipient} is not known here"
    web = web_process(EMAIL_URL=mail_server.url, SMS_SPOOL=str(tmp_path))  # type: ignore[attr-defined]
    agent = MandateFactory.create(agent__email=MAIL, agent__surname=NAME).agent
    uai = agent.mandates.get().establishment.uai
    activating = responsable_account(agent.mandates.get().establishment, state="ACTIVATING")
    secrets = [invitations.token_for(agent), token_for(activating)]

    statuses = {}
    for path in (
        f"/connexion/?login={MAIL}&password={WORD}",
        f"/etablissements/{uai}/responsables/?q={NAME}",
        f"/invitation/{TOKEN}/",
        f"/invitation/{secrets[0]}/?{NAME}",
        f"/activation/confirmer/{TOKEN}/",
        f"/activation/confirmer/{secrets[1]}/",
        f"/activation/mot-de-passe/{TOKEN}/",
        f"/mot-de-passe/choisir/1-{TOKEN}/",
        f"/{NAME}/{MAIL}/",
        f"/etablissements/{NAME}/",
        f"/static/{NAME}.css",
    ):
        statuses[path] = web.ask(path).status
    web.ask("/connexion/")
    assert web.ask("/connexion/", {"login": MAIL, "password": WORD}).status == 200
    assert web.ask("/mot-de-passe/", {"email": MAIL}).status == 302
    assert web.ask("/connexion/", {"login": MAIL}, Origin="https://x.example.org").status == 403
    referred = {"Origin": "", "Referer": f"https://x.example.org/?{NAME}"}
    assert web.ask("/connexion/", {"login": MAIL}, **referred).status == 403
    assert web.ask("/", Host="x.example.org").status == 400
    assert web.ask(f"/invitation/{TOKEN}/?" + 9000 * "a" + NAME).status in {400, 414}
    with constraint("establishments_agent", "last_login IS NULL"):
        assert web.ask("/connexion/", {"login": MAIL, "password": PASSWORD}).status == 500
    assert web.ask("/connexion/", {"login": MAIL, "password": PASSWORD}).status == 302
    assert web.ask(f"/etablissements/{uai}/responsables/?q={NAME}").status == 200
    assert web.ask(f"/etablissements/{uai}/operations/nouvelle/", {"q": NAME}).status == 404

    told = {"surname": NAME, "given_name": NAME, "number": "06 39 98 77 01"}
    web.ask(f"/compte/connexion/?identifiant={NAME}")
    assert web.ask("/compte/connexion/", {"identifier": NAME, "password": WORD}).status == 422
    assert web.ask("/activation/identifiants/", {"identifier": NAME, "password": WORD}).status == 422
    assert web.ask("/activation/sms/", told).status == 302
    assert web.ask("/activation/sms/code/", {"code": "000000"}).status in {302, 422}
    with constraint("notifications_smsmessage", "sealed IS NULL"):
        assert web.ask("/activation/sms/", told | {"number": "06 39 98 77 02"}).status == 500

    output = web.output
    assert_discreet(output + server_logs(), *secrets, "39987701", "39 98 77", "39987702")
    assert {200, 302, 404, 410} <= set(statuses.values())
    assert "/invitation/<token>/ HTTP" in output
    assert f"/etablissements/{uai}/responsables/ HTTP" in output
    assert "IntegrityError: SQLSTATE 23514 establishments_agent of_a_test" in output
    assert "not sent: SMTPRecipientsRefused" in output


def test_the_worker_says_what_failed_and_not_with_which_rows(
    celery_worker_process: WorkerProcess, tmp_path: Path, eventually: Callable[..., object]
) -> None:
    named = family().responsable("80009", sn=NAME, mail=MAIL, ENTPersonDateNaissance="hier")
    faulty = named.pupil("70009", f"absent${NAME}", sn=NAME, ENTEleveINE=WORD).write(tmp_path / "faulty")
    broken = named.write(tmp_path / "broken", edit=lambda text: text.replace("</attributes>", f"{NAME} & "))

    with constraint("establishments_student", f"surname <> '{NAME}'"):
        import_path.delay(str(faulty))
        eventually(lambda: "raised unexpected" in celery_worker_process.output)
    import_path.delay(str(broken))
    eventually(lambda: ImportRun.objects.filter(status=ImportRun.Status.REFUSED).count() == 2)
    import_path.delay(str(faulty))
    eventually(lambda: celery_worker_process.output.count("succeeded in") >= 2)

    output = celery_worker_process.output
    assert_discreet(output + server_logs())
    assert "IntegrityError: SQLSTATE 23514 establishments_student of_a_test" in output


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/etablissements/0940001A/comptes/12/", "/etablissements/0940001A/comptes/12/"),
        ("/etablissements/DUPONT/comptes/12/", "/etablissements/<uai>/comptes/12/"),
        ("/invitation/abc:def/", "/invitation/<token>/"),
        ("/mot-de-passe/choisir/1-abc-def/", "/mot-de-passe/choisir/<uidb36>-<key>/"),
        ("/activation/confirmer/abc/", "/activation/confirmer/<token>/"),
        ("/static/console/DUPONT.css", "/static/<file>"),
        ("/DUPONT/", "/<unknown>"),
        ("", "/<unknown>"),
        ("/connexion/", "/connexion/"),
    ],
)
def test_an_address_is_told_by_its_route(path: str, route: str) -> None:
    assert route_of(path) == route


def line(message: object, *args: object, error: BaseException | None = None, **extra: object) -> str:
    record = logging.LogRecord("django.request", logging.ERROR, "x.py", 1, message, args, None)
    record.exc_info = (type(error), error, error.__traceback__) if error else None
    record.__dict__.update(extra)
    DiscreetFilter().filter(record)
    return DiscreetFormatter("%(message)s").format(record)


def test_a_mail_address_and_a_query_are_masked_wherever_they_are() -> None:
    assert line("to %s", f"<{MAIL}>") == "to <<mail>>"
    assert line("GET /x/?q=DUPONT HTTP") == "GET /x/ HTTP"
    assert line("from https://x.example.org/a/b?c") == "from https://x.example.org/…"


def test_the_address_of_a_request_is_told_by_its_route() -> None:
    request = HttpRequest()
    request.path = f"/invitation/{TOKEN}/"
    assert line("%s: %s", "Gone", request.path, request=request) == "Gone: /invitation/<token>/"


def test_the_trace_of_an_exception_quotes_none_of_those_it_went_through() -> None:
    try:
        try:
            raise ValueError(NAME)
        except ValueError as first:
            raise KeyError(MAIL) from first
    except KeyError as error:
        told_line = line("failed: %s", error, error=error)
    assert told_line.startswith("failed: KeyError\n")
    assert "ValueError" in told_line
    assert "test_log_lines.py" in told_line
    # The lines of code are those of this test: what they hold is written `NAME`, not its value.
    assert_discreet(told_line)


def test_what_the_program_lacks_is_said() -> None:
    assert told(AttributeError("no attribute 'x'")) == "AttributeError: no attribute 'x'"
    assert told(IntegrityError(f"Key (mail)=({MAIL})")) == "IntegrityError"
    assert told(FileNotFoundError(2, "No such file", NAME)) == "FileNotFoundError: No such file"
