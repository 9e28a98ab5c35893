"""What each night must make of the database, worked out from plain data: nothing of the product is used.

Written from the rules of the format and of the design: who comes, changes and leaves, who is given an
account, which records are one person's, which account is kept, and what a school is told.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations

from tests.aaf_import.nights_oracle.world import BIRTH_DATES, Feed, Key, Link, Pupil, Record
from tests.aaf_import.nights_oracle.writing import Said

STATES = ["NOT_NOTIFIED", "NOTIFIED", "ACTIVATING", "ACTIVE"]
INSTITUTION = "51"
POINTS = {
    "surname": 30,
    "given_name": 25,
    "mobile": 25,
    "mail": 20,
    "child": 10,
    "other_mail": -5,
    "other_title": -30,
}
PROBABLE = 60
CROWD = 12
Who = tuple[str, Key]
Place = tuple[Feed, str]


@dataclass
class PupilRow:
    said: Pupil
    is_present: bool = True
    is_eligible: bool = False

    def place(self, key: Key) -> Place:
        return key[0], self.said.school


@dataclass
class RecordRow:
    said: Record
    is_present: bool = True


@dataclass
class LinkRow:
    kinship: str
    is_legal: bool
    is_in_force: bool = True


@dataclass(eq=False)
class Account:
    """`pk` and `identifier` are learnt from the database when the account is first seen there."""

    kind: str
    born_of: Key
    base: str = ""
    pk: int = 0
    state: str = "NOT_NOTIFIED"
    mail: str = ""
    mobile: str = ""
    is_closed: bool = False
    merged_into: Account | None = None
    acted_on: int = 0


@dataclass
class Source:
    account: Account
    reason: str


@dataclass
class Oracle:
    pupils: dict[Key, PupilRow] = field(default_factory=dict)
    records: dict[Key, RecordRow] = field(default_factory=dict)
    links: dict[tuple[Key, Key], LinkRow] = field(default_factory=dict)
    accounts: list[Account] = field(default_factory=list)
    sources: dict[Who, Source] = field(default_factory=dict)
    issues: set[tuple[str, Place, Key]] = field(default_factory=set)
    to_renotify: dict[tuple[Place, Key], int] = field(default_factory=dict)
    duplicates: dict[tuple[Place, frozenset[int]], frozenset[str]] = field(default_factory=dict)
    doubts: dict[frozenset[int], str] = field(default_factory=dict)
    apart: set[frozenset[int]] = field(default_factory=set)
    joinings: Counter[tuple[int, int | None]] = field(default_factory=Counter)
    changes: set[tuple[str, Place, Key]] = field(default_factory=set)
    waiting: set[Key] = field(default_factory=set)
    known_feeds: set[Feed] = field(default_factory=set)
    order: dict[Key, int] = field(default_factory=dict)
    clock: int = 0
    # Of the import, told of once its accounts are known by their keys.
    late_joinings: list[tuple[Account, Account | None]] = field(default_factory=list)

    # The import itself: nobody's account is written.

    def take(self, feed: Feed, said: Said, order: dict[Key, int]) -> None:
        """An extract of the feed, Complet or Delta; `order` is that in which records came to the database."""
        self.clock += 1
        self.changes = set()
        pupils = {(feed, key): pupil for key, pupil in said[0].items()}
        records = {(feed, key): record for key, record in said[1].items()}
        self._take_pupils(feed, pupils)
        corrected = self._take_records(feed, records)
        self._take_links(feed, pupils)
        self._tell_corrected(corrected)
        self.waiting |= corrected
        self.order = order
        self._give_accounts(feed)
        self._find_issues(feed)
        if feed not in self.known_feeds:
            self.changes = set()
        self.known_feeds.add(feed)

    def _take_pupils(self, feed: Feed, pupils: dict[Key, Pupil]) -> None:
        for key, row in self.pupils.items():
            if key[0] == feed and row.is_present and key not in pupils:
                row.is_present = False
                self.changes.add(("left", row.place(key), key))
        for key, pupil in pupils.items():
            row = self.pupils.get(key)
            self._tell_pupil(key, row, pupil)
            if row is None:
                row = self.pupils[key] = PupilRow(pupil)
            row.said, row.is_present = pupil, True
            row.is_eligible |= feed[1] == 2 or bool(pupil.room and pupil.ine)

    def _tell_pupil(self, key: Key, row: PupilRow | None, pupil: Pupil) -> None:
        place = (key[0], pupil.school)
        if row is None or not row.is_present:
            self.changes.add(("arrived", place, key))
            return
        old = row.said
        if old.school != pupil.school:
            self.changes |= {("left", row.place(key), key), ("arrived", place, key)}
        elif old.room != pupil.room:
            self.changes.add(("class_changes", place, key))
        elif (old.ine, old.birth_date, old.given_name) != (pupil.ine, pupil.birth_date, pupil.given_name):
            self.changes.add(("corrected", place, key))

    def _take_records(self, feed: Feed, records: dict[Key, Record]) -> set[Key]:
        """Those known which changed or came back."""
        corrected = set()
        for key, row in self.records.items():
            if key[0] == feed and row.is_present and key not in records:
                row.is_present = False
        for key, record in records.items():
            row = self.records.get(key)
            if row is None:
                self.records[key] = RecordRow(record)
            elif not row.is_present or row.said != record:
                row.said, row.is_present = record, True
                corrected.add(key)
        return corrected

    def _take_links(self, feed: Feed, pupils: dict[Key, Pupil]) -> None:
        named: dict[tuple[Key, Key], Link] = {
            (key, (feed, link.record)): link for key, pupil in pupils.items() for link in pupil.links
        }
        for pair, row in self.links.items():
            if pair[0][0] == feed and pair not in named:
                row.is_in_force = False
        for pair, link in named.items():
            kinship = link.kinship if feed[1] == 2 or link.is_legal else "37"
            self.links[pair] = LinkRow(kinship, link.is_legal)

    def _tell_corrected(self, corrected: set[Key]) -> None:
        for (pupil, record), link in self.links.items():
            if record in corrected and link.is_in_force:
                self.changes.add(("corrected", self.pupils[pupil].place(pupil), record))

    # Who holds whom.

    def children(self, record: Key) -> set[Key]:
        """The pupils for whom a record gives right to an account."""
        return {
            pupil
            for (pupil, of), link in self.links.items()
            if of == record and link.is_in_force and link.is_legal and self._counts(pupil)
        }

    def _counts(self, pupil: Key) -> bool:
        return self.pupils[pupil].is_present and self.pupils[pupil].is_eligible

    def records_of(self, account: Account) -> list[Key]:
        return [key for (_, key), source in self.sources.items() if source.account is account]

    def places_of(self, records: Iterable[Key]) -> set[Place]:
        return {self.pupils[child].place(child) for record in records for child in self.children(record)}

    def holds_somebody(self, account: Account) -> bool:
        if account.kind == "STUDENT":
            return any(self.pupils[pupil].is_present for pupil in self.records_of(account))
        return bool(self.places_of(self.records_of(account)))

    # A record without account comes to that of the same person when sure, else is given one.

    def _give_accounts(self, feed: Feed) -> None:
        self._return_pupils(feed)
        new = [
            key
            for key, row in self.records.items()
            if key[0] == feed
            and row.is_present
            and ("RESPONSABLE", key) not in self.sources
            and self.children(key)
        ]
        verdicts = self._judge(new)
        sure = self._join(verdicts)
        left = [key for key in new if key not in sure]
        self.waiting |= {key for key, _, doubt in verdicts if doubt not in ("", "apart")}
        followers = self._followers(left)
        self.waiting |= followers
        for key in left:
            if key not in followers:
                self._create("RESPONSABLE", key)
        self._create_pupils(feed)
        if followers:
            still = [key for key in followers if ("RESPONSABLE", key) not in self.sources]
            joined = self._join(self._judge(still))
            self.waiting -= joined
            for key in followers - joined:
                self._create("RESPONSABLE", key)

    def _join(self, verdicts: list[tuple[Key, Account, str]]) -> set[Key]:
        sure = {key: account for key, account, doubt in verdicts if not doubt}
        for key, account in sure.items():
            self.sources["RESPONSABLE", key] = Source(account, "RULE")
            self.late_joinings.append((account, None))
        return set(sure)

    def _create(self, kind: str, key: Key) -> None:
        account = Account(kind, key, self.base_of(kind, key))
        self.accounts.append(account)
        self.sources[kind, key] = Source(account, "CREATED")

    def base_of(self, kind: str, key: Key) -> str:
        """The first letter of the given name, a dot, the surname; of an institution, the surname alone."""
        said = self.records[key].said if kind == "RESPONSABLE" else self.pupils[key].said
        given_name = letters(said.given_name)[:1]
        surname = letters(said.surname if isinstance(said, Record) else "MARTIN")
        return (f"{given_name}.{surname}" if given_name else surname).lower()

    def _create_pupils(self, feed: Feed) -> None:
        if feed[1] == 2:
            for key, row in self.pupils.items():
                if key[0] == feed and row.is_present and ("STUDENT", key) not in self.sources:
                    self._create("STUDENT", key)

    def _followers(self, keys: list[Key]) -> set[Key]:
        """Of new records which share a name and a mobile, all but the one which came first."""
        groups: dict[tuple[str, str, str], list[Key]] = {}
        for key in keys:
            for name in self._names(key) if self._may_be_joined(key) else ():
                said = self.records[key].said
                group = (name, letters(said.given_name), mobile(said.mobile))
                groups.setdefault(group, []).append(key)
        return {key for group in groups.values() for key in self._in_order(set(group))[1:]}

    def _return_pupils(self, feed: Feed) -> None:
        """A pupil of the same INE and birth date as one who left, of one feed: the account goes on."""
        if feed[1] != 2:
            return
        claims: dict[Key, list[Account]] = {}
        for key, row in self.pupils.items():
            if key[0] == feed and row.is_present and ("STUDENT", key) not in self.sources and row.said.ine:
                found = {
                    id(source.account): source.account
                    for (kind, former), source in self.sources.items()
                    if kind == "STUDENT"
                    and self._are_one_child(key, former)
                    and not self.pupils[former].is_present
                    and not self.holds_somebody(source.account)
                }
                claims[key] = list(found.values())
        claimed = Counter(id(account) for found in claims.values() for account in found)
        for key, found in claims.items():
            if len(found) == 1 and claimed[id(found[0])] == 1:
                self.sources["STUDENT", key] = Source(found[0], "RULE")
                self.late_joinings.append((found[0], None))

    def _are_one_child(self, one: Key, other: Key) -> bool:
        mine, yours = self.pupils[one].said, self.pupils[other].said
        return (
            one != other
            and one[0] == other[0]
            and bool(mine.ine)
            and (mine.ine, mine.birth_date) == (yours.ine, yours.birth_date)
        )

    # Which account a record agrees with.

    def _names(self, key: Key) -> set[str]:
        said = self.records[key].said
        return {letters(said.surname), letters(said.birth_surname)} - {""}

    def _is_institution(self, key: Key) -> bool:
        return any(
            of == key and link.is_in_force and link.kinship == INSTITUTION
            for (_, of), link in self.links.items()
        )

    def _may_be_joined(self, key: Key) -> bool:
        said = self.records[key].said
        return bool(letters(said.given_name) and mobile(said.mobile)) and not self._is_institution(key)

    def _agrees(self, key: Key, account: Account) -> bool:
        mine = self.records[key].said
        for other in self.records_of(account):
            yours = self.records[other].said
            if (
                other[0][0] == key[0][0]
                and not self._is_institution(other)
                and self._names(key) & self._names(other)
                and letters(mine.given_name) == letters(yours.given_name)
                and mobile(mine.mobile) in {mobile(yours.mobile), account.mobile}
            ):
                return True
        return False

    def _judge(self, keys: Iterable[Key]) -> list[tuple[Key, Account, str]]:
        """For each record, the accounts which it agrees with, and what speaks against it."""
        hits: dict[Key, list[Account]] = {}
        for key in keys:
            if not self.records[key].is_present or not self._may_be_joined(key):
                continue
            own = self.sources.get(("RESPONSABLE", key))
            hits[key] = [
                account
                for account in self.accounts
                if account.kind == "RESPONSABLE"
                and account.merged_into is None
                and (own is None or account is not own.account)
                and self._agrees(key, account)
            ]
        return [
            (key, account, self._doubt(key, account, hits))
            for key in hits
            for account in sorted(hits[key], key=lambda account: account.pk)
        ]

    def _side(self, key: Key) -> list[Key]:
        """The record, and the others of its account."""
        own = self.sources.get(("RESPONSABLE", key))
        return self.records_of(own.account) if own else [key]

    def _doubt(self, key: Key, account: Account, hits: dict[Key, list[Account]]) -> str:
        own = self.sources.get(("RESPONSABLE", key))
        if own and frozenset({own.account.pk, account.pk}) in self.apart:
            return "apart"
        here = self.places_of(self._side(key))
        rivals = [other for other, found in hits.items() if other != key and account in found]
        if here & self.places_of(self.records_of(account)) or any(
            here & self.places_of(self._side(other)) for other in rivals
        ):
            return "here"
        if len(hits[key]) > 1:
            return "several"
        mine = self._mails(self._side(key), own.account if own else None)
        yours = self._mails(self.records_of(account), account)
        if mine and yours and not mine & yours:
            return "mail"
        titles = self._titles(self._side(key)), self._titles(self.records_of(account))
        return "title" if any(one != other for one in titles[0] for other in titles[1]) else ""

    def _mails(self, keys: list[Key], account: Account | None) -> set[str]:
        found = {mail(self.records[key].said.mail) for key in keys}
        return (found | {account.mail if account else ""}) - {""}

    def _titles(self, keys: list[Key]) -> set[bool]:
        titles = {self.records[key].said.title for key in keys} - {""}
        return {title == "M." for title in titles}

    # After the commit.

    def follow(self, feed: Feed) -> None:
        for account in self.accounts:
            if account.is_closed and not account.merged_into and self.holds_somebody(account):
                account.is_closed = False
        for account, former in self.late_joinings:
            self.joinings[account.pk, former.pk if former else None] += 1
        self.late_joinings.clear()
        if feed[1] == 2:
            self._join_pupils(feed)
        self._recheck(feed)
        self._find_duplicates(feed)
        self._solve_renotified()

    def _join_pupils(self, feed: Feed) -> None:
        """Of a child whose former record has left, the two accounts, when there is no other."""
        pairs: set[tuple[int, int]] = set()
        by_pk = {account.pk: account for account in self.accounts}
        for (kind, former), source in self.sources.items():
            if kind != "STUDENT" or former[0] != feed or self.pupils[former].is_present:
                continue
            for (other_kind, present), own in self.sources.items():
                if (
                    other_kind == "STUDENT"
                    and self.pupils[present].is_present
                    and self._are_one_child(former, present)
                    and own.account is not source.account
                    and not self.holds_somebody(source.account)
                ):
                    pairs.add((source.account.pk, own.account.pk))
        formers, presents = Counter(former for former, _ in pairs), Counter(present for _, present in pairs)
        for former, present in pairs:
            if formers[former] == presents[present] == 1:
                self._merge(by_pk[former], by_pk[present])

    def _in_order(self, keys: set[Key]) -> list[Key]:
        return sorted(keys, key=lambda key: self.order[key])

    def _recheck(self, feed: Feed) -> None:
        waiting = self._in_order(
            {key for key in self.waiting if key[0] == feed and ("RESPONSABLE", key) in self.sources}
        )
        while waiting:
            touched: set[int] = set()
            pairs = []
            owns = {key: self.sources["RESPONSABLE", key].account for key in waiting}
            for key, account, doubt in self._judge(waiting):
                own = owns[key]
                pairs.append((key, {own.pk, account.pk}))
                if touched & {own.pk, account.pk}:
                    continue
                if doubt and doubt not in ("here", "apart"):
                    self.doubts[frozenset({own.pk, account.pk})] = doubt
                elif not doubt and self._merge(own, account):
                    touched |= {own.pk, account.pk}
            waiting = self._in_order({key for key, pair in pairs if pair & touched})
        self.waiting = {key for key in self.waiting if key[0] != feed}

    def _merge(self, one: Account, other: Account) -> bool:
        """The activated one is kept, else the furthest, else the oldest; two active ones stay two.

        A responsable's which was closed for having no child is opened again by one which is open.
        """
        pair = frozenset({one.pk, other.pk})
        is_one_closed = one.is_closed or other.is_closed
        if one.merged_into or other.merged_into or pair in self.apart:
            return False
        if is_one_closed and one.kind == "STUDENT":
            return False
        if one.state == other.state == "ACTIVE":
            if one.kind == "RESPONSABLE" and not is_one_closed:
                self.doubts[pair] = "active"
            return False
        kept, closed = sorted((one, other), key=lambda each: (-STATES.index(each.state), each.pk))
        moved = self.records_of(closed)
        self._ask_to_renotify(closed, moved)
        for record in moved:
            self.sources[closed.kind, record] = Source(kept, "RULE")
        kept.is_closed &= closed.is_closed
        closed.is_closed, closed.merged_into = True, kept
        self.joinings[kept.pk, closed.pk] += 1
        for told in [told - {closed.pk} for told in self.apart if closed.pk in told]:
            self.apart |= {frozenset({kept.pk, *told})} - {frozenset({kept.pk})}
        return True

    def _ask_to_renotify(self, closed: Account, records: list[Key]) -> None:
        """Its letter is dead: each school where it held a child is told, if it had been notified."""
        if closed.kind == "RESPONSABLE" and closed.state != "NOT_NOTIFIED":
            for record in records:
                for place in self.places_of([record]):
                    self.to_renotify.setdefault((place, record), self.clock)

    def _solve_renotified(self) -> None:
        for (place, record), since in list(self.to_renotify.items()):
            source = self.sources[("RESPONSABLE", record)]
            if source.reason == "UNDONE" or source.account.is_closed or source.account.acted_on > since:
                del self.to_renotify[place, record]

    # What a school is told.

    def _find_issues(self, feed: Feed) -> None:
        self.issues = {issue for issue in self.issues if issue[1][0] != feed}
        for key, row in self.pupils.items():
            if key[0] == feed and row.is_present:
                self._find_issues_of_pupil(key, row)
        reached: dict[tuple[Place, str], set[int]] = {}
        holders: list[tuple[Place, Key, Account]] = []
        for (kind, key), source in self.sources.items():
            if kind == "RESPONSABLE" and not source.account.is_closed:
                for place in self.places_of([key]):
                    if place[0] == feed:
                        holders.append((place, key, source.account))
                        number = mobile(self.records[key].said.mobile)
                        reached.setdefault((place, number), set()).add(id(source.account))
        for place, key, account in holders:
            self._find_issues_of_record(place, key, account, reached)

    def _find_issues_of_pupil(self, key: Key, row: PupilRow) -> None:
        guarded = any(
            pupil == key and link.is_in_force and link.is_legal and self.records[record].is_present
            for (pupil, record), link in self.links.items()
        )
        wrong = {
            "GUARDIAN_MISSING": not guarded,
            "INE_MISSING": not row.said.ine,
            "CLASS_MISSING": not row.said.room,
            "BIRTH_DATE_DOUBTFUL": row.said.birth_date == BIRTH_DATES[2],
        }
        self.issues |= {(kind, row.place(key), key) for kind, is_wrong in wrong.items() if is_wrong}

    def _find_issues_of_record(
        self, place: Place, key: Key, account: Account, reached: dict[tuple[Place, str], set[int]]
    ) -> None:
        said = self.records[key].said
        number = mobile(said.mobile)
        lacks_mobile, lacks_mail = not (number or account.mobile), not (mail(said.mail) or account.mail)
        wrong = {
            "MOBILE_MISSING": lacks_mobile and not said.mobile,
            "MOBILE_UNUSABLE": lacks_mobile and bool(said.mobile),
            "MOBILE_SHARED": bool(number) and len(reached[place, number]) > 1,
            "MAIL_MISSING": lacks_mail and not said.mail,
            "MAIL_INVALID": lacks_mail and bool(said.mail),
        }
        self.issues |= {(kind, place, key) for kind, is_wrong in wrong.items() if is_wrong}

    def _find_duplicates(self, feed: Feed) -> None:
        self.duplicates = {key: why for key, why in self.duplicates.items() if key[0][0] != feed}
        held: dict[Place, dict[Account, list[Key]]] = {}
        for (kind, key), source in self.sources.items():
            if kind == "RESPONSABLE" and not source.account.is_closed:
                for place in self.places_of([key]):
                    if place[0] == feed and letters(self.records[key].said.given_name):
                        held.setdefault(place, {}).setdefault(source.account, []).append(key)
        for place, accounts in held.items():
            keys = Counter(
                key
                for account, records in accounts.items()
                for record in records
                for key in self._keys(record, account)
            )
            rare = {key for key, number in keys.items() if number <= CROWD}
            for one, other in combinations(accounts, 2):
                why = self._reasons(one, accounts[one], other, accounts[other], rare)
                pair = frozenset({one.pk, other.pk})
                if sum(POINTS[reason] for reason in why) >= PROBABLE and pair not in self.apart:
                    self.duplicates[place, pair] = why

    def _keys(self, record: Key, account: Account) -> set[tuple[str, str, str]]:
        """A given name with a surname, or with a mobile; what a crowd shares says nothing of any two."""
        said = self.records[record].said
        given_name, number = letters(said.given_name), mobile(said.mobile) or account.mobile
        keys = {(given_name, "surname", name) for name in self._names(record)}
        return keys | ({(given_name, "mobile", number)} if number else set())

    def _reasons(
        self,
        one: Account,
        mine: list[Key],
        other: Account,
        yours: list[Key],
        rare: set[tuple[str, str, str]],
    ) -> frozenset[str]:
        """What agrees between records which share a given name, and a surname or a mobile."""
        why: set[str] = set()
        for low in mine:
            for high in yours:
                a, b = self.records[low].said, self.records[high].said
                numbers = mobile(a.mobile) or one.mobile, mobile(b.mobile) or other.mobile
                same_surname = bool(self._names(low) & self._names(high))
                same_mobile = bool(numbers[0]) and numbers[0] == numbers[1]
                if not self._keys(low, one) & self._keys(high, other) & rare:
                    continue
                mails = one.mail or mail(a.mail), other.mail or mail(b.mail)
                titles = a.title, b.title
                found = {
                    "given_name": True,
                    "surname": same_surname,
                    "mobile": same_mobile,
                    "mail": bool(mails[0]) and mails[0] == mails[1],
                    "other_mail": all(mails) and mails[0] != mails[1],
                    "other_title": all(titles) and (titles[0] == "M.") != (titles[1] == "M."),
                    "child": self._share_a_child(low, high),
                }
                why |= {reason for reason, holds in found.items() if holds}
        return frozenset(why - ({"other_mail"} if "mail" in why else set()))

    def _share_a_child(self, one: Key, other: Key) -> bool:
        def legal(record: Key) -> set[Key]:
            return {
                pupil
                for (pupil, of), link in self.links.items()
                if of == record and link.is_in_force and link.is_legal
            }

        return bool(legal(one) & legal(other))


def letters(name: str) -> str:
    """Letters alone, without accents, in capitals."""
    decomposed = unicodedata.normalize("NFD", name).upper()
    return "".join(letter for letter in decomposed if "A" <= letter <= "Z")


def mobile(written: str) -> str:
    """A French mobile as +336 or +337 and eight digits; nothing else is one."""
    digits = written.replace(" ", "")
    return f"+33{digits[1:]}" if len(digits) == 10 and digits[:2] in ("06", "07") else ""


def mail(written: str) -> str:
    return written.lower() if "@" in written else ""


# What agents and families do between nights.


def act(oracle: Oracle, account: Account, state: str, *, mail: str = "", mobile: str = "") -> None:
    """The account was told of, or used, and is in `state`."""
    oracle.clock += 1
    account.state, account.acted_on = state, oracle.clock
    account.mail, account.mobile = mail or account.mail, mobile or account.mobile


def close_abandoned(oracle: Oracle) -> None:
    for account in oracle.accounts:
        account.is_closed |= not oracle.holds_somebody(account)


def undo(oracle: Oracle, account: Account, former: Account | None, moved: list[Key]) -> None:
    """The records have their former account back, or a new one; the two are told apart for ever."""
    if former and former.merged_into is account:
        former.is_closed, former.merged_into = False, None
    else:
        former = Account(account.kind, moved[0], oracle.base_of(account.kind, moved[0]))
        oracle.accounts.append(former)
    for key in moved:
        oracle.sources[account.kind, key] = Source(former, "UNDONE")


def tell_apart(oracle: Oracle, account: Account, record: Key) -> None:
    """The account, and that which the record has now, are two persons' for ever."""
    pair = frozenset({account.pk, oracle.sources[account.kind, record].account.pk})
    oracle.apart.add(pair)
    oracle.duplicates = {key: why for key, why in oracle.duplicates.items() if key[1] != pair}
