"""make bench: measures what docs/performance.md tells, on this machine, now."""

import argparse
import os
import time
from importlib import import_module

import django

MEASURES = (
    "imports",
    "lists",
    "counting",
    "sheets",
    "notify",
    "mails",
    "exports",
    "ending",
    "journal",
    "joining",
    "families",
    "territories",
)
ON_DEMAND = ("academy",)
"""Too long for every run: make bench-full."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = "|".join(MEASURES + ON_DEMAND)
    parser.add_argument("measures", nargs="*", metavar=names, help="all but the last by default")
    chosen = parser.parse_args().measures or MEASURES
    if unknown := set(chosen) - {*MEASURES, *ON_DEMAND}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    started = time.perf_counter()
    missed = 0
    for name in chosen:
        for figure in import_module(f"bench.{name}").measure():
            print(figure, flush=True)
            missed += not figure.holds
    print(f"{time.perf_counter() - started:.0f} s in all; {missed} figure(s) missed")
    return 1 if missed else 0


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "educonnect_admin.settings")
    os.environ.setdefault("INSECURE_HTTP", "true")
    os.environ.setdefault("PLAIN_STATIC", "true")
    # Whoever sits at the machine is asked no second factor.
    os.environ.setdefault("ADMIN_NETWORKS", "127.0.0.0/8")
    django.setup()
    raise SystemExit(main())
