"""What one night makes of a synthetic feed: the Complet of the next day, and the Delta between the two.

Entry by entry: what happens to a person depends on the seed and on their key alone, so that a whole académie
takes no more memory than those who leave and come.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from random import Random
from xml.sax.saxutils import escape

from lxml import etree

from aaf_import.entries import read_header
from aaf_import.extract import ExtractFile, Kind, file_of
from aaf_import.synthetic.feed import FeedFiles
from aaf_import.synthetic.keys import national_ine
from aaf_import.synthetic.layouts import LAYOUTS
from aaf_import.synthetic.order import DEFAULT_FILE_SIZE

_PERSONS = ("Eleve", "PersRelEleve", "PersEducNat")
_LISTS = ("EtabEducNat", "MefEducNat", "MatiereEducNat")
_CHILDREN = {1: "ENTPersRelEleveEleve", 2: "ENTAuxPersRelEleveEleve"}
_LINKS = {1: "ENTEleveAutoriteParentale", 2: "ENTElevePersRelEleve"}
_GIVEN_NAME = {1: "ENTPersonPrenom", 2: "givenName"}
_CLASSES = {1: "ENTPersonClasses", 2: "ENTEleveClasses"}
_MAIL = {1: "ENTPersonMail", 2: "mail"}
_MOBILES = {1: ("ENTPersRelEleveTelMobile",), 2: ("mobile", "ENTPersonMobileSMS")}
# What defines where a pupil is, and moves with the place.
_PLACE = {
    1: ("ENTPersonStructRattach", "ENTPersonClasses", "ENTEleveNiveau"),
    2: ("ENTPersonStructRattach", "ENTEleveClasses", "ENTEleveMEF", "ENTEleveNivFormation"),
}


class NoComplet(ValueError):
    """The folder holds no Complet of one feed."""


@dataclass(frozen=True, slots=True)
class Night:
    """`share` is the part of people to whom something happens before `day`."""

    day: date
    seed: int
    share: float


@dataclass(frozen=True, slots=True)
class _Entry:
    """`kind` and `category` are the operational attribute and its value."""

    kind: str
    category: str
    key: str
    attributes: dict[str, tuple[str, ...]]

    def with_values(self, **values: str | tuple[str, ...]) -> "_Entry":
        given = {name: (value,) if isinstance(value, str) else value for name, value in values.items()}
        return replace(self, attributes={**self.attributes, **given})

    def one(self, name: str) -> str:
        return next(iter(self.attributes.get(name, ())), "")

    def many(self, name: str) -> tuple[str, ...]:
        return tuple(value for value in self.attributes.get(name, ()) if value)


def write_night(before: Path, out: Path, night: Night) -> Counter[str]:
    """Write `out/complet` and `out/delta` after the Complet in the folder `before`; how many changed, by how.

    Raises NoComplet.
    """
    return _Writing(before, out, night).run()


@dataclass(slots=True)
class _Memory:
    """Those who left, the new responsable of who came, by the one they look like, and the last place seen."""

    gone: set[str] = field(default_factory=set)
    newcomers: dict[str, tuple[str, str]] = field(default_factory=dict)
    place: dict[str, tuple[str, ...]] = field(default_factory=dict)


class _Writing:
    def __init__(self, before: Path, out: Path, night: Night) -> None:
        self._files = [file for path in sorted(before.iterdir()) if (file := file_of(path))]
        if not self._files or any(file.kind is Kind.DELTA for file in self._files):
            raise NoComplet(f"{before} holds no Complet")
        with self._files[0].path.open("rb") as opened:
            academy = read_header(opened).academy
        self._degree = 1 if self._files[0].path.name.startswith("ENT1D") else 2
        self._night = night
        self._memory = _Memory()
        self._counts: Counter[str] = Counter()
        self._complet, self._delta = (
            FeedFiles(out / kind.lower(), academy, self._degree, night.day, DEFAULT_FILE_SIZE, kind)
            for kind in ("Complet", "Delta")
        )

    def run(self) -> Counter[str]:
        for files in (self._complet, self._delta):
            files.open(layout.file_type for layout in LAYOUTS[self._degree])
        for file_type in (*_LISTS, *_PERSONS):
            for file in self._files:
                if file.type == file_type:
                    self._write_file(file)
        for files in (self._complet, self._delta):
            files.close()
        return self._counts

    def _write_file(self, file: ExtractFile) -> None:
        evolve = {
            "EtabEducNat": self._structure,
            "Eleve": self._pupil,
            "PersRelEleve": self._responsable,
            "PersEducNat": self._staff,
        }.get(file.type)
        for entry in _entries(file.path):
            later = evolve(entry) if evolve else [entry]
            for other in later:
                self._complet.write(file.type, _added(other))
            if file.type in _LISTS:
                for other in later:
                    self._delta.write(file.type, _added(other))
            else:
                self._write_changes(file.type, entry, later)

    def _write_changes(self, file_type: str, entry: _Entry, later: list[_Entry]) -> None:
        if entry.key not in [other.key for other in later]:
            self._delta.write(file_type, _deleted(entry))
            self._counts["deleted"] += 1
        for other in later:
            if other.key != entry.key:
                self._delta.write(file_type, _added(other))
                self._counts["added"] += 1
            elif other != entry:
                self._delta.write(file_type, _modified(entry, other))
                self._counts["modified"] += 1

    def _fate(self, key: str) -> tuple[float, Random]:
        """What happens to someone, between 0 and 1; above 1 for most of them: nothing does."""
        rng = Random(f"{self._night.seed}/{key}")  # noqa: S311 -- draws people, not secrets
        return rng.random() / self._night.share, rng

    def _structure(self, entry: _Entry) -> list[_Entry]:
        """Sometimes the first class has another label."""
        first, *others = entry.many("ENTStructureClasses") or ("",)
        if not first or self._fate(entry.key)[0] > 1:
            return [entry]
        code, label, *mefs = first.split("$")
        renamed = "$".join([code, f"{label} N{self._night.seed}", *mefs])
        return [entry.with_values(ENTStructureClasses=(renamed, *others))]

    def _pupil(self, entry: _Entry) -> list[_Entry]:
        fate, rng = self._fate(entry.key)
        entry = self._in_renamed_class(entry)
        place = {name: entry.attributes.get(name, ()) for name in _PLACE[self._degree]}
        last, self._memory.place = self._memory.place or place, place
        if fate < 0.2:
            self._memory.gone.add(entry.key)
            return []
        if fate < 0.4:
            return [entry.with_values(**last)]
        if fate < 0.6:
            return [entry.with_values(**{_GIVEN_NAME[self._degree]: rng.choice(("Zoé", "Noë", "Aÿa"))})]
        if fate < 0.8:
            return [
                entry.with_values(**{_LINKS[self._degree]: entry.many(_LINKS[self._degree])[:-1] or ("",)})
            ]
        return [entry, self._newcomer(entry, rng)] if fate < 1 else [entry]

    def _in_renamed_class(self, entry: _Entry) -> _Entry:
        """In the 1st degré a class is renamed by all its pupils."""
        written = entry.one(_CLASSES[1])
        if self._degree == 2 or not written or self._fate(f"class {written.split('$')[3]}")[0] > 1:
            return entry
        return entry.with_values(**{_CLASSES[1]: f"{written} N{self._night.seed}"})

    def _newcomer(self, entry: _Entry, rng: Random) -> _Entry:
        """A sibling who comes, half of the time with a first responsable of their own."""
        key = f"9{self._night.seed:03}{entry.key}"[:20]
        number = 800_000_000 + (int(entry.key) + self._night.seed * 7_000_003) % 190_000_000
        links = entry.many(_LINKS[self._degree])
        if links and rng.random() < 0.5:
            like, rest = links[0].split("$", 1)
            own = f"8{self._night.seed:03}{like}"
            if like not in self._memory.newcomers:
                self._memory.newcomers[like] = own, key
                links = (f"{own}${rest}", *links[1:])
        sibling = replace(entry, key=key).with_values(**{_LINKS[self._degree]: links or ("",)})
        return sibling.with_values(
            ENTPersonJointure=key, ENTEleveINE=national_ine(number), **{_GIVEN_NAME[self._degree]: "Ilyès"}
        )

    def _responsable(self, entry: _Entry) -> list[_Entry]:
        name = _CHILDREN[self._degree]
        children = entry.many(name)
        staying = tuple(child for child in children if child not in self._memory.gone)
        later = []
        if staying or not children:
            later = [self._corrected(entry.with_values(**{name: staying or ("",)}))]
        if entry.key in self._memory.newcomers:
            own, child = self._memory.newcomers[entry.key]
            later.append(replace(entry, key=own).with_values(ENTPersonJointure=own, **{name: child}))
        return later

    def _corrected(self, entry: _Entry) -> _Entry:
        fate, rng = self._fate(entry.key)
        if fate < 0.3:
            return entry.with_values(
                **{_MAIL[self._degree]: f"nuit{self._night.seed}.{entry.key}@example.org"}
            )
        if fate < 0.5:
            return entry.with_values(**{_MAIL[self._degree]: ""})
        if fate < 0.8:
            mobile = f"06 39 98 {rng.randrange(100):02d} {rng.randrange(100):02d}"
            return entry.with_values(**dict.fromkeys(_MOBILES[self._degree], mobile))
        return entry.with_values(ENTPersonAdresse="$$5 RUE DE LA NUIT$") if fate < 1 else entry

    def _staff(self, entry: _Entry) -> list[_Entry]:
        fate = self._fate(entry.key)[0]
        if fate < 0.4:
            return []
        if fate > 1:
            return [entry]
        return [entry.with_values(**{_MAIL[self._degree]: f"nuit{self._night.seed}.{entry.key}@example.org"})]


def _entries(path: Path) -> Iterator[_Entry]:
    safe = {"resolve_entities": False, "no_network": True, "load_dtd": False}
    for _, element in etree.iterparse(path, tag="addRequest", **safe):
        operational = element.find("operationalAttributes/attr")
        assert operational is not None
        yield _Entry(
            operational.get("name", ""),
            operational.findtext("value") or "",
            element.findtext("identifier/id") or "",
            {
                attribute.get("name", ""): tuple(value.text or "" for value in attribute.iterfind("value"))
                for attribute in element.iterfind("attributes/attr")
            },
        )
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _added(entry: _Entry) -> str:
    lines = (f'<attr name="{name}">{_values(values)}</attr>\n' for name, values in entry.attributes.items())
    return f"\n<addRequest>{_head(entry)}<attributes>\n{''.join(lines)}</attributes>\n</addRequest>\n"


def _modified(before: _Entry, after: _Entry) -> str:
    """Only what differs."""
    lines = (
        f'<modification name="{name}" operation="replace">{_values(values)}</modification>\n'
        for name, values in after.attributes.items()
        if values != before.attributes.get(name)
    )
    body = f"<modifications>\n{''.join(lines)}</modifications>"
    return f"\n<modifyRequest>{_head(after)}{body}\n</modifyRequest>\n"


def _deleted(entry: _Entry) -> str:
    return f"\n<deleteRequest>{_head(entry)}</deleteRequest>\n"


def _head(entry: _Entry) -> str:
    return (
        f'\n<operationalAttributes><attr name="{entry.kind}"><value>{entry.category}</value></attr>'
        f"</operationalAttributes>\n<identifier><id>{escape(entry.key)}</id></identifier>\n"
    )


def _values(values: tuple[str, ...]) -> str:
    return "".join(f"<value>{escape(value)}</value>" if value else "<value/>" for value in values or ("",))
