"""What every test gets: an empty cache, templates that fail on undefined names, and a way to wait."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.template import engines
from django.template.base import Node
from django.utils import timezone

EVENTUALLY = 120


class UndefinedInTemplate(AssertionError):
    """One of our templates asks for a name its context lacks."""


class UndefinedVariable(str):
    """Stands for a name that a template asks and its context lacks: an error in our own templates."""

    def __contains__(self, part: object) -> bool:
        return part == "%s" or super().__contains__(part)  # type: ignore[operator]

    def __bool__(self) -> bool:
        return True

    def __mod__(self, expression: Any) -> str:
        template = _rendering_template(sys._getframe(1))
        if template and Path(template).is_relative_to(settings.BASE_DIR) and "site-packages" not in template:
            raise UndefinedInTemplate(f"{{{{ {expression} }}}} in {template}")
        return ""


def _rendering_template(frame: FrameType | None) -> str | None:
    """The file of the innermost template node being rendered."""
    while frame:
        node = frame.f_locals.get("self")
        if isinstance(node, Node) and getattr(node, "origin", None):
            return str(node.origin.name)
        frame = frame.f_back
    return None


@pytest.fixture
def still_clock() -> Iterator[None]:
    """However slow the machine, no time passes between two tries."""
    with time_machine.travel(timezone.now(), tick=False):
        yield


@pytest.fixture(scope="session", autouse=True)
def undefined_template_variables_fail() -> None:
    engines["django"].engine.string_if_invalid = UndefinedVariable()


_FEWER_PARTITIONS = """
DO $$
DECLARE partition text;
BEGIN
    FOR partition IN SELECT inhrelid::regclass FROM pg_inherits
                     WHERE inhparent = 'establishments_event'::regclass LOOP
        IF partition LIKE '%other' THEN
            EXECUTE format('ALTER TABLE %I DISABLE TRIGGER event_not_emptied', partition);
        ELSE
            EXECUTE format('DROP TABLE %I', partition);
        END IF;
    END LOOP;
    ALTER TABLE establishments_event DISABLE TRIGGER event_not_emptied;
END $$
"""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Tests that commit end by emptying every table: one of events is soon emptied, forty are not.

    Those about months make them inside their own transaction.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(_FEWER_PARTITIONS)


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    """Sign-in throttles, sessions and the task queue of another test are not this one's."""
    cache.clear()


@pytest.fixture
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Ask again until the answer is true, for at most two minutes; return it."""

    def wait(question: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + EVENTUALLY
        while not (answer := question()):
            if time.monotonic() > deadline:
                pytest.fail(f"still {answer!r} after {EVENTUALLY} seconds")
            time.sleep(0.05)
        return answer

    return wait
