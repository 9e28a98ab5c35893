"""One entry for each key: the first one read is kept, whoever read it, and the others are told."""

from aaf_import.merging.merge import Merge

# Table, AAF category, and how a faulty entry is named.
_TABLES = (
    ("staged_establishment", "EtabEducNat", "jointure", "name"),
    ("staged_student", "Eleve", "structure", "surname || ' ' || given_name"),
    ("staged_responsable", "PersRelEleve", "''", "surname || ' ' || given_name"),
    ("staged_staff", "PersEducNat", "''", "surname || ' ' || given_name"),
)
_KEEP_FIRST = """
WITH twice AS (
    DELETE FROM {table} entry
    USING (SELECT jointure, min(position) AS position FROM {table}
           GROUP BY jointure HAVING count(*) > 1) first
    WHERE entry.jointure = first.jointure AND entry.position > first.position
    RETURNING entry.*
), links AS (
    DELETE FROM staged_link link USING twice WHERE link.position = twice.position
), mandates AS (
    DELETE FROM staged_mandate mandate USING twice WHERE mandate.position = twice.position
)
INSERT INTO staged_anomaly (code, category, jointure, attribute, structure, who, value)
SELECT 'ENTRY_TWICE', '{category}', jointure, '', {structure}, rtrim({who}), '' FROM twice
"""
# Two pupils of one extract with one INE: told of both.
_INE_TWICE = """
INSERT INTO staged_anomaly (code, category, jointure, attribute, structure, who, value)
SELECT 'INE_TWICE', 'Eleve', jointure, 'ENTEleveINE', structure, surname || ' ' || given_name, ine
FROM staged_student
JOIN (SELECT ine FROM staged_student WHERE ine <> '' GROUP BY ine HAVING count(*) > 1) twice USING (ine)
"""


# A pupil whom a Delta does not name may be the other one.
_INE_OF_ANOTHER = """
INSERT INTO staged_anomaly (code, category, jointure, attribute, structure, who, value)
SELECT DISTINCT 'INE_TWICE', 'Eleve', staged.jointure, 'ENTEleveINE', staged.structure,
       staged.surname || ' ' || staged.given_name, staged.ine
FROM staged_student staged
JOIN establishments_student other
     ON other.feed_id = %(feed)s AND other.left_at IS NULL AND other.ine = staged.ine
WHERE staged.ine <> '' AND other.jointure NOT IN (SELECT jointure FROM staged_student)
      AND other.jointure NOT IN (SELECT jointure FROM staged_deletion WHERE category = 'Eleve')
"""


def keep_first_entries(merge: Merge) -> None:
    for table, category, structure, who in _TABLES:
        merge.run(_KEEP_FIRST.format(table=table, category=category, structure=structure, who=who))
        merge.run(f"ANALYZE {table} (jointure)")
    merge.run("ANALYZE staged_link (student, responsable)")
    merge.run(_INE_TWICE)
    if merge.is_delta:
        merge.run(_INE_OF_ANOTHER)
