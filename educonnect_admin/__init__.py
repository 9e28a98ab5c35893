"""The project: its settings, routes, task queue and servers.

Importing it first makes sure that ``statistics`` means our application, whatever the order of sys.path
and whoever imported the standard module before; then it exposes the Celery application to Django.
"""

import importlib.util
import sys
from pathlib import Path

_STATISTICS = Path(__file__).resolve().parent.parent / "statistics"


def _claim_statistics() -> None:
    """Put our package in sys.modules by its path, unless it is there already."""
    entry = str(_STATISTICS / "__init__.py")
    if getattr(sys.modules.get("statistics"), "__file__", None) == entry:
        return
    spec = importlib.util.spec_from_file_location(
        "statistics", entry, submodule_search_locations=[str(_STATISTICS)]
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["statistics"] = module
    spec.loader.exec_module(module)


_claim_statistics()

# Only now: Celery's own dependencies may ask for the standard module by its name.
from educonnect_admin.celery import app as celery_app  # noqa: E402  (the guard comes first)

__all__ = ["celery_app"]
