"""Fills the demo's database: invented extracts, the importer of production, then a school year played."""

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from educonnect_admin.demo.database import Filling, empty, filling, remember
from educonnect_admin.demo.environment import EXTRACTS, NIGHTS
from educonnect_admin.embedded import BASE_DIR

# Of each académie, its establishments and its pupils. Agents act in the first; the other has numbers.
ACADEMIES = {"24": ("12", "6000"), "28": ("4", "500")}
# What one more night changes: enough for each school to have corrections, arrivals and departures.
A_NIGHT = ("--academy", "24", "--date", "2026-01-06", "--seed", "2", "--share", "0.05")


class StepFailed(Exception):
    """A step of the preparation ended badly; it has said why on the terminal."""

    def __init__(self, command: Sequence[str], exit_code: int) -> None:
        super().__init__(f"« manage.py {' '.join(command)} » a échoué (code {exit_code}).")


def prepare(environment: Mapping[str, str]) -> None:
    """Bring the schema up to date; fill the database if it is new, or was left half filled."""
    url = environment["DATABASE_URL"]
    found = filling(url)
    if found is Filling.BEGUN:
        print("→ La préparation avait été interrompue : elle est refaite.", flush=True)
        empty(url)
    if found in {Filling.EMPTY, Filling.BEGUN}:
        remember(url, Filling.BEGUN)
    manage("Schéma de la base", ["migrate", "--verbosity", "0"], environment)
    if found is Filling.FOREIGN:
        print("→ La base contient des données que la démonstration n’a pas écrites : elle n’y ajoute rien.")
    elif found is not Filling.DONE:
        _fill(environment)
        remember(url, Filling.DONE)


def _fill(environment: Mapping[str, str]) -> None:
    for folder in (EXTRACTS, NIGHTS):
        shutil.rmtree(folder, ignore_errors=True)
    for academy, (establishments, pupils) in ACADEMIES.items():
        of_academy = ("--academy", academy, "--establishments", establishments, "--students", pupils)
        generate = ("generate_aaf", str(EXTRACTS), *of_academy, "--degree", "both", "--seed", "1", "--force")
        manage(f"Extractions AAF d’une académie inventée ({academy})", generate, environment)
    extracts = sorted(folder for folder in EXTRACTS.iterdir() if folder.is_dir())
    for extract in extracts:
        manage(f"Import de {extract.name}", ["import_aaf", str(extract)], environment)
    manage("Une année scolaire est jouée", ["play_year", "--seed", "1"], environment)
    for extract in sorted(EXTRACTS.glob("24-*")):
        night = NIGHTS / extract.name
        change = ("generate_aaf", str(night), "--delta-from", str(extract), *A_NIGHT)
        manage(f"Ce qu’une nuit change à {extract.name}", change, environment)
        manage(f"Import de la nuit de {extract.name}", ["import_aaf", str(night / "delta")], environment)
    manage("Les jours passés de son journal sont scellés", ["seal_journal"], environment)
    manage("Les relevés de ses nuits sont reconstitués", ["rebuild_snapshots"], environment)


def manage(title: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a management command on our terminal, in a session of its own: Ctrl-C is ours to pass on."""
    print(f"→ {title}", flush=True)
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "manage.py", *command],
        cwd=BASE_DIR,
        env={"LOG_LEVEL": "WARNING", **environment},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        exit_code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if exit_code:
        raise StepFailed(command, exit_code)
    print(f"  {time.monotonic() - started:.0f} s", flush=True)
