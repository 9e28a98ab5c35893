"""What production is made of, and what no line of its code does."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.urls import reverse

from educonnect_admin.celery import app as celery_app
from tests.factories import AgentFactory, MandateFactory, responsable_account
from tests.routes import INSIDE, filled, routes

ROOMS = ("accounts", "aaf_import", "educonnect_admin", "establishments", "notifications", "statistics")
# Text taken for code, or bytes for objects.
NEVER = {"eval", "exec", "compile", "system", "popen"}
NEVER_READ = {"pickle", "marshal", "shelve", "yaml", "dill"}
# What a reader of an import tells the import which started it.
OUR_OWN_PROCESSES = "aaf_import/parallel.py"
DRAWN = "x" * 60


def production(code: str, **more: str) -> subprocess.CompletedProcess[str]:
    """What a process says which starts as in production, with this environment alone."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-c", f"from django.conf import settings; {code}"],
        cwd=settings.BASE_DIR,
        env={**kept, "DJANGO_SETTINGS_MODULE": "educonnect_admin.settings", **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_with_no_secret_of_the_repository() -> None:
    said = "print(settings.SECRET_KEY)"
    keys = {"SECRET_KEY": DRAWN, "SECRETS_KEYS": "A" * 42 + "E="}
    for missing in keys:
        given = {name: value for name, value in keys.items() if name != missing}
        refused = production(said, **given)
        assert "ImproperlyConfigured: SECRET_KEY and SECRETS_KEYS must be set" in refused.stderr
    assert production(said, **keys).stdout.strip() == DRAWN


def test_production_debugs_nothing_and_has_no_demonstration() -> None:
    said = production(
        "print(settings.DEBUG, settings.DEMO_MODE, settings.SESSION_COOKIE_SECURE,"
        " settings.SECURE_SSL_REDIRECT)",
        SECRET_KEY=DRAWN,
        SECRETS_KEYS="A" * 42 + "E=",
    )
    assert said.stdout.split() == ["False", "False", "True", "True"]


def calls() -> Iterator[tuple[str, ast.Call | ast.Import | ast.ImportFrom]]:
    for room in ROOMS:
        for file in (settings.BASE_DIR / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Call | ast.Import | ast.ImportFrom):
                    yield f"{file}:{node.lineno}", node


def test_no_text_is_run_as_code_nor_read_as_objects() -> None:
    for place, node in calls():
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            # A regular expression is compiled, from text of ours.
            is_expression = getattr(getattr(node.func, "value", None), "id", "") == "re"
            assert name not in NEVER or is_expression, place
            assert not any(word.arg == "shell" for word in node.keywords), place
        elif isinstance(node, ast.Import):
            read = NEVER_READ & {alias.name for alias in node.names}
            assert not read or OUR_OWN_PROCESSES in place, place
        else:
            assert node.module not in NEVER_READ, place


def test_ciphers_are_fernet_and_chance_is_of_the_system() -> None:
    imported = {
        (node.module, alias.name, place)
        for place, node in calls()
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    } | {
        ("", alias.name, place)
        for place, node in calls()
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    ciphers = {(module, name) for module, name, _ in imported if "cryptography" in f"{module} {name}"}
    assert ciphers == {("cryptography.fernet", name) for name in ("Fernet", "MultiFernet", "InvalidToken")}
    # Invented data alone are drawn by a generator which can be made to repeat itself.
    drawn = {place for module, name, place in imported if "random" in (module, name)}
    assert drawn
    assert all("/aaf_import/synthetic/" in place or "played_year" in place for place in drawn)
    weak = {name for module, name, _ in imported if module == "hashlib"}
    assert weak - {"sha256"} <= {"md5"}  # aaf_import/batch.py: which lines differ from the night before


def test_tasks_and_sessions_travel_as_json() -> None:
    assert (celery_app.conf.task_serializer, list(celery_app.conf.accept_content)) == ("json", ["json"])
    assert settings.SESSION_SERIALIZER.endswith("JSONSerializer")


def test_every_dependency_is_pinned_and_hashed() -> None:
    text = (settings.BASE_DIR / "requirements.txt").read_text()
    pinned = re.findall(r"^[a-z0-9][^\s]*", text, re.MULTILINE)
    assert len(pinned) > 20
    for entry in re.split(r"\n(?=[a-z0-9])", text):
        assert re.match(r"[\w.\-\[\],]+==\S+( ; [^\n]*)? \\\n", entry), entry[:60]
        assert "--hash=sha256:" in entry, entry[:60]
    assert "--require-hashes --only-binary=:all:" in (settings.BASE_DIR / "Dockerfile").read_text()


def test_the_image_holds_neither_history_nor_tests_nor_secrets_and_runs_as_nobody() -> None:
    left_out = (settings.BASE_DIR / ".dockerignore").read_text().split()
    assert {".git", ".env", "tests", "docs", "var"} <= set(left_out)
    assert re.search(r"^USER educonnect$", (settings.BASE_DIR / "Dockerfile").read_text(), re.MULTILINE)


@pytest.mark.django_db
def test_every_page_inside_offers_to_sign_out(client) -> None:  # type: ignore[no-untyped-def]
    agent = MandateFactory.create().agent
    school = agent.mandates.get().establishment
    account = responsable_account(school)
    client.force_login(agent)
    seen = 0
    for _, path in routes():
        if path.startswith(INSIDE):
            page = client.get(filled(path, uai=school.uai, pk=account.pk))
            if page.status_code == 200 and not page.streaming and "<html" in page.text:
                assert f'"{reverse("account_logout")}"' in page.text, path
                seen += 1
    assert seen > 8


@pytest.mark.django_db
def test_every_text_says_its_type_and_its_charset(client) -> None:  # type: ignore[no-untyped-def]
    agent = MandateFactory.create().agent
    school = agent.mandates.get().establishment
    account = responsable_account(school)
    client.force_login(agent)
    kinds = set()
    for _, path in routes():
        for fragment in ({}, {"HX-Request": "true"}):
            answer = client.get(filled(path, uai=school.uai, pk=account.pk), headers=fragment)
            kind = answer.headers["Content-Type"]
            assert not kind.startswith("text/") or kind.endswith("charset=utf-8"), path
            kinds.add(kind)
    assert kinds >= {"text/html; charset=utf-8", "text/csv; charset=utf-8", "application/json"}


@pytest.mark.django_db
def test_passwords_are_stored_by_argon2() -> None:
    assert AgentFactory.create().password.startswith("argon2$argon2id$")


@pytest.mark.django_db
def test_passwords_are_typed_masked_and_may_be_pasted_or_filled_in(client) -> None:  # type: ignore[no-untyped-def]
    agent = MandateFactory.create().agent
    pages = [client.get(reverse("account_login"))]
    client.force_login(agent)
    pages += [client.get(reverse(name)) for name in ("account_change_password", "account_reauthenticate")]
    fields = [field for page in pages for field in re.findall(r"<input[^>]*password[^>]*>", page.text)]
    assert len([field for field in fields if 'type="password"' in field]) >= 4
    for field in fields:
        assert 'type="password"' in field, field
        assert re.search(r'autocomplete="(current|new)-password"', field), field
    scripts = (settings.BASE_DIR / "static").rglob("*.js")
    assert not any(re.search(r"[\"']paste[\"']|onpaste", script.read_text()) for script in scripts)


@pytest.mark.django_db
def test_a_refusal_leaves_a_line_and_names_nobody(client, caplog) -> None:  # type: ignore[no-untyped-def]
    deputy = MandateFactory.create(role="DEPUTY").agent
    school = deputy.mandates.get().establishment
    client.force_login(deputy)
    assert client.get(reverse("delegations", args=[school.uai])).status_code == 403
    told = [record.getMessage() for record in caplog.records if record.name == "django.request"]
    assert told == [f"Forbidden (Permission denied): {reverse('delegations', args=[school.uai])}"]
