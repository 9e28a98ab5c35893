"""What an import changed in each establishment: one event of its journal, and the records by name."""

from __future__ import annotations

from aaf_import.merging.merge import Merge
from establishments.models import EventKind

# Links of pupils who come or go tonight are told by their coming or going. What changed is read from the
# tables that the merge staged; only links which ended are looked for among all those of the feed.
_FACTS = """
CREATE UNLOGGED TABLE fact AS
WITH pupil AS (
    SELECT change.old_id, change.old_establishment_id, change.establishment_id, student.id,
           change.establishment_id IS DISTINCT FROM change.old_establishment_id AS has_moved,
           change.old_class_id IS DISTINCT FROM change.school_class_id AS has_other_class
    FROM student_change change
    JOIN establishments_student student
         ON student.feed_id = %(feed)s AND student.jointure = change.jointure
), found AS (
    SELECT establishment_id, 'arrived' AS what, id AS student_id, NULL::bigint AS responsable_id
    FROM pupil WHERE has_moved
    UNION ALL
    SELECT old_establishment_id, 'left', id, NULL FROM pupil WHERE has_moved
    UNION ALL
    SELECT establishment_id, 'left', id, NULL FROM departing_student
    UNION ALL
    SELECT establishment_id, CASE WHEN has_other_class THEN 'class_changes' ELSE 'corrected' END, id, NULL
    FROM pupil WHERE NOT has_moved
    UNION ALL
    SELECT DISTINCT child.establishment_id, 'corrected', NULL::bigint, change.old_id
    FROM responsable_change change
    JOIN establishments_responsibility link ON link.responsable_id = change.old_id
    JOIN establishments_student child ON child.id = link.student_id
    WHERE link.ended_at IS NULL
    UNION ALL
    SELECT child.establishment_id, 'links_begun', NULL, NULL
    FROM link_change link JOIN establishments_student child ON child.id = link.student_id
    WHERE link.old_id IS NULL AND child.arrived_at <> %(now)s
    UNION ALL
    SELECT child.establishment_id, 'links_ended', NULL, NULL
    FROM establishments_responsibility link JOIN establishments_student child ON child.id = link.student_id
    WHERE child.feed_id = %(feed)s AND link.ended_at = %(now)s AND child.left_at IS NULL
)
SELECT * FROM found WHERE establishment_id IS NOT NULL
"""
_TELL = """
WITH counted AS (
    SELECT establishment_id, what, count(*) AS number FROM fact GROUP BY establishment_id, what
)
INSERT INTO establishments_event (kind, at, establishment_id, actor, agent_id, target_kind, target_id, data)
SELECT %(kind)s, %(now)s, establishment_id, 'PLATFORM', NULL, 'establishment', establishment_id,
       jsonb_object_agg(what, number)
FROM counted GROUP BY establishment_id
"""
_NAME = """
INSERT INTO aaf_import_recordchange (establishment_id, at, kind, student_id, responsable_id)
SELECT establishment_id, %(now)s, what, student_id, responsable_id FROM fact
WHERE student_id IS NOT NULL OR responsable_id IS NOT NULL
"""


def tell_establishments(merge: Merge) -> None:
    """One event for each establishment in which something changed; none for the others.

    Then who changed, but for the first extract of a feed: everyone arrives.
    """
    merge.run(_FACTS)
    merge.run(_TELL, kind=EventKind.IMPORT_APPLIED.value)
    if merge.feed.applied_at:
        merge.run(_NAME)
