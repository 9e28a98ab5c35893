"""Parts rendered apart, joined into one file that reads like one rendered at once."""

import io
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest
from pypdf import PdfReader

from notifications.sheet_joining import join
from notifications.sheets import render_sheets
from tests.notifications.examples import a_numbered_sheet

LABELS = ["CM1", "CM1", "CM2 A", "CM2 A", "CM2 A", "CM2 B"]


@pytest.fixture(scope="module")
def parts() -> list[bytes]:
    """Six sheets by two: the class CM2 A lies across two parts."""
    sheets = [a_numbered_sheet(number, class_label=label) for number, label in enumerate(LABELS)]
    return [render_sheets(sheets[start : start + 2]) for start in range(0, len(sheets), 2)]


@pytest.fixture(scope="module")
def joined(parts: list[bytes]) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(io.BytesIO(join(parts))) as pdf:
        yield pdf


def elements(pdf: pikepdf.Pdf) -> list[pikepdf.Object]:
    """Every structure element, in reading order."""

    def below(element: pikepdf.Object) -> Iterator[pikepdf.Object]:
        yield element
        for kid in element.K:
            if isinstance(kid, pikepdf.Dictionary):
                yield from below(kid)

    return [element for root in pdf.Root.StructTreeRoot.K for element in below(root)]


def parent_tree(pdf: pikepdf.Pdf) -> dict[int, pikepdf.Object]:
    numbers = list(pdf.Root.StructTreeRoot.ParentTree.Nums)
    return {int(key): value for key, value in zip(numbers[::2], numbers[1::2], strict=True)}


def test_pages_follow_in_order(parts: list[bytes]) -> None:
    pages = PdfReader(io.BytesIO(join(parts))).pages

    assert len(pages) == len(LABELS)
    for number, page in enumerate(pages):
        assert f"c.martin{number}\n" in page.extract_text()


def test_no_structure_element_is_lost(parts: list[bytes], joined: pikepdf.Pdf) -> None:
    apart: Counter[str] = Counter()
    for part in parts:
        with pikepdf.open(io.BytesIO(part)) as pdf:
            apart += Counter(str(element.S) for element in elements(pdf))
    together = Counter(str(element.S) for element in elements(joined))

    assert together.pop("/Document") == 1
    assert apart.pop("/Document") == len(parts)
    assert together == apart
    assert together["/Art"] == together["/Figure"] == len(LABELS)


def test_reading_goes_from_page_to_page(joined: pikepdf.Pdf) -> None:
    pages = [page.obj.objgen for page in joined.pages]
    read = [pages.index(element.Pg.objgen) for element in elements(joined) if "/Pg" in element]

    assert read == sorted(read)
    assert set(read) == set(range(len(LABELS)))


def test_every_element_knows_its_parent(joined: pikepdf.Pdf) -> None:
    for element in elements(joined):
        for kid in element.K:
            if isinstance(kid, pikepdf.Dictionary):
                assert kid.P.objgen == element.objgen


def test_the_parent_tree_leads_from_each_mark_to_its_element(joined: pikepdf.Pdf) -> None:
    tree = parent_tree(joined)
    keys = [int(page.obj.StructParents) for page in joined.pages]

    assert len(set(keys)) == len(LABELS)
    assert sorted(keys) == sorted(tree) == list(tree)
    for page, key in zip(joined.pages, keys, strict=True):
        for mark, element in enumerate(tree[key]):
            assert element.Pg.objgen == page.obj.objgen
            assert mark in [int(kid) for kid in element.K if not isinstance(kid, pikepdf.Dictionary)]


def test_every_mark_of_a_page_has_its_element(joined: pikepdf.Pdf) -> None:
    tree = parent_tree(joined)
    for page in joined.pages:
        marks = [
            int(operands[1].MCID)
            for operands, operator in pikepdf.parse_content_stream(page)
            if str(operator) == "BDC" and "/MCID" in operands[1]
        ]
        assert sorted(marks) == list(range(len(tree[int(page.obj.StructParents)])))


def test_no_page_is_carried_twice(joined: pikepdf.Pdf) -> None:
    carried = [o for o in joined.objects if isinstance(o, pikepdf.Dictionary) and o.get("/Type") == "/Page"]

    assert len(carried) == len(LABELS)


def test_language_title_and_conformance_are_kept(joined: pikepdf.Pdf) -> None:
    assert str(joined.Root.Lang) == "fr"
    assert bool(joined.Root.MarkInfo.Marked)
    assert bool(joined.Root.ViewerPreferences.DisplayDocTitle)
    assert str(joined.docinfo.Title) == "Feuilles individuelles"
    assert b'pdfuaid:part="1"' in joined.Root.Metadata.read_bytes()


def test_a_class_across_two_parts_has_one_bookmark(parts: list[bytes]) -> None:
    reader = PdfReader(io.BytesIO(join(parts)))

    assert [item.title for item in reader.outline] == ["CM1", "CM2 A", "CM2 B"]
    assert [reader.get_destination_page_number(item) for item in reader.outline] == [0, 2, 5]


def test_parts_may_be_files(parts: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "part.pdf"
    path.write_bytes(parts[1])

    with pikepdf.open(io.BytesIO(join(iter([parts[0], path])))) as pdf:
        assert len(pdf.pages) == 4


def test_a_joined_file_can_be_joined_again(parts: list[bytes]) -> None:
    with pikepdf.open(io.BytesIO(join([join(parts), parts[0]]))) as pdf:
        assert sorted(parent_tree(pdf)) == sorted(int(page.obj.StructParents) for page in pdf.pages)
        assert len(pdf.pages) == len(LABELS) + 2


def test_nothing_to_join_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to join"):
        join([])
