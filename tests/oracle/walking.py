"""Walks the console as one agent in one establishment and compares every answer with the oracle's."""

from __future__ import annotations

import csv
import re
from collections import Counter
from io import StringIO
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils.http import urlencode

from accounts import exports
from accounts.models import Operation
from establishments.kept_forms import session_ended
from tests.oracle import world as w
from tests.oracle.reading import number, text_of
from tests.oracle.rules import (
    ASSIST,
    CONFIGURE,
    CONSULT,
    DELEGATE,
    EXPORT,
    EXPORT_SECRETS,
    READ_JOURNAL,
    STATES,
    Act,
)
from tests.oracle.world import RESPONSABLE, STUDENT, mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.http import HttpResponse

    from tests.oracle.planting import Planted
    from tests.oracle.reading import Reader
    from tests.oracle.rules import Oracle, Row

Names = frozenset[str]

LISTS = {RESPONSABLE: "responsable_list", STUDENT: "student_list"}
EXPORTED = "Journal exporté"
LABELS = {RESPONSABLE: "Responsable", STUDENT: "Élève"}
PLACES = (
    "the_door",
    "home",
    "lists",
    "filters",
    "account_pages",
    "to_correct",
    "passwords",
    "drafts",
    "operations",
    "documents",
    "statistics",
    "searches",
    "exported_lists",
    "journal",
    "exported_journal",
    "delegations",
    "delegates",
    "visits",
    "academy",
    "oneself",
    "kept_form",
)
# Where it is enough to look in an establishment which does not exist for the agent.
SHUT_PLACES = (
    "the_door",
    "lists",
    "account_pages",
    "to_correct",
    "passwords",
    "drafts",
    "operations",
    "documents",
    "journal",
    "delegations",
    "delegates",
    "visits",
    "academy",
    "oneself",
    "kept_form",
)
PAGES = ("establishment", "assistance", "operation_list", "statistics")


def signed_in(agent: Any) -> Client:
    """A browser in which the agent is signed in."""
    client = Client(raise_request_exception=True)
    client.force_login(agent)
    return client


class Walk:
    """Each of PLACES is a method, which looks at one place of the console."""

    def __init__(
        self,
        oracle: Oracle,
        planted: Planted,
        reader: Reader,
        agent: int,
        school: int,
        client: Client | None = None,
    ) -> None:
        self.oracle, self.planted, self.reader = oracle, planted, reader
        self.agent, self.school = agent, school
        self.world = oracle.world
        self.uai = planted.schools[school].uai
        self.rights = oracle.rights(agent, school)
        self.client = client or signed_in(planted.agents[agent])
        self.frame = oracle.frame(agent, school)

    def look(self, place: str) -> None:
        """At one of PLACES; what it made or recorded is undone."""
        with transaction.atomic():
            getattr(self, place)()
            transaction.set_rollback(True)

    # Asking.

    def get(self, name: str, *keys: int, **query: Any) -> HttpResponse:
        return self.client.get(
            self._address(name, keys) + ("?" + urlencode(query, doseq=True) if query else "")
        )

    def post(self, name: str, *keys: int, **data: Any) -> HttpResponse:
        return self.client.post(self._address(name, keys), data)

    def _address(self, name: str, keys: Iterable[int]) -> str:
        return reverse(name, args=[self.uai, *keys])

    def check_status(self, answer: HttpResponse, expected: int) -> bool:
        """Whether there is more to check: the page was due, and came."""
        assert answer.status_code == expected, f"{self._who} {answer.request['PATH_INFO']}"
        if expected in (403, 404):
            self.check_says(answer, set())
        return expected == 200

    def check_says(self, answer: HttpResponse, allowed: set[str], required: Iterable[str] = ()) -> None:
        found = self.reader.marks(answer)
        where = f"{self._who} {answer.request['PATH_INFO']}?{answer.request['QUERY_STRING']}"
        too_much = found - allowed - self.frame
        assert not too_much, f"{where} tells {sorted(too_much)}"
        missing = set(required) - found
        assert not missing, f"{where} lacks {sorted(missing)}"

    @property
    def _who(self) -> str:
        return f"agent {self.agent} in school {self.school}:"

    # Looking.

    def the_door(self) -> None:
        expected = 200 if self.rights else 404
        for name in PAGES:
            self.check_status(self.get(name), expected)
        self.check_status(
            self.get("establishment_settings"), self.oracle.status_of(self.agent, self.school, CONFIGURE)
        )

    def home(self) -> None:
        if not self.rights:
            return
        answer = self.get("establishment")
        self.check_says(answer, self.oracle.told_at_home(self.agent, self.school))
        text = text_of(answer)
        held = {p: self.oracle.accounts(self.school, p) for p in self.rights}
        shown = set(re.findall(r'id="standing-([a-z]+)"', text))
        assert shown == ({p.lower() for p in self.rights} if any(held.values()) else set()), self._who
        for population in self.rights if any(held.values()) else ():
            [section] = re.findall(
                rf'aria-labelledby="standing-{population.lower()}">(.*?)</section>', text, re.DOTALL
            )
            counts = {
                state: number(strong)
                for state, strong in re.findall(
                    r'etat=([A-Z_]+)">.*?<strong>(.*?)</strong>', section, re.DOTALL
                )
            }
            states = self.oracle.states(held[population])
            assert counts == {state: states[state] for state in STATES}, self._who
            assert number(re.findall(r"(\S+) compte", section)[0].split(">")[-1]) == len(held[population])

    def lists(self) -> None:
        for population, name in LISTS.items():
            status = self.oracle.status(self.agent, self.school, population, CONSULT)
            answer = self.get(name)
            if not self.check_status(answer, status):
                continue
            expected = Counter(map(self.oracle.row, self.oracle.rows(self.school, population)))
            found: Counter[frozenset[str]] = Counter()
            for page in self._pages(answer, name):
                allowed = {m for row in expected for m in row} | self.oracle.rooms(self.school)
                self.check_says(page, allowed)
                found += self.reader.rows(page)
            assert found == expected, f"{self._who} {name}"
            accounts, rows = self._totals(answer)
            held = self.oracle.accounts(self.school, population)
            assert (accounts, rows) == (len(held), expected.total()), f"{self._who} {name}"

    def _pages(self, answer: HttpResponse, name: str) -> Iterator[HttpResponse]:
        """Each page of a list, the first given; from the whole page then by fragments, as htmx asks."""
        yield answer
        for page in range(2, answer.context["page"].paginator.num_pages + 1):
            yield self.client.get(f"{self._address(name, ())}?page={page}", headers={"HX-Request": "true"})

    @staticmethod
    def _totals(answer: HttpResponse) -> tuple[int, int]:
        found = re.findall(r"<strong>(\S+) comptes?</strong>, (\S+) lignes?", text_of(answer))
        return (number(found[0][0]), number(found[0][1])) if found else (0, 0)

    def filters(self) -> None:
        """What a selection of the whole search takes, under each kind of filter."""
        for population in LISTS:
            status = self.oracle.status(self.agent, self.school, population, EXPORT)
            rows = self.oracle.rows(self.school, population)
            for query, kept in self._filters(rows):
                path = "eleves" if population == STUDENT else "responsables"
                address = f"/etablissements/{self.uai}/{path}/selection/?{urlencode(query)}"
                answer = self.client.get(address)
                due = {row.account for row in kept}
                assert answer.status_code == (status if status != 200 or due else 422), (
                    f"{self._who} {address}"
                )
                if answer.status_code == 200:
                    assert self.reader.accounts(answer.json()["accounts"]) == due, f"{self._who} {address}"

    def _filters(self, rows: list[Row]) -> Iterator[tuple[dict[str, str], list[Row]]]:
        yield {}, rows
        for state in ("NOTIFIED", "ACTIVE"):
            yield {"etat": state}, [r for r in rows if self.world.accounts[r.account].state == state]
        yield {"mail": "avec"}, [r for r in rows if self.oracle.has_mail(r)]
        yield {"mobile": "sans"}, [r for r in rows if not self.oracle.has_mobile(r)]
        room = self.planted.rooms[self.school][0]
        yield {"classe": str(room.pk)}, [r for r in rows if self.world.pupils[r.pupil].room == 0]
        yield {"q": mark(w.SURNAME, 0)}, [r for r in rows if r.record == 0]
        yield {"q": mark(w.PUPIL_SURNAME, 0)}, [r for r in rows if r.pupil == 0]

    def to_correct(self) -> None:
        """« À traiter », the list taken away from it, and what the nights changed (nothing here)."""
        status = self.oracle.status_of(self.agent, self.school, CONSULT)
        answer = self.get("updates")
        if self.check_status(answer, status):
            self.check_says(answer, set())
        answer = self.get("issues")
        if self.check_status(answer, status):
            lines = [self.oracle.issue(p, self.school) for p in self._issues(CONSULT)]
            told = {m for line in lines for m in line}
            self.check_says(answer, told | self.oracle.rooms(self.school), told)
            assert self.reader.rows(answer) == Counter(lines), f"{self._who} issues"
        self._exported_issues()

    def _exported_issues(self) -> None:
        due = self._issues(EXPORT)
        status = self.oracle.status_of(self.agent, self.school, EXPORT)
        answer = self.post("issues_export", format="csv")
        if self.check_status(answer, 302 if status == 200 and not due else status):
            told = {m for p in due for m in self.oracle.pupil(p)}
            line = {m for p in due for m in self.oracle.issue(p, self.school)}
            self.check_says(answer, told | line, told)

    def _issues(self, right: str) -> list[int]:
        return self.oracle.issues(self.agent, self.school, right)

    def account_pages(self) -> None:
        seen = self.oracle.seen(self.agent, self.school)
        for account, row in enumerate(self.planted.accounts):
            status = 200 if account in seen else 404
            must, may = self.oracle.page_of(account, self.school)
            answer = self.get("account", row.pk)
            if self.check_status(answer, status):
                may = may | {f"operation {n}" for n in self.oracle.operations(self.agent, self.school)}
                self.check_says(answer, must | may, must)
                signed_elsewhere = any(
                    d.account == account and d.school != self.school for d in self.world.deeds
                )
                assert ("par un autre établissement" in text_of(answer).partition('id="history"')[2]) == (
                    signed_elsewhere
                ), self._who
            if not self.rights:
                continue
            for name in ("account_assistance", "account_escalation"):
                answer = self.get(name, row.pk)
                if self.check_status(answer, status):
                    self.check_says(answer, must | may | self.oracle.assisted(account, self.school))
            self._resend_page(account, status)

    def _resend_page(self, account: int, status: int) -> None:
        known = self.world.accounts[account]
        if status == 200 and not self.oracle.may(self.agent, self.school, ASSIST, known.kind):
            status = 403
        elif status == 200 and known.state != "ACTIVATING":
            status = 302
        answer = self.get("account_resend", self.planted.accounts[account].pk)
        if self.check_status(answer, status):
            must, may = self.oracle.page_of(account, self.school)
            self.check_says(answer, must | may)

    def passwords(self) -> None:
        seen = self.oracle.seen(self.agent, self.school)
        for account, row in enumerate(self.planted.accounts):
            status = 404
            if account in seen:
                kind = self.world.accounts[account].kind
                status = self.oracle.status(self.agent, self.school, kind, ASSIST)
            answer = self.post("account_password", row.pk)
            if self.check_status(answer, status):
                shows = mark(w.SECRET, account) in self.reader.marks(answer)
                assert shows == self.oracle.shows_secret(self.agent, self.school, account), self._who

    def drafts(self) -> None:
        """A selection of every account of the world: what is elsewhere is left out."""
        everyone = ",".join(str(row.pk) for row in self.planted.accounts)
        for population in LISTS:
            due = self.oracle.acted_on(self.school, population, range(len(self.world.accounts)))
            for action, right in (("reset", ASSIST), ("notify_sheets", ASSIST), ("list_csv", EXPORT)):
                answer = self.post(
                    "operation_create", population=population, action=action, accounts=everyone
                )
                status = self.oracle.status(self.agent, self.school, population, right, done=302)
                self.check_status(answer, status)
                if status == 302:
                    self._check_drafted(answer, due)

    def _check_drafted(self, answer: HttpResponse, due: set[int]) -> None:
        found = re.findall(r"/operations/([0-9]+)/$", answer.url)
        assert bool(found) == bool(due), f"{self._who} {answer.url}"
        if found:
            keys = Operation.objects.get(pk=found[0]).items.values_list("account", flat=True)
            assert self.reader.accounts(keys) == due, self._who
            preview = self.get("operation", int(found[0]))
            allowed = {m for a in due for m in self.oracle.holders(a, self.school) | self.oracle.account(a)}
            self.check_says(preview, allowed)

    def operations(self) -> None:
        visible = self.oracle.operations(self.agent, self.school)
        if self.rights:
            answer = self.get("operation_list")
            authors = {mark(w.AGENT, self.world.operations[n].agent) for n in visible}
            named = {f"operation {n}" for n in visible}
            self.check_says(answer, authors | named, named)
        for operation, row in enumerate(self.planted.operations):
            answer = self.get("operation", row.pk)
            if self.check_status(answer, 200 if operation in visible else 404):
                self.check_says(answer, self.oracle.told_of_operation(operation))

    def documents(self) -> None:
        for operation, row in enumerate(self.planted.operations):
            is_here = self.world.operations[operation].school == self.school
            status = self.oracle.document_status(self.agent, operation) if is_here else 404
            answer = self.get("operation_document", row.pk)
            if self.check_status(answer, status):
                self.check_says(answer, {mark(w.DOCUMENT, operation)}, {mark(w.DOCUMENT, operation)})

    def statistics(self) -> None:
        if not self.rights:
            self.check_status(self.get("statistics_export"), 404)
            return
        for query in ({}, {"par": "classe"}):
            self.check_says(self.get("statistics", **query), self.oracle.rooms(self.school))
        if not any(EXPORT in rights for rights in self.rights.values()):
            self.check_status(self.get("statistics_export"), 403)
            return
        held = {LABELS[p]: self.oracle.accounts(self.school, p) for p in self.rights}
        _, *lines = _cells(self.get("statistics_export"))
        totals = {label: figures for label, what, *figures in lines if what == "Total"}
        assert totals == {label: self._figures(each) for label, each in held.items()}, self._who
        _, *lines = _cells(self.get("statistics_export", par="classe"))
        found = {(label, what): figures for label, what, *figures in lines}
        assert found == self._spread(), self._who

    def _figures(self, accounts: Iterable[int]) -> list[str]:
        accounts = set(accounts)
        states = self.oracle.states(accounts)
        return [str(len(accounts)), *(str(states[state]) for state in STATES)]

    def _spread(self) -> dict[tuple[str, str], list[str]]:
        due: dict[tuple[str, str], set[int]] = {}
        for population in self.rights:
            label = LABELS[population]
            due[label, "Comptes distincts"] = self.oracle.accounts(self.school, population)
            for row in self.oracle.rows(self.school, population):
                [room] = self.oracle.room_of(row.pupil) or {"Sans classe"}
                due.setdefault((label, room), set()).add(row.account)
        return {key: self._figures(accounts) for key, accounts in due.items()}

    def searches(self) -> None:
        """Each person of the world is looked for in every way a family may say who they are."""
        for query, letter, person in self._queries():
            answer = self.get("assistance", q=query)
            if not self.check_status(answer, 200 if self.rights else 404):
                return
            due = self.oracle.found(self.agent, self.school, letter, person)
            found = {int(m.split()[1]) for m in self.reader.marks(answer) if m.startswith("account ")}
            assert found == due, f"{self._who} assistance q={query}"
            told = self.oracle.told_in_search(self.agent, self.school, due)
            self.check_says(answer, told | self.reader.marks_of(query))

    def _queries(self) -> Iterator[tuple[str, str, int]]:
        for pupil in range(len(self.world.pupils)):
            yield mark(w.PUPIL_SURNAME, pupil), w.PUPIL_SURNAME, pupil
            yield w.ine(pupil), "ine", pupil
        for record in range(len(self.world.records)):
            yield mark(w.SURNAME, record), w.SURNAME, record
            yield f"{mark(w.MAIL, record).lower()}@example.org", w.MAIL, record
            yield w.mobile(record), "mobile", record
        for account in range(len(self.world.accounts)):
            yield f"x.{mark(w.IDENTIFIER, account).lower()}", w.IDENTIFIER, account

    def exported_lists(self) -> None:
        """A list of everyone as CSV, with the passwords for who may export them."""
        for population in self.rights:
            rows = self.oracle.rows(self.school, population)
            if not rows or not self.oracle.may(self.agent, self.school, EXPORT, population):
                continue
            answer = self.post(
                "operation_create", population=population, action="list_csv", scope="filter", filter=""
            )
            [pk] = map(int, re.findall(r"/operations/([0-9]+)/$", answer.url))
            self.post("operation_confirm", pk, format="csv")
            exports.make_list(pk)
            answer = self.get("operation_document", pk)
            assert answer.status_code == 200, self._who
            has_secrets = Operation.objects.get(pk=pk).options["with_secrets"]
            assert has_secrets == self.oracle.may(self.agent, self.school, EXPORT_SECRETS, population)
            header, *lines = _cells(answer)
            at = header.index("Mot de passe")
            found = Counter((frozenset(self._names(line)), line[at]) for line in lines)
            assert found == Counter(map(self._listed, rows)), f"{self._who} list of {population}"

    def _names(self, line: list[str]) -> set[str]:
        letters = {w.SECRET, w.SCHOOL}
        return {m for m in self.reader.marks_of(";".join(line)) if m[2] not in letters}

    def _listed(self, row: Row) -> tuple[frozenset[str], str]:
        names = self.oracle.row(row) - {f"account {row.account}"}
        return names, self.oracle.listed_password(self.agent, self.school, row.account)

    def journal(self) -> None:
        status = self.oracle.status_of(self.agent, self.school, READ_JOURNAL)
        agents = self._marks_of(self.oracle.known_agents(self.school) | self.oracle.visitors(self.school))
        for detail in ("", "on"):
            answer = self.get("journal", detail=detail)
            if self.check_status(answer, status):
                due = self.oracle.journal(self.agent, self.school, with_details=bool(detail))
                self._check_acts(self.reader.rows(answer), due)
                self.check_says(answer, agents | {m for act in due for m in self._told_of(act)})
        seen = self.oracle.seen(self.agent, self.school)
        for account in range(len(self.world.accounts)) if status == 200 else ():
            answer = self.get("journal", compte=f"x.{mark(w.IDENTIFIER, account).lower()}")
            due = self.oracle.acts_on(self.school, account) if account in seen else Counter()
            self._check_acts(self.reader.rows(answer), due)

    def _check_acts(self, found: Counter[Names], due: Counter[Act]) -> None:
        """Each line bears its agent and its account, and no name but those the account goes by here."""
        acts: Counter[Act] = Counter()
        for marks, times in found.items():
            act = self._act_of(marks)
            if act is None:
                continue
            too_much = marks - self._told_of(act)
            assert not too_much, f"{self._who} a line of the journal tells {sorted(too_much)}"
            acts[act] += times
        assert acts == due, f"{self._who} journal"

    def _act_of(self, marks: Names) -> Act | None:
        """None for the line of a day, which bears no mark."""
        agents = [n for n in range(len(self.world.agents)) if mark(w.AGENT, n) in marks]
        accounts = [n for n in range(len(self.world.accounts)) if mark(w.IDENTIFIER, n) in marks]
        assert max(len(agents), len(accounts)) < 2, f"{self._who} {sorted(marks)}"
        return Act(agents[0], accounts[0] if accounts else None) if agents else None

    def _told_of(self, act: Act) -> set[str]:
        told = {mark(w.AGENT, act.agent)}
        if act.account is None:
            return told
        return told | self.oracle.account(act.account) | self.oracle.holders(act.account, self.school)

    @staticmethod
    def _marks_of(agents: Iterable[int]) -> set[str]:
        return {mark(w.AGENT, agent) for agent in agents}

    def exported_journal(self) -> None:
        status = self.oracle.status_of(self.agent, self.school, READ_JOURNAL)
        for detail in ("", "on"):
            answer = self.post("journal_export", detail=detail)
            if self.check_status(answer, status):
                _, *lines = csv.reader(StringIO(b"".join(answer).decode("utf-8-sig")), delimiter=";")
                # The line of the export before this one is told too.
                found = Counter(
                    frozenset(self.reader.marks_of(";".join(line))) for line in lines if line[3] != EXPORTED
                )
                due = self.oracle.journal(self.agent, self.school, with_details=bool(detail))
                self._check_acts(found, due)

    def delegations(self) -> None:
        answer = self.get("delegations")
        if self.check_status(answer, self.oracle.status_of(self.agent, self.school, DELEGATE)):
            tables = self.reader.tables(answer)
            directing = Counter(frozenset({m}) for m in self._marks_of(self.oracle.directing(self.school)))
            assert self._agents_in(tables, "Direction") == directing, f"{self._who} delegations"
            due = self.oracle.open_delegations(self.school)
            assert self._agents_in(tables, "en cours ou à venir") == due, f"{self._who} delegations"
            self.check_says(answer, self.oracle.told_of_delegations(self.school))
        for delegation, row in enumerate(self.planted.delegations):
            if not self.rights and self.world.delegations[delegation].school != self.school:
                continue
            due_status = self.oracle.change_status(self.agent, self.school, delegation)
            told = self.oracle.told_of_delegations(self.school) if due_status == 200 else set()
            for name in ("delegation_change", "delegation_end"):
                answer = self.get(name, row.pk)
                if self.check_status(answer, due_status):
                    self.check_says(answer, told)
        for agent, each in enumerate(self.planted.agents if self.rights else ()):
            answer = self.get("deputy", each.pk)
            if self.check_status(answer, self.oracle.deputy_status(self.agent, self.school, agent)):
                self.check_says(answer, self.oracle.told_of_delegations(self.school))

    @staticmethod
    def _agents_in(tables: dict[str, Counter[Names]], caption: str) -> Counter[Names]:
        return sum((rows for name, rows in tables.items() if caption in name), Counter())

    def delegates(self) -> None:
        """Every agent of the world is looked for, by name and by address."""
        status = self.oracle.status_of(self.agent, self.school, DELEGATE)
        for agent in range(len(self.world.agents)):
            address = f"{mark(w.AGENT_MAIL, agent).lower()}@example.org"
            for query in (mark(w.AGENT, agent), address, address[:-1], "xq"):
                answer = self.get("delegation_search", q=query)
                if not self.check_status(answer, status):
                    return
                found = {m for m in self.reader.marks_of(_results(answer)) if m[2] == w.AGENT}
                assert found == self._marks_of(self._to_delegate_to(query, agent)), f"{self._who} q={query}"

    def _to_delegate_to(self, query: str, agent: int) -> set[int]:
        if query == "xq":
            agents = range(len(self.world.agents))
            return {a for a in agents if self.oracle.may_find(self.school, a, by_address=False)}
        is_whole, is_name = query.endswith("@example.org"), "@" not in query
        is_found = self.oracle.may_find(self.school, agent, by_address=is_whole)
        return {agent} if is_found and (is_whole or is_name) else set()

    def visits(self) -> None:
        answer = self.get("visit_list")
        if self.check_status(answer, self.oracle.status_of(self.agent, self.school, CONFIGURE)):
            due = self.oracle.visits_to(self.school)
            assert self.reader.rows(answer) == due, f"{self._who} consultations"
            self.check_says(answer, {m for row in due for m in row})

    def academy(self) -> None:
        """The assistance finds the establishments of its own académies, and comes in nowhere else."""
        name = mark(w.SCHOOL, self.school)
        answer = self.client.get(reverse("assistance_home"), {"q": name})
        if self.check_status(answer, 200 if self.oracle.assists(self.agent) else 404):
            self.check_says(answer, self.oracle.assisted_by(self.agent) | {name})
            found = f'href="{reverse("visit_begin", args=[self.uai])}"' in _results(answer)
            assert found == self.oracle.may_assist(self.agent, self.school), f"{self._who} assistance"
        answer = self.client.get(reverse("visit_begin", args=[self.uai]))
        status = 404
        if self.oracle.may_assist(self.agent, self.school):
            status = 302 if self.rights else 200
        self.check_status(answer, status)

    def oneself(self) -> None:
        """One's own sessions are listed, and nobody else's are ended: the same in every establishment."""
        if self.school:
            return
        text = text_of(self.client.get(reverse("mfa_index")))
        found = {n for n in range(len(self.world.agents)) if f"{w.session_address(n)}<" in text}
        assert found == {self.agent}, f"{self._who} sessions of {found}"
        for agent, row in enumerate(self.planted.sessions):
            self.client.post(reverse("session_end", args=[row.pk]))
            is_left = type(row).objects.filter(pk=row.pk).exists()
            assert is_left == (agent != self.agent), f"{self._who} session of {agent}"

    def kept_form(self) -> None:
        """Who signs in after another, in one browser, reads nothing of what the other had sent."""
        for author in range(len(self.world.agents)) if not self.school else ():
            browser = Client()
            session = browser.session
            session_ended(session, self.planted.agents[author])
            session.save()
            browser.post(self._address("operation_create", ()), {"accounts": mark(w.SECRET, author)})
            browser.force_login(self.planted.agents[self.agent])
            text = text_of(browser.get(reverse("kept_form")))
            assert (mark(w.SECRET, author) in text) == (author == self.agent), f"{self._who} of {author}"


def _results(answer: HttpResponse) -> str:
    """The list of what a search found."""
    found = re.findall(r'<ul class="console-list console-places">(.*?)</ul>', text_of(answer), re.DOTALL)
    return found[0] if found else ""


def _cells(answer: HttpResponse) -> list[list[str]]:
    return list(csv.reader(StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
