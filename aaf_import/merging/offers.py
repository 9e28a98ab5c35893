"""Which establishments agents can open: a valid UAI, pupils, and no other open under the same UAI."""

from __future__ import annotations

from aaf_import.merging.merge import Merge
from establishments.territories import UAI_LETTERS

# Pupils are counted once, whatever the planner believes of tables just filled.
_CANDIDATES = """
CREATE UNLOGGED TABLE candidate AS
WITH pupils AS MATERIALIZED (
    SELECT establishment_id, count(*) AS number FROM establishments_student
    WHERE feed_id = %(feed)s AND left_at IS NULL GROUP BY establishment_id
)
SELECT establishment.id, establishment.uai, establishment.jointure, establishment.name, valid.is_valid,
       valid.is_valid AND establishment.left_at IS NULL
       AND NOT EXISTS (SELECT FROM establishments_establishment other
                       WHERE other.uai = establishment.uai AND other.is_offered AND other.feed_id <> %(feed)s)
       AND 1 = row_number() OVER (
           PARTITION BY establishment.uai, establishment.left_at IS NULL
           ORDER BY establishment.is_offered DESC, pupils.number DESC, establishment.id)
       AS is_open
FROM establishments_establishment establishment
JOIN pupils ON pupils.establishment_id = establishment.id
CROSS JOIN LATERAL (
    SELECT coalesce(right(establishment.uai, 1) = substr(
        %(letters)s, 1 + substring(establishment.uai FROM '^([0-9]{7}).$')::integer %% 23, 1), false)
        AS is_valid
) valid
WHERE establishment.feed_id = %(feed)s
"""
_CLOSED = """
UPDATE establishments_establishment establishment SET is_offered = false
WHERE feed_id = %(feed)s AND is_offered AND id NOT IN (SELECT id FROM candidate WHERE is_open)
"""
_OPENED = """
UPDATE establishments_establishment establishment SET is_offered = true
FROM candidate WHERE candidate.id = establishment.id AND is_open AND NOT establishment.is_offered
"""
_TOLD = """
INSERT INTO staged_anomaly (code, category, jointure, attribute, structure, who, value)
SELECT CASE WHEN is_valid THEN 'UAI_ELSEWHERE' ELSE 'UAI_INVALID' END, 'EtabEducNat', candidate.jointure,
       'ENTStructureUAI', candidate.jointure, candidate.name, candidate.uai
FROM candidate JOIN establishments_establishment establishment USING (id)
WHERE NOT is_open AND establishment.left_at IS NULL
"""


def offer_establishments(merge: Merge) -> None:
    merge.run(_CANDIDATES, letters=UAI_LETTERS)
    for statement in (_CLOSED, _OPENED, _TOLD):
        merge.run(statement)
