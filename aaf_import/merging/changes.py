"""What a Delta asks, made into whole entries: a modified person's row is completed from what is known."""

from __future__ import annotations

from aaf_import.batch import READING, RESPONSABLES, STAFF, STUDENTS, StagedTable
from aaf_import.merging.merge import Merge

# Category, staged table, and the table which says who is known.
_CATEGORIES = {
    "Eleve": ("student", "establishments_student", "old.left_at IS NULL"),
    "PersRelEleve": ("responsable", "establishments_responsable", "old.left_at IS NULL"),
    "PersEducNat": ("staff", "establishments_agent", "true"),
}
# Of two requests on one person, the last one holds: deleted then added is there, added then deleted is not.
_OVERTAKEN = """
WITH overtaken AS (
    DELETE FROM {table} entry USING staged_deletion deletion
    WHERE deletion.category = '{category}' AND deletion.jointure = entry.jointure
          AND deletion.position > entry.position
    RETURNING entry.position
), links AS (
    DELETE FROM staged_link link USING overtaken WHERE link.position = overtaken.position
)
DELETE FROM staged_mandate mandate USING overtaken WHERE mandate.position = overtaken.position
"""
_NOT_DELETED = """
DELETE FROM staged_deletion deletion USING {table} entry
WHERE deletion.category = '{category}' AND deletion.jointure = entry.jointure
"""
_ADD_KNOWN = """
INSERT INTO staged_anomaly (code, category, jointure, attribute, structure, who, value)
SELECT DISTINCT 'ADD_KNOWN', '{category}', staged.jointure, '', {structure},
       rtrim(staged.surname || ' ' || staged.given_name), ''
FROM staged_{what} staged
JOIN {known} old ON old.feed_id = %(feed)s AND old.jointure = staged.jointure AND {is_current}
"""
_UNKNOWN = """
CREATE UNLOGGED TABLE unknown_{what} AS
SELECT modified.position, modified.jointure FROM modified_{what} modified
WHERE NOT EXISTS (SELECT FROM {known} old
                  WHERE old.feed_id = %(feed)s AND old.jointure = modified.jointure AND {is_current})
"""
_MODIFY_UNKNOWN = """
INSERT INTO staged_anomaly (code, category, jointure, attribute, structure, who, value)
SELECT DISTINCT 'MODIFY_UNKNOWN', '{category}', jointure, '', '', '', jointure FROM unknown_{what}
"""
_FORGOTTEN = (
    "DELETE FROM staged_link USING unknown_student unknown WHERE staged_link.position = unknown.position",
    "DELETE FROM staged_mandate USING unknown_staff unknown WHERE staged_mandate.position = unknown.position",
)
_DELETE_UNKNOWN = """
INSERT INTO staged_anomaly (code, category, jointure, attribute, structure, who, value)
SELECT DISTINCT 'DELETE_UNKNOWN', '{category}', deletion.jointure, '', '', '', deletion.jointure
FROM staged_deletion deletion
WHERE deletion.category = '{category}'
      AND NOT EXISTS (SELECT FROM {known} old
                      WHERE old.feed_id = %(feed)s AND old.jointure = deletion.jointure AND {is_current})
"""
# Few of the staff are kept: of who is not, a modification says enough when it gives both names, and is of no
# interest when it gives no function of direction.
_STAFF_WHO_ARE_ENOUGH = """
WITH enough AS (
    DELETE FROM unknown_staff unknown USING modified_staff modified
    WHERE modified.position = unknown.position
          AND (modified.given @> '{surname,given_name,mandates}'
               OR modified.position NOT IN (SELECT position FROM staged_mandate))
    RETURNING modified.*
)
INSERT INTO completed_staff (position, jointure, title, surname, given_name, mail)
SELECT position, jointure, title, surname, given_name, mail FROM enough
WHERE given @> '{surname,given_name,mandates}'
"""
_COMPLETED_STUDENTS = """
CREATE UNLOGGED TABLE completed_student AS
SELECT whole.*, CASE
    WHEN 'class_key' = ANY(given) THEN CASE WHEN of_structure = structure THEN given_class ELSE '' END
    ELSE CASE WHEN structure = old_structure THEN old_class ELSE '' END END AS class_key
FROM (
    SELECT modified.position, modified.given, modified.jointure, modified.of_structure,
           modified.class_key AS given_class, establishment.jointure AS old_structure,
           coalesce(class.key, '') AS old_class, {columns},
           CASE WHEN 'structure' = ANY(modified.given) THEN modified.structure
                ELSE coalesce(establishment.jointure, '') END AS structure,
           CASE WHEN 'mef' = ANY(modified.given) THEN modified.mef ELSE coalesce(mef.code, '') END AS mef,
           CASE WHEN 'birth_date' = ANY(modified.given) THEN modified.birth_date::date
                ELSE old.birth_date END AS birth_date
    FROM modified_student modified
    JOIN establishments_student old
         ON old.feed_id = %(feed)s AND old.jointure = modified.jointure AND old.left_at IS NULL
    LEFT JOIN establishments_establishment establishment ON establishment.id = old.establishment_id
    LEFT JOIN establishments_schoolclass class ON class.id = old.school_class_id
    LEFT JOIN establishments_mef mef ON mef.id = old.mef_id
) whole
"""
# The number for texts, given alone, is the mobile of who has none. Of two phones one of which is given, the
# other may be the one that was refused: the row which has no number for it, and has one for the given.
_COMPLETED_RESPONSABLES = """
CREATE UNLOGGED TABLE completed_responsable AS
SELECT modified.position, modified.jointure, {columns},
       CASE WHEN 'mobile' = ANY(modified.given) THEN modified.mobile
            WHEN 'text_number' = ANY(modified.given) AND old.mobile_raw = '' THEN modified.text_number
            ELSE old.mobile END AS mobile,
       CASE WHEN 'mobile' = ANY(modified.given) THEN modified.mobile_raw
            WHEN 'text_number' = ANY(modified.given) AND old.mobile_raw = '' THEN modified.text_number_raw
            ELSE old.mobile_raw END AS mobile_raw,
       CASE WHEN 'refused_phone' <> ALL(modified.given) THEN old.refused_phone
            WHEN 'home_phone' <> ALL(modified.given) AND old.home_phone = '' AND old.work_phone <> ''
                 AND old.refused_phone <> '' THEN old.refused_phone
            WHEN modified.refused_phone = '' AND 'work_phone' <> ALL(modified.given)
                 AND old.work_phone = '' AND old.home_phone <> '' THEN old.refused_phone
            ELSE modified.refused_phone END AS refused_phone
FROM modified_responsable modified
JOIN establishments_responsable old
     ON old.feed_id = %(feed)s AND old.jointure = modified.jointure AND old.left_at IS NULL
"""
_COMPLETED_STAFF = """
CREATE UNLOGGED TABLE completed_staff AS
SELECT modified.position, modified.jointure, {columns},
       CASE WHEN 'mail' = ANY(modified.given) THEN modified.mail ELSE old.contact_mail END AS mail
FROM modified_staff modified
JOIN establishments_agent old ON old.feed_id = %(feed)s AND old.jointure = modified.jointure
"""
# What an attribute which the entry does not give said before is still said.
_STILL_SAID = """
INSERT INTO staged_mandate (position, staff, structure, role, said_in)
SELECT modified.position, modified.jointure, establishment.jointure, mandate.role, said.said_in
FROM modified_staff modified
JOIN establishments_agent agent ON agent.feed_id = %(feed)s AND agent.jointure = modified.jointure
JOIN establishments_mandate mandate
     ON mandate.agent_id = agent.id AND mandate.source = 'AAF' AND mandate.ended_at IS NULL
JOIN establishments_establishment establishment
     ON establishment.id = mandate.establishment_id AND establishment.left_at IS NULL
JOIN LATERAL unnest(mandate.said_in) AS said (said_in) ON said.said_in <> ALL(modified.given)
WHERE 'mandates' = ANY(modified.given)
"""
# The digest is that of the line which a Complet would stage.
_STAGED = """
INSERT INTO {table} (position, digest, {columns})
SELECT position,
       md5(replace(replace(concat_ws(E'\\t', %(reading)s::text, {columns}),
                           E'\\\\', E'\\\\\\\\'), E'\\n', E'\\\\n'))::uuid,
       {columns}
FROM {completed}
"""
# Whose links, or functions, the extract gives: all of them.
_WHOLLY_TOLD = """
CREATE UNLOGGED TABLE {name} AS
SELECT staged.jointure FROM staged_{what} staged
LEFT JOIN modified_{what} modified ON modified.position = staged.position
WHERE modified.position IS NULL OR '{besides}' = ANY(modified.given)
"""
# Who says in which class they are: the others are still where they were.
_RECLASSED = """
CREATE UNLOGGED TABLE reclassed AS
SELECT staged.jointure FROM staged_student staged
LEFT JOIN modified_student modified ON modified.position = staged.position
WHERE modified.position IS NULL OR 'class_key' = ANY(modified.given) OR staged.class_key = ''
"""
_COMPLETED = {
    "student": (STUDENTS, _COMPLETED_STUDENTS, {"jointure", "structure", "class_key", "mef", "birth_date"}),
    "responsable": (
        RESPONSABLES,
        _COMPLETED_RESPONSABLES,
        {"jointure", "mobile", "mobile_raw", "refused_phone"},
    ),
    "staff": (STAFF, _COMPLETED_STAFF, {"jointure", "mail"}),
}


def stage_changes(merge: Merge) -> None:
    """Before anything else of the merge: from then on a Delta's entries are as whole as a Complet's."""
    for category, (what, known, is_current) in _CATEGORIES.items():
        names = {"category": category, "what": what, "known": known, "is_current": is_current}
        for statement in (_OVERTAKEN, _NOT_DELETED):
            for table in (f"staged_{what}", f"modified_{what}"):
                merge.run(statement.format(table=table, **names))
        merge.run(_ADD_KNOWN.format(structure="staged.structure" if what == "student" else "''", **names))
        merge.run(_UNKNOWN.format(**names))
        merge.run(_completed(what))
        if what == "staff":
            merge.run(_STAFF_WHO_ARE_ENOUGH)
        else:
            merge.run(_DELETE_UNKNOWN.format(**names))
        merge.run(_MODIFY_UNKNOWN.format(**names))
        merge.run(_staged(what), reading=READING)
    for statement in (*_FORGOTTEN, _STILL_SAID):
        merge.run(statement)


def find_wholly_told(merge: Merge) -> None:
    """Once each person has one entry."""
    merge.run(_RECLASSED)
    merge.run(_WHOLLY_TOLD.format(name="relinked", what="student", besides="links"))
    merge.run(_WHOLLY_TOLD.format(name="restaffed", what="staff", besides="mandates"))


def _columns(table: StagedTable) -> list[str]:
    return [column.split()[0] for column in table.columns.split(", ")]


def _completed(what: str) -> str:
    table, statement, apart = _COMPLETED[what]
    columns = ", ".join(
        f"CASE WHEN '{column}' = ANY(modified.given) THEN modified.{column} ELSE old.{column} END AS {column}"
        for column in _columns(table)
        if column not in apart
    )
    return statement.format(columns=columns)


def _staged(what: str) -> str:
    table = _COMPLETED[what][0]
    return _STAGED.format(table=table.name, columns=", ".join(_columns(table)), completed=f"completed_{what}")
