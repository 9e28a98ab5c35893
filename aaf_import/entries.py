"""Reads the entries of one extract file, block by block: lxml learns their shape, an expression goes fast.

Genuine extracts are written by one program, so the entries of a file have their attributes in one order.
The first entry of each order is parsed by lxml; an expression made from that order then reads the others,
several times faster, and only when it matches every character of them. What no expression matches whole is
given to lxml, whose verdict holds. An element that is well-formed alone is well-formed in its place, so no
malformed file passes: each character was either matched or parsed. Nothing is ever fetched, and a document
type that declares anything is refused.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from html.entities import html5
from typing import IO, Any

from lxml import etree

from aaf_import.text import clean

ROOT = "ficAlimMENESR"
BLOCK_SIZE = 1 << 20
MAX_ENTRY_SIZE = 16 << 20
"""No genuine entry is near: what is larger was made to fill the memory."""
_HEADER_SIZE = 1 << 14
_END = "</addRequest>"
# What a Delta's files also cut at: they may hold no addition at all.
_OTHER_ENDS = (b"</modifyRequest>", b"</deleteRequest>")
# An end tag in a comment or a CDATA section cuts a piece short: it is joined to the next ones, some times.
_MAX_JOINED = 8
# Orders of attributes learnt from one file: a genuine file has one or two.
_MAX_SHAPES = 8

_ENCODINGS = {"utf-8", "ascii", "iso8859-1", "iso8859-15", "cp1252"}
_DECLARED_ENCODING = re.compile(rb"""\s*<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']""")
_NOTHING = r"(?:\s|<!--(?:(?!--).)*-->)*"
_PROLOG = re.compile(
    rf"\s*(?:<\?xml[^<>]*\?>)?{_NOTHING}(?:<!DOCTYPE\s[^<>\[\]]*>)?{_NOTHING}<{ROOT}(?:\s[^<>]*)?(?<!/)>",
    re.DOTALL,
)
_DECLARATIONS = re.compile(r"<!DOCTYPE[^<>]*\[|<!ENTITY")
_METADATA = re.compile(r'<!--\s*(\w+)\s*=\s*"([^"]*)"\s*-->')
_FIRST_VALUE = r"\s*+<value(?:>([^<]*+)</value>|/>)"
_MORE_VALUES = r"((?:\s*+<value(?:>[^<]*+</value>|/>))*+)"
_UNREAD_VALUES = r"(?:\s*+<value(?:>[^<]*+</value>|/>))++"
_HEAD = (
    r"\s*+<addRequest>\s*+<operationalAttributes>\s*+"
    r'<attr name="\w++">\s*+<value>([^<>&]*+)</value>\s*+</attr>\s*+</operationalAttributes>\s*+'
    r"<identifier>\s*+<id>([^<>&]*+)</id>\s*+</identifier>\s*+<attributes>"
)
_VALUE = re.compile(r"<value(?:>([^<]*)</value>|/>)")
_PLAIN_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
# The characters no document may hold, in any of our encodings.
_CONTROLS = bytes(set(range(32)) - {9, 10, 13})
_NONCHARACTERS = (b"\xef\xbf\xbe", b"\xef\xbf\xbf")
# Neither one of the five names nor a plain decimal number: lxml decides whether it may be.
_UNUSUAL_REFERENCE = re.compile(
    r"&(?!(?:#(?:9|10|13|3[2-9]|[4-9][0-9]|[1-9][0-9]{2,3})|amp|lt|gt|apos|quot);)"
)
_NAMED_REFERENCE = re.compile(r"&(?!(?:amp|lt|gt|apos|quot);)([A-Za-z][A-Za-z0-9]*;)")
_REQUESTS = {"addRequest": "add", "modifyRequest": "modify", "deleteRequest": "delete"}
_PARSER_OPTIONS: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "remove_comments": True,
    "remove_pis": True,
}


class Malformed(Exception):
    """The file is no extract: not well-formed, hostile, or something else. `line` is 0 when unknown."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class Entry:
    """One addRequest, modifyRequest or deleteRequest.

    `order` names all its attributes; the values of those asked for stay as written, cleaned when read.
    """

    __slots__ = ("_firsts", "_others", "category", "key", "order", "request")

    def __init__(
        self,
        request: str,
        category: str,
        key: str,
        order: tuple[str, ...],
        firsts: dict[str, str | None],
        others: dict[str, str],
    ) -> None:
        self.request = request
        self.category = category
        self.key = clean(key)
        self.order = order
        self._firsts = firsts
        self._others = others

    def one(self, name: str) -> str:
        """The first value that is not empty."""
        value = self._firsts.get(name)
        if value:
            return clean(value)
        return next(iter(self.many(name)), "") if self._others.get(name) else ""

    def many(self, name: str) -> list[str]:
        """The values that are not empty."""
        written = [self._firsts.get(name) or ""]
        if others := self._others.get(name):
            written += _VALUE.findall(others)
        return [value for value in map(clean, written) if value]


@dataclass(frozen=True, slots=True)
class Header:
    """What the comments at the top of a file say; empty where they say nothing."""

    release: str
    annex: str
    academy: str
    degree: str


def read_header(file: IO[bytes]) -> Header:
    found = dict(_METADATA.findall(file.read(_HEADER_SIZE).decode("latin-1")))
    return Header(
        release=found.get("versionAF", ""),
        annex=found.get("versionSDET", ""),
        academy=found.get("codeAcademieExport", ""),
        degree=found.get("degre", ""),
    )


def read_entries(file: IO[bytes], attributes: Collection[str]) -> Iterator[list[Entry]]:
    """The entries of a file, some hundreds at a time, with the values of these attributes only.

    Raises Malformed where lxml would refuse the file.
    """
    reader = _Reader(attributes)
    rest = b""
    end = _END.encode()
    while chunk := file.read(BLOCK_SIZE):
        # The end tag may lie across two chunks: the search goes back a little.
        searched = max(0, len(rest) - len(end))
        rest += chunk
        cut = rest.rfind(end, searched) + len(end)
        if cut < len(end):
            cut = max(0 if (at := rest.rfind(other)) < 0 else at + len(other) for other in _OTHER_ENDS)
        if cut >= len(end):
            yield reader.read(rest[:cut])
            rest = rest[cut:]
        elif len(rest) > MAX_ENTRY_SIZE:
            raise Malformed(f"une entrée dépasse {MAX_ENTRY_SIZE >> 20} Mo", reader.line)
    yield reader.finish(rest)


class _Shape:
    """An order of attributes, and the expression which reads the entries that follow it."""

    def __init__(self, order: tuple[str, ...], attributes: Collection[str]) -> None:
        self.order = order
        self._read = [name for name in order if name in attributes]
        parts = [
            rf'\s*+<attr name="{name}">'
            + (_FIRST_VALUE + _MORE_VALUES if name in attributes else _UNREAD_VALUES)
            + r"\s*+</attr>"
            for name in order
        ]
        self._expression = re.compile(_HEAD + "".join(parts) + r"\s*+</attributes>\s*+")

    def entry(self, piece: str) -> Entry | None:
        """The entry, when `piece` (its end tag cut off) has this shape to the last character."""
        found = self._expression.fullmatch(piece)
        if not found:
            return None
        category, key, *values = found.groups()
        firsts = dict(zip(self._read, values[::2], strict=True))
        others = dict(zip(self._read, values[1::2], strict=True))
        return Entry("add", category, key, self.order, firsts, others)


class _Reader:
    """What one block leaves to the next: encoding, shapes, line, and the text that waits for its end."""

    def __init__(self, attributes: Collection[str]) -> None:
        self.line = 1
        self._attributes = attributes
        self._shapes: list[_Shape] = []
        self._codec = ""
        self._waiting = ""
        self._joined = 0
        self._error: Malformed | None = None

    def read(self, data: bytes) -> list[Entry]:
        """The entries of a block which ends with an end of entry, be it an addition or not."""
        text = self._text(data)
        pieces = text.split(_END)
        tail = pieces.pop()
        illegal = _is_illegal(data)
        strange = illegal or _is_strange(text)
        entries: list[Entry] = []
        for index, piece in enumerate(pieces):
            entry = None
            if not (self._waiting or (strange and (illegal or _is_strange(piece)))):
                entry = self._strict_entry(piece)
            if entry:
                entries.append(entry)
            else:
                entries += self._loose_entries(pieces[index] + _END, pieces[:index])
        if tail:
            entries += self._loose_entries(tail, pieces)
        self.line += text.count("\n")
        return entries

    def finish(self, data: bytes) -> list[Entry]:
        """What follows the last block: the end of the root, and nothing that does not belong there."""
        text = self._text(data)
        try:
            return self._entries_under(_parsed(f"<{ROOT}>{self._waiting}{text}"))
        except etree.XMLSyntaxError as error:
            raise self._error or _malformed(error, self.line) from error

    def _text(self, data: bytes) -> str:
        first = not self._codec
        if first:
            self._codec = _codec(data)
        try:
            text = data.decode(self._codec)
        except UnicodeDecodeError as error:
            line = self.line + data.count(b"\n", 0, error.start)
            raise Malformed(
                f"un caractère n’est pas dans l’encodage annoncé ({self._codec})", line
            ) from error
        return self._after_prolog(text) if first else text

    def _after_prolog(self, text: str) -> str:
        """The text after the root's start tag, once lxml has approved what precedes it."""
        text = text.removeprefix("\ufeff")
        if not text.strip():
            raise Malformed("le fichier est vide")
        if _DECLARATIONS.search(text[:_HEADER_SIZE]):
            raise Malformed("il déclare des entités, ce qu’aucun extrait ne fait")
        prolog = _PROLOG.match(text)
        if not prolog:
            raise _no_prolog(text, self._codec)
        try:
            _parsed(f"{prolog[0]}</{ROOT}>".encode(self._codec))
        except etree.XMLSyntaxError as error:
            raise _malformed(error, 1) from error
        self.line += prolog[0].count("\n")
        return text[prolog.end() :]

    def _strict_entry(self, piece: str) -> Entry | None:
        for position, shape in enumerate(self._shapes):
            if entry := shape.entry(piece):
                if position:
                    self._shapes.insert(0, self._shapes.pop(position))
                return entry
        return None

    def _loose_entries(self, piece: str, before: list[str]) -> list[Entry]:
        """The entries of a piece by lxml; none yet when the next pieces may complete it."""
        self._waiting += piece
        try:
            entries = self._entries_under(_parsed(f"<{ROOT}>{self._waiting}</{ROOT}>"))
        except etree.XMLSyntaxError as error:
            line = self.line + sum(other.count("\n") for other in before)
            self._error = self._error or _malformed(error, line)
            self._joined += 1
            if self._joined == _MAX_JOINED or len(self._waiting) > MAX_ENTRY_SIZE:
                raise self._error from error
            return []
        self._waiting, self._joined, self._error = "", 0, None
        return entries

    def _entries_under(self, root: etree._Element) -> list[Entry]:
        entries = [self._loose_entry(element) for element in root if element.tag in _REQUESTS]
        for entry in entries:
            if entry.request == "add":
                self._learn(entry.order)
        return entries

    def _loose_entry(self, element: etree._Element) -> Entry:
        """The same as a strict entry, from a tree: its values are written again as in a file."""
        values: dict[str, list[str]] = {}
        found = element.findall("attributes/attr") or element.findall("modifications/modification")
        for attribute in found:
            written = values.setdefault(attribute.get("name", ""), [])
            written += [_written(value.text) for value in attribute.iterfind("value")]
        read = {name: written for name, written in values.items() if written and name in self._attributes}
        return Entry(
            _REQUESTS[element.tag],
            (element.findtext("operationalAttributes/attr/value") or "").strip(),
            _written(element.findtext("identifier/id")),
            tuple(attribute.get("name", "") for attribute in found),
            {name: written[0] for name, written in read.items()},
            {
                name: "".join(f"<value>{other}</value>" for other in written[1:])
                for name, written in read.items()
            },
        )

    def _learn(self, order: tuple[str, ...]) -> None:
        plain = len(set(order)) == len(order) and all(map(_PLAIN_NAME.fullmatch, order))
        if plain and len(self._shapes) < _MAX_SHAPES and order not in [shape.order for shape in self._shapes]:
            self._shapes.insert(0, _Shape(order, self._attributes))


def _written(text: str | None) -> str:
    return (text or "").replace("&", "&amp;").replace("<", "&lt;")


def _codec(data: bytes) -> str:
    """The codec of the declared encoding, one where ASCII characters are themselves; UTF-8 by default."""
    declared = _DECLARED_ENCODING.match(data.removeprefix(codecs.BOM_UTF8))
    name = declared[1].decode("ascii") if declared else "utf-8"
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        codec = ""
    if codec not in _ENCODINGS or data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Malformed(f"son encodage ({name}) n’est pas pris en charge")
    return codec


def _no_prolog(text: str, codec: str) -> Malformed:
    """Why a file does not begin like an extract: not XML, cut short, or another document."""
    parser = etree.XMLParser(recover=True, **_PARSER_OPTIONS)
    root = etree.fromstring(text.encode(codec), parser)
    if root is not None and root.tag != ROOT:
        return Malformed(f"sa racine est « {root.tag} » et non « {ROOT} »")
    if parser.error_log:
        return Malformed("le XML est mal formé", parser.error_log[0].line)
    return Malformed("il ne contient aucune entrée")


def _malformed(error: etree.XMLSyntaxError, first_line: int) -> Malformed:
    return Malformed("le XML est mal formé", first_line + (error.lineno or 1) - 1)


def _is_strange(text: str) -> bool:
    """Whether `text` holds something that a strict match could let pass and XML may forbid."""
    return "]]>" in text or _UNUSUAL_REFERENCE.search(text) is not None


def _is_illegal(data: bytes) -> bool:
    """Whether a block holds a character that lxml refuses."""
    return len(data.translate(None, _CONTROLS)) != len(data) or any(char in data for char in _NONCHARACTERS)


def _parsed(text: str | bytes) -> etree._Element:
    """The root of a small document; HTML's names of characters, which XML lacks, are understood."""
    if isinstance(text, str):
        text = _NAMED_REFERENCE.sub(_numbered, text)
    return etree.fromstring(text, etree.XMLParser(**_PARSER_OPTIONS))


def _numbered(reference: re.Match[str]) -> str:
    known = html5.get(reference[1])
    return "".join(f"&#{ord(character)};" for character in known) if known else reference[0]
