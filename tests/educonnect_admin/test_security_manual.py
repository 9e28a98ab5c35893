"""docs/security.md says each requirement of ASVS 5.0, levels 1 and 2, once, and names tests which exist."""

import ast
import re
from collections import Counter
from functools import cache

from django.conf import settings

from aaf_import.entries import MAX_ENTRY_SIZE
from aaf_import.extract import MOST_MEMBERS
from accounts.selection import MOST_ACCOUNTS
from educonnect_admin import web_server
from establishments.federation.transport import LARGEST_ANSWER
from establishments.password_words import WORDS

# How many requirements of levels 1 and 2 each section has: they are its first ones.
SECTIONS = {
    1: {1: 2, 2: 9, 3: 11, 4: 3, 5: 2},
    2: {1: 3, 2: 3, 3: 4, 4: 1},
    3: {2: 2, 3: 4, 4: 6, 5: 5, 7: 2},
    4: {1: 3, 2: 1, 3: 2, 4: 4},
    5: {1: 1, 2: 3, 3: 2, 4: 3},
    6: {1: 3, 2: 12, 3: 4, 4: 4, 5: 5, 6: 3, 8: 4},
    7: {1: 3, 2: 4, 3: 2, 4: 5, 5: 2, 6: 2},
    8: {1: 2, 2: 3, 3: 1, 4: 1},
    9: {1: 3, 2: 4},
    10: {1: 2, 2: 2, 3: 4, 4: 11, 5: 5, 6: 2, 7: 3},
    11: {1: 2, 2: 3, 3: 3, 4: 4, 5: 1, 6: 1},
    12: {1: 3, 2: 2, 3: 4},
    13: {1: 1, 2: 5, 3: 2, 4: 5},
    14: {1: 2, 2: 4, 3: 3},
    15: {1: 3, 2: 3, 3: 7},
    16: {1: 1, 2: 5, 3: 4, 4: 3, 5: 3},
    17: {1: 1, 2: 4, 3: 2},
}
TEXT = (settings.BASE_DIR / "docs" / "security.md").read_text()
# What is said in place of a test, in bold at the head of the last cell; whether why must follow.
WITHOUT = {"non couvert": True, "exploitant": True, "sans objet": False}
ROW = re.compile(r"^\| (V[\d.]+)(?:–(V[\d.]+))? \| (.+) \| (.+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`T/([\w/]+\.py)::(test_\w+)`")


def numbers(first: str, last: str) -> list[str]:
    section, start = first.rsplit(".", 1)
    same, end = (last or first).rsplit(".", 1)
    assert section == same, (first, last)
    return [f"{section}.{number}" for number in range(int(start), int(end) + 1)]


def lines() -> list[tuple[list[str], str]]:
    """The requirements of each line, and its last cell."""
    return [(numbers(row[1], row[2]), row[5]) for row in ROW.finditer(TEXT)]


@cache
def functions_of(file: str) -> set[str]:
    tree = ast.parse((settings.BASE_DIR / "tests" / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def manner(cell: str) -> str:
    found = re.match(r"\*\*(.+?)\*\*(.*)", cell)
    if not found:
        return "test" if TEST.match(cell) else ""
    assert found[1] in WITHOUT, cell
    assert not WITHOUT[found[1]] or re.match(": .{5}", found[2]), cell
    return found[1]


def test_each_requirement_is_there_once() -> None:
    expected = [
        f"V{chapter}.{section}.{number}"
        for chapter, sections in SECTIONS.items()
        for section, most in sections.items()
        for number in range(1, most + 1)
    ]
    assert len(expected) == 253
    assert [number for found, _ in lines() for number in found] == expected
    assert TEXT.count("\n| V") == len(lines())


def test_each_test_named_exists_and_each_line_has_one_or_says_why_not() -> None:
    for found, cell in lines():
        assert manner(cell), (found, cell)
        for file, name in TEST.findall(cell):
            assert name in functions_of(file), (found, file, name)
        assert cell.count("`T/") == len(TEST.findall(cell)), cell


def test_the_counts_at_the_end_are_those_of_the_lines() -> None:
    counted: Counter[str] = Counter()
    for found, cell in lines():
        counted[manner(cell)] += len(found)
    told = dict(re.findall(r"^- (.+?): \*\*(\d+)\*\*", TEXT, re.MULTILINE))
    names = {"test": "shown by a test", **{word: f"« {word} »" for word in WITHOUT}}
    assert told == {names[word]: str(count) for word, count in counted.items()}


def section(title: str) -> str:
    found = re.search(rf"^##+ {title}\n(.+?)(?=^##+ |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def test_each_document_asked_for_is_there() -> None:
    for title, *words in (
        ("What is worth defending", "secret", "personal", "internal", "public"),
        ("How one comes in", "ADMIN_NETWORKS", "passkey", "ProConnect", "invitation", "forgotten"),
        ("Sessions", "As many sessions at once", "Federated", "end_sessions"),
        ("What comes in, and its limits", "agree", "time or memory"),
        ("Keys and algorithms", "SECRETS_KEYS", "SECRET_KEY", "rotation"),
        ("Communications", "PostgreSQL", "Redis", "mail server", "identity provider"),
        ("What is written down", "journal", "access log", "application log"),
        ("Dependencies", "2 days", "30 days", "90 days"),
        ("Left to the deployer", "TLS", "vault", "NTP"),
    ):
        assert all(word in section(title) for word in words), title


def test_the_figures_of_the_document_are_those_of_the_code() -> None:
    login, failed = settings.ACCOUNT_RATE_LIMITS["login"], settings.ACCOUNT_RATE_LIMITS["login_failed"]
    assert (login, failed) == ("120/m/ip", "30/m/ip,5/5m/key")
    assert settings.MFA_RATE_LIMITS["webauthn_login"] == login
    throttles = section("Throttles, and nobody locked out for good")
    for told in ("120 a minute", "30 a minute", "5 in 5 minutes", f"{settings.EXPORT_RATE} an hour"):
        assert told in throttles
    assert f"**{settings.SESSION_IDLE.total_seconds() / 60:.0f} minutes**" in section("Sessions")
    assert f"**{settings.SESSION_LIFETIME.total_seconds() / 3600:.0f} hours**" in section("Sessions")
    limits = section("What comes in, and its limits")
    for told in (
        f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE >> 10} KiB",
        f"{settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:,} fields",
        f"{web_server.limit_request_line:,} bytes, {web_server.limit_request_fields} headers",
        f"{MOST_ACCOUNTS:,} accounts",
        f"{settings.AAF_UNPACK_LIMIT >> 30} GB",
        f"{MOST_MEMBERS:,} files, {MAX_ENTRY_SIZE >> 20} MB",
        f"{LARGEST_ANSWER >> 10} KiB",
        f"{settings.AAF_ESTABLISHMENT_LOSS:.2f}",
        f"{settings.AAF_FEED_LOSS:.2f}",
    ):
        assert told in limits, told
    assert [handler["class"] for handler in settings.LOGGING["handlers"].values()] == [
        "logging.StreamHandler"
    ]


def test_the_words_no_password_is_made_of_are_told() -> None:
    told = " ".join(section("Passwords of agents").split())
    assert ", ".join(WORDS) in told
