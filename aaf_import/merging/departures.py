"""Who is in the database and no more in the extract, and whether that can be believed."""

from __future__ import annotations

from dataclasses import dataclass

from aaf_import.merging.merge import Merge


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From how many pupils on an establishment or a feed is watched, and which shares it may lose at once."""

    watched_from: int
    establishment_share: float
    feed_share: float


@dataclass(frozen=True, slots=True)
class Losses:
    """Persons present before, and those of them the extract lacks."""

    present: int
    gone: int

    def exceed(self, share: float, watched_from: int) -> bool:
        return self.present >= watched_from and self.gone > share * self.present


# A person whose entry could not be read has not left.
_DEPARTING = """
CREATE UNLOGGED TABLE departing_{what} AS
SELECT old.id{more} FROM establishments_{what} old
WHERE old.feed_id = %(feed)s AND old.left_at IS NULL AND %(covered)s
      AND NOT EXISTS (SELECT FROM staged_{what} staged WHERE staged.jointure = old.jointure)
      AND NOT EXISTS (SELECT FROM staged_rejected rejected
                      WHERE rejected.category = %(category)s AND rejected.jointure = old.jointure)
"""
# What a Delta says of departures, and all it says.
_DELETED = """
CREATE UNLOGGED TABLE departing_{what} AS
SELECT old.id{more} FROM establishments_{what} old
WHERE old.feed_id = %(feed)s AND old.left_at IS NULL
      AND old.jointure IN (SELECT jointure FROM staged_deletion WHERE category = %(category)s)
"""
_PRESENT = "SELECT count(*) FROM establishments_{what} WHERE feed_id = %(feed)s AND left_at IS NULL"
_SET_ASIDE = """
CREATE UNLOGGED TABLE set_aside AS
SELECT establishment_id, present, gone
FROM (SELECT establishment_id, count(*) AS gone FROM departing_student GROUP BY establishment_id) departing
JOIN (SELECT establishment_id, count(*) AS present FROM establishments_student
      WHERE feed_id = %(feed)s AND left_at IS NULL GROUP BY establishment_id) staying USING (establishment_id)
WHERE present >= %(watched_from)s AND gone > %(share)s * present
"""
_TOLD = """
INSERT INTO staged_anomaly (code, category, jointure, attribute, structure, who, value)
SELECT 'ESTABLISHMENT_SET_ASIDE', 'EtabEducNat', establishment.jointure, '', establishment.jointure,
       establishment.name, gone || ' élèves sur ' || present
FROM set_aside JOIN establishments_establishment establishment ON establishment.id = establishment_id
"""
_STAYING = """
CREATE UNLOGGED TABLE staying_student AS
SELECT departing.id FROM departing_student departing JOIN set_aside USING (establishment_id)
UNION ALL
SELECT old.id FROM establishments_student old
JOIN staged_rejected rejected ON rejected.jointure = old.jointure
WHERE rejected.category = 'Eleve' AND old.feed_id = %(feed)s AND old.left_at IS NULL
"""
_NOT_DEPARTING = (
    "DELETE FROM departing_student departing USING staying_student staying WHERE staying.id = departing.id"
)
# Who answers for a pupil that stays is as absent as the pupil, and stays too.
_THEIR_RESPONSABLES = """
DELETE FROM departing_responsable departing
USING establishments_responsibility link JOIN staying_student staying ON staying.id = link.student_id
WHERE link.responsable_id = departing.id AND link.ended_at IS NULL
"""


def find_departures(merge: Merge) -> dict[str, Losses]:
    """Stage who would leave: `students` and `responsables`, present before and gone."""
    losses = {}
    for what, category, more in (
        ("student", "Eleve", ", old.establishment_id"),
        ("responsable", "PersRelEleve", ""),
    ):
        departing = (_DELETED if merge.is_delta else _DEPARTING).format(what=what, more=more)
        gone = merge.run(departing, category=category, covered=category in merge.covered)
        losses[f"{what}s"] = Losses(merge.number(_PRESENT.format(what=what)), gone)
    return losses


def set_aside_establishments(merge: Merge, thresholds: Thresholds) -> None:
    """Keep, and tell, the pupils of establishments that would lose too many of them at once."""
    merge.run(_SET_ASIDE, watched_from=thresholds.watched_from, share=thresholds.establishment_share)
    merge.run(_TOLD)
    merge.run(_STAYING)
    merge.run(_NOT_DEPARTING)
    merge.run(_THEIR_RESPONSABLES)
    for table in ("departing_student", "departing_responsable", "staying_student"):
        merge.run(f"ANALYZE {table}")
