"""Whom the run changed: whose accounts may be another's, to see after the commit, who may need one now."""

from __future__ import annotations

from aaf_import.merging.merge import Merge
from accounts.precreation import Touched

_NOTE = """
INSERT INTO accounts_recheck (responsable_id)
SELECT old_id FROM responsable_change WHERE old_id IS NOT NULL
ON CONFLICT (responsable_id) DO UPDATE SET asked = accounts_recheck.asked + 1
"""


_TOUCHED_TABLE = """
CREATE UNLOGGED TABLE touched_{what} AS
SELECT old.id FROM establishments_{what} old
JOIN staged_{what} staged ON staged.jointure = old.jointure WHERE old.feed_id = %(feed)s
UNION SELECT id FROM departing_{what}
"""
# A link tells of both its ends, in force or not.
_TOUCHED = """
WITH link AS MATERIALIZED (
    SELECT link.student_id, link.responsable_id FROM establishments_responsibility link
    JOIN touched_student student ON student.id = link.student_id
    UNION
    SELECT link.student_id, link.responsable_id FROM establishments_responsibility link
    JOIN touched_responsable responsable ON responsable.id = link.responsable_id
)
SELECT ARRAY(SELECT id FROM touched_responsable UNION SELECT responsable_id FROM link),
       ARRAY(SELECT id FROM touched_student UNION SELECT student_id FROM link)
"""


def note_corrected(merge: Merge) -> None:
    """Whatever changed in them: their digests tell no more, and looking twice changes nothing."""
    merge.run(_NOTE)


def find_touched(merge: Merge) -> Touched | None:
    """Whom a Delta changed, and those linked to them; None for a Complet, which tells of everyone."""
    if not merge.is_delta:
        return None
    for what in ("student", "responsable"):
        merge.run(_TOUCHED_TABLE.format(what=what))
        merge.run(f"ANALYZE touched_{what}")
    merge.run(_TOUCHED)
    return Touched(*merge.cursor.fetchone())
