"""The links between pupils and responsables, resolved once all the files are read."""

from __future__ import annotations

from aaf_import.merging.merge import Counts, Merge
from accounts.transitions import State
from establishments.models import EventKind

# A responsable may be in any file; one that no file has, or who left, makes no link.
_LINKS = """
CREATE UNLOGGED TABLE current_link AS
SELECT student.id AS student_id, responsable.id AS responsable_id, link.student, link.responsable,
       link.kinship, link.is_legal, link.legal_code
FROM staged_link link
JOIN (SELECT id, jointure FROM establishments_student WHERE feed_id = %(feed)s) student
     ON student.jointure = link.student
LEFT JOIN (SELECT id, jointure FROM establishments_responsable
           WHERE feed_id = %(feed)s AND left_at IS NULL) responsable
     ON responsable.jointure = link.responsable
"""
_UNKNOWN = """
WITH unknown AS (DELETE FROM current_link WHERE responsable_id IS NULL RETURNING student, responsable)
INSERT INTO staged_anomaly (code, category, jointure, attribute, structure, who, value)
SELECT 'RELATION_UNKNOWN', 'Eleve', unknown.student, '', staged.structure,
       staged.surname || ' ' || staged.given_name, unknown.responsable
FROM unknown JOIN staged_student staged ON staged.jointure = unknown.student
"""
_CHANGES = """
CREATE UNLOGGED TABLE link_change AS
SELECT old.id AS old_id, link.student_id, link.responsable_id, link.kinship, link.is_legal, link.legal_code,
       old.id IS NOT NULL AND old.ended_at IS NULL AND old.is_legal AS was_legal
FROM current_link link
LEFT JOIN establishments_responsibility old
     ON old.student_id = link.student_id AND old.responsable_id = link.responsable_id
WHERE old.id IS NULL OR old.ended_at IS NOT NULL OR old.is_legal <> link.is_legal
      OR old.kinship <> link.kinship OR old.legal_code <> link.legal_code
"""
_NEW = """
INSERT INTO establishments_responsibility (student_id, responsable_id, kinship, is_legal, legal_code)
SELECT student_id, responsable_id, kinship, is_legal, legal_code FROM link_change WHERE old_id IS NULL
"""
_CHANGED = """
UPDATE establishments_responsibility old
SET kinship = change.kinship, is_legal = change.is_legal, legal_code = change.legal_code, ended_at = NULL
FROM link_change change WHERE old.id = change.old_id
"""
# An account which nobody was told of has no history to keep: a first import and mass departures stay cheap.
_TELL = """
INSERT INTO establishments_event (kind, at, establishment_id, actor, agent_id, target_kind, target_id, data)
SELECT CASE WHEN moved.is_legal THEN %(attached)s ELSE %(detached)s END, %(now)s, child.establishment_id,
       'PLATFORM', NULL, 'account', account.id, jsonb_build_object('student', child.id)
FROM {moved}
JOIN establishments_student child ON child.id = moved.student_id
JOIN accounts_accountsource source ON source.responsable_id = moved.responsable_id
JOIN accounts_account account ON account.id = source.account_id
WHERE child.eligible_at IS NOT NULL AND source.closed_at IS NULL
      AND account.closed_at IS NULL AND account.state <> %(not_notified)s
"""
_END = """
WITH ended AS (
    UPDATE establishments_responsibility old SET ended_at = %(now)s
    FROM establishments_student student
    WHERE student.id = old.student_id AND student.feed_id = %(feed)s AND old.ended_at IS NULL
          AND NOT EXISTS (SELECT FROM current_link link
                          WHERE link.student_id = old.student_id AND link.responsable_id = old.responsable_id)
          AND NOT EXISTS (SELECT FROM staying_student staying WHERE staying.id = old.student_id) {of_these}
    RETURNING old.student_id, old.responsable_id, old.is_legal
), told AS ({tell})
SELECT count(*) FROM ended
"""
_TELL_CHANGES = _TELL.format(moved="(SELECT * FROM link_change WHERE is_legal <> was_legal) moved")
_LOST = "(SELECT student_id, responsable_id, false AS is_legal FROM ended WHERE is_legal) moved"
_ENDED = _END.format(tell=_TELL.format(moved=_LOST), of_these="")
# A Delta says all the links of the pupils whose links it gives, and nothing of the others, but that who is
# deleted has none.
_TOUCHED = """
CREATE UNLOGGED TABLE touched_link AS
SELECT link.id FROM establishments_responsibility link
JOIN establishments_student student ON student.id = link.student_id
JOIN relinked ON relinked.jointure = student.jointure
WHERE student.feed_id = %(feed)s
UNION
SELECT link.id FROM establishments_responsibility link
JOIN departing_student ON departing_student.id = student_id
UNION
SELECT link.id FROM establishments_responsibility link
JOIN departing_responsable ON departing_responsable.id = responsable_id
"""
_DELTA_ENDED = _END.format(
    tell=_TELL.format(moved=_LOST), of_these="AND old.id IN (SELECT id FROM touched_link)"
)
_TOLD = {
    "attached": EventKind.ACCOUNT_CHILD_ATTACHED.value,
    "detached": EventKind.ACCOUNT_CHILD_DETACHED.value,
    "not_notified": State.NOT_NOTIFIED.value,
}


def merge_links(merge: Merge) -> None:
    """Pupils and responsables are merged already, departures included.

    A child who comes to an account, or leaves it, is an event of the account.
    """
    merge.run(_LINKS)
    merge.run(_UNKNOWN)
    merge.run("ANALYZE current_link")
    merge.run(_CHANGES)
    created, updated = merge.run(_NEW), merge.run(_CHANGED)
    merge.run(_TELL_CHANGES, **_TOLD)
    total = merge.number("SELECT count(*) FROM current_link")
    left = _end_links(merge)
    merge.counts["responsibilities"] = Counts(created, updated, total - created - updated, left)
    if created * 10 > total:
        merge.run("ANALYZE establishments_responsibility")


def _end_links(merge: Merge) -> int:
    if merge.is_delta:
        merge.run(_TOUCHED)
        return merge.number(_DELTA_ENDED, **_TOLD)
    return merge.number(_ENDED, **_TOLD) if "Eleve" in merge.covered else 0
