"""Who may read and do what, worked out from plain data: none of the product's code is used here.

Written from the guide and the design: an agent acts where a mandate, a delegation in force or a visit lets
them; an account is seen wherever it holds a pupil now; what one school recorded is not told in another.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tests.oracle import world as w
from tests.oracle.world import RESPONSABLE, STUDENT, birth_mark, ine, mark, mobile_mark, room_mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.oracle.world import World

CONSULT, EXPORT, ASSIST = "consult", "export", "assist"
EXPORT_SECRETS, CONFIGURE, READ_JOURNAL = "export secrets", "configure", "read journal"
DELEGATE, APPOINT = "delegate", "appoint"
OF_DEPUTY = {CONSULT, EXPORT, ASSIST, EXPORT_SECRETS, CONFIGURE, READ_JOURNAL}
OF_PROFILE = {
    "CONSULT": {CONSULT, EXPORT},
    "ASSIST": {CONSULT, EXPORT, ASSIST},
    "MANAGE": {CONSULT, EXPORT, ASSIST, EXPORT_SECRETS},
}
OF_POPULATION = {"STUDENTS": {STUDENT}, "RESPONSABLES": {RESPONSABLE}, "BOTH": {STUDENT, RESPONSABLE}}
ZONES = {"24": ZoneInfo("Europe/Paris"), "28": ZoneInfo("Indian/Reunion")}
PASSWORDS_PRINTED = {"": "", "live": "provisoire", "dead": "expiré", "chosen": "******", "none": "–"}
STATES = ["NOT_NOTIFIED", "NOTIFIED", "ACTIVATING", "ACTIVE"]


@dataclass(frozen=True)
class Row:
    """A pupil and who holds an account for them: the responsable's record, or none for the pupil's own."""

    account: int
    pupil: int
    record: int | None


@dataclass(frozen=True)
class Act:
    """A line of the journal: by whom, and on which account, if the reader sees it."""

    agent: int
    account: int | None = None


class Oracle:
    def __init__(self, world: World, now: datetime | None = None) -> None:
        self.world = world
        self.now = now or world.now

    # What an agent may do.

    def rights(self, agent: int, school: int) -> dict[str, set[str]]:
        """By population; empty when the establishment does not exist for the agent."""
        place = self.world.schools[school]
        found: dict[str, set[str]] = {}
        if place.is_offered and self.world.agents[agent].is_active:
            for population, rights in self._granted(agent, school):
                found.setdefault(population, set()).update(rights)
        if place.degree == 1:
            found.pop(STUDENT, None)
        return found

    def _granted(self, agent: int, school: int) -> Iterable[tuple[str, set[str]]]:
        both = (STUDENT, RESPONSABLE)
        here = (agent, school)
        for mandate in self.world.mandates:
            if (mandate.agent, mandate.school) == here and not mandate.is_ended:
                yield from ((population, _of_mandate(mandate)) for population in both)
        day = self.day_in(school)
        for each in self.world.delegations:
            is_open = each.first_day <= day and self._is_open(each)
            if (each.agent, each.school) == here and is_open:
                yield from ((p, OF_PROFILE[each.profile]) for p in OF_POPULATION[each.population])
        if self._visits(agent, school):
            yield from ((population, {CONSULT}) for population in both)

    def _is_open(self, delegation: w.Delegation) -> bool:
        """In force or to come: of the federation, or of a granter who may still delegate there."""
        day, granter = self.day_in(delegation.school), delegation.granted_by
        is_over = delegation.is_ended or (delegation.last_day is not None and delegation.last_day < day)
        return not is_over and (granter is None or self._may_grant(granter, delegation.school))

    def _may_grant(self, agent: int, school: int) -> bool:
        return any(DELEGATE in _of_mandate(m) for m in self._mandates_at(school) if m.agent == agent)

    def _mandates_at(self, school: int) -> list[w.Mandate]:
        return [m for m in self.world.mandates if m.school == school and not m.is_ended]

    def _visits(self, agent: int, school: int) -> bool:
        academy = self.world.schools[school].academy
        helps = any(r.agent == agent and r.academy == academy and not r.is_ended for r in self.world.roles)
        visits = self.world.visits
        return helps and any((v.agent, v.school) == (agent, school) and not v.is_over for v in visits)

    def day_in(self, school: int) -> date:
        return self.now.astimezone(ZONES[self.world.schools[school].academy]).date()

    def offered_to(self, agent: int) -> set[int]:
        return {school for school in range(len(self.world.schools)) if self.rights(agent, school)}

    def may(self, agent: int, school: int, right: str, population: str) -> bool:
        return right in self.rights(agent, school).get(population, set())

    def has(self, agent: int, school: int, right: str) -> bool:
        return any(right in rights for rights in self.rights(agent, school).values())

    def status_of(self, agent: int, school: int, right: str) -> int:
        """Of a page of the whole establishment, which asks for a right."""
        if not self.rights(agent, school):
            return 404
        return 200 if self.has(agent, school, right) else 403

    def status(self, agent: int, school: int, population: str, right: str, *, done: int = 200) -> int:
        """Of a request on what concerns one population: unseen is 404, forbidden is 403."""
        rights = self.rights(agent, school)
        if population not in rights:
            return 404
        return done if right in rights[population] else 403

    # Which accounts are where.

    def rows(self, school: int, population: str) -> list[Row]:
        """The rows of a list: pupils present whom accounts of the population hold now."""
        return [row for row in self._held(population) if self.world.pupils[row.pupil].school == school]

    def _held(self, population: str) -> Iterable[Row]:
        for number, account in enumerate(self.world.accounts):
            if account.kind == population and not account.is_closed:
                yield from self.held_by(number)

    def held_by(self, number: int) -> list[Row]:
        account = self.world.accounts[number]
        if account.kind == STUDENT:
            held = [Row(number, pupil, None) for pupil in account.sources]
            return [row for row in held if not self.world.pupils[row.pupil].has_left]
        return [
            Row(number, link.pupil, link.record)
            for link in self.world.links
            if link.record in account.sources and link.is_legal and not link.is_ended
            if self._opens(link.pupil)
        ]

    def _opens(self, pupil: int) -> bool:
        return not self.world.pupils[pupil].has_left and self.world.pupils[pupil].is_eligible

    def accounts(self, school: int, population: str) -> set[int]:
        return {row.account for row in self.rows(school, population)}

    def seen(self, agent: int, school: int) -> set[int]:
        """Every account the agent sees there, of all populations."""
        return {a for population in self.rights(agent, school) for a in self.accounts(school, population)}

    def states(self, accounts: Iterable[int]) -> Counter[str]:
        return Counter(self.world.accounts[account].state for account in accounts)

    # What each page may say.

    def frame(self, agent: int, school: int) -> set[str]:
        """Around every page: who signed in, and where."""
        reasons = self._reasons(school) if self._visits(agent, school) else set()
        return {mark(w.AGENT, agent), mark(w.SCHOOL, school)} | reasons

    def pupil(self, number: int) -> set[str]:
        return {mark(w.PUPIL_SURNAME, number), mark(w.PUPIL_GIVEN_NAME, number)}

    def record(self, number: int) -> set[str]:
        return {mark(w.SURNAME, number), mark(w.GIVEN_NAME, number)}

    def room_of(self, number: int) -> set[str]:
        pupil = self.world.pupils[number]
        return set() if pupil.room is None else {room_mark(pupil.school, pupil.room)}

    def rooms(self, school: int) -> set[str]:
        return {room_mark(school, room) for room in range(self.world.schools[school].rooms)}

    def account(self, number: int) -> set[str]:
        return {mark(w.IDENTIFIER, number), f"account {number}"}

    def row(self, row: Row) -> frozenset[str]:
        """The marks of a line of a list."""
        holder = self.record(row.record) if row.record is not None else set()
        return frozenset(self.pupil(row.pupil) | self.room_of(row.pupil) | holder | self.account(row.account))

    def holders(self, number: int, school: int) -> set[str]:
        """The names an account goes by in a school."""
        here = self._of_school(number, school)
        if self.world.accounts[number].kind == STUDENT:
            return {m for row in here for m in self.pupil(row.pupil)}
        return {m for row in here for m in self.record(row.record)}

    def _of_school(self, number: int, school: int) -> list[Row]:
        population = self.world.accounts[number].kind
        return [row for row in self.rows(school, population) if row.account == number]

    def page_of(self, number: int, school: int) -> tuple[set[str], set[str]]:
        """What the page of an account must say in a school, and what it may say besides."""
        account = self.world.accounts[number]
        must = {mark(w.IDENTIFIER, number)}
        for row in self.held_by(number):
            must |= self._child(row.pupil, school)
        for record in self.records_here(number, school):
            must |= self._contacts(record)
        key = w.PUPIL_KEY if account.kind == STUDENT else w.RECORD_KEY
        must |= {mark(key, source) for source in account.sources}
        must |= self._validated(number)
        must |= {
            mark(w.AGENT, d.agent) for d in self.world.deeds if (d.account, d.school) == (number, school)
        }
        mails = [
            m for m, mail in enumerate(self.world.mails) if (mail.account, mail.school) == (number, school)
        ]
        must |= {mark(w.MAILED_TO, mails[-1])} if mails else set()
        return must, self.holders(number, school) | self._to_correct(number, school) | {f"account {number}"}

    def letter_to(self, number: int, school: int) -> set[str]:
        """What a sheet or mail of a school may tell: the family's own children, wherever they are, and the
        names and address of the school's own records."""
        told = {mark(w.IDENTIFIER, number), mark(w.SECRET, number)} | self.holders(number, school)
        for row in self.held_by(number):
            where = mark(w.SCHOOL, self.world.pupils[row.pupil].school)
            told |= self.pupil(row.pupil) | self.room_of(row.pupil) | {where}
        return told | {mark(w.ADDRESS, record) for record in self.records_here(number, school)}

    def _to_correct(self, number: int, school: int) -> set[str]:
        """The pupils of the school, present or not, of whom something keeps this family out."""
        records = self.records_here(number, school)
        links = (link for link in self.world.links if link.is_legal and not link.is_ended)
        named = {link.pupil for link in links if link.record in records} & set(self.world.issues)
        return {m for p in named if self.world.pupils[p].school == school for m in self.pupil(p)}

    def issues(self, agent: int, school: int, right: str) -> list[int]:
        """The pupils of whom « À traiter » tells; those of an école go with who answers for them."""
        population = STUDENT if self.world.schools[school].degree == 2 else RESPONSABLE
        if not self.may(agent, school, right, population):
            return []
        return [pupil for pupil in self.world.issues if self.world.pupils[pupil].school == school]

    def issue(self, pupil: int, school: int) -> frozenset[str]:
        """A line: the pupil, what is written, the class while they are there, the page of their account."""
        told = self.pupil(pupil) | {birth_mark(pupil)}
        told |= set() if self.world.pupils[pupil].has_left else self.room_of(pupil)
        own = {row.account for row in self.rows(school, STUDENT) if row.pupil == pupil}
        return frozenset(told | {f"account {account}" for account in own})

    def _child(self, pupil: int, school: int) -> set[str]:
        where = self.world.pupils[pupil].school
        found = self.pupil(pupil) | self.room_of(pupil) | {birth_mark(pupil), ine(pupil)}
        return found if where == school else found | {mark(w.SCHOOL, where)}

    def records_here(self, number: int, school: int) -> set[int]:
        return {row.record for row in self._of_school(number, school) if row.record is not None}

    def _contacts(self, record: int) -> set[str]:
        known = self.world.records[record]
        found = {mark(w.ADDRESS, record)}
        found |= {mark(w.MAIL, record)} if known.has_mail else set()
        return found | ({mobile_mark(record)} if known.has_mobile else set())

    def _validated(self, number: int) -> set[str]:
        account = self.world.accounts[number]
        found = {mark(w.VALIDATED_MAIL, number)} if account.has_validated_mail else set()
        found |= {mark(w.PENDING_MAIL, number)} if account.state == "ACTIVATING" else set()
        return found | ({mobile_mark(w.VALIDATED_MOBILE + number)} if account.has_validated_mobile else set())

    def assisted(self, number: int, school: int) -> set[str]:
        """What helping a family may say besides: the pupils of the school that its records ever named."""
        records = self.records_here(number, school)
        named = {link.pupil for link in self.world.links if link.record in records}
        here = {pupil for pupil in named if self.world.pupils[pupil].school == school}
        return {m for pupil in here for m in self.pupil(pupil)}

    def shows_secret(self, agent: int, school: int, number: int) -> bool:
        account = self.world.accounts[number]
        return account.password == "live" and self.may(agent, school, ASSIST, account.kind)

    # Bulk actions.

    def operations(self, agent: int, school: int) -> set[int]:
        """Those of the school, on a population the agent sees; a draft is its author's alone."""
        rights = self.rights(agent, school)
        return {
            number
            for number, each in enumerate(self.world.operations)
            if each.school == school and each.population in rights
            if each.status != "DRAFT" or each.agent == agent
        }

    def document_status(self, agent: int, number: int) -> int:
        operation = self.world.operations[number]
        if number not in self.operations(agent, operation.school):
            return 404
        right = EXPORT if operation.kind == "LIST" else ASSIST
        if operation.kind == "LIST" and operation.with_secrets:
            right = EXPORT_SECRETS
        if not self.may(agent, operation.school, right, operation.population):
            return 403
        return 200 if operation.has_document else 404

    def told_of_operation(self, number: int) -> set[str]:
        """The page of an operation names its author, and its accounts which the school still holds."""
        operation = self.world.operations[number]
        held = self.accounts(operation.school, operation.population) & set(operation.accounts)
        named = {m for a in held for m in self.holders(a, operation.school) | self.account(a)}
        return named | {mark(w.AGENT, operation.agent), f"operation {number}"}

    def acted_on(self, school: int, population: str, chosen: Iterable[int]) -> set[int]:
        """What is left of a selection: the accounts of the population which the school holds."""
        return self.accounts(school, population) & set(chosen)

    # Finding.

    def found(self, agent: int, school: int, letter: str, number: int) -> set[int]:
        """The accounts that a mark searched for finds, for who helps a family."""
        seen = {population: self.rows(school, population) for population in self.rights(agent, school)}
        rows = [row for each in seen.values() for row in each]
        if letter in (w.PUPIL_SURNAME, "ine"):
            return {row.account for row in rows if row.pupil == number}
        if letter in (w.SURNAME, w.MAIL, "mobile"):
            known = self.world.records[number]
            if (letter == w.MAIL and not known.has_mail) or (letter == "mobile" and not known.has_mobile):
                return set()
            return {row.account for row in rows if row.record == number}
        return {row.account for row in rows if row.account == number}

    def told_in_search(self, agent: int, school: int, accounts: set[int]) -> set[str]:
        """The families found, with their pupils of the school; pupils whom no account holds, by name."""
        told = set()
        for population in self.rights(agent, school):
            for row in self.rows(school, population):
                told |= self.row(row) if row.account in accounts else set()
        if self.may(agent, school, CONSULT, RESPONSABLE):
            held = {row.pupil for row in self.rows(school, RESPONSABLE)}
            for number, pupil in enumerate(self.world.pupils):
                if pupil.school == school and not pupil.has_left and number not in held:
                    told |= self.pupil(number) | self.room_of(number)
        return told

    def has_mail(self, row: Row) -> bool:
        known = row.record is not None and self.world.records[row.record].has_mail
        return known or self.world.accounts[row.account].has_validated_mail

    def has_mobile(self, row: Row) -> bool:
        known = row.record is not None and self.world.records[row.record].has_mobile
        return known or self.world.accounts[row.account].has_validated_mobile

    # Home.

    def told_at_home(self, agent: int, school: int) -> set[str]:
        """The last acts and operations: by whom, and on which account that the agent still sees."""
        told = {f"operation {number}" for number in self.operations(agent, school)}
        told |= {mark(w.AGENT, self.world.operations[n].agent) for n in self.operations(agent, school)}
        seen = self.seen(agent, school)
        for deed in self.world.deeds:
            if deed.school == school and deed.account in seen:
                told |= {mark(w.AGENT, deed.agent)} | self.account(deed.account)
        return told | self._reasons(school)

    def _reasons(self, school: int) -> set[str]:
        return {mark(w.REASON, n) for n, visit in enumerate(self.world.visits) if visit.school == school}

    # Who directs: the journal, the delegations, the visits.

    def journal(self, agent: int, school: int, *, with_details: bool) -> Counter[Act]:
        """What was done in the establishment; an account is named while the reader sees it there."""
        seen = self.seen(agent, school)
        told = Counter(
            Act(deed.agent, deed.account if deed.account in seen else None)
            for deed in self.world.deeds
            if deed.school == school and (with_details or not deed.in_bulk)
        )
        return told + Counter(Act(each) for each in self._signed_in(school))

    def _signed_in(self, school: int) -> set[int]:
        """Who signed in, two hours ago, while they directed the establishment or had a delegation there."""
        at = self.now - timedelta(hours=2)
        day = at.astimezone(ZONES[self.world.schools[school].academy]).date()
        directed = {m.agent for m in self.world.mandates if m.school == school}
        return directed | {
            d.agent
            for d in self.world.delegations
            if d.school == school and d.first_day <= day and (d.last_day is None or day <= d.last_day)
        }

    def acts_on(self, school: int, account: int) -> Counter[Act]:
        """The journal of one account the reader sees."""
        found = (d for d in self.world.deeds if (d.school, d.account) == (school, account))
        return Counter(Act(deed.agent, account) for deed in found)

    def known_agents(self, school: int) -> set[int]:
        """Who has ever directed the establishment, or had a delegation there."""
        held = [*self.world.mandates, *self.world.delegations]
        return {each.agent for each in held if each.school == school}

    def visitors(self, school: int) -> set[int]:
        return {visit.agent for visit in self.world.visits if visit.school == school}

    def visits_to(self, school: int) -> Counter[frozenset[str]]:
        return Counter(
            frozenset({mark(w.AGENT, visit.agent), mark(w.REASON, n)})
            for n, visit in enumerate(self.world.visits)
            if visit.school == school
        )

    def directing(self, school: int) -> set[int]:
        return {m.agent for m in self._mandates_at(school)}

    def deputies(self, school: int) -> set[int]:
        """Those who do not direct the establishment besides."""
        held = self._mandates_at(school)
        return {m.agent for m in held} - {m.agent for m in held if m.role == "DIRECTOR"}

    def open_delegations(self, school: int) -> Counter[frozenset[str]]:
        """In force or to come, each with its granter."""
        return Counter(
            frozenset(mark(w.AGENT, a) for a in (d.agent, d.granted_by) if a is not None)
            for d in self.world.delegations
            if d.school == school and self._is_open(d)
        )

    def told_of_delegations(self, school: int) -> set[str]:
        granters = {d.granted_by for d in self.world.delegations if d.school == school}
        told = self.known_agents(school) | (granters - {None})
        return {mark(w.AGENT, agent) for agent in told if agent is not None}

    def change_status(self, agent: int, school: int, delegation: int) -> int:
        """Of the page which changes a delegation: those of the school alone, not over, granted by hand.

        One whose granter may delegate no more opens nothing, but can be taken over.
        """
        status = self.status_of(agent, school, DELEGATE)
        each, day = self.world.delegations[delegation], self.day_in(school)
        is_over = each.is_ended or (each.last_day is not None and each.last_day < day)
        is_there = each.school == school and each.granted_by is not None and not is_over
        return status if status != 200 or is_there else 404

    def deputy_status(self, agent: int, school: int, deputy: int) -> int:
        status = self.status_of(agent, school, APPOINT)
        return status if status != 200 or deputy in self.deputies(school) else 404

    def may_find(self, school: int, agent: int, *, by_address: bool) -> bool:
        """Whom one may delegate to: by name the people of the school alone, by whole address anyone."""
        return self.world.agents[agent].is_active and (by_address or agent in self.known_agents(school))

    # The assistance of an académie.

    def assists(self, agent: int) -> bool:
        return any(r.agent == agent and not r.is_ended for r in self.world.roles)

    def may_assist(self, agent: int, school: int) -> bool:
        place = self.world.schools[school]
        roles = (r.academy for r in self.world.roles if r.agent == agent and not r.is_ended)
        return place.is_offered and place.academy in roles

    def assisted_by(self, agent: int) -> set[str]:
        schools = range(len(self.world.schools))
        return {mark(w.SCHOOL, school) for school in schools if self.may_assist(agent, school)}

    def listed_password(self, agent: int, school: int, number: int) -> str:
        """What a list made to bear passwords prints of that of an account."""
        account = self.world.accounts[number]
        if account.password == "live" and self.may(agent, school, EXPORT_SECRETS, account.kind):
            return mark(w.SECRET, number)
        return PASSWORDS_PRINTED[account.password]


def _of_mandate(mandate: w.Mandate) -> set[str]:
    """A director does all; a deputy delegates where a director lets them, and lets nobody."""
    if mandate.role == "DIRECTOR":
        return OF_DEPUTY | {DELEGATE, APPOINT}
    return OF_DEPUTY | ({DELEGATE} if mandate.may_delegate else set())
