"""Notes which responsables the run corrected: their accounts may be another's, to see after the commit."""

from __future__ import annotations

from aaf_import.merging.merge import Merge

_NOTE = """
INSERT INTO accounts_recheck (responsable_id)
SELECT old_id FROM responsable_change WHERE old_id IS NOT NULL
ON CONFLICT (responsable_id) DO UPDATE SET asked = accounts_recheck.asked + 1
"""


def note_corrected(merge: Merge) -> None:
    """Whatever changed in them: their digests tell no more, and looking twice changes nothing."""
    merge.run(_NOTE)
