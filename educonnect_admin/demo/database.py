"""What the demo knows of its database, kept as the database's own comment: it lives as long as the data."""

import enum

import environ
import psycopg
from psycopg import sql


class Filling(enum.Enum):
    """How far the database is filled; only what the demo began to fill may be emptied by it."""

    EMPTY = "empty"
    BEGUN = "educonnect demo: begun"
    DONE = "educonnect demo: done"
    FOREIGN = "foreign"


def connect(url: str) -> psycopg.Connection:
    target = environ.Env.db_url_config(url)
    return psycopg.connect(
        host=target["HOST"],
        port=target["PORT"] or None,
        user=target["USER"],
        password=target["PASSWORD"],
        dbname=target["NAME"],
        autocommit=True,
    )


def filling(url: str) -> Filling:
    with connect(url) as connection:
        comment = connection.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        ).fetchone()
        if comment and comment[0] in {Filling.BEGUN.value, Filling.DONE.value}:
            return Filling(comment[0])
        tables = connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1").fetchone()
        return Filling.FOREIGN if tables else Filling.EMPTY


def remember(url: str, state: Filling) -> None:
    with connect(url) as connection:
        connection.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                sql.Identifier(connection.info.dbname), sql.Literal(state.value)
            )
        )


def empty(url: str) -> None:
    """Remove every table the demo made."""
    assert filling(url) in {Filling.BEGUN, Filling.DONE}
    with connect(url) as connection, connection.transaction():
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
