"""A small country in plain data: who is in which school, and what may happen to them before each night."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

Feed = tuple[str, int]
Key = tuple[Feed, str]

FIRST, SECOND, ABROAD = ("24", 1), ("24", 2), ("25", 2)
FEEDS: list[Feed] = [SECOND, FIRST, ABROAD]
SCHOOLS: dict[Feed, dict[str, str]] = {
    SECOND: {"4301": "0949001Y", "4302": "0949002Z"},
    FIRST: {"4303": "0949003A", "4304": "0949004B"},
    ABROAD: {"4301": "0789001K"},
}
ROOMS = {1: ("88001", "88002", ""), 2: ("6A", "6B", "")}

# The first of each is the most drawn: people agree often, and differ now and then.
SURNAMES = ("MARTIN", "MARTIN", "DURAND", "Lé Goff")
BIRTH_SURNAMES = ("", "", "MARTIN", "Dürand")
GIVEN_NAMES = ("Anne", "Anne", "ÀNNE", "Paul", "")
MOBILES = ("06 39 98 00 01", "06 39 98 00 01", "06 39 98 00 02", "", "016", "01 99 00 00 01")
MAILS = ("", "a@example.org", "A@example.org", "b@example.org", "pas une adresse")
TITLES = ("", "Mme", "Mme", "M.")
KINSHIPS = ("10", "20", "10", "51")
BIRTH_DATES = ("03/02/2014", "04/02/2014", "03/02/1960")
CHILDREN = ("Éloïse", "Zoé")


@dataclass(frozen=True)
class Link:
    record: str
    kinship: str = "10"
    is_legal: bool = True


@dataclass(frozen=True)
class Pupil:
    school: str
    room: str
    ine: str
    birth_date: str = BIRTH_DATES[0]
    given_name: str = CHILDREN[0]
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Record:
    surname: str = SURNAMES[0]
    birth_surname: str = ""
    given_name: str = GIVEN_NAMES[0]
    mobile: str = MOBILES[0]
    mail: str = ""
    title: str = ""


@dataclass(frozen=True)
class Happening:
    """`what` is a method of World; the numbers choose among what there is."""

    what: str
    one: int = 0
    other: int = 0
    third: int = 0


@dataclass(frozen=True)
class Night:
    """What happens, what agents and families do, then the delivery of one feed."""

    feed: int = 0
    kind: str = "Complet"
    happenings: tuple[Happening, ...] = ()
    acts: tuple[Happening, ...] = ()


@dataclass
class World:
    """The truth of the schools' own software. In each feed somebody stays: an empty extract is refused."""

    pupils: dict[Key, Pupil] = field(default_factory=dict)
    records: dict[Key, Record] = field(default_factory=dict)
    gone: dict[Key, tuple[Pupil, dict[str, Record]]] = field(default_factory=dict)
    next_key: int = 1

    def __post_init__(self) -> None:
        for feed in FEEDS:
            school = next(iter(SCHOOLS[feed]))
            self.records[feed, "80000"] = Record("CONSTANT", "", "Irène", "", "i@example.org")
            room = ROOMS[feed[1]][0]
            self.pupils[feed, "70000"] = Pupil(school, room, ine_of(999), links=(Link("80000"),))

    def of(self, feed: Feed) -> tuple[dict[str, Pupil], dict[str, Record]]:
        """What an extract of the feed says of everyone."""
        pupils = {key: pupil for (where, key), pupil in self.pupils.items() if where == feed}
        records = {key: record for (where, key), record in self.records.items() if where == feed}
        return pupils, records

    def happen(self, happening: Happening) -> None:
        getattr(self, happening.what)(happening.one, happening.other, happening.third)

    # People come.

    def arrive(self, one: int, other: int, third: int) -> None:
        """With a new responsable, and a second one when `third` is odd."""
        feed = FEEDS[one % 3]
        links = tuple(
            Link(self._record(feed, number), KINSHIPS[number % 4])
            for number in ([other, other + third] if third % 2 else [other])
        )
        self.pupils[feed, self.new_key(7)] = self._pupil(feed, one // 3, links)

    def sibling(self, one: int, other: int, third: int) -> None:
        """Of the responsables of a pupil, in another school perhaps."""
        key = self._choose(one)
        if key:
            pupil = self._pupil(key[0], other, self.pupils[key].links)
            self.pupils[key[0], self.new_key(7)] = replace(pupil, given_name=CHILDREN[1])

    def entered_twice(self, one: int, other: int, third: int) -> None:
        """The responsable of a pupil is on file once more, for a new pupil."""
        key = self._choose(one)
        if key and self.pupils[key].links:
            record = self._same_person(key[0], key[0], self.pupils[key].links[0].record)
            self.pupils[key[0], self.new_key(7)] = self._pupil(key[0], other, (Link(record),))

    # Pupils move.

    def leave(self, one: int, other: int, third: int) -> None:
        key = self._choose(one)
        if key:
            self.remove(key)

    def remove(self, key: Key) -> None:
        feed, pupil = key[0], self.pupils.pop(key)
        self.gone[key] = (pupil, {link.record: self.records[feed, link.record] for link in pupil.links})
        self._forget_alone(feed)

    def come_back(self, one: int, other: int, third: int) -> None:
        if self.gone:
            key = sorted(self.gone)[one % len(self.gone)]
            pupil, records = self.gone.pop(key)
            self.pupils[key] = pupil
            for name, record in records.items():
                self.records.setdefault((key[0], name), record)

    def change_school(self, one: int, other: int, third: int) -> None:
        key = self._choose(one)
        if key:
            school = _nth(SCHOOLS[key[0]], other)
            self.pupils[key] = replace(self.pupils[key], school=school)

    def change_key(self, one: int, other: int, third: int) -> None:
        """Another school, which gives another key; the former record may stay for a while."""
        key = self._choose(one)
        if key:
            school = _nth(SCHOOLS[key[0]], other)
            self.pupils[key[0], self.new_key(7)] = replace(self.pupils[key], school=school)
            if third % 2:
                self.remove(key)

    def enter_sixieme(self, one: int, other: int, third: int) -> None:
        self._go(FIRST, SECOND, one, other, third)

    def cross_the_border(self, one: int, other: int, third: int) -> None:
        self._go(SECOND, ABROAD, one, other, third)

    # Files are corrected.

    def correct(self, one: int, other: int, third: int) -> None:
        """One thing about a responsable."""
        found = [key for key in sorted(self.records) if key[1] != "80000"]
        if found:
            key = found[one % len(found)]
            name, values = [
                ("mobile", MOBILES),
                ("mail", MAILS),
                ("given_name", GIVEN_NAMES),
                ("surname", SURNAMES),
                ("birth_surname", BIRTH_SURNAMES),
                ("title", TITLES),
            ][other % 6]
            self.records[key] = replace(self.records[key], **{name: values[third % len(values)]})

    def correct_pupil(self, one: int, other: int, third: int) -> None:
        key = self._choose(one)
        if key:
            pupil = self.pupils[key]
            self.pupils[key] = [
                replace(pupil, room=ROOMS[key[0][1]][third % 3]),
                replace(pupil, ine=ine_of(third % 5) if third % 3 else ""),
                replace(pupil, birth_date=BIRTH_DATES[third % 3]),
                replace(pupil, given_name=CHILDREN[third % 2]),
            ][other % 4]

    def flag(self, one: int, other: int, third: int) -> None:
        """A link is no more legal, or is again; or its kinship was wrong."""
        key = self._choose(one)
        if key and self.pupils[key].links:
            links = list(self.pupils[key].links)
            number = other % len(links)
            link = links[number]
            links[number] = (
                replace(link, kinship=KINSHIPS[third % 4])
                if third % 3 == 2
                else replace(link, is_legal=not link.is_legal)
            )
            self.pupils[key] = replace(self.pupils[key], links=tuple(links))

    def link(self, one: int, other: int, third: int) -> None:
        """A pupil has one more responsable, or one less."""
        key = self._choose(one)
        if not key:
            return
        pupil = self.pupils[key]
        records = sorted(name for feed, name in self.records if feed == key[0] and name != "80000")
        links = pupil.links[1:]
        if third % 2 and records:
            chosen = records[other % len(records)]
            links = (*tuple(each for each in pupil.links if each.record != chosen), Link(chosen))
        self.pupils[key] = replace(pupil, links=links)
        self._forget_alone(key[0])

    def _go(self, here: Feed, there: Feed, one: int, other: int, third: int) -> None:
        """The same child and parents, under the new keys of another feed."""
        key = self._choose(one, here)
        if not key:
            return
        pupil = self.pupils[key]
        links = tuple(
            Link(self._same_person(here, there, each.record), each.kinship, each.is_legal)
            for each in pupil.links
        )
        came = self._pupil(there, other, links)
        self.pupils[there, self.new_key(7)] = replace(came, ine=pupil.ine, birth_date=pupil.birth_date)
        if third % 2:
            self.remove(key)

    def _movable(self, feed: Feed | None = None) -> list[Key]:
        return [key for key in sorted(self.pupils) if key[1] != "70000" and feed in (None, key[0])]

    def _choose(self, number: int, feed: Feed | None = None) -> Key | None:
        found = self._movable(feed)
        return found[number % len(found)] if found else None

    def new_key(self, first: int) -> str:
        self.next_key += 1
        return f"{first}{self.next_key:04}"

    def _pupil(self, feed: Feed, number: int, links: tuple[Link, ...]) -> Pupil:
        self.next_key += 1
        room = ROOMS[feed[1]][number // 2 % 2]
        return Pupil(_nth(SCHOOLS[feed], number), room, ine_of(100 + self.next_key), links=links)

    def _record(self, feed: Feed, number: int) -> str:
        key = self.new_key(8)
        self.records[feed, key] = Record(
            SURNAMES[number % 4],
            BIRTH_SURNAMES[number // 4 % 4],
            GIVEN_NAMES[number // 2 % 5],
            MOBILES[number // 3 % 6],
            MAILS[number // 5 % 5],
            TITLES[number // 7 % 4],
        )
        return key

    def _same_person(self, here: Feed, there: Feed, record: str) -> str:
        key = self.new_key(8)
        self.records[there, key] = self.records[here, record]
        return key

    def _forget_alone(self, feed: Feed) -> None:
        """Whom no pupil names is in no extract."""
        named = {link.record for key, pupil in self.pupils.items() if key[0] == feed for link in pupil.links}
        for key in [key for key in self.records if key[0] == feed and key[1] not in named]:
            del self.records[key]


def ine_of(number: int) -> str:
    """A national INE with its true key."""
    tens, units = divmod(97 - (200_000_000 + number) % 97, 10)
    return f"{200_000_000 + number}{'ABCDEFGHJK'[tens]}{'ABCDEFGHJK'[units]}"


def _nth(schools: dict[str, str], number: int) -> str:
    return list(schools)[number % len(schools)]
