"""`statistics` is our application for our code, and still the standard module for everybody else's."""

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from django.apps import apps

import statistics

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = str(ROOT / "statistics" / "__init__.py")

CHECK = f"""
import statistics
assert statistics.__file__ == {OURS!r}, statistics.__file__
assert statistics.mean([1, 2]) == 1.5
import statistics.apps
print("ours, and complete")
"""


def run(code: str, *, cwd: Path = ROOT) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_application_is_ours() -> None:
    assert apps.get_app_config("statistics").path == str(ROOT / "statistics")


def test_the_standard_names_still_answer() -> None:
    assert statistics.median([1, 2, 9]) == 2
    assert "quantiles" in dir(statistics)
    assert issubclass(statistics.StatisticsError, ValueError)


def test_a_name_that_nobody_defines_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        statistics.no_such_name  # noqa: B018  (asking is the test)


def test_what_the_standard_module_defines_can_be_pickled() -> None:
    law = statistics.NormalDist(1, 2)
    assert pickle.loads(pickle.dumps(law)) == law


def test_a_star_import_brings_the_standard_names() -> None:
    assert run("from statistics import *; print(mean([1, 3]))") == "2\n"


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("", id="from the root"),
        pytest.param("import educonnect_admin", id="project first"),
        pytest.param(
            f"import sys; sys.path = [p for p in sys.path if p]; sys.path.append({str(ROOT)!r})\n"
            "import statistics; assert not hasattr(statistics, '__path__')\n"
            "import educonnect_admin",
            id="standard module imported before, root last on the path",
        ),
        pytest.param("import celery; import educonnect_admin", id="as celery -A does"),
        pytest.param("import gunicorn.app.wsgiapp; import educonnect_admin", id="as gunicorn does"),
        pytest.param("import pytest; import educonnect_admin", id="as pytest does"),
        pytest.param("import random, fractions, educonnect_admin", id="after its standard users"),
    ],
)
def test_the_guard_holds_whoever_came_first(before: str, tmp_path: Path) -> None:
    elsewhere = ROOT if before == "" else tmp_path
    assert run(f"{before}\n{CHECK}", cwd=elsewhere) == "ours, and complete\n"


@pytest.mark.parametrize("command", ["celery", "gunicorn"])
def test_the_programs_of_production_load_our_application(command: str) -> None:
    arguments = {
        "celery": ["-A", "educonnect_admin", "inspect", "--help"],
        "gunicorn": ["--check-config", "educonnect_admin.wsgi"],
    }[command]
    done = subprocess.run(
        [Path(sys.executable).with_name(command), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
