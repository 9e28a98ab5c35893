"""Académies, departments, districts, establishments, MEF and classes."""

from __future__ import annotations

from aaf_import.merging.merge import Counts, Merge
from establishments.models import Academy, Department
from establishments.territories import ACADEMIES, DEPARTMENTS

_DEPARTMENTS_NAMED = "SELECT DISTINCT department FROM staged_establishment WHERE department <> ''"

_MEFS = """
INSERT INTO establishments_mef (feed_id, code, label)
SELECT DISTINCT ON (code) %(feed)s, code, label FROM staged_mef ORDER BY code, label
ON CONFLICT (feed_id, code) DO UPDATE SET label = excluded.label
WHERE establishments_mef.label <> excluded.label
"""
# An IEN is stored as a structure like any other; it is a district too when a school names it.
_DISTRICTS = """
INSERT INTO establishments_district (feed_id, jointure, uai, name)
SELECT %(feed)s, jointure, uai, name FROM staged_establishment
WHERE kind = 'IEN' OR jointure IN (SELECT district FROM staged_establishment WHERE district <> '')
ON CONFLICT (feed_id, jointure) DO UPDATE SET uai = excluded.uai, name = excluded.name
WHERE establishments_district.uai <> excluded.uai OR establishments_district.name <> excluded.name
"""
_ESTABLISHMENT_CHANGES = """
CREATE UNLOGGED TABLE establishment_change AS
SELECT old.id AS old_id, staged.*, district.id AS district_id
FROM staged_establishment staged
LEFT JOIN establishments_district district
     ON district.feed_id = %(feed)s AND district.jointure = staged.district
LEFT JOIN establishments_establishment old ON old.feed_id = %(feed)s AND old.jointure = staged.jointure
WHERE old.id IS NULL OR old.left_at IS NOT NULL OR old.digest <> staged.digest
      OR old.district_id IS DISTINCT FROM district.id
"""
_NEW_ESTABLISHMENTS = """
INSERT INTO establishments_establishment (feed_id, jointure, uai, kind, name, type_label, type_code, sector,
    street, postcode, city, phone, mail, district_id, department_id, search_key, is_offered, digest)
SELECT %(feed)s, jointure, uai, kind, name, type_label, type_code, sector,
       street, postcode, city, phone, mail, district_id, nullif(department, ''), search_key, false, digest
FROM establishment_change WHERE old_id IS NULL
"""
_CHANGED_ESTABLISHMENTS = """
UPDATE establishments_establishment old
SET uai = change.uai, kind = change.kind, name = change.name, type_label = change.type_label,
    type_code = change.type_code, sector = change.sector, street = change.street, postcode = change.postcode,
    city = change.city, phone = change.phone, mail = change.mail, district_id = change.district_id,
    department_id = nullif(change.department, ''), search_key = change.search_key, digest = change.digest,
    is_offered = old.is_offered AND old.uai = change.uai, left_at = NULL
FROM establishment_change change WHERE old.id = change.old_id
"""
# Absent, and no entry of a pupil names it: a school is not closed by a line that is missing.
_LEFT_ESTABLISHMENTS = """
UPDATE establishments_establishment old SET left_at = %(now)s, is_offered = false
WHERE old.feed_id = %(feed)s AND old.left_at IS NULL
      AND NOT EXISTS (SELECT FROM staged_establishment staged WHERE staged.jointure = old.jointure)
      AND NOT EXISTS (SELECT FROM staged_rejected WHERE category = 'EtabEducNat' AND jointure = old.jointure)
      AND NOT EXISTS (SELECT FROM staged_student staged WHERE staged.structure = old.jointure)
      AND old.id NOT IN (SELECT establishment_id FROM set_aside) {besides}
"""
_NOBODY_THERE = """
      AND NOT EXISTS (SELECT FROM establishments_student pupil
                      WHERE pupil.establishment_id = old.id AND pupil.left_at IS NULL)
"""
# What structures list (2nd degré) is staged with no pupil, what only pupils name with fewer than none; in the
# 1st degré only pupils name classes, and the label that most of them give is kept. A class which is known and
# no more described keeps its label.
_CLASSES = """
CREATE UNLOGGED TABLE wanted_class AS
SELECT DISTINCT ON (establishment.id, listed.key)
       establishment.id AS establishment_id, listed.key, listed.label, listed.label_key, mef.id AS mef_id,
       listed.pupils >= 0 AS is_described
FROM (
    SELECT structure, key, label, label_key, mef, sum(pupils) AS pupils FROM staged_class
    GROUP BY structure, key, label, label_key, mef
) listed
JOIN establishments_establishment establishment
     ON establishment.feed_id = %(feed)s AND establishment.jointure = listed.structure
LEFT JOIN establishments_mef mef ON mef.feed_id = %(feed)s AND mef.code = listed.mef
ORDER BY establishment.id, listed.key, listed.pupils DESC, listed.label
"""
_CLASS_CHANGES = """
CREATE UNLOGGED TABLE class_change AS
SELECT old.id AS old_id, wanted.* FROM wanted_class wanted
LEFT JOIN establishments_schoolclass old
     ON old.establishment_id = wanted.establishment_id AND old.key = wanted.key
WHERE old.id IS NULL OR old.left_at IS NOT NULL
      OR wanted.is_described AND (old.label <> wanted.label OR old.label_key <> wanted.label_key
                                  OR old.mef_id IS DISTINCT FROM wanted.mef_id)
"""
_NEW_CLASSES = """
INSERT INTO establishments_schoolclass (establishment_id, key, label, label_key, mef_id)
SELECT establishment_id, key, label, label_key, mef_id FROM class_change WHERE old_id IS NULL
"""
_CHANGED_CLASSES = """
UPDATE establishments_schoolclass old
SET label = CASE WHEN is_described THEN change.label ELSE old.label END,
    label_key = CASE WHEN is_described THEN change.label_key ELSE old.label_key END,
    mef_id = CASE WHEN is_described THEN change.mef_id ELSE old.mef_id END, left_at = NULL
FROM class_change change WHERE old.id = change.old_id
"""
_LEFT_CLASSES = """
UPDATE establishments_schoolclass old SET left_at = %(now)s
FROM establishments_establishment establishment
WHERE establishment.id = old.establishment_id AND establishment.feed_id = %(feed)s AND old.left_at IS NULL
      AND NOT EXISTS (SELECT FROM wanted_class wanted
                      WHERE wanted.establishment_id = old.establishment_id AND wanted.key = old.key)
      AND establishment.id NOT IN (SELECT establishment_id FROM set_aside)
"""


# The pupils a Delta does not name are where they were: they name their class, as they did in their entries.
_UNTOUCHED = """
INSERT INTO staged_class (structure, key, label, label_key, mef, pupils)
SELECT establishment.jointure, class.key, CASE WHEN %(degree)s = 1 THEN class.label ELSE class.key END,
       CASE WHEN %(degree)s = 1 THEN class.label_key ELSE '' END, '',
       count(*) * CASE WHEN %(degree)s = 1 THEN 1 ELSE -1 END
FROM (
    SELECT school_class_id FROM establishments_student pupil
    WHERE pupil.feed_id = %(feed)s AND pupil.left_at IS NULL
          AND NOT EXISTS (SELECT FROM reclassed WHERE reclassed.jointure = pupil.jointure)
          AND NOT EXISTS (SELECT FROM departing_student departing WHERE departing.id = pupil.id)
) pupil
JOIN establishments_schoolclass class ON class.id = pupil.school_class_id
JOIN establishments_establishment establishment ON establishment.id = class.establishment_id
GROUP BY establishment.jointure, class.key, class.label, class.label_key
"""


def merge_territories(merge: Merge) -> None:
    """The departments that establishments are in, and the académies of these, as the State names them."""
    merge.run(_DEPARTMENTS_NAMED)
    codes = [code for (code,) in merge.cursor.fetchall()]
    known = [DEPARTMENTS[code] for code in codes]
    create_academies({ref.academy_code for ref in known})
    Department.objects.bulk_create(
        [Department(code=ref.code, name=ref.name, academy_id=ref.academy_code) for ref in known],
        ignore_conflicts=True,
    )


def create_academies(codes: set[str]) -> None:
    known = [ACADEMIES[code] for code in sorted(codes)]
    Academy.objects.bulk_create(
        [Academy(code=ref.code, name=ref.name, time_zone=ref.time_zone) for ref in known],
        ignore_conflicts=True,
    )


def merge_establishments(merge: Merge) -> None:
    """Before anything that belongs to one; departures come later, when pupils are known."""
    merge.run(_MEFS)
    merge.run(_DISTRICTS)
    merge.run(_ESTABLISHMENT_CHANGES)
    created, updated = merge.run(_NEW_ESTABLISHMENTS), merge.run(_CHANGED_ESTABLISHMENTS)
    unchanged = merge.number("SELECT count(*) FROM staged_establishment") - created - updated
    merge.counts["establishments"] = Counts(created, updated, unchanged)


def leave_establishments(merge: Merge) -> None:
    if "EtabEducNat" in merge.covered:
        before = merge.counts["establishments"]
        left = merge.run(_LEFT_ESTABLISHMENTS.format(besides=_NOBODY_THERE if merge.is_delta else ""))
        merge.counts["establishments"] = Counts(before.created, before.updated, before.unchanged, left)


def merge_classes(merge: Merge) -> None:
    if merge.is_delta:
        merge.run(_UNTOUCHED)
    merge.run(_CLASSES)
    merge.run("ANALYZE wanted_class")
    merge.run(_CLASS_CHANGES)
    created, updated = merge.run(_NEW_CLASSES), merge.run(_CHANGED_CLASSES)
    unchanged = merge.number("SELECT count(*) FROM wanted_class") - created - updated
    left = merge.run(_LEFT_CLASSES) if _are_all_named(merge) else 0
    merge.counts["classes"] = Counts(created, updated, unchanged, left)


def _are_all_named(merge: Merge) -> bool:
    """Whether a class not wanted has gone: structures list them in the 2nd degré, pupils in the 1st."""
    if merge.feed.degree == 2:
        return "EtabEducNat" in merge.covered
    return merge.is_delta or "Eleve" in merge.covered
