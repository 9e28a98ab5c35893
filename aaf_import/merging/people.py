"""Pupils and responsables: those who come, change, come back or leave."""

from __future__ import annotations

from aaf_import.merging.merge import Counts, Merge

# One pass over all pupils: what their entries name, and the rows that differ. A pupil gives right to accounts
# in the 2nd degré by being in a school, in the 1st by an INE and a class.
_STUDENT_CHANGES = """
CREATE UNLOGGED TABLE student_change AS
SELECT old.id AS old_id, old.ine AS old_ine, old.school_class_id AS old_class_id,
       CASE WHEN old.left_at IS NULL THEN old.establishment_id END AS old_establishment_id, staged.*,
       establishment.id AS establishment_id, class.id AS school_class_id, mef_row.id AS mef_id,
       CASE WHEN %(degree)s = 2 THEN establishment.id IS NOT NULL
            ELSE class.id IS NOT NULL AND staged.ine <> '' END AS is_eligible
FROM staged_student staged
LEFT JOIN establishments_establishment establishment
     ON establishment.feed_id = %(feed)s AND establishment.jointure = staged.structure
LEFT JOIN establishments_schoolclass class
     ON class.establishment_id = establishment.id AND class.key = staged.class_key
LEFT JOIN establishments_mef mef_row ON mef_row.feed_id = %(feed)s AND mef_row.code = staged.mef
LEFT JOIN (SELECT * FROM establishments_student WHERE feed_id = %(feed)s) old
     ON old.jointure = staged.jointure
WHERE old.id IS NULL OR old.left_at IS NOT NULL OR old.digest <> staged.digest
      OR old.establishment_id IS DISTINCT FROM establishment.id
      OR old.school_class_id IS DISTINCT FROM class.id OR old.mef_id IS DISTINCT FROM mef_row.id
"""
_INE_CHANGED = """
INSERT INTO staged_anomaly (code, category, jointure, attribute, structure, who, value)
SELECT 'INE_CHANGED', 'Eleve', jointure, 'ENTEleveINE', structure, surname || ' ' || given_name, old_ine
FROM student_change WHERE old_ine <> '' AND ine <> '' AND old_ine <> ine
"""
_NEW_STUDENTS = """
INSERT INTO establishments_student (feed_id, jointure, title, surname, birth_surname, given_name, surname_key,
    given_name_key, source_id, digest, ine, birth_date, establishment_id, school_class_id, mef_id, level,
    eligible_at, arrived_at)
SELECT %(feed)s, jointure, title, surname, birth_surname, given_name, surname_key,
       given_name_key, source_id, digest, ine, birth_date, establishment_id, school_class_id, mef_id, level,
       CASE WHEN is_eligible THEN %(now)s END, %(now)s
FROM student_change WHERE old_id IS NULL
"""
# Having once given right to accounts is never undone; coming back is arriving.
_CHANGED_STUDENTS = """
UPDATE establishments_student old
SET title = change.title, surname = change.surname, birth_surname = change.birth_surname,
    given_name = change.given_name, surname_key = change.surname_key, given_name_key = change.given_name_key,
    source_id = change.source_id, digest = change.digest, ine = change.ine, birth_date = change.birth_date,
    establishment_id = change.establishment_id, school_class_id = change.school_class_id,
    mef_id = change.mef_id, level = change.level,
    eligible_at = coalesce(old.eligible_at, CASE WHEN change.is_eligible THEN %(now)s END),
    arrived_at = CASE WHEN old.left_at IS NOT NULL THEN %(now)s
                      WHEN old.establishment_id IS DISTINCT FROM change.establishment_id THEN %(now)s
                      ELSE old.arrived_at END,
    left_at = NULL
FROM student_change change WHERE old.id = change.old_id
"""
_RESPONSABLE_CHANGES = """
CREATE UNLOGGED TABLE responsable_change AS
SELECT old.id AS old_id, staged.* FROM staged_responsable staged
LEFT JOIN (SELECT * FROM establishments_responsable WHERE feed_id = %(feed)s) old
     ON old.jointure = staged.jointure
WHERE old.id IS NULL OR old.left_at IS NOT NULL OR old.digest <> staged.digest
"""
_NEW_RESPONSABLES = """
INSERT INTO establishments_responsable (feed_id, jointure, title, surname, birth_surname, given_name,
    surname_key, given_name_key, source_id, digest, address, postcode, city, country, mobile, mobile_raw,
    home_phone, work_phone, mail, refused_mail, refused_phone)
SELECT %(feed)s, jointure, title, surname, birth_surname, given_name,
       surname_key, given_name_key, '', digest, address, postcode, city, country, mobile, mobile_raw,
       home_phone, work_phone, mail, refused_mail, refused_phone
FROM responsable_change WHERE old_id IS NULL
"""
_CHANGED_RESPONSABLES = """
UPDATE establishments_responsable old
SET title = change.title, surname = change.surname, birth_surname = change.birth_surname,
    given_name = change.given_name, surname_key = change.surname_key, given_name_key = change.given_name_key,
    digest = change.digest, address = change.address, postcode = change.postcode, city = change.city,
    country = change.country, mobile = change.mobile, mobile_raw = change.mobile_raw,
    home_phone = change.home_phone, work_phone = change.work_phone, mail = change.mail,
    refused_mail = change.refused_mail, refused_phone = change.refused_phone, left_at = NULL
FROM responsable_change change WHERE old.id = change.old_id
"""
_TOTAL = "SELECT count(*) FROM staged_{what}"
_LEFT = """
UPDATE establishments_{what} old SET left_at = %(now)s
FROM departing_{what} departing WHERE old.id = departing.id
"""


def merge_students(merge: Merge) -> None:
    merge.run(_STUDENT_CHANGES)
    merge.run(_INE_CHANGED)
    _count(merge, "student", merge.run(_NEW_STUDENTS), merge.run(_CHANGED_STUDENTS))


def merge_responsables(merge: Merge) -> None:
    merge.run(_RESPONSABLE_CHANGES)
    _count(merge, "responsable", merge.run(_NEW_RESPONSABLES), merge.run(_CHANGED_RESPONSABLES))


def _count(merge: Merge, what: str, created: int, updated: int) -> None:
    """Count, apply the departures, and tell the planner about a table that has grown much."""
    total = merge.number(_TOTAL.format(what=what))
    left = merge.run(_LEFT.format(what=what))
    merge.counts[f"{what}s"] = Counts(created, updated, total - created - updated, left)
    if created * 10 > total:
        merge.run(f"ANALYZE establishments_{what}")
