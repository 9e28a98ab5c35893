"""Counting (the application), while the standard library's names of the same module still answer.

This package hides Python's own ``statistics`` module, which others import by name: any name that is not
ours is looked up in the standard file, loaded once, at the first need.
"""

import functools
import sysconfig
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any


@functools.cache
def _standard() -> ModuleType:
    """The standard module, under its own name so that what it defines can be pickled."""
    path = str(Path(sysconfig.get_path("stdlib"), "statistics.py"))
    loader = SourceFileLoader("statistics", path)
    module = module_from_spec(ModuleSpec("statistics", loader, origin=path))
    loader.exec_module(module)
    return module


def __getattr__(name: str) -> Any:
    return getattr(_standard(), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *dir(_standard())})
