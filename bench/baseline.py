"""The least that anyone can do with an extract: parse one file after the other, and COPY the values."""

import time
from pathlib import Path

from django.db import connection
from lxml import etree
from psycopg import sql

from aaf_import.attributes import READ
from aaf_import.extract import ExtractFile, opened
from aaf_import.synthetic.layouts import LAYOUTS

NO_LIMIT = 1 << 40


def seconds_to_parse_and_copy(folder: Path, degree: int) -> float:
    """One file after the other, one entry after the other; of their values, only those an import reads."""
    columns = {
        layout.file_type: [name for name in layout.names if name in READ[degree]]
        for layout in LAYOUTS[degree]
    }
    with opened(folder, NO_LIMIT) as files, connection.cursor() as cursor:
        for file_type, names in columns.items():
            typed = sql.SQL(", ").join(
                sql.SQL("{} text").format(sql.Identifier(name)) for name in ["id", *names]
            )
            cursor.execute(
                sql.SQL("CREATE TABLE {} ({})").format(sql.Identifier(f"bench_{file_type}"), typed)
            )
        started = time.perf_counter()
        for file in files:
            _parse_and_copy(file, columns[file.type])
        seconds = time.perf_counter() - started
        for file_type in columns:
            cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(f"bench_{file_type}")))
    return seconds


def _parse_and_copy(file: ExtractFile, names: list[str]) -> None:
    statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(f"bench_{file.type}"))
    with connection.connection.cursor() as cursor, cursor.copy(statement) as copy:
        for _, entry in etree.iterparse(file.path, tag="addRequest", load_dtd=False, no_network=True):
            _, identifier, attributes = entry
            values = {attribute.get("name"): _joined(attribute) for attribute in attributes}
            copy.write_row([identifier[0].text, *[values.get(name) for name in names]])
            entry.clear()
            root = entry.getparent()
            while entry.getprevious() is not None:
                del root[0]


def _joined(attribute: etree._Element) -> str | None:
    if len(attribute) == 1:
        return attribute[0].text
    return "\n".join([value.text or "" for value in attribute])
