"""A fresh, migrated database for one measure, dropped after it."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def fresh_database() -> Iterator[None]:
    """Django's connection points to an empty copy; DATABASE_URL of the environment is untouched."""
    own_name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(own_name, verbosity=0)
