"""What only the whole extract shows to be wrong; then all that was wrong, written as sentences."""

from __future__ import annotations

from collections import Counter

from aaf_import.faults import SENTENCES
from aaf_import.merging.merge import Merge

_UNRESOLVED = """
INSERT INTO staged_anomaly (code, category, jointure, attribute, structure, who, value)
SELECT fault.code, 'Eleve', staged.jointure, fault.attribute, staged.structure,
       staged.surname || ' ' || staged.given_name, fault.value
FROM staged_student staged
LEFT JOIN {structures} establishment ON establishment.jointure = staged.structure
LEFT JOIN establishments_mef mef ON mef.feed_id = %(feed)s AND mef.code = staged.mef
LEFT JOIN (SELECT DISTINCT structure, key FROM staged_class WHERE pupils = 0) class
     ON class.structure = staged.structure AND class.key = staged.class_key
CROSS JOIN LATERAL (VALUES
    ('STRUCTURE_UNKNOWN', 'ENTPersonStructRattach', staged.structure, establishment.jointure IS NULL),
    ('MEF_UNKNOWN', 'ENTEleveMEF', staged.mef, mef.id IS NULL AND staged.mef <> ''),
    ('CLASS_UNKNOWN', 'ENTEleveClasses', staged.class_key,
     %(lists_classes)s AND class.key IS NULL AND staged.class_key <> ''
     AND establishment.jointure IS NOT NULL)
) fault (code, attribute, value, is_wrong)
WHERE fault.is_wrong AND (establishment.jointure IS NULL OR mef.id IS NULL OR class.key IS NULL)
      AND (fault.code <> 'CLASS_UNKNOWN' OR %(degree)s = 2)
"""
_KNOWN_STRUCTURES = """
(SELECT jointure FROM establishments_establishment WHERE feed_id = %(feed)s AND left_at IS NULL)
"""
# What is wrong with a responsable is told where a child is.
_PLACED = """
UPDATE staged_anomaly anomaly SET structure = child.structure
FROM (SELECT link.responsable, min(staged.structure) AS structure
      FROM staged_link link JOIN staged_student staged ON staged.jointure = link.student
      WHERE link.responsable IN (SELECT jointure FROM staged_anomaly WHERE category = 'PersRelEleve')
      GROUP BY link.responsable) child
WHERE anomaly.category = 'PersRelEleve' AND child.responsable = anomaly.jointure
"""
_WRITTEN = """
INSERT INTO aaf_import_anomaly (run_id, code, category, jointure, attribute, establishment_id, sentence)
SELECT %(run)s, anomaly.code, left(anomaly.category, 40), anomaly.jointure, anomaly.attribute,
       establishment.id,
       replace(replace(template.sentence, '{who}', anomaly.who), '{value}', anomaly.value)
FROM staged_anomaly anomaly
JOIN unnest(%(codes)s::text[], %(sentences)s::text[]) AS template (code, sentence)
     ON template.code = anomaly.code
LEFT JOIN establishments_establishment establishment
     ON establishment.feed_id = %(feed)s AND establishment.jointure = anomaly.structure
"""
_COUNTED = "SELECT code, count(*) FROM staged_anomaly GROUP BY code ORDER BY code"


def find_unresolved(merge: Merge) -> None:
    """A Delta without its list of structures names those known already."""
    listed = not merge.is_delta or "EtabEducNat" in merge.covered
    structures = "staged_establishment" if listed else _KNOWN_STRUCTURES
    merge.run(_UNRESOLVED.format(structures=structures), lists_classes=listed)


def write_anomalies(merge: Merge, run: int) -> None:
    merge.run(_PLACED)
    codes = [fault.value for fault in SENTENCES]
    merge.run(_WRITTEN, run=run, codes=codes, sentences=list(SENTENCES.values()))


def count_anomalies(merge: Merge) -> Counter[str]:
    merge.run(_COUNTED)
    return Counter(dict(merge.cursor.fetchall()))
