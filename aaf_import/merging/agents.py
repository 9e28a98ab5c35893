"""Directors and deputies: agents of the console, with the mandates AAF gives them."""

from __future__ import annotations

from aaf_import.merging.merge import Counts, Merge
from establishments.models import EventKind

_MANDATES = """
CREATE UNLOGGED TABLE current_mandate AS
SELECT mandate.staff, mandate.role, establishment.id AS establishment_id, mandate.structure,
       array_agg(DISTINCT mandate.said_in ORDER BY mandate.said_in) AS said_in
FROM staged_mandate mandate
LEFT JOIN establishments_establishment establishment
     ON establishment.feed_id = %(feed)s AND establishment.jointure = mandate.structure
        AND establishment.left_at IS NULL
GROUP BY mandate.staff, mandate.role, establishment.id, mandate.structure
"""
_UNKNOWN_STRUCTURES = """
WITH unknown AS (DELETE FROM current_mandate WHERE establishment_id IS NULL RETURNING staff, structure)
INSERT INTO staged_anomaly (code, category, jointure, attribute, structure, who, value)
SELECT 'FUNCTION_UNKNOWN_STRUCTURE', 'PersEducNat', staff.jointure, 'ENTPersonFonctions', '',
       rtrim(staff.surname || ' ' || staff.given_name), unknown.structure
FROM unknown JOIN staged_staff staff ON staff.jointure = unknown.staff
"""
# Other staff are not kept, unless they are agents already, by a delegation or a past mandate.
_CHANGES = """
CREATE UNLOGGED TABLE agent_change AS
SELECT old.id AS old_id, staff.* FROM staged_staff staff
LEFT JOIN establishments_agent old ON old.feed_id = %(feed)s AND old.jointure = staff.jointure
WHERE (old.id IS NULL AND staff.jointure IN (SELECT staff FROM current_mandate))
      OR old.digest IS DISTINCT FROM staff.digest AND old.id IS NOT NULL
"""
_NEW = """
INSERT INTO establishments_agent (feed_id, jointure, contact_mail, title, surname, given_name, digest,
    is_active, created_at, password)
SELECT %(feed)s, jointure, mail, title, surname, given_name, digest,
       true, %(now)s, '!' || replace(gen_random_uuid()::text, '-', '')
FROM agent_change WHERE old_id IS NULL
"""
_CHANGED = """
UPDATE establishments_agent old
SET contact_mail = change.mail, title = change.title, surname = change.surname,
    given_name = change.given_name, digest = change.digest
FROM agent_change change WHERE old.id = change.old_id
"""
_TOLD_MANDATES = """
INSERT INTO establishments_event (kind, at, establishment_id, actor, agent_id, target_kind, target_id, data)
SELECT %(kind)s, %(now)s, establishment_id, 'PLATFORM', NULL, 'agent', agent_id,
       jsonb_build_object('role', role, 'source', 'AAF')
FROM moved
"""
_ENDED_MANDATES = f"""
WITH moved AS (
UPDATE establishments_mandate mandate SET ended_at = %(now)s
FROM establishments_agent agent
WHERE agent.id = mandate.agent_id AND agent.feed_id = %(feed)s
      AND mandate.source = 'AAF' AND mandate.ended_at IS NULL
      AND NOT EXISTS (SELECT FROM current_mandate current
                      WHERE current.staff = agent.jointure AND current.role = mandate.role
                            AND current.establishment_id = mandate.establishment_id)
      AND NOT EXISTS (SELECT FROM staged_rejected
                      WHERE category = 'PersEducNat' AND jointure = agent.jointure) {{of_these}}
RETURNING mandate.agent_id, mandate.establishment_id, mandate.role
), told AS ({_TOLD_MANDATES})
SELECT agent_id FROM moved
"""  # noqa: S608 - our own statements, no value
# A Delta says all the functions of those whose functions it gives, and who is deleted; nobody directs what is
# no more.
_OF_THESE = """
      AND (agent.jointure IN (SELECT jointure FROM restaffed)
           OR agent.jointure IN (SELECT jointure FROM staged_deletion WHERE category = 'PersEducNat')
           OR mandate.establishment_id IN (SELECT id FROM establishments_establishment
                                           WHERE feed_id = %(feed)s AND left_at IS NOT NULL))
"""
_NEW_MANDATES = f"""
WITH moved AS (
INSERT INTO establishments_mandate (agent_id, establishment_id, role, source, started_at, said_in)
SELECT agent.id, current.establishment_id, current.role, 'AAF', %(now)s, current.said_in
FROM current_mandate current
JOIN establishments_agent agent ON agent.feed_id = %(feed)s AND agent.jointure = current.staff
ON CONFLICT (agent_id, establishment_id, role, source) WHERE ended_at IS NULL DO NOTHING
RETURNING agent_id, establishment_id, role
)
{_TOLD_MANDATES}"""  # noqa: S608 - our own statements, no value
_SAID_OTHERWISE = """
UPDATE establishments_mandate mandate SET said_in = current.said_in
FROM current_mandate current
JOIN establishments_agent agent ON agent.feed_id = %(feed)s AND agent.jointure = current.staff
WHERE mandate.agent_id = agent.id AND mandate.establishment_id = current.establishment_id
      AND mandate.role = current.role AND mandate.source = 'AAF' AND mandate.ended_at IS NULL
      AND mandate.said_in <> current.said_in
"""
_LEFT = """
SELECT count(*) FROM unnest(%(agents)s::bigint[]) AS former (id)
WHERE NOT EXISTS (SELECT FROM establishments_mandate mandate
                  WHERE mandate.agent_id = former.id AND mandate.source = 'AAF' AND mandate.ended_at IS NULL)
"""
# A mail opens the console to one person: not when it is also another agent's, nor when it is a school's.
# Whoever has gone leaves it to their successor. Whoever has chosen a password keeps the address they sign in
# with: an import changes it for nobody.
_SIGN_INS = """
CREATE UNLOGGED TABLE sign_in AS
WITH holder AS (
    SELECT agent.id, lower(agent.contact_mail) AS mail FROM establishments_agent agent
    WHERE agent.contact_mail <> ''
          AND (EXISTS (SELECT FROM establishments_mandate mandate
                       WHERE mandate.agent_id = agent.id AND mandate.ended_at IS NULL)
               OR EXISTS (SELECT FROM establishments_delegation delegation
                          WHERE delegation.agent_id = agent.id AND delegation.ended_at IS NULL))
    UNION
    SELECT id, email FROM establishments_agent WHERE email IS NOT NULL AND password NOT LIKE '!%%'
), shared AS (
    SELECT mail FROM holder GROUP BY mail HAVING count(DISTINCT id) > 1
)
SELECT agent.id, agent.jointure, agent.email, rtrim(agent.surname || ' ' || agent.given_name) AS who,
       lower(agent.contact_mail) AS mail, agent.password LIKE '!%%' AS may_change,
       lower(agent.contact_mail) IN (SELECT mail FROM shared) AS is_shared,
       lower(agent.contact_mail) IN (SELECT lower(mail) FROM establishments_establishment WHERE mail <> '')
           AS is_of_establishment,
       {is_absent} AND agent.id NOT IN (SELECT id FROM holder) AS has_gone
FROM establishments_agent agent
WHERE agent.feed_id = %(feed)s AND %(covered)s
"""
_UNLISTED = "NOT EXISTS (SELECT FROM staged_staff staff WHERE staff.jointure = agent.jointure)"
_DELETED = "agent.jointure IN (SELECT jointure FROM staged_deletion WHERE category = 'PersEducNat')"
# In two statements: two agents may exchange their addresses.
_CLOSED_SIGN_INS = """
UPDATE establishments_agent agent SET email = NULL FROM sign_in
WHERE agent.id = sign_in.id AND may_change AND agent.email IS NOT NULL
      AND (is_shared OR is_of_establishment OR has_gone OR agent.email <> sign_in.mail)
"""
_OPENED_SIGN_INS = """
UPDATE establishments_agent agent SET email = sign_in.mail FROM sign_in
WHERE agent.id = sign_in.id AND may_change AND agent.email IS NULL
      AND sign_in.mail <> '' AND NOT is_shared AND NOT is_of_establishment AND NOT has_gone
      AND NOT EXISTS (SELECT FROM establishments_agent other WHERE other.email = sign_in.mail)
"""
_NO_SIGN_IN = """
INSERT INTO staged_anomaly (code, category, jointure, attribute, structure, who, value)
SELECT CASE WHEN is_shared THEN 'AGENT_MAIL_SHARED' ELSE 'AGENT_MAIL_OF_ESTABLISHMENT' END, 'PersEducNat',
       sign_in.jointure, %(attribute)s, coalesce(min(current.structure), ''), sign_in.who, sign_in.mail
FROM sign_in LEFT JOIN current_mandate current ON current.staff = sign_in.jointure
WHERE (is_shared OR is_of_establishment) AND NOT has_gone
GROUP BY sign_in.jointure, sign_in.who, sign_in.mail, is_shared
"""


def merge_agents(merge: Merge, mail_attribute: str) -> None:
    """Agents, their mandates, then the addresses they sign in with."""
    merge.run(_MANDATES)
    merge.run(_UNKNOWN_STRUCTURES)
    merge.run(_CHANGES)
    created, updated = merge.run(_NEW), merge.run(_CHANGED)
    known = merge.number(
        "SELECT count(*) FROM establishments_agent agent JOIN staged_staff USING (jointure)"
        " WHERE agent.feed_id = %(feed)s"
    )
    left = _end_mandates(merge) if merge.is_delta or "PersEducNat" in merge.covered else 0
    merge.run(_NEW_MANDATES, kind=EventKind.MANDATE_STARTED.value)
    merge.run(_SAID_OTHERWISE)
    merge.counts["agents"] = Counts(created, updated, known - created - updated, left)
    _settle_sign_ins(merge, mail_attribute)


def _end_mandates(merge: Merge) -> int:
    """End what AAF gave and gives no more; the number of agents it leaves with nothing."""
    ended = _ENDED_MANDATES.format(of_these=_OF_THESE if merge.is_delta else "")
    merge.run(ended, kind=EventKind.MANDATE_ENDED.value)
    agents = sorted({agent for (agent,) in merge.cursor.fetchall()})
    merge.run(_NEW_MANDATES, kind=EventKind.MANDATE_STARTED.value)
    return merge.number(_LEFT, agents=agents)


def _settle_sign_ins(merge: Merge, mail_attribute: str) -> None:
    sign_ins = _SIGN_INS.format(is_absent=_DELETED if merge.is_delta else _UNLISTED)
    merge.run(sign_ins, covered=merge.is_delta or "PersEducNat" in merge.covered)
    merge.run(_CLOSED_SIGN_INS)
    merge.run(_OPENED_SIGN_INS)
    merge.run(_NO_SIGN_IN, attribute=mail_attribute)
