"""Says which pinned dependencies have a known vulnerability; passes when there is no database to ask."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

REQUIREMENTS = "requirements.txt"
# Two databases, the second asked when the first does not answer: a minute in all, at most.
SERVICES = ("pypi", "osv")
SECONDS = 28


def main() -> int:
    audited = next(filter(None, map(_audited, SERVICES)), None)
    if audited is None:
        print("→ Audit des dépendances sauté : aucune base de vulnérabilités n’a répondu.")
        return 0
    found = list(_vulnerabilities(audited))
    for line in found:
        print(f"✗ {line}", file=sys.stderr)
    print(f"→ Audit des dépendances : {len(audited)} vérifiées, {len(found)} vulnérabilité(s) connue(s).")
    return bool(found)


def _audited(service: str) -> list[dict[str, Any]] | None:
    """What the service knows of each dependency it could look at; None when it could look at none."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", REQUIREMENTS, "--disable-pip"]
    options = ["--vulnerability-service", service, "--timeout", "5", "--format", "json"]
    try:
        done = subprocess.run(
            [*command, *options, "--progress-spinner", "off"],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        told = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return [dependency for dependency in told if "skip_reason" not in dependency] or None


def _vulnerabilities(audited: list[dict[str, Any]]) -> Iterator[str]:
    for dependency in audited:
        for known in dependency["vulns"]:
            fixed = ", ".join(known["fix_versions"]) or "aucune version corrigée"
            yield f"{dependency['name']} {dependency['version']} : {known['id']} (corrigée par : {fixed})"


if __name__ == "__main__":
    sys.exit(main())
