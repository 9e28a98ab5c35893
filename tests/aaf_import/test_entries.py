"""Reading XML: whatever the shape, what lxml would read, and a refusal where lxml would refuse."""

import io
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from aaf_import import entries as entries_module
from aaf_import.entries import Entry, Malformed, read_entries, read_header

HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE ficAlimMENESR SYSTEM "ficAlimMENESR.dtd">\n'
    '<ficAlimMENESR>\n<!-- versionAF="AAF-VE2407" -->\n'
)
FOOT = "</ficAlimMENESR>\n"
NAMES = ("sn", "givenName", "mail")


def entry(key: str = "1", **values: str) -> str:
    attributes = "".join(
        f'<attr name="{name}"><value>{value}</value></attr>\n' for name, value in values.items()
    )
    return (
        '\n<addRequest>\n<operationalAttributes><attr name="categoriePersonne"><value>Eleve</value></attr>'
        f"</operationalAttributes>\n<identifier><id>{key}</id></identifier>\n<attributes>\n{attributes}"
        "</attributes>\n</addRequest>\n"
    )


def read(content: str | bytes) -> list[Entry]:
    data = content.encode() if isinstance(content, str) else content
    return [entry for block in read_entries(io.BytesIO(data), NAMES) for entry in block]


def values(content: str | bytes) -> list[tuple[str, list[str], list[str]]]:
    return [(e.key, e.many("sn"), e.many("givenName")) for e in read(content)]


def test_entries_of_one_order_after_the_first_are_read_alike() -> None:
    found = read(HEAD + entry("1", sn="A", givenName="B") + entry("2", sn="C", givenName="D") + FOOT)
    assert [(e.key, e.category, e.one("sn"), e.one("givenName")) for e in found] == [
        ("1", "Eleve", "A", "B"),
        ("2", "Eleve", "C", "D"),
    ]


def test_an_order_never_seen_is_read_too() -> None:
    found = values(HEAD + entry("1", sn="A", givenName="B") + entry("2", givenName="D", sn="C") + FOOT)
    assert found == [("1", ["A"], ["B"]), ("2", ["C"], ["D"])]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("&#201;lo&#239;se", "Éloïse"),
        ("Éloïse", "Éloïse"),
        ("&#195;&#137;lise", "Élise"),
        ("&Eacute;lise", "Élise"),
        ("&#xC9;lise", "Élise"),
        ("D&apos;ALMEIDA", "D'ALMEIDA"),
        ("A &amp; B", "A & B"),
        ("&lt;Paul&gt;", "<Paul>"),
        ("  DE   LA  TOUR ", "DE LA TOUR"),
        ("LE\r\nGOFF", "LE GOFF"),
        ("A<!-- comment -->B", "AB"),
        ("<![CDATA[A & B]]>", "A & B"),
        ("E&#769;lise", "Élise"),
        ("A\u200bB", "AB"),
        ("&#339;uvre", "œuvre"),
        ("Mu&#241;oz", "Muñoz"),
        ("A&#160;B", "A B"),
    ],
)
def test_a_value_is_read_as_meant_first_or_later_in_the_file(written: str, meant: str) -> None:
    found = read(HEAD + entry("1", sn=written) + entry("2", sn=written) + FOOT)
    assert [e.one("sn") for e in found] == [meant, meant]


def test_crlf_changes_nothing() -> None:
    text = HEAD + entry("1", sn="A", givenName="B") + entry("2", sn="C", givenName="D") + FOOT
    assert values(text.replace("\n", "\r\n")) == values(text)


@pytest.mark.parametrize("encoding", ["ISO-8859-15", "iso-8859-1", "windows-1252", "us-ascii"])
def test_other_encodings_are_read(encoding: str) -> None:
    text = HEAD.replace("UTF-8", encoding) + entry("1", sn="Éric") * 2 + FOOT
    assert [e.one("sn") for e in read(text.encode(encoding, "xmlcharrefreplace"))] == ["Éric", "Éric"]


def test_a_byte_order_mark_and_a_missing_declaration_are_allowed() -> None:
    text = HEAD.split("\n", 1)[1] + entry("1", sn="Éric") + FOOT
    assert [e.one("sn") for e in read(b"\xef\xbb\xbf" + text.encode())] == ["Éric"]


def test_an_attribute_given_twice_keeps_its_values_together() -> None:
    doubled = entry("1", sn="A").replace(
        "</attributes>", '<attr name="sn"><value>B</value></attr></attributes>'
    )
    (found,) = read(HEAD + doubled + FOOT)
    assert (found.many("sn"), found.order) == (["A", "B"], ("sn", "sn"))


def test_several_values_and_empty_ones() -> None:
    many = entry("1", sn="X", givenName="Y").replace("X", "A</value><value/><value></value><value>B")
    assert values(HEAD + many + many + FOOT) == [("1", ["A", "B"], ["Y"])] * 2


def test_a_first_value_that_is_empty_leaves_the_next_one() -> None:
    found = read(HEAD + entry("1", sn="X").replace("<value>X", "<value/><value>B") * 2 + FOOT)
    assert [e.one("sn") for e in found] == ["B", "B"]


def test_an_end_tag_in_a_comment_ends_nothing() -> None:
    text = HEAD + entry("1", sn="A") + "<!-- </addRequest> -->" + entry("2", sn="B") + FOOT
    assert [e.key for e in read(text)] == ["1", "2"]


def test_an_entry_in_a_comment_is_no_entry() -> None:
    commented = f"<!-- {entry('9', sn='Z')} -->"
    text = HEAD + entry("1", sn="A") + commented + entry("2", sn="B") + FOOT
    assert [e.key for e in read(text)] == ["1", "2"]


def test_a_file_without_entries_is_read() -> None:
    assert read(HEAD + FOOT) == []


def test_other_requests_say_what_they_are() -> None:
    changed = (
        "<modifyRequest><operationalAttributes><attr name='categoriePersonne'><value>Eleve</value></attr>"
        "</operationalAttributes><identifier><id>3</id></identifier><modifications>"
        "<modification name='sn' operation='replace'><value>C</value></modification></modifications>"
        "</modifyRequest>"
    )
    found = read(HEAD + entry("1", sn="A") + changed + FOOT)
    assert [(e.request, e.key, e.one("sn")) for e in found] == [("add", "1", "A"), ("modify", "3", "C")]


def request(kind: str, key: str) -> str:
    inside = '<modifications>\n<modification name="sn"><value>B</value></modification></modifications>'
    return (
        f'\n<{kind}Request><operationalAttributes><attr name="categoriePersonne"><value>Eleve</value></attr>'
        f"</operationalAttributes>\n<identifier><id>{key}</id></identifier>"
        f"{inside if kind == 'modify' else ''}\n</{kind}Request>\n"
    )


@pytest.mark.parametrize("block", [1, 7, 60, 300, 1 << 20])
@pytest.mark.parametrize("kinds", ["amdammdda", "mmmm", "dddd", "maaad", "daam"])
def test_requests_are_read_in_their_order_wherever_blocks_end(
    monkeypatch: pytest.MonkeyPatch, block: int, kinds: str
) -> None:
    written = [
        entry(str(rank), sn="A") if kind == "a" else request({"m": "modify", "d": "delete"}[kind], str(rank))
        for rank, kind in enumerate(kinds)
    ]
    monkeypatch.setattr(entries_module, "BLOCK_SIZE", block)
    found = read(HEAD + "<!-- </modifyRequest> -->".join(written) + FOOT)
    assert [(e.request[0], e.key) for e in found] == [(kind, str(n)) for n, kind in enumerate(kinds)]
    with pytest.raises(Malformed):
        read(HEAD + "".join(written))
    with pytest.raises(Malformed):
        read(HEAD + "".join(written) + "</deleteRequest>" + FOOT)


MALFORMED = {
    "empty": ("", 0),
    "blank": ("  \n ", 0),
    "cut": (HEAD + entry("1", sn="A") + "\n<addRequest>\n<oper", 15),
    "cut between entries": (HEAD + entry("1", sn="A"), 13),
    "tags crossed": (HEAD + entry("1", sn="A") + entry("2", sn="A</attr></value>") + FOOT, None),
    "lone ampersand": (HEAD + entry("1", sn="A") + entry("2", sn="A & B") + FOOT, None),
    "unknown entity": (HEAD + entry("1", sn="A") + entry("2", sn="&nothing;") + FOOT, None),
    "control character": (HEAD + entry("1", sn="A") + entry("2", sn="\x01") + FOOT, None),
    "character 0": (HEAD + entry("1", sn="A") + entry("2", sn="&#0;") + FOOT, None),
    "character 1": (HEAD + entry("1", sn="A") + entry("2", sn="&#001;") + FOOT, None),
    "surrogate": (HEAD + entry("1", sn="A") + entry("2", sn="&#55296;") + FOOT, None),
    "end of CDATA": (HEAD + entry("1", sn="A") + entry("2", sn="]]>") + FOOT, None),
    "noncharacter": (HEAD + entry("1", sn="A") + entry("2", sn="\uffff") + FOOT, None),
    "no root": (entry("1", sn="A"), None),
    "other root": ("<annuaire></annuaire>", 0),
    "two roots": (HEAD + FOOT + HEAD + FOOT, None),
    "text after the root": (HEAD + FOOT + "more", None),
    "entry after the root": (HEAD + FOOT + entry("1", sn="A"), None),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_is_refused(name: str) -> None:
    content, line = MALFORMED[name]
    with pytest.raises(Malformed) as caught:
        read(content)
    if line is not None:
        assert caught.value.line == line


def test_the_line_of_what_is_malformed_is_told() -> None:
    text = HEAD + entry("1", sn="A") * 50 + entry("2", sn="A & B") + FOOT
    with pytest.raises(Malformed) as caught:
        read(text)
    assert caught.value.line == text[: text.index("A & B")].count("\n") + 1


def test_bytes_outside_the_declared_encoding_are_refused() -> None:
    with pytest.raises(Malformed, match="utf-8"):
        read((HEAD + entry("1", sn="Éric") + FOOT).encode("latin-1"))


@pytest.mark.parametrize("encoding", ["UTF-16", "EBCDIC-CP-FR", "no-such"])
def test_encodings_nobody_uses_are_refused(encoding: str) -> None:
    with pytest.raises(Malformed, match="encodage"):
        read(HEAD.replace("UTF-8", encoding) + FOOT)


@pytest.mark.parametrize(
    "declarations",
    [
        '[<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]',
        '[<!ENTITY a SYSTEM "file:///etc/passwd">]',
        '[<!ENTITY % a SYSTEM "http://192.0.2.1/x.dtd"> %a;]',
        '[<!ATTLIST attr name CDATA "sn">]',
    ],
)
def test_a_document_type_that_declares_anything_is_refused(declarations: str) -> None:
    hostile = HEAD.replace('"ficAlimMENESR.dtd"', f'"ficAlimMENESR.dtd" {declarations}')
    with pytest.raises(Malformed, match="déclare"):
        read(hostile + entry("1", sn="&a;") + FOOT)


def test_an_entry_as_large_as_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries_module, "MAX_ENTRY_SIZE", 1 << 21)
    with pytest.raises(Malformed, match="dépasse 2 Mo"):
        read(HEAD + entry("1", sn="A" * (1 << 23)) + FOOT)


def test_memory_does_not_grow_with_the_file() -> None:
    class Endless(io.RawIOBase):
        """Fourteen megabytes of entries, a hundred of them in memory."""

        def __init__(self) -> None:
            block = "".join(entry(str(number), sn="A" * 300, givenName="B" * 300) for number in range(100))
            self.parts: Iterator[bytes] = iter([HEAD.encode(), *[block.encode()] * 150, FOOT.encode()])
            self.rest = b""

        def read(self, size: int = -1) -> bytes:
            while len(self.rest) < size and (part := next(self.parts, b"")):
                self.rest += part
            taken, self.rest = self.rest[:size], self.rest[size:]
            return taken

    tracemalloc.start()
    found = sum(len(block) for block in read_entries(Endless(), NAMES))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == 15_000
    assert peak < 9 << 20


def test_the_header_says_what_it_says_and_nothing_more() -> None:
    header = read_header(io.BytesIO(HEAD.encode()))
    assert (header.release, header.degree, header.academy) == ("AAF-VE2407", "", "")


TEXTS = st.text(st.sampled_from("AB éÉœ&;#1x]>\"'\t\n\u00a0\u0085"), max_size=8)
PIECES = st.one_of(
    TEXTS,
    st.sampled_from(
        ["&#233;", "&amp;", "&eacute;", "&#x9;", "<!-- -->", "<![CDATA[x]]>", "<b/>", "</value>"]
    ),
)


@given(st.lists(st.tuples(PIECES, PIECES), min_size=1, max_size=4))
def test_the_fast_way_reads_what_lxml_reads_and_refuses_what_it_refuses(parts: list[tuple[str, str]]) -> None:
    plain = entry("0", sn="A", givenName="B")
    text = HEAD + plain + "".join(entry(str(n), sn=a, givenName=b) for n, (a, b) in enumerate(parts)) + FOOT
    assert outcome_of_reader(text) == outcome_of_lxml(text)


def outcome_of_reader(text: str) -> list[tuple[str, str]] | None:
    try:
        return [(e.one("sn"), e.one("givenName")) for e in read(text)]
    except Malformed:
        return None


def outcome_of_lxml(text: str) -> list[tuple[str, str]] | None:
    """The whole file by lxml alone, with the same understanding of HTML's names and of empty values."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    try:
        root = etree.fromstring(text.replace("&eacute;", "é").encode(), parser)
    except etree.XMLSyntaxError:
        return None
    # An external document type makes lxml leave unknown entities alone; nobody can read them: we refuse.
    if next(root.iter(etree.Entity), None) is not None:
        return None
    return [
        (first_clean(request, "sn"), first_clean(request, "givenName"))
        for request in root.iterfind("addRequest")
    ]


def first_clean(request: etree._Element, name: str) -> str:
    texts = [value.text or "" for value in request.iterfind(f"attributes/attr[@name='{name}']/value")]
    read_texts = [entries_module.clean(text.replace("&", "&amp;")) for text in texts]
    return next((text for text in read_texts if text), "")
