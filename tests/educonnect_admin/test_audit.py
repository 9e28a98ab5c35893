"""The audit of dependencies fails for a known vulnerability, never for want of a network."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

SAFE = {"name": "django", "version": "5.2.9", "vulns": []}
SKIPPED = {"name": "django", "skip_reason": "Dependency not found"}
FLAWED = SAFE | {"vulns": [{"id": "CVE-2099-1", "fix_versions": ["5.2.10"]}]}


def audit(folder: Path, answer: str) -> subprocess.CompletedProcess[str]:
    """What it says of what pip-audit, played by a module that prints `answer`, has found."""
    (folder / "pip_audit.py").write_text(f"print({answer!r})")
    return subprocess.run(
        [sys.executable, "devtools/audit.py"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("answer", ["", "no route to host", json.dumps({"dependencies": [SKIPPED]})])
def test_without_a_database_it_says_so_and_passes(tmp_path: Path, answer: str) -> None:
    done = audit(tmp_path, answer)
    assert done.returncode == 0
    assert "sauté" in done.stdout


def test_a_known_vulnerability_fails_and_is_named(tmp_path: Path) -> None:
    done = audit(tmp_path, json.dumps({"dependencies": [SKIPPED, FLAWED]}))
    assert done.returncode == 1
    assert "django 5.2.9 : CVE-2099-1 (corrigée par : 5.2.10)" in done.stderr


def test_what_has_none_passes(tmp_path: Path) -> None:
    done = audit(tmp_path, json.dumps({"dependencies": [SAFE]}))
    assert (done.returncode, "1 vérifiées, 0 vulnérabilité" in done.stdout) == (0, True)
